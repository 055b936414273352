"""Rule sets: loaded from files, published once, superseded by the next version."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from members.errors import Refused
from members.models import OrgUnit, User
from members.services.audit import record
from members.tabular import read_table
from members.tabular.kinds import kind_of
from scoring import published_only
from scoring.models import DraftCell, Item, LedgerEntry, RuleSet, Section
from scoring.months import label, shift
from scoring.rulebook.file import ParsedRules, parse, parse_document
from scoring.rulebook.sheet import read_sheets
from scoring.rulebook.tryout import failed_examples
from scoring.rulebook.writer import Document, document_of, placed, to_yaml
from scoring.services.custom_items import carry_custom_items

PRESET_DIR = Path(__file__).resolve().parent.parent / "presets"


@cache
def presets() -> dict[str, tuple[str, str]]:
    """The shipped rule files: code -> (name, note). They change only with the program: read once."""
    found = {}
    for path in sorted(PRESET_DIR.glob("*.yaml")):
        rules = parse(path.read_text(encoding="utf-8"))
        found[path.stem] = (rules.fields["name"], rules.fields["note"])
    return found


def preset_text(code: str) -> str:
    path = PRESET_DIR / f"{code}.yaml"
    if path.parent != PRESET_DIR or not path.is_file():
        raise Refused(_("没有代号为“%s”的内置积分办法。") % code)
    return path.read_text(encoding="utf-8")


@transaction.atomic
def load_rule_set(content: str, *, owner: OrgUnit, by: User | None) -> RuleSet:
    """Read a rule file into a draft of the unit, with the next free version number."""
    return _load(parse(content), owner, by)


@transaction.atomic
def load_rule_file(name: str, content: bytes, *, owner: OrgUnit, by: User | None) -> RuleSet:
    """The same from an uploaded file: a rule file or a workbook (细则), by its content."""
    if kind_of(content) != "text":
        return _load(parse_document(read_sheets(read_table(name, content))), owner, by)
    try:
        return load_rule_set(content.decode("utf-8-sig"), owner=owner, by=by)
    except UnicodeDecodeError:
        raise Refused(_("规则文件不是 UTF-8 文本，请另存为 UTF-8 后上传。")) from None


def _load(rules: ParsedRules, owner: OrgUnit, by: User | None) -> RuleSet:
    failed = failed_examples(rules)
    if failed:
        raise Refused("\n".join(failed))
    rule_set = store_draft(rules, owner=owner)
    record(by, "scoring.load_rule_set", rule_set)
    return rule_set


def store_draft(rules: ParsedRules, *, owner: OrgUnit) -> RuleSet:
    """Write what was read as the unit's next version."""
    versions = RuleSet.objects.filter(owner=owner, code=rules.fields["code"])
    version = (versions.aggregate(last=Max("version"))["last"] or 0) + 1
    rule_set = RuleSet.objects.create(owner=owner, version=version, **rules.fields)
    for parsed in rules.sections:
        section = Section.objects.create(rule_set=rule_set, **parsed.fields)
        Item.objects.bulk_create(Item(section=section, **item.fields) for item in parsed.items)
    return rule_set


def text_of(rule_set: RuleSet) -> str:
    """The rule set as a rule file."""
    return to_yaml(document_of(rule_set))


def problems_of(rule_set: RuleSet) -> list[str]:
    """Everything that keeps a draft from being published: fields, how the parts fit, its own examples."""
    return problems_in(document_of(rule_set))


def problems_in(document: Document) -> list[str]:
    """The same of rules that stand in no table yet."""
    try:
        return failed_examples(parse_document(placed(document)))
    except Refused as refusal:
        return str(refusal).split("\n")


def _require_unused(rule_set: RuleSet) -> None:
    """What is typed or posted hangs on the items of its rules: under other rules it would count for nothing."""
    within = {"unit__path__startswith": rule_set.owner.path, "month__gte": rule_set.effective_from}
    if rule_set.effective_to is not None:
        within["month__lte"] = rule_set.effective_to
    entries = LedgerEntry.objects.filter(**within, rule_set__account_kind=rule_set.account_kind)
    cells = DraftCell.objects.filter(**within, item__section__rule_set__account_kind=rule_set.account_kind)
    used = [rows.aggregate(last=Max("month"))["last"] for rows in (entries.standing(), cells.exclude(text=""))]
    months = [month for month in used if month is not None]
    if months:
        raise Refused(
            _("已有按原积分办法录入或入账的内容，请把生效月份改到%s或以后，或先清空、冲正这些内容。")
            % label(shift(max(months), 1))
        )


@transaction.atomic
def publish_rule_set(rule_set: RuleSet, *, by: User | None) -> RuleSet:
    """Put a draft in force from its month on; earlier versions of the same code end the month before.

    Raise Refused with a sentence per mistake when it does not pass every check.
    """
    RuleSet.objects.select_for_update().get(pk=rule_set.pk)
    rule_set.refresh_from_db()
    problems = problems_of(rule_set)
    if problems:
        raise Refused("\n".join(problems))
    with published_only.gate():
        moved = RuleSet.objects.filter(pk=rule_set.pk, state=RuleSet.State.DRAFT).update(
            state=RuleSet.State.PUBLISHED,
            published_at=timezone.now(),
            published_by=by,
            checked_digest=hashlib.sha256(text_of(rule_set).encode()).hexdigest(),
        )
    if not moved:
        raise Refused(_("“%s”已经发布，不能再次发布；要修改请另建新版本。") % rule_set)
    earlier = RuleSet.objects.filter(owner=rule_set.owner, code=rule_set.code, state=RuleSet.State.PUBLISHED)
    earlier = earlier.exclude(pk=rule_set.pk)
    if earlier.filter(effective_from__gte=rule_set.effective_from).exists():
        raise Refused(_("已有从同一月份或更晚月份起生效的版本，请把生效月份改晚。"))
    _require_unused(rule_set)
    still = Q(effective_to__isnull=True) | Q(effective_to__gte=rule_set.effective_from)
    with published_only.gate():
        earlier.filter(still).update(effective_to=shift(rule_set.effective_from, -1))
        earlier.update(state=RuleSet.State.SUPERSEDED)
    carry_custom_items(rule_set)
    rule_set.refresh_from_db()
    record(by, "scoring.publish_rule_set", rule_set)
    return rule_set
