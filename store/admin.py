"""The administrator's view. What the key manager is told about is only looked at: applications, keys, …"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.admin import Admin
from store.forms.throttling import TierForm
from store.models import Api, Application, ApplicationKey, Subscription, ThrottlingPolicy


class ReadOnly(Admin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Api)
class ApiAdmin(ReadOnly):
    """Changed by its deeds only (store/publishing.py); what is sealed is nobody's to look at."""

    elsewhere = ("add",)  # in the store, where it makes a publisher (access.is_provider)
    exclude = ("backend",)
    list_display = ("name", "version", "context", "provider", "status")
    list_filter = ("status",)
    search_fields = ("name", "context")
    list_select_related = ("provider",)


@admin.register(ThrottlingPolicy)
class ThrottlingPolicyAdmin(Admin):
    """Tokens carry the names of tiers: one that is gone would limit nobody."""

    form = TierForm
    list_display = ("name", "level", "description", "request_count", "unit_time", "burst_count")
    list_filter = ("level",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("name", "level") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Application)
class ApplicationAdmin(ReadOnly):
    list_display = ("name", "owner", "policy", "token_type", "created_at")
    search_fields = ("name", "owner__username")
    list_select_related = ("owner", "policy")


@admin.register(ApplicationKey)
class ApplicationKeyAdmin(ReadOnly):
    list_display = ("application", "key_type", "consumer_key", "state")
    list_select_related = ("application",)


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnly):
    list_display = ("application", "api", "policy", "status")
    list_select_related = ("application", "api", "policy")
