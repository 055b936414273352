"""投票: the ballot of a member, the ballot of whoever holds a code, and the list of receipts.

What is typed here goes into the sealed ballot and nowhere else. So a refusal is not noted in the log, the answer is
never stored, and the receipt is shown in the answer itself: an address to be sent on to would have to carry it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from evaluations.forms.ballots import BallotSheet, CodeForm
from evaluations.models import Poll, RollEntry
from evaluations.services.ballots import BallotForm, cast, require_open
from evaluations.services.codes import voter_with
from members.errors import Refused
from members.permissions import SignedIn, open_to_all, permitted

View = Callable[..., HttpResponseBase]
GROUP = 4


def secret(view: View) -> View:
    """Kept by no cache, no page to go back to, and in no report of an error."""
    return wraps(view)(cache_control(private=True, no_store=True)(sensitive_post_parameters()(view)))


def grouped(receipt: str) -> list[str]:
    """In groups that can be compared by eye."""
    return [receipt[place : place + GROUP] for place in range(0, len(receipt), GROUP)]


# --- members ---------------------------------------------------------------------------------------
@secret
@permitted("evaluations.open_ballot")
def ballot(request: SignedIn, pk: uuid.UUID) -> HttpResponse:
    """Whoever is not on the roll does not find it: the row of the roll is what is loaded."""
    rows = RollEntry.objects.select_related("poll__stage__campaign", "poll__unit")
    voter = get_object_or_404(rows, poll=pk, member=request.user.member_id)
    form, refusal = BallotForm.of(voter.poll), ""
    try:
        _require_votes(voter.poll, form)
        if voter.has_voted:
            raise Refused(_("您已经投过票了。每人只能投一次，投出的票不能修改。"))
    except Refused as closed:
        return render(request, "evaluations/ballot_closed.html", {"poll": voter.poll, "refusal": str(closed)})
    sheet = BallotSheet(form, voter.member_id, request.POST if request.method == "POST" else None)
    if request.method == "POST":
        try:
            return _done(request, voter, cast(voter, sheet.marks()))
        except Refused as said:
            refusal = str(said)
    context = {"poll": voter.poll, "sheet": sheet, "refusal": refusal, "closes_on": form.closes_on}
    return render(request, "evaluations/ballot_form.html", context)


def _require_votes(poll: Poll, form: BallotForm) -> None:
    """Raise Refused where nobody votes on the net, or not today."""
    if poll.mode != Poll.Mode.SECRET and poll.state != Poll.State.VOID:
        raise Refused(_("这次是%s，不在网上投票。") % poll.get_mode_display())
    require_open(poll.state, form, timezone.localdate())


def _done(request: HttpRequest, voter: RollEntry, receipt: str) -> HttpResponse:
    context = {
        "poll": voter.poll,
        "receipt": receipt,
        "groups": grouped(receipt),
        "is_member": voter.member_id is not None,
    }
    return render(request, "evaluations/vote_done.html", context)


# --- bearers of codes ------------------------------------------------------------------------------
# The printed address has the code behind a "#": a browser keeps that to itself, so that it stands in no log of this
# server, of a proxy, of a gateway, and in no Referer. A small script puts it into the form, which is sent by POST;
# typed by hand it goes the same way. No session and no CSRF cookie: nothing here acts for whoever happens to be signed
# in; the code in the body of the request is all there is, and another site would have to know one to send it.
def _without_cookies(view: View) -> View:
    return open_to_all(csrf_exempt(secret(view)))


@_without_cookies
def vote(request: HttpRequest) -> HttpResponse:
    """Ask for the code; with a good one, answer with the ballot."""
    if request.method != "POST":
        return _ask(request, "")
    try:
        voter = _voter(request)
        return _vote_form(request, voter, BallotSheet(BallotForm.of(voter.poll), None))
    except Refused as refusal:
        return _ask(request, str(refusal))


@require_POST
@_without_cookies
def vote_cast(request: HttpRequest) -> HttpResponse:
    """The code is spent with the ballot; until then it is as good as before."""
    try:
        voter = _voter(request)
    except Refused as refusal:
        return _ask(request, str(refusal))
    sheet = BallotSheet(BallotForm.of(voter.poll), None, request.POST)
    try:
        return _done(request, voter, cast(voter, sheet.marks()))
    except Refused as refusal:
        return _vote_form(request, voter, sheet, str(refusal))


def _voter(request: HttpRequest) -> RollEntry:
    form = CodeForm(request.POST)
    if not form.is_valid():
        raise Refused(_("请填写纸条上的 12 位投票码。"))
    voter = voter_with(form.cleaned_data["code"], request.META.get("REMOTE_ADDR", ""))
    _require_votes(voter.poll, BallotForm.of(voter.poll))
    return voter


def _ask(request: HttpRequest, refusal: str) -> HttpResponse:
    return render(request, "evaluations/vote_code.html", {"refusal": refusal})


def _vote_form(request: HttpRequest, voter: RollEntry, sheet: BallotSheet, refusal: str = "") -> HttpResponse:
    context = {
        "poll": voter.poll,
        "sheet": sheet,
        "refusal": refusal,
        "closes_on": sheet.form.closes_on,
        "code": request.POST.get("code", ""),
    }
    return render(request, "evaluations/vote_form.html", context)


# --- receipts --------------------------------------------------------------------------------------
@require_safe
@open_to_all
def vote_receipts(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Open, because outside voters have no sign-in; a receipt says nothing to whoever does not hold it.

    The whole list is sent and searched in the browser: what somebody looks for would tell who they are.
    """
    poll = get_object_or_404(Poll.objects.select_related("stage__campaign", "unit"), pk=pk)
    receipts = [(receipt, " ".join(grouped(receipt))) for receipt in poll.receipts]
    return render(request, "evaluations/vote_receipts.html", {"poll": poll, "receipts": receipts})
