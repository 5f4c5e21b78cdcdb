"""The same addresses, with the account pages of the key manager's own door (accounts/realms.py)."""

from __future__ import annotations

from django.urls import include, path

from apimanager.urls import handler400, handler403, handler404, handler500, shared

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    *shared,
    path("oauth2/account/", include("accounts.urls")),
]
