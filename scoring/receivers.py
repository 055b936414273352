"""What members tells scoring."""

import datetime
from typing import Any

from django.dispatch import receiver

from members.signals import members_admitted, membership_changed
from scoring.models import Month
from scoring.months import month_of
from scoring.services.accounts import open_member_accounts


@receiver(members_admitted)
def open_accounts(**kwargs: Any) -> None:
    open_member_accounts()


@receiver(membership_changed)
def mark_months(from_day: datetime.date, **kwargs: Any) -> None:
    """Who belongs where has changed: open months from then on are computed again in the night."""
    changed = Month.objects.filter(month__gte=month_of(from_day)).exclude(state=Month.State.CLOSED)
    changed.update(is_stale=True)
