"""API keys: generated, listed, revoked, and known again at the gateway. The second way in, beside access tokens.

A key stands for its application alone, never for a person. It is kept as a checksum: it carries 256 random bits, and
the key of the checksum is the installation's (docs/decisions/0004).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, FilteredRelation, Q, QuerySet
from django.utils import timezone

from accounts import sealing
from store import key_managers, keys, scopes
from store.errors import StoreError
from store.key_managers.base import ApplicationCall
from store.models import ApiKey, Application, KeyType, Subscription

PURPOSE = b"API key"
PREFIXES = {KeyType.PRODUCTION.value: "ak_live_", KeyType.SANDBOX.value: "ak_test_"}
SHOWN = 12
# Who calls with a key, in tokens and in the figures of calls: this, and the key's id.
SUBJECT = "apikey-"
MOST = 20
# Last use is for a person who wonders whether a key is still needed; a write for every call would be waste.
LAST_USE_STEP = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Generated:
    row: ApiKey
    value: str
    """Shown to the developer once, never stored."""


class ApplicationGoneError(StoreError):
    def __init__(self) -> None:
        super().__init__("This application was removed in the meantime. No key was generated.")


class NameTakenError(StoreError):
    """Also what a form that is sent twice gets, so that it makes one key."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is a key called {name} already. Revoke it first, or choose another name.")


class TooManyError(StoreError):
    def __init__(self) -> None:
        super().__init__(f"An application has at most {MOST} API keys. Revoke one that is not needed any more.")


def of(*, application: Application) -> QuerySet[ApiKey]:
    """Those that were not revoked, also when they have expired; the newest first."""
    return application.api_keys.filter(revoked_at=None).order_by("-created_at")


@transaction.atomic
def generate(*, application: Application, key_type: str, name: str, expires_at: datetime | None) -> Generated:
    """A new key beside those there are. NameTakenError, TooManyError, ApplicationGoneError."""
    if not Application.objects.select_for_update().filter(pk=application.pk).exists():
        raise ApplicationGoneError
    present = of(application=application)
    if present.filter(name__iexact=name).exists():
        raise NameTakenError(name)
    if present.count() >= MOST:
        raise TooManyError
    value = PREFIXES[key_type] + secrets.token_urlsafe(32)
    row = ApiKey.objects.create(
        application=application,
        key_type=key_type,
        name=name,
        prefix=value[:SHOWN],
        checksum=checksum(value),
        expires_at=expires_at,
    )
    return Generated(row=row, value=value)


def revoke(*, api_key: ApiKey) -> None:
    """The gateways refuse it within two seconds. Twice is once."""
    ApiKey.objects.filter(pk=api_key.pk, revoked_at=None).update(revoked_at=timezone.now())


def checksum(value: str) -> str:
    return sealing.checksum(value, PURPOSE)


def access_token(value: str) -> str | None:
    """The access token that stands for this key during a call; None for a key that is no good (any more)."""
    now = timezone.now()
    rows = subscribed(value, now)
    if not rows:
        return None
    mark_used(rows[0], now)
    return key_managers.current().token_of_api_key(application_call(rows))


def subscribed(value: str, now: datetime) -> Sequence[Any]:
    """The key and its application, once for each API that it may call; in one statement, because calls wait for it."""
    unblocked = Q(application__subscriptions__status=Subscription.Status.UNBLOCKED)
    good = Q(expires_at=None) | Q(expires_at__gt=now)
    return list(
        ApiKey.objects.filter(good, checksum=checksum(value), revoked_at=None)
        .filter(application__owner__applications_may_call=True)
        .select_related("application__owner", "application__policy")
        .annotate(
            open=FilteredRelation("application__subscriptions", condition=unblocked),
            tier=F("open__policy__name"),
            context=F("open__api__context"),
            version=F("open__api__version"),
            schemes=F("open__api__definition__components__securitySchemes"),
        )
    )


def application_call(rows: Sequence[Any]) -> ApplicationCall:
    key = rows[0]
    tiers = {f"{row.context}/{row.version}": row.tier for row in rows if row.context}
    found: set[str] = set()
    for row in rows:
        found.update(scopes.declared(row.schemes))
    claims: Mapping[str, Any] = keys.claims(key.application, tiers)
    return ApplicationCall(subject=f"{SUBJECT}{key.pk}", key_type=key.key_type, scopes=sorted(found), claims=claims)


def names_of(ids: Iterable[str]) -> dict[str, str]:
    """What keys are called, also when they are revoked; by `sub`."""
    return {f"{SUBJECT}{pk}": name for pk, name in ApiKey.objects.filter(pk__in=list(ids)).values_list("pk", "name")}


def mark_used(row: ApiKey, now: datetime) -> None:
    if row.last_used_at is None or row.last_used_at < now - LAST_USE_STEP:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=now - LAST_USE_STEP)
        ApiKey.objects.filter(stale, pk=row.pk).update(last_used_at=now)
