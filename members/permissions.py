"""The one way a page states its permission. A page without a rule fails tests/test_routes.py."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404

from members.models import User
from members.services.audit import record_refusal


class SignedIn(HttpRequest):
    """A request of somebody who is signed in: what every view behind `permitted` receives."""

    user: User


View = Callable[..., HttpResponseBase]


def permitted(
    permission: str, model: type[Model] | None = None, *, related: tuple[str, ...] = ()
) -> Callable[[View], View]:
    """Ask `permission` before the view runs.

    With a model, the URL's `pk` is loaded through `model.objects.visible_to(user)` (else 404), the permission
    is asked of that object (else 403, noted in the audit log) and the view receives it in place of `pk`.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            thing = None
            if model is not None:
                rows = model.objects.visible_to(request.user).select_related(*related)  # type: ignore[attr-defined]
                thing = get_object_or_404(rows, pk=kwargs.pop("pk"))
                args = (thing, *args)
            if not request.user.has_perm(permission, thing):
                record_refusal(request, permission, thing)
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        guarded.permission_model = model  # type: ignore[attr-defined]
        return guarded

    return decorate


def open_to_all(view: View) -> View:
    """A page that needs no sign-in. Rare, and each one is listed in tests/test_routes.py."""
    guarded = login_not_required(view)
    guarded.permission = "open"  # type: ignore[attr-defined]
    return guarded
