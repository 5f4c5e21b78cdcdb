"""Secrets of clients: several good ones at a time, each known by its checksum only."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from keymanager import checksums, client_cache
from keymanager.models import Client, ClientSecret, KeyType

PREFIXES = {KeyType.PRODUCTION.value: "cs_live_", KeyType.SANDBOX.value: "cs_test_"}
SHOWN = 12
# Last use is for a person who wonders whether a secret is still needed; a write for every call would be waste.
LAST_USE_STEP = timedelta(minutes=1)


def add(client: Client, *, name: str = "first", expires_at: datetime | None = None) -> str:
    """A new secret of `client`, beside those it has. The return value is the only time it can be read."""
    value = PREFIXES[client.key_type] + checksums.random_value()
    ClientSecret.objects.create(
        client=client,
        name=name,
        prefix=value[:SHOWN],
        checksum=checksums.checksum(value, checksums.CLIENT_SECRET),
        expires_at=expires_at,
    )
    client_cache.forget()
    return value


def usable(client: Client) -> list[ClientSecret]:
    """Those that are good now, the oldest first: by name, prefix and last use, never by value."""
    good = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    return list(client.secrets.filter(good, revoked_at=None).order_by("created_at", "pk"))


def revoke(client: Client, secret: int) -> bool:
    """Whether the secret with this key was a good one of `client` until now."""
    revoked = client.secrets.filter(pk=secret, revoked_at=None).update(revoked_at=timezone.now())
    client_cache.forget()
    return bool(revoked)


def expire(client: Client, secret: int, *, at: datetime) -> bool:
    """Lets a secret run out at a time, so that whoever still uses it can change over; never later than it was to."""
    sooner = Q(expires_at=None) | Q(expires_at__gt=at)
    changed = client.secrets.filter(sooner, pk=secret, revoked_at=None).update(expires_at=at)
    client_cache.forget()
    return bool(changed)


@transaction.atomic
def regenerate(client: Client) -> str:
    """A new secret; every earlier one is refused from now on."""
    client.secrets.filter(revoked_at=None).update(revoked_at=timezone.now())
    return add(client, name=f"secret {client.secrets.count() + 1}")


def verify(client_id: str, value: str) -> Client | None:
    """The client whose usable secret `value` is; None costs the same look-up, hash and comparisons."""
    checksum = checksums.checksum(value, checksums.CLIENT_SECRET)
    known = client_cache.find(client_id)
    if known is None:
        return None
    right = [row for row in known.secrets if hmac.compare_digest(row.checksum, checksum)]
    if not right or not right[0].is_usable:
        return None
    mark_used(right[0])
    return known.client


def mark_used(row: ClientSecret) -> None:
    if row.last_used_at is None or row.last_used_at < timezone.now() - LAST_USE_STEP:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=timezone.now() - LAST_USE_STEP)
        ClientSecret.objects.filter(stale, pk=row.pk).update(last_used_at=timezone.now())
        # The row may be remembered, and would be found stale again.
        row.last_used_at = timezone.now()
