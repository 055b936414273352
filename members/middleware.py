"""Sign-in limits, and the origin of a request for the audit log."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from members.services.audit import Origin, origin

Handler = Callable[[HttpRequest], HttpResponse]
_SEEN = "seen_at"


class SessionLimits:
    """Ends an idle session (the absolute limit is SESSION_COOKIE_AGE) and notes where a request comes from."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = origin.set(Origin(request.META.get("REMOTE_ADDR") or None))
        try:
            if request.user.is_authenticated:
                now = int(time.time())
                seen = request.session.get(_SEEN, now)
                if now - seen > settings.SESSION_IDLE_SECONDS:
                    logout(request)
                    messages.info(request, _("长时间没有操作，已自动退出，请重新登录。"))
                    return redirect(settings.LOGIN_URL)
                # Written once a minute at most: a session row per click would be a write per page.
                if now - seen >= 60 or _SEEN not in request.session:
                    request.session[_SEEN] = now
            return self.get_response(request)
        finally:
            origin.reset(token)


class FirstPassword:
    """Whoever still has the printed first password changes it before anything else."""

    ALLOWED = ("members:password-change", "members:sign-out")

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *view: object) -> HttpResponse | None:
        user = request.user
        if user.is_authenticated and user.must_change_password:
            match = request.resolver_match
            if match and match.view_name not in self.ALLOWED:
                return redirect("members:password-change")
        return None
