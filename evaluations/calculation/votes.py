"""Whether a vote of a meeting counts and carries (domain.md §3). Numbers in, sentences out; no database."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _


@dataclass(frozen=True)
class Count:
    """应到, 实到, 赞成, 反对, 弃权: people, all of them with a vote."""

    due: int
    present: int
    yes: int
    no: int
    abstained: int


@dataclass(frozen=True)
class Verdict:
    is_valid: bool
    is_carried: bool
    # Why, with the numbers: "应到 21 人，实到 11 人，达到半数……".
    sentence: str


def miscounted(count: Count) -> str:
    """Empty when the numbers can be those of one vote, else the sentence that says why not."""
    if min(count.present, count.yes, count.no, count.abstained) < 0 or count.due < 1:
        return _("人数不能为负，应到至少 1 人，请核对。")
    if count.present > count.due:
        return _("实到 %(present)d 人多于应到 %(due)d 人，请核对名单。") % vars(count)
    if count.yes + count.no + count.abstained != count.present:
        return _("赞成、反对、弃权合计 %(sum)d 票，与实到 %(present)d 人不符，请核对。") % {
            "sum": count.yes + count.no + count.abstained, "present": count.present,
        }  # fmt: skip
    return ""


def judge(count: Count, *, strict: bool = False) -> Verdict:
    """A meeting is quorate with half of those who should attend (`strict`, for admission, conversion and disposal:
    with more than half); a proposal carries with more than half of those who should attend, not of those present."""
    words = vars(count) | {
        "quorum": count.due // 2 + 1 if strict else (count.due + 1) // 2,
        "needed": count.due // 2 + 1,
    }
    if count.present < words["quorum"]:
        sentence = _("应到 %(due)d 人，须到 %(quorum)d 人，实到 %(present)d 人，不足法定人数，表决无效。")
        return Verdict(is_valid=False, is_carried=False, sentence=sentence % words)
    if count.yes < words["needed"]:
        sentence = _(
            "应到 %(due)d 人，实到 %(present)d 人，赞成 %(yes)d 票，未超过应到人数的一半（须 %(needed)d 票），未通过。"
        )
        return Verdict(is_valid=True, is_carried=False, sentence=sentence % words)
    sentence = _(
        "应到 %(due)d 人，实到 %(present)d 人，赞成 %(yes)d 票，超过应到人数的一半（须 %(needed)d 票），通过。"
    )
    return Verdict(is_valid=True, is_carried=True, sentence=sentence % words)
