"""个人自评: saved as it is written, handed in once, in the days of its stage."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from evaluations.models import Campaign, Candidate, SelfReview, Stage
from members.errors import Refused
from members.models import User
from members.services.audit import record

TEXT, HONOURS = 3000, 1000


@dataclass(frozen=True)
class Written:
    """What stands on the page. `marks`: place of the dimension -> points, or {"grade": …}; as the stage asks."""

    text: str
    honours: str = ""
    marks: Mapping[str, str] = field(default_factory=dict)


def self_stage(campaign: Campaign) -> Stage | None:
    return campaign.stages.filter(kind=Stage.Kind.SELF).first()


def why_closed(review: SelfReview, stage: Stage | None, today: datetime.date) -> str:
    """Empty while it may be written, else the sentence that says why not."""
    campaign = review.candidate.campaign
    if stage is None or campaign.state != Campaign.State.RUNNING:
        return _("“%s”现在没有自评。") % campaign
    if today < stage.opens_on:
        return _("自评将于 %s 开始。") % stage.opens_on
    if today > stage.closes_on:
        return _("自评已于 %s 截止。") % stage.closes_on
    if review.handed_in_at is not None:
        return _("自评已提交，不能再改。")
    return ""


@transaction.atomic
def save_self_review(candidate: Candidate, written: Written, *, version: int, by: User) -> SelfReview:
    """Keep what has been written so far. Of two windows the later one is told and nothing is overwritten."""
    review = _locked(candidate, by)
    if review.version != version:
        raise Refused(_("自评在另一个窗口里有更新，请刷新页面后再写；刚才写的内容请先复制。"))
    _check(written, self_stage(review.candidate.campaign))
    review.text, review.honours, review.marks = written.text, written.honours, dict(written.marks)
    review.version, review.saved_at = version + 1, timezone.now()
    review.save(update_fields=["text", "honours", "marks", "version", "saved_at"])
    return review


@transaction.atomic
def hand_in_self_review(candidate: Candidate, *, by: User) -> SelfReview:
    """From now on it stands. Raise Refused while it is empty or the marks are not complete."""
    review = _locked(candidate, by)
    stage = self_stage(review.candidate.campaign)
    if not review.text.strip():
        raise Refused(_("请先写自评，再提交。"))
    if (
        stage is not None
        and stage.form
        and len(review.marks) < (1 if stage.form == Stage.Form.GRADES else len(stage.marks))
    ):
        raise Refused(_("请填完自评的各项，再提交。"))
    review.handed_in_at = timezone.now()
    review.save(update_fields=["handed_in_at"])
    record(by, "evaluations.hand_in_self_review", review.candidate)
    return review


def _locked(candidate: Candidate, by: User) -> SelfReview:
    if candidate.account.member_id is None or candidate.account.member_id != by.member_id:
        raise Refused(_("只能填写自己的自评。"))
    rows = SelfReview.objects.select_for_update(of=("self",)).select_related("candidate__campaign")
    review = rows.filter(candidate=candidate).first()
    if review is None:
        raise Refused(_("这次评定没有个人自评。"))
    closed = why_closed(review, self_stage(review.candidate.campaign), timezone.localdate())
    if closed:
        raise Refused(closed)
    return review


def _check(written: Written, stage: Stage | None) -> None:
    if len(written.text) > TEXT or len(written.honours) > HONOURS:
        raise Refused(_("自评不超过 %(text)d 字，荣誉不超过 %(honours)d 字。") % {"text": TEXT, "honours": HONOURS})
    lines = list(stage.marks) if stage is not None else []
    for place, mark in written.marks.items():
        if stage is not None and stage.form == Stage.Form.GRADES:
            if place != "grade" or mark not in {grade for grade, _points in lines}:
                raise Refused(_("没有这个等次，请刷新页面后重新选择。"))
        elif not (place.isdigit() and int(place) < len(lines) and mark.isascii() and mark.isdigit()):
            raise Refused(_("自评分须是 0 到满分之间的整数，请改正。"))
        elif int(mark) > int(lines[int(place)][1]):
            words = {"name": lines[int(place)][0], "full": lines[int(place)][1]}
            raise Refused(_("%(name)s最多 %(full)s 分，请改正。") % words)
