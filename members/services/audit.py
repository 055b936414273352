"""The audit log: every change, refusal and export leaves a line (trust.md §3)."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

from django.db import models
from django.http import HttpRequest

from members.models import AuditEvent, User


@dataclass(frozen=True)
class Origin:
    address: str | None


# Set by the middleware for the length of a request; empty in commands and jobs.
origin: ContextVar[Origin] = ContextVar("origin", default=Origin(None))  # noqa: B039 (frozen)


def record(
    by: User | None,
    action: str,
    target: models.Model | str = "",
    *,
    detail: str = "",
    result: str = AuditEvent.Result.DONE,
) -> AuditEvent:
    """Append one line.

    In: who (None for the timetable), the verb as `app.verb_object`, what it was done to, a Chinese detail
    without personal numbers. The line belongs to the caller's transaction: no change without its line.
    """
    name = str(target) if isinstance(target, str) else f"{target._meta.verbose_name} {target} #{target.pk}"
    return AuditEvent.objects.create(
        user=by,
        actor=str(by) if by else "系统",
        address=origin.get().address,
        action=action,
        target=name[:120],
        result=result,
        detail=detail,
    )


def record_refusal(request: HttpRequest, permission: str, thing: models.Model | None, *, detail: str = "") -> None:
    """Append that the rules said no: without detail to the page, with it the sentence that was answered."""
    target = thing or request.path[:120]
    record(request.user, permission, target, detail=detail, result=AuditEvent.Result.REFUSED)  # type: ignore[arg-type]
