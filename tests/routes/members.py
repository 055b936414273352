from typing import Any

from members.models import Message
from members.services.messages import tell
from members.services.roster import check_upload
from tests import factories
from tests.factories import Cast, Post
from tests.members import roster_files as files
from tests.routes import answers, only

SEEING = ("group_leader", "secretary", "deputy", "commissioner", "committee_member", "business_admin")
SECRETARIES = ("secretary", "deputy")
RUNNING = (*SECRETARIES, "business_admin")
# Not even the existence of the member is told to others.
_FILE = {"member": 200, **dict.fromkeys(SEEING, 200)}
# What the members of the branch may not do, but know of.
_MEMBER_VERB = answers(404, **dict.fromkeys(("member", *SEEING), 403))
_OUTSIDE = {"auditor": 404}

ROUTES = {
    "members:sign-in": answers(302, nobody=200),
    "members:sign-out": answers(302),
    "members:password-change": answers(200),
    # messages are one's own
    "members:message-list": answers(200),
    "members:messages-read": answers(302),
    "members:message-open": answers(404, member=302),
    "members:mail-choose": answers(200),
    "members:digest-list": only("system_admin"),
    # the tree is open to everyone in it
    "members:unit-tree": answers(200),
    "members:unit-create-root": only("system_admin"),
    "members:unit-detail": answers(200, **_OUTSIDE),
    "members:unit-children": answers(200, **_OUTSIDE),
    "members:unit-create": only("business_admin", "system_admin") | _OUTSIDE,
    "members:unit-edit": only("business_admin", "system_admin") | _OUTSIDE,
    "members:unit-close": only("business_admin", "system_admin") | _OUTSIDE,
    "members:roster-export": only(*RUNNING) | _OUTSIDE,
    "members:user-open": only(*RUNNING) | _OUTSIDE,
    # members
    "members:member-list": only(*SEEING),
    "members:member-create": only(*RUNNING),
    "members:group-options": only(*RUNNING),
    "members:member-detail": answers(404, **_FILE),
    "members:member-edit": _MEMBER_VERB | dict.fromkeys(RUNNING, 200),
    "members:member-reveal": _MEMBER_VERB | dict.fromkeys(RUNNING, 200),
    "members:member-transfer": _MEMBER_VERB | dict.fromkeys(RUNNING, 200),
    "members:member-leave": _MEMBER_VERB | {"business_admin": 200},
    "members:member-exclude": _MEMBER_VERB | dict.fromkeys(RUNNING, 200),
    "members:exclusion-end": _MEMBER_VERB | dict.fromkeys(RUNNING, 200),
    "members:appointment-create": _MEMBER_VERB | {"business_admin": 200},
    # posts
    "members:appointment-list": only(*SEEING),
    "members:appointment-export": only(*SEEING),
    "members:appointment-import": only("business_admin"),
    "members:appointment-import-confirm": only("business_admin", status=302),
    "members:appointment-end": only("business_admin") | _OUTSIDE,
    # roster imports
    "members:roster-import-list": only(*RUNNING),
    "members:roster-import-create": only(*RUNNING),
    "members:roster-template": only(*RUNNING),
    "members:roster-import-detail": answers(404, **dict.fromkeys(RUNNING, 200)),
    "members:roster-import-units": answers(404, **dict.fromkeys(RUNNING, 200)),
    "members:roster-import-columns": answers(404, **dict.fromkeys(RUNNING, 200)),
    "members:roster-import-confirm": answers(404, **dict.fromkeys(RUNNING, 302)),
    "members:roster-import-drop": answers(404, **dict.fromkeys(RUNNING, 302)),
    "members:roster-import-progress": answers(404, **dict.fromkeys(RUNNING, 200)),
    "members:roster-import-problems": answers(404, **dict.fromkeys(RUNNING, 200)),
    # sign-ins and the log
    "members:user-list": only(*RUNNING, "system_admin", "security_admin"),
    "members:user-create": only("system_admin"),
    "members:user-reset": answers(
        404, **dict.fromkeys(RUNNING, 200), member=403, system_admin=403, security_admin=403
    ),
    "members:user-lock": answers(404, **dict.fromkeys((*RUNNING, "member", "system_admin"), 403), security_admin=200),
    "members:user-unlock": answers(
        404, **dict.fromkeys((*RUNNING, "member", "system_admin"), 403), security_admin=302
    ),
    "members:user-duty": answers(404, **dict.fromkeys((*RUNNING, "member", "system_admin"), 403), security_admin=200),
    "members:audit-list": only("auditor"),
    "members:audit-export": only("auditor"),
}
POSTED = {
    "members:sign-out",
    "members:messages-read",
    "members:message-open",
    "members:mail-choose",
    "members:roster-export",
    "members:user-open",
    "members:member-reveal",
    "members:appointment-import-confirm",
    "members:roster-import-columns",
    "members:roster-import-confirm",
    "members:roster-import-drop",
    "members:user-unlock",
}


def arguments(cast: Cast) -> dict[str, Any]:
    """The member's own file, branch, account; the secretary's post."""
    names: dict[str, list[str]] = {}
    for name in ROUTES:
        names.setdefault(name.split(":")[1].split("-")[0], []).append(name)
    without = {"members:unit-tree", "members:unit-create-root", "members:member-list", "members:member-create"}
    without |= {"members:user-list", "members:user-create"}
    found: dict[str, Any] = {}
    for name in names["unit"]:
        found[name] = [cast.branch.pk]
    for name in names["member"]:
        found[name] = [cast.member.member_id]
    for name in names["user"]:
        found[name] = [cast.member.pk]
    exclusion = factories.exclusion(cast.member.member, cast.secretary)
    post = cast.secretary.member.appointments.get(post=Post.BRANCH_SECRETARY)
    found |= {
        "members:roster-export": [cast.branch.pk],
        "members:user-open": [cast.branch.pk],
        "members:exclusion-end": [exclusion.pk],
        "members:appointment-create": [cast.member.member_id],
        "members:appointment-end": [post.pk],
    }
    tell(cast.member.member_id, "申报已入账", "members:password-change")
    found["members:message-open"] = [Message.objects.get().pk]
    factories.member(cast.branch, cast.group)
    uploaded = check_upload(cast.branch, "a.csv", files.text(files.HEADING, files.row()), by=cast.secretary)
    for verb in ("detail", "units", "columns", "confirm", "drop", "progress", "problems"):
        found[f"members:roster-import-{verb}"] = [uploaded.pk]
    return {name: args for name, args in found.items() if name not in without}
