"""What a user agreed to for a client. Revoking it ends every code and token that hangs on it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, UUIDField
from django.utils import timezone

from accounts.models import User
from accounts.prepared import Argument, Insert, Select
from keymanager import client_cache
from keymanager.models import AccessToken, Authorization, Client, RefreshToken

# What nobody asks of a person, or of an authorization, at a call.
UNREAD_OF_PERSON = ("user__password", "user__last_login", "user__date_joined", "user__is_staff", "user__is_superuser")
UNREAD = ("created_at", "revoked_at", "revoked_reason", "session_ended_at", *UNREAD_OF_PERSON)
STORE = Insert(Authorization)
HOLD = Select(
    lambda: (
        Authorization.objects.select_for_update(of=("self",))
        .select_related("user")
        .defer(*UNREAD)
        .filter(pk=Argument("pk", UUIDField()), revoked_at=None)
    )
)


def record(
    *, user: User, client: Client, grant_type: str, scope: str, auth_time: datetime, **fields: Any
) -> Authorization:
    """`fields` are others of Authorization."""
    row = STORE(user_id=user.pk, client_id=client.pk, grant_type=grant_type, scope=scope, auth_time=auth_time, **fields)
    row.user, row.client = user, client
    return row


def hold(authorization_id: UUID) -> Authorization | None:
    """The live authorization, locked until the transaction ends, so that a revocation at the same moment either comes
    first, and None is returned, or comes after, and finds the tokens that are being made.

    It is locked before any code or token that hangs on it, here and in `revoke`: in another order two would wait for
    each other, and PostgreSQL would end one of them.
    """
    row = HOLD.first(pk=authorization_id)
    known = client_cache.find_by_key(row.client_id) if row else None
    if row is None or known is None:
        return None
    row.client = known.client
    return row


@transaction.atomic
def revoke(authorization_id: UUID, *, reason: str) -> bool:
    """Whether it was live until now. What a token exchange made of it ends with it (RFC 8693)."""
    return bool(end(Q(pk=authorization_id) | Q(root=authorization_id), reason=reason))


@transaction.atomic
def revoke_all(user: User, client: Client, *, reason: str) -> int:
    """How many authorizations were live."""
    return end(Q(user=user, client=client) | Q(root__user=user, root__client=client), reason=reason)


@transaction.atomic
def end_by_password(user: User) -> int:
    """What somebody who knew the person's password got by it alone (RFC 6749 4.3), and what was exchanged for that; for
    when there is a new one. What the person approved in a browser lives on until they withdraw it."""
    of_password = Q(user=user, grant_type="password") | Q(root__user=user, root__grant_type="password")
    return end(of_password, reason="new password")


def end(which: Q, *, reason: str) -> int:
    """How many were live; four statements however many there are. Locked first, as in `hold`, and in a fixed order, so
    that two who end several never wait for each other in a circle. Self-contained tokens are refused by `grant_id`."""
    now = timezone.now()
    live = Authorization.objects.filter(which, revoked_at=None)
    held = list(live.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    Authorization.objects.filter(pk__in=held).update(revoked_at=now, revoked_reason=reason)
    RefreshToken.objects.filter(authorization__in=held, revoked=None).update(revoked=now)
    AccessToken.objects.filter(authorization__in=held).delete()
    return len(held)
