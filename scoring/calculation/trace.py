"""Keeps the steps of a calculation on one account, so that it can be explained by what computed it."""

from __future__ import annotations

from dataclasses import dataclass, field

from scoring.calculation.amounts import Column, Matrix

# What a step did: the key of the sentence that tells it (scoring/explanation.py).
ZEROED, FLOOR, CAP, CAP_MONTH, CAP_QUARTER, CAP_YEAR = "zeroed", "floor", "cap", "MONTH", "QUARTER", "YEAR"
CARRIED, OPENED = "carried", "opened"
WEIGHT, CEILING, VETO_CAP, VETO_ZERO, ADJUSTED, ROUNDED = (
    "weight",
    "ceiling",
    "veto_cap",
    "veto_zero",
    "adjusted",
    "rounded",
)
# Places that are no item and no section.
TOTAL = "total"


@dataclass(frozen=True)
class Step:
    """One step that changed something: `place` is an item's key, a section's code or TOTAL; ten-thousandths."""

    place: int | str
    name: str
    before: int
    after: int


@dataclass
class Trace:
    """Handed into the calculation of one account; steps that change nothing are not kept."""

    steps: list[Step] = field(default_factory=list)

    def note(self, place: int | str, name: str, before: Column, after: Column) -> None:
        old, new = int(before[0]), int(after[0])
        if old != new:
            self.steps.append(Step(place, name, old, new))

    def of(self, place: int | str) -> list[Step]:
        return [step for step in self.steps if step.place == place]


def noted(trace: Trace | None, place: int | str, name: str, before: Column, after: Column) -> Column:
    """`after`, and a note of the step when somebody asked for an explanation."""
    if trace is not None:
        trace.note(place, name, before, after)
    return after


def noted_last(trace: Trace | None, place: int | str, name: str, before: Matrix, after: Matrix) -> Matrix:
    """The same for running values: the last month is the one explained."""
    if trace is not None:
        trace.note(place, name, before[-1], after[-1])
    return after
