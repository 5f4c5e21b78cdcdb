"""Signing in as allauth does it; who is signed in is looked up by a prepared statement."""

from __future__ import annotations

from allauth.account.auth_backends import AuthenticationBackend as AllauthBackend
from django.db.models import BigIntegerField

from accounts.models import User
from accounts.prepared import Argument, Select

BY_KEY = Select(lambda: User.objects.filter(pk=Argument("pk", BigIntegerField())))


class AuthenticationBackend(AllauthBackend):  # type: ignore[misc]
    def get_user(self, user_id: int) -> User | None:
        user = BY_KEY.first(pk=user_id)
        return user if user and self.user_can_authenticate(user) else None
