"""Organising polls: preparing those of a campaign, and one poll from its opening to its result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import Count, Q
from django.http import Http404, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from evaluations import poll_keys
from evaluations.forms.ballots import PassphraseForm, ReasonForm, outsiders_from
from evaluations.models import Campaign, Candidate, Poll, RollEntry, Stage
from evaluations.services import polls as services
from evaluations.services.ballots import BallotForm
from evaluations.services.counting import count_poll
from evaluations.services.poll_turnout import Turnout, missing_from, remind_voters, turnout_of, turnouts_of
from evaluations.views.codes import require_pdf, sheet_of
from members.errors import Refused
from members.models import OrgUnit, User
from members.permissions import SignedIn, permitted
from members.refusals import refuse

RELATED = ("stage__campaign__unit", "unit")
State, Mode = Poll.State, Poll.Mode
PAGE = 50
READY = Q(state=State.PREPARED, mode=Mode.SECRET)


# --- all polls of a campaign -----------------------------------------------------------------------
@require_GET
@permitted("evaluations.prepare_campaign", Campaign)
def poll_list(request: SignedIn, campaign: Campaign) -> HttpResponse:
    """Stage by stage the polls of so many branches, and those that have none yet."""
    stages = [stage for stage in campaign.stages.all() if stage.has_ballots]
    rated = Candidate.objects.filter(campaign=campaign, left_out="")
    units = OrgUnit.objects.filter(pk__in=rated.values("unit")).order_by("path")
    page = Paginator(units, PAGE).get_page(request.GET.get("page"))
    polls = list(Poll.objects.filter(stage__in=stages, unit__in=list(page)).select_related("stage", "unit"))
    turnouts = turnouts_of(polls)
    totals = Poll.objects.filter(stage__in=stages).exclude(state=State.VOID).order_by().values("stage")
    counts = {row["stage"]: row for row in totals.annotate(standing=Count("pk"), ready=Count("pk", filter=READY))}
    parts = [_stage_part(stage, polls, turnouts, page, counts.get(stage.pk, {})) for stage in stages]
    context = {
        "campaign": campaign,
        "parts": parts,
        "page": page,
        "running": campaign.state == Campaign.State.RUNNING,
    }
    return render(request, "evaluations/poll_list.html", context)


def _stage_part(
    stage: Stage, polls: list[Poll], turnouts: dict[object, Turnout], page: Page[OrgUnit], counts: Mapping[str, Any]
) -> dict[str, object]:
    """`lacking` and `ready` are numbers of the whole campaign, the rows those of this page."""
    own = [poll for poll in polls if poll.stage_id == stage.pk]
    standing = {poll.unit_id for poll in own if poll.state != State.VOID}
    return {
        "stage": stage,
        "rows": [(poll, turnouts[poll.pk]) for poll in own],
        "lacking": page.paginator.count - counts.get("standing", 0),
        "lacking_here": [unit for unit in page if unit.pk not in standing],
        "asks_outsiders": services.asks_outsiders(stage),
        "ready": counts.get("ready", 0),
    }


def _stage_of(campaign: Campaign, kind: str) -> Stage:
    stage = get_object_or_404(campaign.stages.select_related("campaign"), kind=kind.upper())
    if not stage.has_ballots:
        raise Http404
    return stage


@require_POST
@permitted("evaluations.prepare_campaign", Campaign, related=("unit",))
def poll_prepare(request: SignedIn, campaign: Campaign, kind: str) -> HttpResponseBase:
    """Where there are codes, the answer is the sheet with them: they are kept nowhere."""
    stage = _stage_of(campaign, kind)
    try:
        outsiders = outsiders_from(request.POST)
        if any(outsiders.values()):
            require_pdf()
        made = services.prepare_polls(stage, outsiders, by=request.user)
        sheet = sheet_of(request, made)
        if sheet is not None:
            return sheet
        messages.success(request, _("已准备 %d 个支部的投票。") % len(made))
    except Refused as refusal:
        refuse(request, refusal, campaign)
    return redirect("evaluations:poll-list", campaign.pk)


@require_POST
@permitted("evaluations.prepare_campaign", Campaign)
def polls_open(request: SignedIn, campaign: Campaign, kind: str) -> HttpResponse:
    try:
        opened = services.open_polls(_stage_of(campaign, kind), by=request.user)
        messages.success(request, _("%d 个支部的投票已开始，由服务器保管钥匙。") % opened)
    except Refused as refusal:
        refuse(request, refusal, campaign)
    return redirect("evaluations:poll-list", campaign.pk)


# --- one poll --------------------------------------------------------------------------------------
@require_GET
@permitted("evaluations.manage_poll", Poll, related=RELATED)
def poll_detail(request: SignedIn, poll: Poll) -> HttpResponse:
    """Who has voted how often is shown to nobody; how many have, and which members have not, to whoever organises."""
    form, today = BallotForm.of(poll), timezone.localdate()
    is_secret, is_over = poll.mode == Mode.SECRET, today > form.closes_on
    own = (
        RollEntry.objects.filter(poll=poll, member=request.user.member_id).first() if request.user.member_id else None
    )
    counts = [] if is_secret else list(poll.paper_counts.select_related("by__member").order_by("pk"))
    is_open = poll.state == State.OPEN
    context = {
        "poll": poll,
        "form": form,
        "turnout": turnout_of(poll),
        "missing": missing_from(poll) if is_open else [],
        "pools": [(Stage.Rater(pool).label, weight) for pool, weight in poll.stage.pools],
        "own": own,
        "may_prepare": request.user.has_perm("evaluations.prepare_campaign", poll.stage.campaign),
        "counts": counts,
        "is_secret": is_secret,
        "is_over": is_over,
        "may_open": is_secret and poll.state == State.PREPARED and not is_over,
        "may_count": is_secret and is_open and is_over,
        "may_remind": is_open and form.opens_on <= today <= form.closes_on,
        "may_enter": not is_secret and poll.state == State.PREPARED,
        "may_void": (poll.state, State.VOID) in Poll.MOVES,
        "may_renew": is_secret and poll.state in (State.PREPARED, State.OPEN) and services.asks_outsiders(poll.stage),
        "passphrases": PassphraseForm(),
        "passphrase_length": poll_keys.PASSPHRASE_LENGTH,
        "is_lost": is_open and not poll_keys.has_key(poll.pk),
    }
    return render(request, "evaluations/poll_detail.html", context)


Service = Callable[[Poll, User, QueryDict], object]


def _verb(service: Service, done: str | Promise) -> Callable[..., HttpResponseBase]:
    """A view that moves a poll; what is refused is said on its page."""

    @require_POST
    @sensitive_post_parameters("first", "second")
    @permitted("evaluations.manage_poll", Poll)
    def view(request: SignedIn, poll: Poll) -> HttpResponse:
        try:
            found = service(poll, request.user, request.POST)
            messages.success(request, str(done) % found if isinstance(found, int) else str(done))
        except Refused as refusal:
            refuse(request, refusal, poll)
        return redirect("evaluations:poll-detail", poll.pk)

    return view


def _opened(poll: Poll, by: User, post: QueryDict) -> None:
    """Whoever chose two scrutineers is never given a key on the server because both fields came empty."""
    pair = PassphraseForm(post).pair()
    if post.get("key") == Poll.Key.SCRUTINEERS and pair is None:
        raise Refused(_("请两名监票人各自输入口令。"))
    services.open_poll(poll, by=by, passphrases=pair if post.get("key") == Poll.Key.SCRUTINEERS else None)


def _counted(poll: Poll, by: User, post: QueryDict) -> None:
    counted = count_poll(poll, by=by, passphrases=PassphraseForm(post).pair())
    if counted.state == State.VOID:
        raise Refused(_("这次投票已作废：%s") % counted.void_reason)


def _voided(poll: Poll, by: User, post: QueryDict) -> None:
    form = ReasonForm(post)
    services.withdraw_poll(poll, by=by, reason=form.cleaned_data["reason"] if form.is_valid() else "")


def _papered(poll: Poll, by: User, post: QueryDict) -> None:
    services.vote_on_paper(poll, by=by)


poll_open = _verb(_opened, gettext_lazy("投票已开始。"))
poll_count = _verb(_counted, gettext_lazy("已开票，钥匙和密封票已销毁。"))
poll_void = _verb(_voided, gettext_lazy("已作废，密封票和钥匙已销毁，没有人看过。"))
poll_paper = _verb(_papered, gettext_lazy("已改用纸质票，投票后由两名监票人各自录入计票结果。"))
poll_remind = _verb(
    lambda poll, by, _post: remind_voters(poll, by=by), gettext_lazy("已提醒 %d 人；今天提醒过的不再重复。")
)
