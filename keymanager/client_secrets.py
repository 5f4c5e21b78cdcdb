"""Secrets of clients: several good ones at a time, each known by its checksum only."""

from __future__ import annotations

import hmac
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from keymanager import checksums, client_cache
from keymanager.models import Client, ClientSecret, KeyType

PREFIXES = {KeyType.PRODUCTION.value: "cs_live_", KeyType.SANDBOX.value: "cs_test_"}
SHOWN = 12
# Last use is for a person who wonders whether a secret is still needed; a write for every call would be waste.
LAST_USE_STEP = timedelta(minutes=1)


def add(client: Client, *, name: str = "first") -> str:
    """A new secret of `client`. The return value is the only time it can be read."""
    value = PREFIXES[client.key_type] + checksums.random_value()
    ClientSecret.objects.create(
        client=client,
        name=name,
        prefix=value[:SHOWN],
        checksum=checksums.checksum(value, checksums.CLIENT_SECRET),
    )
    client_cache.forget()
    return value


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
