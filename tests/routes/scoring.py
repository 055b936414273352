import uuid
from decimal import Decimal
from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone

from scoring.models import (
    Account,
    Activity,
    Claim,
    CustomItem,
    DraftCell,
    Evidence,
    Grant,
    Item,
    LedgerEntry,
    Month,
    Score,
    ScoreRun,
)
from scoring.months import last_day
from scoring.services.rules import preset_text
from scoring.services.scores import compute_units
from tests.factories import Cast
from tests.routes import answers, only
from tests.scoring.factories import MONTH, account, item, rule_set

ENTRY = ("secretary", "deputy", "commissioner")
WITHOUT_MEMBER = {"system_admin": 403, "security_admin": 403, "auditor": 403}
MONTHLY = (*ENTRY, "committee_member", "business_admin")
SEEING = ("group_leader", *MONTHLY)
TOP = ("committee_member", "business_admin")
PROPOSING = ("secretary", "deputy", *TOP)
# The auditor belongs to no unit and holds no post: units do not exist for that account.
_OUTSIDE = {"auditor": 404}
# Of another person's points not even the existence is told.
_PERSONAL = answers(404, member=200, **dict.fromkeys(SEEING, 200))
# Those who see the record but may not change it.
_KNOWN = answers(404, **dict.fromkeys(("member", *SEEING), 403))
_ACTIVITY = answers(404, **dict.fromkeys(("member", "colleague", *SEEING), 403))
_COMMITTEE_ONLY = only(*TOP) | _OUTSIDE
# Of a claim: whoever decides in the branch or above sees it, and does not change what another has filed.
_CLAIM = ("group_leader", *ENTRY, "committee_member")
_CLAIMANT = answers(404, member=302, **dict.fromkeys(_CLAIM, 403))
_DECIDER = answers(404, member=403, **dict.fromkeys(_CLAIM, 302))
_WRITERS = answers(404, business_admin=200, committee_member=403)

ROUTES = {
    # the grid and its month
    "scoring:month-grid": only(*MONTHLY) | _OUTSIDE,
    "scoring:month-cells": only(*ENTRY, status=400) | _OUTSIDE,
    "scoring:month-last": only(*MONTHLY) | _OUTSIDE,
    "scoring:evidence-add": only(*ENTRY, status=400) | _OUTSIDE,
    "scoring:evidence-list": only(*MONTHLY, status=400) | _OUTSIDE,
    "scoring:evidence-file": _PERSONAL,
    "scoring:evidence-remove": _KNOWN | dict.fromkeys(ENTRY, 200),
    "scoring:month-list": only(*MONTHLY),
    "scoring:months-close": only(*MONTHLY, status=302),
    "scoring:month-submit": only(*ENTRY, status=302) | _OUTSIDE,
    "scoring:month-recall": only(*ENTRY, status=302) | _OUTSIDE,
    "scoring:month-check": only(*ENTRY, status=302) | _OUTSIDE,
    "scoring:month-return": only(*ENTRY, "committee_member", status=302) | _OUTSIDE,
    "scoring:month-reopen": only("committee_member", status=302) | _OUTSIDE,
    "scoring:month-close": only(*ENTRY, "committee_member", status=302) | _OUTSIDE,
    "scoring:policy-edit": _COMMITTEE_ONLY,
    # claims and proposed deductions
    "scoring:claim-list": answers(200, **WITHOUT_MEMBER),
    "scoring:claim-create": answers(200, **WITHOUT_MEMBER),
    "scoring:claims-advance": only(*_CLAIM, status=302),
    "scoring:claim-detail": answers(404, member=200, **dict.fromkeys(_CLAIM, 200)),
    "scoring:claim-edit": _CLAIMANT,
    "scoring:claim-submit": _CLAIMANT,
    "scoring:claim-withdraw": _CLAIMANT,
    "scoring:claim-evidence-add": _CLAIMANT,
    "scoring:claim-evidence-remove": _CLAIMANT,
    "scoring:claim-advance": _DECIDER,
    "scoring:claim-return": _DECIDER,
    # The table's deduction was proposed by the commissioner.
    "scoring:claim-drop": _DECIDER | {"commissioner": 403},
    "scoring:claim-answer": _CLAIMANT,
    "scoring:deduction-create": only(*ENTRY, "committee_member") | _OUTSIDE,
    # sheets
    "scoring:month-template": only(*ENTRY) | _OUTSIDE,
    "scoring:month-import": only(*ENTRY) | _OUTSIDE,
    "scoring:month-sheet": only(*MONTHLY) | _OUTSIDE,
    "scoring:month-sheet-xlsx": only(*MONTHLY) | _OUTSIDE,
    "scoring:ledger-xlsx": only(*MONTHLY) | _OUTSIDE,
    "scoring:ledger-pdf": only(*MONTHLY) | _OUTSIDE,
    # the month job
    "scoring:run-start": only(*TOP, status=302) | _OUTSIDE,
    "scoring:run-progress": answers(404, **dict.fromkeys(TOP, 200)),
    "scoring:run-cancel": answers(404, **dict.fromkeys(TOP, 302)),
    # ranking, ledger, entries
    "scoring:ranking": answers(302, auditor=200, system_admin=200, security_admin=200),
    "scoring:ranking-of": only("member", "colleague", "group_leader", *MONTHLY) | _OUTSIDE,
    "scoring:analysis": only(*MONTHLY, status=302),
    "scoring:analysis-of": only(*MONTHLY) | _OUTSIDE,
    "scoring:analysis-part": only(*MONTHLY) | _OUTSIDE,
    "scoring:analysis-xlsx": only(*MONTHLY) | _OUTSIDE,
    "scoring:explanation": _PERSONAL,
    "scoring:ledger": _PERSONAL,
    "scoring:entry": _PERSONAL,
    "scoring:entry-reverse": _KNOWN | dict.fromkeys(ENTRY, 302),
    # rule sets: read by everyone they bind, written by the business administrator
    "scoring:rules-list": answers(200),
    "scoring:rules-detail": answers(200, auditor=404),
    "scoring:rules-load": only("business_admin"),
    "scoring:rules-publish": only("business_admin", status=302) | _OUTSIDE,
    "scoring:rules-file": answers(200, auditor=404),
    "scoring:rules-xlsx": answers(200, auditor=404),
    "scoring:rules-differences": answers(200, auditor=404),
    "scoring:rules-revise": only("business_admin", status=302) | _OUTSIDE,
    # a draft is there only for those who write rules
    "scoring:rules-edit": _WRITERS,
    "scoring:rules-part": _WRITERS,
    "scoring:rules-row": _WRITERS,
    "scoring:rules-check": _WRITERS,
    "scoring:rules-move": answers(404, business_admin=302, committee_member=403),
    "scoring:rules-remove": answers(404, business_admin=302, committee_member=403),
    "scoring:rules-drop": answers(404, business_admin=302, committee_member=403),
    "scoring:rules-what-if": _COMMITTEE_ONLY,
    "scoring:rules-what-if-xlsx": only(*TOP, status=302) | _OUTSIDE,
    "scoring:custom-item-list": only(*MONTHLY) | _OUTSIDE,
    "scoring:custom-item-propose": only(*PROPOSING) | _OUTSIDE,
    "scoring:custom-item-check": only(*PROPOSING) | _OUTSIDE,
    "scoring:custom-item-load": only(*PROPOSING) | _OUTSIDE,
    "scoring:custom-item-approve": answers(404, **dict.fromkeys(ENTRY, 403)) | dict.fromkeys(TOP, 302),
    "scoring:custom-item-return": answers(404, **dict.fromkeys(ENTRY, 403)) | dict.fromkeys(TOP, 302),
    "scoring:custom-item-end": answers(404, commissioner=403, **dict.fromkeys(PROPOSING, 302)),
    "scoring:year-totals": only("business_admin") | _OUTSIDE,
    # what is granted to several, brought along, expected, archived
    "scoring:grant-list": only(*MONTHLY) | _OUTSIDE,
    "scoring:grant-event": only(*ENTRY) | _OUTSIDE,
    "scoring:grant-share": only(*ENTRY) | _OUTSIDE,
    "scoring:share-preview": only(*ENTRY) | _OUTSIDE,
    "scoring:grant-undo": answers(404, **dict.fromkeys(TOP, 403), **dict.fromkeys(ENTRY, 302)),
    # 组织生活: seen by the branch, kept by who types its months in
    "scoring:activity-list": answers(200, **WITHOUT_MEMBER),
    "scoring:activity-create": only(*ENTRY, "group_leader") | _OUTSIDE,
    "scoring:activity-detail": answers(404, **dict.fromkeys(("member", "colleague", *SEEING), 200)),
    "scoring:activity-edit": _ACTIVITY | dict.fromkeys(ENTRY, 200),
    "scoring:activity-cancel": _ACTIVITY | dict.fromkeys(ENTRY, 302),
    "scoring:activity-attendance": _ACTIVITY | dict.fromkeys(ENTRY, 200),
    "scoring:activity-undo": _ACTIVITY | dict.fromkeys(ENTRY, 302),
    "scoring:life-check": only(*MONTHLY) | _OUTSIDE,
    "scoring:life-turnout": only(*MONTHLY) | _OUTSIDE,
    "scoring:life-turnout-xlsx": only(*MONTHLY, status=302) | _OUTSIDE,
    "scoring:life-targets": only(*MONTHLY) | _OUTSIDE,
    "scoring:life-targets-xlsx": only(*MONTHLY, status=302) | _OUTSIDE,
    "scoring:life-lines": only(*MONTHLY) | _OUTSIDE,
    "scoring:life-lines-pdf": only(*MONTHLY) | _OUTSIDE,
    "scoring:life-lines-xlsx": only(*MONTHLY) | _OUTSIDE,
    "scoring:life-lines-of": _PERSONAL,
    "scoring:life-lines-of-pdf": _PERSONAL,
    "scoring:life-lines-of-xlsx": _PERSONAL,
    "scoring:openings": only("business_admin") | _OUTSIDE,
    "scoring:openings-upload": only("business_admin") | _OUTSIDE,
    "scoring:expected": only("business_admin") | _OUTSIDE,
    "scoring:archive-list": only(*TOP) | _OUTSIDE,
    "scoring:archive-year": only(*TOP, status=302) | _OUTSIDE,
    "scoring:account-adjust": _KNOWN | dict.fromkeys(TOP, 200),
}
POSTED = {
    "scoring:activity-cancel",
    "scoring:activity-undo",
    "scoring:month-cells",
    "scoring:evidence-add",
    "scoring:evidence-remove",
    "scoring:claims-advance",
    "scoring:claim-submit",
    "scoring:claim-withdraw",
    "scoring:claim-evidence-add",
    "scoring:claim-evidence-remove",
    "scoring:claim-advance",
    "scoring:claim-return",
    "scoring:claim-drop",
    "scoring:claim-answer",
    "scoring:months-close",
    "scoring:month-submit",
    "scoring:month-recall",
    "scoring:month-check",
    "scoring:month-return",
    "scoring:month-close",
    "scoring:month-reopen",
    "scoring:run-start",
    "scoring:run-cancel",
    "scoring:grant-event",
    "scoring:grant-share",
    "scoring:grant-undo",
    "scoring:archive-year",
    "scoring:entry-reverse",
    "scoring:rules-publish",
    "scoring:rules-revise",
    "scoring:rules-move",
    "scoring:rules-remove",
    "scoring:rules-drop",
    "scoring:custom-item-check",
    "scoring:custom-item-approve",
    "scoring:custom-item-return",
    "scoring:custom-item-end",
}
_OF_MONTH = (
    "month-grid", "month-cells", "month-last", "evidence-add", "evidence-list", "month-submit", "month-recall",
    "month-check", "month-return", "month-close", "month-reopen", "month-template", "month-import", "month-sheet",
    "month-sheet-xlsx", "ledger-xlsx", "ledger-pdf", "grant-list", "grant-event", "grant-share", "share-preview",
)  # fmt: skip

_OF_RULES = (
    "rules-what-if", "rules-what-if-xlsx", "custom-item-list", "custom-item-propose", "custom-item-check",
    "custom-item-load",
)  # fmt: skip

_CLAIM_VERBS = ("detail", "edit", "submit", "withdraw", "advance", "return", "evidence-add")


def _claims(cast: Cast, own: Account, clause: Item) -> tuple[Claim, Claim]:
    """The member's claim, which waits for the group leader, and a deduction that the commissioner proposes."""
    fields: dict[str, Any] = {
        "account": own, "unit": cast.branch, "group": cast.group, "item": clause, "month": MONTH, "text": "1次",
        "happened_on": last_day(MONTH), "reason": "义诊", "state": Claim.State.CLAIMED, "round": 1,
    }  # fmt: skip
    claimed = Claim.objects.create(**fields, points=1, next_step="CHECK", filed_by=cast.member)
    proposed = {"kind": Claim.Kind.DEDUCTION, "points": -1, "next_step": "APPROVE", "filed_by": cast.commissioner}
    return claimed, Claim.objects.create(**fields | proposed)


def arguments(cast: Cast) -> dict[str, Any]:
    """The member's branch in one month, the member's account, one entry with a file, a run of the committee."""
    rules = rule_set(cast.committee)
    written = rule_set(cast.committee, preset_text("starter"), published=False)
    own = account(cast.member.member)
    clause = item(rules, "加-2")
    Month.objects.create(unit=cast.branch, month=MONTH)
    cell = DraftCell.objects.create(
        account=own, item=clause, text="1次", unit=cast.branch, month=MONTH, edited_by=cast.secretary
    )
    entry = LedgerEntry.objects.create(
        account=own, unit=cast.branch, item=clause, rule_set=rules, happened_on=last_day(MONTH), month=MONTH,
        points=Decimal(1), source=LedgerEntry.Source.GRID, filed_by=cast.secretary, filed_at=timezone.now(),
        key=uuid.uuid4(),
    )  # fmt: skip
    file = Evidence(cell=cell, entry=entry, digest="0" * 64, name="佐证.txt", content_type="text/plain", size=2)
    file.by = cast.secretary
    file.file.save("proof", ContentFile(b"ok"), save=False)
    file.save()
    compute_units([cast.branch.pk], MONTH)
    score = Score.objects.get(account=own)
    grant = Grant.objects.create(
        kind=Grant.Kind.GROUP_EVENT, unit=cast.branch, month=MONTH, item=clause, reason="清扫厂区", by=cast.secretary,
        at=timezone.now(),
    )  # fmt: skip
    run = ScoreRun.objects.create(unit=cast.committee, month=MONTH, slot="test")
    custom = CustomItem.objects.create(
        section=clause.section, unit=cast.branch, content={"条款号": "自-1"}, from_month=MONTH,
        proposed_by=cast.secretary, proposed_at=timezone.now(),
    )  # fmt: skip
    claimed, deduction = _claims(cast, own, clause)
    proof = Evidence.objects.create(
        claim=claimed, digest="1" * 64, name="证明.txt", content_type="text/plain", size=2, by=cast.member
    )
    activity = Activity.objects.create(
        unit=cast.branch, kind="THEME_DAY", title="重温入党誓词", planned_on=last_day(MONTH), by=cast.secretary
    )
    found: dict[str, Any] = {f"scoring:{name}": [cast.branch.pk, MONTH] for name in _OF_MONTH}
    return found | {
        "scoring:evidence-file": [file.pk],
        "scoring:evidence-remove": [file.pk],
        **{f"scoring:claim-{verb}": [claimed.pk] for verb in _CLAIM_VERBS},
        **{f"scoring:claim-{verb}": [deduction.pk] for verb in ("drop", "answer")},
        "scoring:claim-evidence-remove": [proof.pk],
        "scoring:deduction-create": [cast.branch.pk],
        "scoring:policy-edit": [cast.committee.pk],
        "scoring:run-start": [cast.committee.pk, MONTH],
        "scoring:run-progress": [run.pk],
        "scoring:run-cancel": [run.pk],
        "scoring:ranking-of": [cast.branch.pk],
        "scoring:analysis-of": [cast.branch.pk],
        "scoring:analysis-part": [cast.branch.pk, "items"],
        "scoring:analysis-xlsx": [cast.branch.pk],
        "scoring:explanation": [score.pk],
        "scoring:ledger": [own.pk],
        "scoring:entry": [entry.pk],
        "scoring:entry-reverse": [entry.pk],
        "scoring:rules-detail": [rules.pk],
        "scoring:rules-publish": [rules.pk],
        "scoring:rules-file": [rules.pk],
        "scoring:rules-xlsx": [rules.pk],
        "scoring:rules-differences": [rules.pk, rules.pk],
        "scoring:rules-revise": [rules.pk],
        "scoring:rules-edit": [written.pk],
        "scoring:rules-drop": [written.pk],
        **{f"scoring:rules-{verb}": [written.pk, "head"] for verb in ("part", "row", "check", "move", "remove")},
        **{f"scoring:{name}": [rules.pk] for name in _OF_RULES},
        **{f"scoring:custom-item-{verb}": [custom.pk] for verb in ("approve", "return", "end")},
        "scoring:year-totals": [cast.committee.pk],
        "scoring:activity-create": [cast.branch.pk],
        **{f"scoring:activity-{verb}": [activity.pk] for verb in ("detail", "edit", "cancel", "undo", "attendance")},
        "scoring:life-check": [cast.branch.pk],
        **{f"scoring:life-{one}{file}": [cast.branch.pk] for one in ("turnout", "targets") for file in ("", "-xlsx")},
        **{f"scoring:life-lines{file}": [cast.branch.pk] for file in ("", "-pdf", "-xlsx")},
        **{f"scoring:life-lines-of{file}": [own.pk] for file in ("", "-pdf", "-xlsx")},
        "scoring:grant-undo": [grant.pk],
        "scoring:openings": [cast.committee.pk],
        "scoring:openings-upload": [cast.committee.pk],
        "scoring:expected": [cast.committee.pk],
        "scoring:archive-list": [cast.committee.pk],
        "scoring:archive-year": [cast.committee.pk, 2025],
        "scoring:account-adjust": [own.pk],
    }
