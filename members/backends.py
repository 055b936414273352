from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend

from members.models import User


class SignInBackend(ModelBackend):
    """Who is it? What the person may do stands in `rules.py` alone, never in Django's permission tables."""

    def get_user(self, user_id: int) -> User | None:
        user: User | None = User.objects.select_related("member").filter(pk=user_id).first()
        return user if user and self.user_can_authenticate(user) else None

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return set()
