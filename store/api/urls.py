from __future__ import annotations

from django.urls import path

from store.api import publisher

app_name = "publisher-rest"
urlpatterns = [
    path("apis", publisher.apis, name="apis"),
    path("apis/change-lifecycle", publisher.change_lifecycle, name="change-lifecycle"),
    path("apis/<uuid:api_id>", publisher.api, name="api"),
    path("apis/<uuid:api_id>/swagger", publisher.definition, name="definition"),
]
