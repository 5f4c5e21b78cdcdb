"""Addresses of the portal as the store's door sees them; the key manager's door has urls_keymanager.py."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from apimanager import views

shared: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="store:apis")),
    path("health", views.health, name="health"),
    path("store/", include("store.urls")),
    path("admin/", admin.site.urls),
    path("", include("gateway.urls")),
    path("", include("keymanager.urls")),
]

urlpatterns = [
    *shared,
    path("accounts/", include("accounts.urls")),
]

handler400 = views.bad_request
handler403 = views.forbidden
handler404 = views.not_found
handler500 = views.server_error
