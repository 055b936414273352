"""What members tells scoring."""

import datetime
from collections.abc import Collection
from typing import Any

from django.dispatch import receiver

from members.models import Membership
from members.signals import members_admitted, membership_changed
from scoring.models import Month
from scoring.months import month_of
from scoring.services.accounts import open_member_accounts


@receiver(members_admitted)
def open_accounts(**kwargs: Any) -> None:
    open_member_accounts()


@receiver(membership_changed)
def mark_months(from_day: datetime.date, members: Collection[int] | None = None, **kwargs: Any) -> None:
    """Who belongs where has changed: open months from then on are computed again in the night."""
    changed = Month.objects.filter(month__gte=month_of(from_day)).exclude(state=Month.State.CLOSED)
    if members is not None:
        changed = changed.filter(unit__in=Membership.objects.filter(member__in=members).values("branch"))
    changed.update(is_stale=True)
