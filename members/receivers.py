"""Sign-ins leave a line in the audit log."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.dispatch import receiver

from members.models import AuditEvent, User
from members.services.audit import record


@receiver(user_logged_in)
def note_sign_in(sender: Any, user: User, **kwargs: Any) -> None:
    record(user, "members.sign_in")


@receiver(user_login_failed)
def note_failure(sender: Any, credentials: dict[str, Any], **kwargs: Any) -> None:
    record(
        None,
        "members.sign_in",
        str(credentials.get("username", ""))[:60],
        result=AuditEvent.Result.REFUSED,
    )
