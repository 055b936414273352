"""Codes of outside voters: shown once, in the answer to the request that made them, and kept nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import segno
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST

from evaluations.models import Poll
from evaluations.services.ballots import BallotForm
from evaluations.services.codes import renew_codes
from members.errors import Refused
from members.pdf import PACKAGES, is_available, render_pdf
from members.permissions import SignedIn, permitted
from members.refusals import refuse

Made = Sequence[tuple[Poll, list[str]]]


@dataclass(frozen=True)
class Slip:
    code: str
    qr: SafeString


@dataclass(frozen=True)
class Slips:
    """The slips of one branch."""

    poll: Poll
    last_day: str
    slips: list[Slip]


def vote_address(request: HttpRequest) -> str:
    """Where outside voters go; as it is printed."""
    path = reverse("evaluations:vote")
    return f"{settings.SITE_ADDRESS}{path}" if settings.SITE_ADDRESS else request.build_absolute_uri(path)


def _slips(made: Made, address: str) -> list[Slips]:
    return [
        Slips(poll, f"{BallotForm.of(poll).closes_on}", [_slip(code, address) for code in codes])
        for poll, codes in made
        if codes
    ]


def _slip(code: str, address: str) -> Slip:
    """The code behind a "#" never leaves the browser by itself (evaluations/views/ballots.py)."""
    drawn = segno.make(f"{address}#{code}", error="m", micro=False)
    picture = drawn.svg_inline(scale=4, border=2, omitsize=True, dark="#000", light="#fff")
    # Drawn by the library from letters, digits and our own address; nothing in it was typed by anybody.
    return Slip(" ".join(code[place : place + 4] for place in range(0, len(code), 4)), SafeString(picture))


def _pdf(request: HttpRequest, made: Made) -> HttpResponse:
    address = vote_address(request)
    context = {"sheets": _slips(made, address), "address": address}
    stamp = f"{timezone.localdate():%Y%m%d}"
    answer = HttpResponse(render_pdf("evaluations/ballot_slips_pdf.html", context), content_type="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="vote-codes-{stamp}.pdf"'
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def require_pdf() -> None:
    """Before codes are made that could not be printed. Raise Refused with the cure."""
    if not is_available():
        raise Refused(_("服务器缺少生成 PDF 的组件，印不出投票码，请系统管理员安装 %s。") % PACKAGES)


def sheet_of(request: HttpRequest, made: Made) -> HttpResponse | None:
    """The slips as PDF; None where there are no codes. Drawn after the commit: it takes seconds, and who votes
    meanwhile must not wait. Should it fail, the codes are made anew from the page of the poll."""
    return _pdf(request, made) if any(codes for _poll, codes in made) else None


@require_POST
@cache_control(private=True, no_store=True)
@permitted("evaluations.manage_poll", Poll, related=("stage__campaign", "unit"))
def codes_renew(request: SignedIn, poll: Poll) -> HttpResponseBase:
    """New codes for all that are not spent: as a sheet to cut, or one after the other on this screen."""
    try:
        if request.POST.get("as") == "screen":
            slips = _slips([(poll, renew_codes(poll, by=request.user))], vote_address(request))
            return render(request, "evaluations/ballot_codes.html", {"poll": poll, "sheet": slips[0]})
        require_pdf()
        return _pdf(request, [(poll, renew_codes(poll, by=request.user))])
    except Refused as refusal:
        refuse(request, refusal, poll)
        return redirect("evaluations:poll-detail", poll.pk)
