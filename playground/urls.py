"""Addresses of the playground, all under /playground2."""

from __future__ import annotations

from django.urls import include, path, re_path
from django.views.generic import RedirectView

from playground.views import ask, come_back, token

pages = [
    path("", ask.home, name="home"),
    path("/", ask.home),
    path("/health", ask.health, name="health"),
    # 1 Ask
    path("/import", ask.ask, name="ask"),
    path("/start-over", ask.start_over, name="start-over"),
    # 2 Come back
    path("/oauth2client", come_back.callback, name="callback"),
    path("/fragment", come_back.fragment, name="fragment"),
    path("/code", come_back.code, name="code"),
    # 3 Get Access Token
    path("/token", token.token, name="token"),
    path("/refresh", token.refresh, name="refresh"),
    path("/revoke", token.revoke, name="revoke"),
    path("/logout", token.logout, name="logout"),
    # 4 Get Photos
    path("/photos", token.import_photos, name="photos"),
    path("/userinfo", token.userinfo, name="userinfo"),
    re_path(r"^/photos/(?P<identifier>[A-Za-z0-9_-]{1,64})/(?P<form>image|thumbnail)$", token.picture, name="picture"),
]

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="playground:home")),
    path("playground2", include((pages, "playground"))),
]
