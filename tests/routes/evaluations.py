import uuid
from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone

from evaluations.blueprints import blueprint
from evaluations.models import Candidate, CaseFile, VetoCase, VetoMove
from evaluations.services.campaigns import create_campaign, open_campaign
from scoring.models import Evidence
from tests.factories import Cast
from tests.routes import answers, evaluation_polls, only
from tests.scoring.factories import account, rule_set

# Who works on the case of a member: the branch committee and the committees above.
_BRANCH = ("secretary", "deputy", "commissioner")
_WORKS = (*_BRANCH, "committee_member")
# A unit that is not in one's tree, a campaign of another tree.
_UNSEEN = {"auditor": 404}
_NOBODYS = {"auditor": 404, "system_admin": 404, "security_admin": 404}
_SEES = answers(404, member=200, **dict.fromkeys(_WORKS, 200))


def _verb(*who: str) -> dict[str, int]:
    """Others who see the case are refused, the rest do not find it."""
    sees = dict.fromkeys(("member", *_WORKS), 403)
    return answers(404, **(sees | dict.fromkeys(who, 302)))


# Everyone of the tree sees a campaign that runs, and is rated in it here.
_CAMPAIGN = answers(200, **_NOBODYS)
_PREPARES = ("committee_member", "business_admin")

ROUTES = {
    "evaluations:campaign-list": answers(200),
    "evaluations:campaign-create": only(*_PREPARES) | _UNSEEN,
    "evaluations:campaign-detail": _CAMPAIGN,
    # A draft is known to those who prepare it.
    "evaluations:campaign-edit": only(*_PREPARES, others=404),
    "evaluations:campaign-check": only(*_PREPARES, others=404),
    "evaluations:campaign-preview": only(*_PREPARES, others=404),
    "evaluations:campaign-drop": only(*_PREPARES, status=302, others=404),
    "evaluations:campaign-open": only(*_PREPARES, status=302, others=404),
    "evaluations:campaign-compute": only(*_PREPARES, status=302) | _NOBODYS,
    "evaluations:campaign-conclude": only("committee_member", status=302) | _NOBODYS,
    "evaluations:campaign-summary-pdf": only(*_PREPARES) | _NOBODYS,
    "evaluations:campaign-outcome-xlsx": only(*_PREPARES) | _NOBODYS,
    "evaluations:campaign-approval-pdf": only(*_WORKS, "business_admin") | _NOBODYS,
    "evaluations:self-review": _CAMPAIGN,
    "evaluations:self-review-save": answers(302, **_NOBODYS),
    "evaluations:self-review-hand-in": answers(302, **_NOBODYS),
    "evaluations:candidate-detail": answers(404, member=200, business_admin=200, **dict.fromkeys(_WORKS, 200)),
    # Before anything is decided not even one's own.
    "evaluations:candidate-approval-pdf": answers(404, member=403, business_admin=200, **dict.fromkeys(_WORKS, 200)),
    "evaluations:year-file-list": answers(200),
    **evaluation_polls.ROUTES,
    "evaluations:branch-review": only(*_WORKS, "business_admin") | _UNSEEN,
    "evaluations:branch-approve": only("committee_member") | _UNSEEN,
    "evaluations:committee-review": only("committee_member") | _NOBODYS,
    "evaluations:committee-approve": only("committee_member", status=302) | _NOBODYS,
    "evaluations:band-return": answers(
        404, member=403, committee_member=302, business_admin=403, **dict.fromkeys(_BRANCH, 403)
    ),
    "evaluations:veto-list": only(*_WORKS),
    "evaluations:veto-create": only(*_WORKS) | _UNSEEN,
    "evaluations:veto-detail": _SEES,
    "evaluations:veto-file": _SEES,
    "evaluations:veto-attach": answers(404, **dict.fromkeys(("member", *_WORKS), 302)),
    "evaluations:veto-vote": answers(404, member=403, committee_member=403, **dict.fromkeys(_BRANCH, 200)),
    "evaluations:veto-answer": _verb("member"),
    "evaluations:veto-withdraw": _verb(*_WORKS),
    "evaluations:veto-confirm": _verb("committee_member"),
    "evaluations:veto-reject": _verb("committee_member"),
    "evaluations:veto-appeal": _verb("member", *_WORKS),
    "evaluations:veto-uphold": _verb("committee_member"),
    "evaluations:veto-lift": _verb("committee_member"),
}
_VERBS = ("attach", "answer", "withdraw", "confirm", "reject", "appeal", "uphold", "lift")
POSTED = (
    evaluation_polls.POSTED
    | {f"evaluations:veto-{verb}" for verb in _VERBS}
    | {
        "evaluations:committee-approve",
        "evaluations:band-return",
        *(f"evaluations:campaign-{verb}" for verb in ("check", "drop", "open", "compute", "conclude")),
        "evaluations:self-review-save",
        "evaluations:self-review-hand-in",
    }
)


def arguments(cast: Cast) -> dict[str, Any]:
    """A case about the member, proposed by the commissioner, with a file."""
    rules = rule_set(cast.committee)
    case = VetoCase.objects.create(
        account=account(cast.member.member), unit=cast.branch, rule_set=rules, form="MEETING", level="SEVERE",
        ground="违法行为", happened_on=timezone.localdate(), facts="醉酒驾驶", proposed_by=cast.commissioner,
        proposed_at=timezone.now(), answer_until=timezone.localdate(), key=uuid.uuid4(),
    )  # fmt: skip
    file = Evidence(is_held=True, digest="2" * 64, name="通报.txt", content_type="text/plain", size=2)
    file.by = cast.commissioner
    file.file.save("proof", ContentFile(b"ok"), save=False)
    file.save()
    CaseFile.objects.create(case=case, evidence=file)
    VetoMove.objects.create(case=case, to_state="PROPOSED", by=cast.commissioner, at=timezone.now())
    campaign = create_campaign(
        cast.committee, blueprint("star"), year=2026, starts_on=timezone.localdate(), name="", by=cast.business_admin
    )
    open_campaign(campaign, by=cast.business_admin)
    candidate = Candidate.objects.get(campaign=campaign, account__member=cast.member.member)
    draft = create_campaign(
        cast.committee,
        blueprint("star"),
        year=2026,
        starts_on=timezone.localdate(),
        name="草稿",
        by=cast.business_admin,
    )
    names = ("detail", "vote", *_VERBS)
    return {
        **evaluation_polls.arguments(cast, campaign),
        "evaluations:branch-review": [cast.branch.pk, campaign.pk],
        "evaluations:branch-approve": [cast.branch.pk, campaign.pk],
        **{f"evaluations:committee-{name}": [campaign.pk] for name in ("review", "approve")},
        "evaluations:band-return": [candidate.pk],
        "evaluations:campaign-create": [cast.committee.pk],
        **{f"evaluations:campaign-{name}": [draft.pk] for name in ("edit", "check", "preview", "drop", "open")},
        **{
            f"evaluations:campaign-{name}": [campaign.pk]
            for name in ("detail", "compute", "conclude", "summary-pdf", "outcome-xlsx")
        },
        "evaluations:campaign-approval-pdf": [campaign.pk, cast.branch.pk],
        **{f"evaluations:self-review{name}": [campaign.pk] for name in ("", "-save", "-hand-in")},
        "evaluations:candidate-detail": [candidate.pk],
        "evaluations:candidate-approval-pdf": [candidate.pk],
        "evaluations:veto-create": [cast.branch.pk],
        "evaluations:veto-file": [case.pk, file.pk],
        **{f"evaluations:veto-{name}": [case.pk] for name in names},
    }
