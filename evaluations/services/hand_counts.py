"""纸质票 and 会议记名表决: two people count independently of each other, and only what both found is a result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from evaluations.models import Grade, PaperCount, Poll, Stage, Tally
from evaluations.services.ballots import BallotForm
from members.errors import Refused
from members.models import User
from members.services.audit import record

State, Mode = Poll.State, Poll.Mode
# candidate, pool, place of the line, mark
Cell = tuple[int, str, int, str]
# As many differences are named; whoever has more begins again anyway.
NAMED = 20


@dataclass(frozen=True)
class HandCount:
    """What one scrutineer found. `received`: pool -> ballots; `marks`: cell -> how many, none that is zero."""

    given: int
    received: Mapping[str, int]
    marks: Mapping[Cell, int]

    @property
    def total(self) -> int:
        return sum(self.received.values())

    def content(self) -> dict[str, object]:
        """As it is kept: JSON has no tuples for keys."""
        cells = sorted([*cell, many] for cell, many in self.marks.items())
        return {"given": self.given, "received": dict(self.received), "marks": cells}

    @classmethod
    def of(cls, row: PaperCount) -> HandCount:
        kept = row.content
        marks = {(int(pk), str(pool), int(line), str(mark)): int(many) for pk, pool, line, mark, many in kept["marks"]}
        return cls(int(kept["given"]), {str(pool): int(many) for pool, many in kept["received"].items()}, marks)


@transaction.atomic
def enter_count(poll: Poll, found: HandCount, *, by: User) -> list[str]:
    """Enter what one of two counted; once both have found the same, it is the result of the poll.

    Out: the differences, a sentence each; empty when the other has not counted yet, or both agree. Raise Refused for a
    poll that is not counted by hand, a third person, and a count that cannot be true.
    """
    poll = Poll.objects.select_for_update(of=("self",)).select_related("stage", "unit").get(pk=poll.pk)
    if poll.mode == Mode.SECRET or poll.state != State.PREPARED:
        raise Refused(_("这次投票%s，不能录入计票结果。") % poll.get_state_display())
    form = BallotForm.of(poll)
    if timezone.localdate() < form.opens_on:
        raise Refused(_("投票还没有开始，将于 %s 开始。") % form.opens_on)
    _require_true(poll, form, found)
    others = list(PaperCount.objects.filter(poll=poll).exclude(by=by).select_related("by__member"))
    if len(others) > 1:
        names = "、".join(str(row.by) for row in others)
        raise Refused(_("%s已各自录入，第三人不能再录入。") % names)
    PaperCount.objects.update_or_create(poll=poll, by=by, defaults={"content": found.content()})
    record(by, "evaluations.enter_count", poll)
    if not others:
        return []
    differences = list(differing(form, found, HandCount.of(others[0])))
    if not differences:
        _store(poll, found, by)
    return differences


def _require_true(poll: Poll, form: BallotForm, found: HandCount) -> None:
    """Raise Refused for more ballots than voters, more marks than ballots, and paper too little to keep a secret."""
    voters = poll.roll.count()
    if found.given > voters:
        raise Refused(
            _("发出的票（%(given)d）多于应参评人数（%(voters)d）。") % {"given": found.given, "voters": voters}
        )
    if not 0 < found.total <= found.given:
        raise Refused(_("收回的票至少 1 张，且不能多于发出的票，请核对。"))
    for pool, many in found.received.items():
        if poll.mode == Mode.PAPER and 0 < many < form.threshold:
            words = {"pool": Stage.Rater(pool).label, "many": many, "least": form.threshold}
            raise Refused(
                _("%(pool)s只收回 %(many)d 张，少于 %(least)d 张不足以保密，请并入另一类参评人员清点。") % words
            )
    sums: dict[tuple[int, str, int], int] = {}
    for (candidate, pool, line, _mark), many in found.marks.items():
        sums[candidate, pool, line] = sums.get((candidate, pool, line), 0) + many
    for (candidate, pool, line), many in sums.items():
        if many > found.received.get(pool, 0):
            words = {
                "cell": _cell_name(form, candidate, pool, line),
                "many": many,
                "most": found.received.get(pool, 0),
            }
            raise Refused(_("%(cell)s：票数合计 %(many)d，多于收回的 %(most)d 张。") % words)
    empty = [name for pk, name in form.asked_of(None).items() if not any(one[0] == pk for one in sums)]
    if empty:
        raise Refused(_("%s没有一张有效票，请核对。") % "、".join(empty[:NAMED]))


def _cell_name(form: BallotForm, candidate: int, pool: str, line: int, mark: str = "") -> str:
    """王建国 · 党员 · 优秀, or 王建国 · 党员 · 学习 · 18 分; the pool only where there are several."""
    name, _member = form.candidates[candidate]
    parts = [name]
    if len(form.pools) > 1:
        parts.append(str(Stage.Rater(pool).label))
    if form.is_graded:
        parts += [str(Grade(mark).label)] if mark else []
    else:
        parts += [form.lines[line][0], *([_("%s 分") % mark] if mark else [])]
    return " · ".join(parts)


def differing(form: BallotForm, one: HandCount, other: HandCount) -> Iterator[str]:
    """Where two counts differ, cell by cell, in words."""
    words = _("%(cell)s：一人 %(one)d，另一人 %(other)d")
    if one.given != other.given:
        yield words % {"cell": _("发出的票"), "one": one.given, "other": other.given}
    for pool in form.pools:
        if one.received.get(pool, 0) != other.received.get(pool, 0):
            cell = _("收回的票（%s）") % Stage.Rater(pool).label
            yield words % {"cell": cell, "one": one.received.get(pool, 0), "other": other.received.get(pool, 0)}
    for cell_key in sorted({*one.marks, *other.marks}):
        here, there = one.marks.get(cell_key, 0), other.marks.get(cell_key, 0)
        if here != there:
            yield words % {"cell": _cell_name(form, *cell_key), "one": here, "other": there}


def differences_of(poll: Poll, rows: list[PaperCount]) -> list[str]:
    """Of a poll that both have counted, and not alike."""
    if len(rows) < 2 or poll.state != State.PREPARED:
        return []
    one, other = map(HandCount.of, rows[:2])
    return list(differing(BallotForm.of(poll), one, other))


def _store(poll: Poll, found: HandCount, by: User) -> None:
    poll.state, poll.cast = State.COUNTED, found.total
    words = {"given": found.given, "received": found.total}
    if poll.mode == Mode.PAPER:
        poll.notes = [_("纸质票：发出 %(given)d 张，收回 %(received)d 张，两名监票人清点一致。") % words]
    else:
        poll.notes = [_("会议记名表决：应到 %(given)d 人，参加 %(received)d 人，两人记录一致。") % words]
    poll.save(update_fields=["state", "cast", "notes"])
    Tally.objects.bulk_create(
        (
            Tally(poll=poll, candidate_id=candidate, pool=pool, line=line, mark=mark, count=many)
            for (candidate, pool, line, mark), many in sorted(found.marks.items())
            if many
        ),
        batch_size=1000,
    )
    record(by, "evaluations.count_poll", poll, detail=_("共 %d 票") % found.total)
