from __future__ import annotations

from django.urls import URLPattern, path

from gateway import views

app_name = "gateway"
# The paths are Envoy's: xDS over REST asks nowhere else.
urlpatterns: list[URLPattern] = [
    path("v3/discovery:routes", views.routes, name="routes"),
    path("v3/discovery:clusters", views.clusters, name="clusters"),
    path("v3/discovery:extension_configs", views.extension_configs, name="extension_configs"),
]
