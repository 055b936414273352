"""Which questions stand together: a part is one piece of the page, loaded by itself where it takes a while."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from members.models import OrgUnit
from scoring import months
from scoring.analysis.caps import caps
from scoring.analysis.figures import MonthFigures
from scoring.analysis.finding import Finding, Subject
from scoring.analysis.items import item_findings
from scoring.analysis.sections import branches, section_mix
from scoring.analysis.totals import distribution, figures_of, inflation, trend


def year_figures(unit: OrgUnit, month: int) -> dict[int, MonthFigures]:
    """Of twelve months and of the twelve before them."""
    return figures_of(unit, months.shift(month, -23), month)


def totals_part(subject: Subject, figures: dict[int, MonthFigures]) -> list[Finding]:
    return [distribution(subject), trend(subject, figures), inflation(subject, figures)]


def _totals(subject: Subject, span: str) -> list[Finding]:
    return totals_part(subject, year_figures(subject.unit, subject.month))


def _sections(subject: Subject, span: str) -> list[Finding]:
    return [section_mix(subject)]


def _branches(subject: Subject, span: str) -> list[Finding]:
    return [] if subject.is_branch else [branches(subject)]


def _caps(subject: Subject, span: str) -> list[Finding]:
    return [caps(subject)]


TOTALS = "totals"
PARTS: dict[str, Callable[[Subject, str], list[Finding]]] = {
    TOTALS: _totals,
    "sections": _sections,
    "branches": _branches,
    "items": item_findings,
    "caps": _caps,
}


def findings_of(subject: Subject, span: str, parts: Iterable[str] = PARTS) -> list[Finding]:
    return [finding for part in parts for finding in PARTS[part](subject, span)]
