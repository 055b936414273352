"""What a page does when a service says no: the person reads the sentence, the log keeps it."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Model
from django.http import HttpRequest

from members.errors import Refused
from members.services.audit import record_refusal


def refuse(request: HttpRequest, refusal: Refused, thing: Model | None = None) -> None:
    """Show the sentence above the next page and note it."""
    messages.error(request, str(refusal))
    note(request, refusal, thing)


def note(request: HttpRequest, refusal: Refused, thing: Model | None = None) -> None:
    """Append the refusal under the permission of the page; the page shows the sentence in its own place."""
    permission = request.resolver_match.func.permission  # type: ignore[union-attr]
    record_refusal(request, permission, thing, detail=str(refusal))
