"""一票否决: the list, one case with its way, and the verbs that move it."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from evaluations.forms.vetoes import VetoFilter, VetoForm, WordsForm
from evaluations.models import VetoCase
from evaluations.services import vetoes as services
from evaluations.services.case_files import FILES_PER_CASE, add_case_files, takes_files
from evaluations.veto_steps import may_still_answer, way_of
from members.access import BRANCH_COMMITTEE_POSTS
from members.errors import Refused
from members.models import Membership, OrgUnit, User
from members.permissions import SignedIn, permitted
from members.refusals import note, refuse
from scoring.models import Account, RuleSet
from scoring.services.months import policy_of
from scoring.services.vetoes import levels_of, veto_rules

PAGE = 50
RELATED = ("account__member", "unit", "rule_set", "proposed_by__member", "decided_by__member", "veto")
State = VetoCase.State


@require_GET
@permitted("evaluations.list_vetoes")
def veto_list(request: SignedIn) -> HttpResponse:
    """Those that wait come first, then the newest."""
    narrowed = VetoFilter(request.GET)
    cases = narrowed.apply(VetoCase.objects.visible_to(request.user)).select_related("account__member", "unit", "veto")
    page = Paginator(cases.order_by("-proposed_at", "-pk"), PAGE).get_page(request.GET.get("page"))
    held = [post.unit_id for post in request.user.authority.posts if post.post in BRANCH_COMMITTEE_POSTS]
    branches = OrgUnit.objects.branches().open().filter(pk__in=held).order_by("path") if held else []
    context = {"page": page, "filter": narrowed, "branches": list(branches)}
    return render(request, "evaluations/veto_list.html", context)


def people_of(unit: OrgUnit) -> list[tuple[int, str]]:
    """Everyone of the branch today with an account: (account, name with staff number)."""
    stays = Membership.objects.at(timezone.localdate()).filter(branch=unit).values("member")
    accounts = Account.objects.filter(member__in=stays).select_related("member").order_by("member__pinyin")
    return [(row.pk, f"{row.member} {row.member.staff_number}") for row in accounts if row.member]


@permitted("evaluations.propose_veto", OrgUnit)
def veto_create(request: SignedIn, unit: OrgUnit) -> HttpResponse:
    if unit.kind != OrgUnit.Kind.BRANCH:
        raise Http404
    try:
        rule_set = veto_rules(unit, timezone.localdate())
    except Refused as refusal:
        return render(request, "evaluations/veto_create.html", {"unit": unit, "refusal": str(refusal)})
    form = VetoForm(request.POST or None, rule_set=rule_set, people=people_of(unit))
    if request.method == "POST" and form.is_valid():
        try:
            account = Account.objects.select_related("member").get(pk=form.cleaned_data["member"])
            key = form.cleaned_data["key"]
            case = services.propose_veto(account, unit, form.case_facts(), by=request.user, key=key)
            _attach(request, case)
            messages.success(request, str(gettext_lazy("已提出一票否决，本人随即收到消息，可以申辩。")))
            return redirect("evaluations:veto-detail", case.pk)
        except Refused as refusal:
            note(request, refusal, unit)
            form.add_error(None, str(refusal))
    days = policy_of(unit).answer_days
    context = {"form": form, "unit": unit, "rule_set": rule_set, "answer_days": days, "limit": FILES_PER_CASE}
    return render(request, "evaluations/veto_create.html", context | {"levels": levels_of(rule_set)})


def _attach(request: SignedIn, case: VetoCase) -> None:
    for sentence in add_case_files(case, request.FILES.getlist("files"), by=request.user):
        messages.error(request, sentence)


@require_GET
@permitted("evaluations.view_veto", VetoCase, related=RELATED)
def veto_detail(request: SignedIn, case: VetoCase) -> HttpResponse:
    """The way it goes, facts and files, the votes, and the buttons of whoever comes next."""
    moves = list(case.moves.select_related("by__member"))
    user, about = request.user, case.account.member_id == request.user.member_id
    works = user.has_perm("evaluations.work_on_veto", case)
    decides = user.has_perm("evaluations.decide_veto", case)
    by_meeting = case.form == RuleSet.VetoForm.MEETING
    waits_for_answer = may_still_answer(case) and case.answered_at is None
    ready = case.state == State.VOTED or (case.state == State.PROPOSED and not by_meeting and not waits_for_answer)
    context = {
        "case": case,
        "moves": moves,
        "steps": way_of(case, moves),
        "level": next((one for one in levels_of(case.rule_set) if one.level == case.level), None),
        "files": [row.evidence for row in case.files.select_related("evidence")],
        "votes": [row.vote for row in case.votes.select_related("vote__by__member")],
        "may_answer": about and may_still_answer(case),
        "may_attach": takes_files(case, user),
        "may_withdraw": case.proposed_by_id == user.pk and case.state == State.PROPOSED,
        "may_vote": by_meeting
        and case.state == State.PROPOSED
        and not waits_for_answer
        and user.has_perm("evaluations.record_veto_vote", case),
        "may_confirm": decides and ready,
        "may_reject": decides and case.is_open,
        "may_appeal": case.state == State.IN_FORCE and (about or works),
        "may_settle": decides and case.state == State.APPEALED,
        "waits_for_answer": waits_for_answer,
        "is_about_user": about,
        "words_length": services.LONG,
    }
    return render(request, "evaluations/veto_detail.html", context)


# --- the verbs -------------------------------------------------------------------------------------
Service = Callable[[VetoCase, User, str, QueryDict], object]


def _verb(permission: str, service: Service, done: str | Promise) -> Callable[..., HttpResponseBase]:
    """A view that moves a case. Every verb asks for one text; what is refused is said on the page of the case."""

    @require_POST
    @permitted(permission, VetoCase)
    def view(request: SignedIn, case: VetoCase) -> HttpResponse:
        form = WordsForm(request.POST)
        words = form.cleaned_data["words"] if form.is_valid() else ""
        try:
            service(case, request.user, words, request.POST)
            messages.success(request, str(done))
        except Refused as refusal:
            refuse(request, refusal, case)
        return redirect("evaluations:veto-detail", case.pk)

    return view


veto_answer = _verb(
    "evaluations.answer_veto",
    lambda case, by, words, _post: services.answer_veto(case, by=by, answer=words),
    gettext_lazy("已提交申辩，决定时会一并考虑。"),
)
veto_withdraw = _verb(
    "evaluations.work_on_veto",
    lambda case, by, words, _post: services.withdraw_veto(case, by=by, reason=words),
    gettext_lazy("已撤回。"),
)
veto_confirm = _verb(
    "evaluations.decide_veto",
    lambda case, by, words, _post: services.confirm_veto(case, by=by, decision=words),
    gettext_lazy("已决定，积分已重新计算，本人会收到消息。"),
)
veto_reject = _verb(
    "evaluations.decide_veto",
    lambda case, by, words, _post: services.reject_veto(case, by=by, decision=words),
    gettext_lazy("已决定不予否决，本人会收到消息。"),
)
veto_appeal = _verb(
    "evaluations.appeal_veto",
    lambda case, by, words, _post: services.appeal_veto(case, by=by, appeal=words),
    gettext_lazy("已登记申诉，由原决定人以外的党委成员办理。"),
)
veto_uphold = _verb(
    "evaluations.decide_veto",
    lambda case, by, words, _post: services.uphold_veto(case, by=by, decision=words),
    gettext_lazy("已答复申诉：维持。"),
)
veto_lift = _verb(
    "evaluations.decide_veto",
    lambda case, by, words, post: services.lift_veto_case(
        case, by=by, decision=words, from_start=post.get("from") == "start"
    ),
    gettext_lazy("已解除，未结账月份的积分已重新计算。"),
)


@require_POST
@permitted("evaluations.view_veto", VetoCase)
def veto_attach(request: SignedIn, case: VetoCase) -> HttpResponse:
    _attach(request, case)
    return redirect("evaluations:veto-detail", case.pk)
