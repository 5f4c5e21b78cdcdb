from __future__ import annotations

from django.urls import URLPattern, path

from gateway import assertions, checks, pages, revocation_feed, views

app_name = "gateway"
# The paths below v3 are Envoy's: xDS over REST asks nowhere else.
urlpatterns: list[URLPattern] = [
    path("gateway/check", checks.check, name="check"),
    path("gateway/exchange", checks.exchange, name="exchange"),
    path("gateway/revocations", revocation_feed.revocations, name="revocations"),
    path("gateway/assertion", assertions.assertion, name="assertion"),
    path("gateway/news", views.news, name="news"),
    path("v3/discovery:routes", views.routes, name="routes"),
    path("v3/discovery:clusters", views.clusters, name="clusters"),
    path("v3/discovery:extension_configs", views.extension_configs, name="extension_configs"),
    path("gateways/", pages.gateways, name="gateways"),
    path("gateways.json", pages.gateways_json, name="gateways-json"),
]
