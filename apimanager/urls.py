"""Addresses of the portal as the store's door sees them; the key manager's door has urls_keymanager.py."""

from __future__ import annotations

from allauth.account.decorators import secure_admin_login
from allauth.account.views import logout
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from apimanager import metrics, readiness, views

# Administrators sign in like everybody, with their second step and under the same limits. They sign out and change
# their password like everybody, too, which ends what was got by the old one.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.site_header = admin.site.site_title = "API Store administration"

shared: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="store:apis")),
    path("health", views.health, name="health"),
    path("ready", readiness.ready, name="ready"),
    path("metrics", metrics.metrics, name="metrics"),
    path("store/", include("store.urls")),
    path("admin/logout/", logout),
    path("admin/password_change/", RedirectView.as_view(pattern_name="account_change_password")),
    path("admin/", admin.site.urls),
    path("api/am/publisher/v0.14/", include("store.api.urls")),
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
