from typing import Any

from tests.factories import Cast
from tests.routes import answers, only
from tests.scoring.factories import account

WITHOUT_MEMBER = {"system_admin": 403, "security_admin": 403, "auditor": 403}
MONTHLY = ("secretary", "deputy", "commissioner", "committee_member", "business_admin")

ROUTES = {
    "home": answers(200),
    "home-todo": answers(200),
    "home-branches": only(*MONTHLY),
    "score-mine": answers(200, **WITHOUT_MEMBER),
    # Of another person's points not even the existence is told.
    "score-of": answers(404, **dict.fromkeys(("member", "group_leader", *MONTHLY), 200)),
    "score-of-member": answers(404, **dict.fromkeys(("member", "group_leader", *MONTHLY), 302)),
    "setup": only("business_admin"),
}
POSTED: set[str] = set()


def arguments(cast: Cast) -> dict[str, Any]:
    own = account(cast.member.member)
    return {"score-of": [own.pk], "score-of-member": [own.member_id]}
