"""The account pages, the same at both doors (accounts/realms.py)."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from accounts import details, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("details/", details.details, name="account_details"),
    path("security/", views.security, name="account_security"),
    path("", include("allauth.account.urls")),
    path("two-step/", include("allauth.mfa.urls")),
]
