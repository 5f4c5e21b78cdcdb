from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.urls import reverse

from accounts import realms


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Where people land after signing in or out, by the door they came through."""

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return reverse("keymanager:home") if realms.is_keymanager(request) else reverse("store:apis")

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account_login") if realms.is_keymanager(request) else reverse("store:apis")
