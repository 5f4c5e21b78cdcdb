from __future__ import annotations

from django.urls import include, path

from bench.toolkit.protected import protected

urlpatterns = [path("protected", protected), path("o/", include("oauth2_provider.urls", namespace="oauth2_provider"))]
