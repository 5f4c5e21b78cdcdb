from __future__ import annotations

from django.urls import URLPattern, path

from gateway import pages, views

app_name = "gateway"
# The paths below v3 are Envoy's: xDS over REST asks nowhere else.
urlpatterns: list[URLPattern] = [
    path("v3/discovery:routes", views.routes, name="routes"),
    path("v3/discovery:clusters", views.clusters, name="clusters"),
    path("gateways/", pages.gateways, name="gateways"),
    path("gateways.json", pages.gateways_json, name="gateways-json"),
]
