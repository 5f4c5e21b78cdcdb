from __future__ import annotations

from django.urls import path, register_converter

from store.models import KeyType
from store.views import api_keys, apis, applications, blocking, keys, publishing, statistics, subscriptions, usage


class KeyTypeConverter:
    """production-keys and sandbox-keys in an address; PRODUCTION and SANDBOX in a view."""

    regex = "production-keys|sandbox-keys"

    def to_python(self, value: str) -> str:
        return KeyType(value.removesuffix("-keys").upper()).value

    def to_url(self, value: str) -> str:
        return f"{KeyType(value).value.lower()}-keys"


register_converter(KeyTypeConverter, "key_type")

app_name = "store"
urlpatterns = [
    path("", apis.apis, name="apis"),
    # /apis/<uuid>/
    path("apis/<uuid:api_id>/", apis.api, name="api"),
    path("apis/<uuid:api_id>/definition/", apis.api_definition, name="api-definition"),
    path("apis/<uuid:api_id>/openapi.json", apis.api_openapi, name="api-openapi"),
    # /applications/
    path("applications/", applications.application_list, name="applications"),
    path("applications/add/", applications.application_add, name="application-add"),
    # /applications/<uuid>/
    path("applications/<uuid:application_id>/", applications.application, name="application"),
    path("applications/<uuid:application_id>/edit/", applications.application_edit, name="application-edit"),
    path("applications/<uuid:application_id>/delete/", applications.application_delete, name="application-delete"),
    path(
        "applications/<uuid:application_id>/subscriptions/",
        subscriptions.application_subscriptions,
        name="application-subscriptions",
    ),
    path("applications/<uuid:application_id>/api-keys/", api_keys.application_api_keys, name="application-api-keys"),
    path(
        "applications/<uuid:application_id>/api-keys/<uuid:api_key_id>/revoke/",
        api_keys.api_key_revoke,
        name="api-key-revoke",
    ),
    # /applications/<uuid>/production-keys/ and …/sandbox-keys/
    path("applications/<uuid:application_id>/<key_type:key_type>/", keys.application_keys, name="application-keys"),
    path(
        "applications/<uuid:application_id>/<key_type:key_type>/update/",
        keys.application_keys_update,
        name="application-keys-update",
    ),
    path(
        "applications/<uuid:application_id>/<key_type:key_type>/regenerate/",
        keys.application_keys_regenerate,
        name="application-keys-regenerate",
    ),
    path(
        "applications/<uuid:application_id>/<key_type:key_type>/test-token/",
        keys.application_keys_test_token,
        name="application-keys-test-token",
    ),
    path(
        "applications/<uuid:application_id>/<key_type:key_type>/clean-up/",
        keys.application_keys_clean_up,
        name="application-keys-clean-up",
    ),
    # /subscriptions/
    path("subscriptions/", subscriptions.subscription_list, name="subscriptions"),
    path("subscriptions/<uuid:subscription_id>/edit/", subscriptions.subscription_edit, name="subscription-edit"),
    path("subscriptions/<uuid:subscription_id>/delete/", subscriptions.subscription_delete, name="subscription-delete"),
    # /blocking/
    path("blocking/", blocking.blocking, name="blocking"),
    path("blocking/<uuid:condition_id>/switch/", blocking.blocking_switch, name="blocking-switch"),
    path("blocking/<uuid:condition_id>/lift/", blocking.blocking_lift, name="blocking-lift"),
    # /publisher/
    path("publisher/", publishing.api_list, name="publisher"),
    path("publisher/add/", publishing.api_add, name="publisher-add"),
    path("publisher/<uuid:api_id>/", publishing.api, name="publisher-api"),
    path("publisher/<uuid:api_id>/edit/", publishing.api_edit, name="publisher-edit"),
    path("publisher/<uuid:api_id>/step/", publishing.api_step, name="publisher-step"),
    # /statistics/
    path("statistics/", statistics.statistics_page, name="statistics"),
    path("statistics/usage/", usage.usage_page, name="usage"),
    path("statistics/usage.json", usage.usage_json, name="usage-json"),
]
