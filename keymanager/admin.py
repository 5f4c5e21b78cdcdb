"""The operator's view. Codes and tokens can be looked at, never made or changed: only their checksums are known."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin import Admin, OfSuperusers
from keymanager import assertion_models, clients, models


class ReadOnly(Admin):
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ClientAdmin(ReadOnly):
    list_display = ("client_id", "name", "owner_name", "client_type", "key_type", "created", "blocked_at")
    list_filter = ("client_type", "key_type")
    search_fields = ("client_id", "name", "owner_name")

    def delete_model(self, request: HttpRequest, obj: models.Client) -> None:
        clients.remove(obj.client_id)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[models.Client]) -> None:
        for client in queryset:
            clients.remove(client.client_id)


class AuthorizationCodeAdmin(ReadOnly):
    list_display = ("pk", "application", "user", "expires", "consumed_at")
    list_select_related = ("application", "user")


class AccessTokenAdmin(ReadOnly):
    list_display = ("pk", "application", "user", "scope", "expires")
    list_select_related = ("application", "user")


class RefreshTokenAdmin(ReadOnly):
    list_display = ("pk", "application", "user", "scope", "expires_at", "consumed_at", "revoked")
    list_select_related = ("application", "user")


class IDTokenAdmin(ReadOnly):
    list_display = ("jti", "application", "user", "expires")
    list_select_related = ("application", "user")


@admin.register(models.Authorization)
class AuthorizationAdmin(ReadOnly):
    list_display = ("id", "user", "client", "grant_type", "scope", "created_at", "revoked_at", "revoked_reason")
    list_select_related = ("user", "client")
    search_fields: ClassVar = ("user__username", "client__client_id")


@admin.register(models.DeviceGrant)
class DeviceGrantAdmin(ReadOnly):
    list_display = ("pk", "client", "user", "scope", "status", "expires", "consumed_at")
    list_select_related = ("client", "user")


@admin.register(models.LogoutNotice)
class LogoutNoticeAdmin(ReadOnly):
    list_display = ("client", "user", "created_at", "attempts", "next_attempt_at", "delivered_at", "last_status")
    list_select_related = ("client", "user")
    list_filter = ("delivered_at", "last_status")


@admin.register(models.Scope)
class ScopeAdmin(Admin):
    list_display = ("name", "title", "description")


@admin.register(models.Resource)
class ResourceAdmin(Admin):
    list_display = ("uri", "title", "server")
    autocomplete_fields: ClassVar = ("server",)


@admin.register(models.AuthorizationDetailsType)
class AuthorizationDetailsTypeAdmin(Admin):
    list_display = ("name", "title")


class LinkedSubjectInline(admin.TabularInline):  # type: ignore[type-arg]
    model = assertion_models.LinkedSubject
    raw_id_fields = ("user",)
    extra = 0


@admin.register(assertion_models.TrustedIssuer)
class TrustedIssuerAdmin(OfSuperusers):
    list_display = ("issuer", "accounts", "is_enabled", "created_at")
    filter_horizontal = ("clients",)
    inlines = (LinkedSubjectInline,)
