"""Accounts are opened for everything that is scored, as soon as it exists."""

from __future__ import annotations

from django.db import connection

from scoring.models import Account


def open_member_accounts() -> int:
    """Give every member without an account one; one statement. Out: how many were opened."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO scoring_account (kind, member_id) SELECT 'MEMBER', m.id FROM members_member m "
            "WHERE NOT EXISTS (SELECT 1 FROM scoring_account a WHERE a.member_id = m.id) ON CONFLICT DO NOTHING"
        )
        return int(cursor.rowcount)


def accounts_of_members(member_ids: list[int]) -> dict[int, int]:
    """Member id -> account id."""
    rows = Account.objects.filter(member__in=member_ids).values_list("member_id", "pk")
    return {member: account for member, account in rows if member is not None}
