"""What people type to set up a campaign: template and first day, then the whole draft on one page."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from evaluations.blueprints import BLUEPRINTS
from evaluations.models import Campaign, Grade, Stage
from evaluations.services.campaign_drafts import BandDraft, CampaignDraft, StageDraft
from members.forms.fields import day_field
from scoring.models import Activity

Kind, Form, Rater = Stage.Kind, Stage.Form, Stage.Rater


def percent_field(label: Any, **options: Any) -> forms.DecimalField:
    return forms.DecimalField(label=label, min_value=0, max_value=100, decimal_places=2, **options)


def points_field(label: Any, **options: Any) -> forms.DecimalField:
    return forms.DecimalField(label=label, min_value=0, max_digits=8, decimal_places=2, **options)


def _shown(value: Decimal | None) -> str | None:
    """Without trailing zeros, as people type it."""
    return None if value is None else format(value.normalize(), "f")


class CampaignCreateForm(forms.Form):
    """The first step. The template is chosen among cards that carry its note."""

    template = forms.ChoiceField(
        label=gettext_lazy("模板"),
        choices=[(plan.code, plan.name) for plan in BLUEPRINTS],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("请选择一个模板。")},
    )
    year = forms.IntegerField(label=gettext_lazy("年度"), min_value=2000, max_value=2100)
    name = forms.CharField(
        label=gettext_lazy("名称"), max_length=80, required=False, help_text=gettext_lazy("不填就用模板的名称。")
    )
    starts_on = day_field(
        gettext_lazy("开始日期"), help_text=gettext_lazy("各环节从这一天起依次排开，建立后可以逐个调整。")
    )


class HeadForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("名称"), max_length=80)
    basis = forms.CharField(label=gettext_lazy("依据文件"), max_length=200, required=False)
    daily_weight = percent_field(
        gettext_lazy("日常积分占比（%）"), help_text=gettext_lazy("其余由下面的测评环节按权重分。")
    )
    daily_full = forms.DecimalField(
        label=gettext_lazy("日常积分满分"), min_value=Decimal("0.01"), max_digits=8, decimal_places=2, required=False,
        help_text=gettext_lazy("全年积分不是百分制时填写，折算成一百分；不填按一百分计。"),
    )  # fmt: skip
    excellent_share = percent_field(
        gettext_lazy("优秀比例提醒（%）"), help_text=gettext_lazy("超过时请支委会、党委说明理由，不会拦住。")
    )
    empty_stage = forms.ChoiceField(
        label=gettext_lazy("有环节没有人参评时"), choices=Campaign.EmptyStage, widget=forms.RadioSelect
    )
    rates_probationary = forms.BooleanField(label=gettext_lazy("预备党员参加评定"), required=False)


class StageForm(forms.Form):
    """One stage. What is not used is not asked for."""

    present = forms.BooleanField(label=gettext_lazy("采用这个环节"), required=False)
    opens_on = day_field(gettext_lazy("开始日期"), required=False)
    closes_on = day_field(gettext_lazy("截止日期"), required=False)
    weight = percent_field(gettext_lazy("权重（%）"), required=False)
    form = forms.ChoiceField(label=gettext_lazy("评价方式"), required=False)
    quorum = percent_field(gettext_lazy("最低参评率（%）"), required=False)
    threshold = forms.IntegerField(
        label=gettext_lazy("开票人数下限"), min_value=3, max_value=100, required=False,
        error_messages={"min_value": gettext_lazy("少于 3 票就能看出是谁投的，不能低于 3。")},
        help_text=gettext_lazy("不到这个数的票不开封。"),
    )  # fmt: skip

    def __init__(self, data: Any, *, kind: str, stage: StageDraft | None) -> None:
        super().__init__(data, prefix=kind, initial=_stage_initial(stage))
        self.kind, self.label = kind, Kind(kind).label
        self.has_ballots = kind in Stage.BALLOTS
        forms_offered = [("POINTS", Form.POINTS.label), ("GRADES", Form.GRADES.label)]
        if kind == Kind.SELF:
            forms_offered.insert(0, ("", Form.NONE.label))
        self.fields["form"].choices = forms_offered  # type: ignore[attr-defined]
        self.fields["form"].widget.attrs["data-form"] = kind
        self.fields["present"].widget.attrs["data-shows"] = f"{kind}-body"
        for grade in Grade:
            self.fields[f"grade_{grade.value}"] = points_field(grade.label, required=False)
        for rater in Rater:
            self.fields[f"pool_{rater.value}"] = percent_field(rater.label, required=False)
        for name in self._unused():
            del self.fields[name]
        rows = stage.marks if stage is not None and stage.form == Form.POINTS else ()
        self.dimensions = _Dimensions(
            data, prefix=f"{kind}-marks", initial=[{"name": name, "full": full} for name, full in rows]
        )

    def _unused(self) -> list[str]:
        if self.has_ballots:
            return []
        pools = [f"pool_{rater.value}" for rater in Rater]
        grades = [] if self.kind == Kind.SELF else ["form", *(f"grade_{grade.value}" for grade in Grade)]
        return ["weight", "quorum", "threshold", *pools, *grades]

    @property
    def has_form(self) -> bool:
        return "form" in self.fields

    @property
    def grades(self) -> list[forms.BoundField]:
        return [self[f"grade_{grade.value}"] for grade in Grade]

    @property
    def pools(self) -> list[forms.BoundField]:
        return [self[f"pool_{rater.value}"] for rater in Rater]

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if not given.get("present"):
            self.errors.clear()
            return given
        needed = ["opens_on", "closes_on", *(["weight", "quorum", "threshold"] if self.has_ballots else [])]
        for name in needed:
            if given.get(name) is None and name not in self.errors:
                self.add_error(name, _("请填写。"))
        opens, closes = given.get("opens_on"), given.get("closes_on")
        if opens and closes and closes < opens:
            self.add_error("closes_on", _("截止日期早于开始日期，请核对。"))
        return given

    def is_good(self) -> bool:
        """With its dimensions, where they are asked for."""
        fine = self.is_valid()
        if not fine or not self.cleaned_data["present"] or self.cleaned_data.get("form") != Form.POINTS:
            return fine
        return self.dimensions.is_valid()

    def draft(self) -> StageDraft | None:
        given = self.cleaned_data
        if not given["present"]:
            return None
        fields: dict[str, Any] = {"kind": self.kind, "opens_on": given["opens_on"], "closes_on": given["closes_on"]}
        if self.has_form:
            fields |= {"form": given["form"], "marks": self._marks()}
        if self.has_ballots:
            fields |= {name: given[name] for name in ("weight", "quorum", "threshold")}
            fields["pools"] = _filled(given, "pool_", Rater.values)
        return StageDraft(**fields)

    def _marks(self) -> tuple[tuple[str, str], ...]:
        if self.cleaned_data["form"] == Form.GRADES:
            return _filled(self.cleaned_data, "grade_", Grade.values)
        if self.cleaned_data["form"] != Form.POINTS:
            return ()
        return tuple((row["name"], str(row["full"])) for row in kept(self.dimensions))


def _stage_initial(stage: StageDraft | None) -> dict[str, Any]:
    if stage is None:
        return {"present": False, "weight": "0", "quorum": "50", "threshold": 5}
    found: dict[str, Any] = {
        "present": True, "opens_on": stage.opens_on, "closes_on": stage.closes_on, "form": stage.form,
        "weight": _shown(stage.weight), "quorum": _shown(stage.quorum), "threshold": stage.threshold,
    }  # fmt: skip
    if stage.form == Form.GRADES:
        found |= {f"grade_{name}": points for name, points in stage.marks}
    return found | {f"pool_{rater}": weight for rater, weight in stage.pools}


def _filled(given: dict[str, Any], prefix: str, names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Those with a number, in their order; an empty field is one that does not take part."""
    values = ((name, _shown(given.get(prefix + name))) for name in names)
    return tuple((name, value) for name, value in values if value is not None)


class DimensionForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("评价内容"), max_length=20)
    # A ballot has whole points of at most four digits.
    full = forms.IntegerField(label=gettext_lazy("满分"), min_value=1, max_value=9999)


class BandForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("等次"), max_length=20)
    low = points_field(gettext_lazy("起点（含）"))
    high = points_field(gettext_lazy("终点（不含）"), required=False)
    quota = percent_field(gettext_lazy("名额（%）"), required=False)
    grade = forms.ChoiceField(label=gettext_lazy("对应评议等次"), choices=[("", "—"), *Grade.choices])
    needs_support = forms.BooleanField(label=gettext_lazy("须谈话整改"), required=False)


class ConditionForm(forms.Form):
    activity_kind = forms.ChoiceField(label=gettext_lazy("组织生活"), choices=[("", "—"), *Activity.Kind.choices])
    least = forms.IntegerField(label=gettext_lazy("至少参加次数"), min_value=1, max_value=366)


_Dimensions = forms.formset_factory(DimensionForm, extra=1, can_delete=True, max_num=20)
_Bands = forms.formset_factory(BandForm, extra=1, can_delete=True, max_num=20)
_Conditions = forms.formset_factory(ConditionForm, extra=1, can_delete=True, max_num=10)


def kept(rows: Any) -> list[dict[str, Any]]:
    """The rows of a valid table that are filled and not struck out."""
    return [row.cleaned_data for row in rows.forms if row.cleaned_data and not row.cleaned_data.get("DELETE")]


class CampaignSheet:
    """The whole page: the head, a form per stage, the tables of bands and of conditions."""

    def __init__(self, data: Any, draft: CampaignDraft) -> None:
        by_kind = {stage.kind: stage for stage in draft.stages}
        head = {name: _typed(getattr(draft, name)) for name in HeadForm.base_fields}
        self.head = HeadForm(data, initial=head)
        self.stages = [StageForm(data, kind=kind, stage=by_kind.get(kind)) for kind in Kind.values]
        bands = [{name: _typed(getattr(band, name)) for name in BandForm.base_fields} for band in draft.bands]
        self.bands = _Bands(data, prefix="bands", initial=bands)
        conditions = [{"activity_kind": kind, "least": least} for kind, least in draft.conditions]
        self.conditions = _Conditions(data, prefix="conditions", initial=conditions)

    def is_valid(self) -> bool:
        # Every part is asked, so that all mistakes are shown at once.
        parts = [self.head.is_valid(), self.bands.is_valid(), self.conditions.is_valid()]
        return all([*parts, *[stage.is_good() for stage in self.stages]])

    def draft(self) -> CampaignDraft:
        """Of a valid sheet."""
        bands = tuple(
            BandDraft(**{name: row[name] for name in BandForm.base_fields}) for row in kept(self.bands)
        )  # fmt: skip
        conditions = tuple((row["activity_kind"], row["least"]) for row in kept(self.conditions))
        stages = tuple(one for stage in self.stages if (one := stage.draft()) is not None)
        return CampaignDraft(**self.head.cleaned_data, stages=stages, bands=bands, conditions=conditions)

    def mistakes(self) -> list[str]:
        """What could not be read, a line each, with its place."""
        self.is_valid()
        found = _mistakes(_("基本设置"), self.head)
        for stage in self.stages:
            found += _mistakes(str(stage.label), stage)
            if stage.has_form and stage.is_bound and stage.cleaned_data.get("form") == Form.POINTS:
                found += _of_rows(str(stage.label), stage.dimensions)
        return found + _of_rows(_("等次"), self.bands) + _of_rows(_("最低条件"), self.conditions)


def _typed(value: Any) -> Any:
    return _shown(value) if isinstance(value, Decimal) else value


def _of_rows(place: str, rows: Any) -> list[str]:
    words = [
        (_("%(place)s第 %(row)d 行") % {"place": place, "row": number}, form) for number, form in enumerate(rows, 1)
    ]
    of_rows = [sentence for where, form in words for sentence in _mistakes(where, form)]
    return [*(f"{place}：{text}" for text in rows.non_form_errors()), *of_rows]


def _mistakes(place: str, form: forms.BaseForm) -> list[str]:
    return [
        f"{place}“{form.fields[name].label}”：{text}" if name in form.fields else f"{place}：{text}"
        for name, texts in form.errors.items()
        for text in texts
    ]
