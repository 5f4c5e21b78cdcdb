"""Rows that nothing can need any more leave: by an index, in batches, with a breath in between for everybody else."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from keymanager.assertion_models import AssertionUse
from keymanager.models import (
    AccessToken,
    Authorization,
    AuthorizationCode,
    Client,
    Consent,
    ConsentRequest,
    DeviceGrant,
    DPoPProofUse,
    LogoutNotice,
    Origin,
    RefreshToken,
    RevokedToken,
)
from keymanager.pushed_models import PushedRequest
from keymanager.revoked import CLOCKS_APART
from keymanager.revoked_models import RevokedClaim

BATCH = 2000
PAUSE_SECONDS = 0.01
# A used code or refresh token is kept this long after its end, so that a late replay is still known for what it is.
REMEMBERED = timedelta(days=1)
# How long one can look up which client was told of which sign-out.
LOGGED = timedelta(days=30)
# Twice as long as what a document says is gone by (client_documents.py).
UNREAD = timedelta(days=2)
# No access token lives longer than a year, so nothing hangs on an older authorization but a refresh token.
LONGEST_TOKEN = timedelta(days=366)


def clear(tell: Callable[[str, int], None] = lambda name, count: None) -> int:
    """Deletes what has expired; the number of rows. `tell` hears of each table when it is done."""
    total = 0
    for name, expired in tables(timezone.now()):
        count = in_batches(expired)
        tell(name, count)
        total += count
    return total


def tables(now: datetime) -> list[tuple[str, QuerySet[Any]]]:
    """What has expired, each query led by an index on its time."""
    live = RefreshToken.objects.filter(authorization=OuterRef("pk"), expires_at__gt=now)
    return [
        ("authorization codes", AuthorizationCode.objects.filter(expires__lt=now - REMEMBERED).order_by("expires")),
        ("access tokens", AccessToken.objects.filter(expires__lt=now).order_by("expires")),
        ("refresh tokens", RefreshToken.objects.filter(expires_at__lt=now - REMEMBERED).order_by("expires_at")),
        ("device grants", DeviceGrant.objects.filter(expires__lt=now - REMEMBERED).order_by("expires")),
        ("consent requests", ConsentRequest.objects.filter(expires_at__lt=now).order_by("expires_at")),
        ("used DPoP proofs", DPoPProofUse.objects.filter(expires_at__lt=now).order_by("expires_at")),
        ("pushed requests", PushedRequest.objects.filter(expires_at__lt=now).order_by("expires_at")),
        ("revoked tokens", RevokedToken.objects.filter(expires_at__lt=now - CLOCKS_APART).order_by("expires_at")),
        ("revoked claims", RevokedClaim.objects.filter(expires_at__lt=now - CLOCKS_APART).order_by("expires_at")),
        ("used assertions", AssertionUse.objects.filter(expires_at__lt=now).order_by("expires_at")),
        (
            "logout notices",
            LogoutNotice.objects.filter(created_at__lt=now - LOGGED, next_attempt_at=None).order_by("created_at"),
        ),
        ("clients of documents", unknown_clients(now).order_by("read_at")),
        # A missing authorization refuses its tokens here just as a revoked one does; a gateway has to be told.
        (
            "revoked authorizations",
            Authorization.objects.filter(
                Q(client__access_token_lifetime__lte=REMEMBERED.total_seconds())
                | Q(revoked_at__lt=now - LONGEST_TOKEN),
                revoked_at__lt=now - REMEMBERED,
            ).order_by("revoked_at"),
        ),
        (
            "old authorizations",
            Authorization.objects.filter(~Exists(live), created_at__lt=now - LONGEST_TOKEN).order_by("created_at"),
        ),
    ]


def unknown_clients(now: datetime) -> QuerySet[Client]:
    """Those whose document would have to be read anew, and whom nobody approved: anybody makes as many as he likes. A
    blocked one stays, or it would come back unblocked."""
    approved = Authorization.objects.filter(client=OuterRef("pk"))
    remembered = Consent.objects.filter(client=OuterRef("pk"))
    return Client.objects.filter(
        ~Exists(approved), ~Exists(remembered), origin=Origin.DOCUMENT, blocked_at=None, read_at__lt=now - UNREAD
    )


def in_batches(expired: QuerySet[Any]) -> int:
    """Two statements a batch (more where rows hang on rows), never a count of the whole set."""
    total = 0
    while True:
        batch = list(expired.values_list("pk", flat=True)[:BATCH])
        if not batch:
            return total
        # Another one at work may have been quicker.
        _, deleted = expired.model._default_manager.filter(pk__in=batch).delete()
        total += deleted.get(expired.model._meta.label, 0)
        time.sleep(PAUSE_SECONDS)
