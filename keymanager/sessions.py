"""The end of a browser session: what was authorized in it ends or lives on (docs/decisions/0013), and every client that
took part in it is to be told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from keymanager import logout_notices, scopes
from keymanager.models import AccessToken, Authorization, Client, RefreshToken

REASON = "signed out"


@transaction.atomic
def end(user: User, sid: str) -> list[Client]:
    """The clients that took part in the person's session `sid`, which ends; none when it had ended before.

    Those that have a back-channel address get a notice, written in this same transaction. Of two sign-outs at once the
    second waits for the first to commit and then finds nothing.
    """
    took_part = claim(Authorization.objects.filter(user=user, sid=sid))
    revoke([row.pk for row in took_part if scopes.OFFLINE_ACCESS not in row.scope.split()])
    clients = distinct(row.client for row in took_part)
    for client in clients:
        logout_notices.add(client, user, sid)
    return clients


def end_stored(user: User, stored: dict[str, Any]) -> None:
    """The same by what the session's row held, before that row goes (settings.SESSION_ENDS)."""
    if sid := stored.get("sid"):
        end(user, sid)


def end_for_client(user: User, client: Client) -> None:
    """Every session that the person has at `client`, and no other. Must run inside a transaction.

    Back-Channel Logout 1.0 2.4: a logout token without `sid` means all of them, unless the client insists on a `sid`.
    """
    took_part = claim(Authorization.objects.filter(user=user, client=client).exclude(sid=""))
    sids = sorted({row.sid for row in took_part})
    needs_sid = client.registered("backchannel_logout_session_required")
    for sid in sids if needs_sid else [""] * bool(sids):
        logout_notices.add(client, user, sid)


def claim(of_session: QuerySet[Authorization]) -> list[Authorization]:
    """The authorizations by which clients signed the person in, as long as nobody ended their session before; locked
    first, and in a fixed order, as everywhere (keymanager/authorizations.py)."""
    open_ones = of_session.filter(session_ended_at=None).select_related("client").order_by("pk")
    rows = list(open_ones.select_for_update(of=("self",)))
    Authorization.objects.filter(pk__in=[row.pk for row in rows]).update(session_ended_at=timezone.now())
    return [row for row in rows if scopes.OPENID in row.scope.split()]


def revoke(authorization_ids: Sequence[UUID]) -> None:
    """Three statements however many there are; they are locked already."""
    if not authorization_ids:
        return
    now = timezone.now()
    live = Authorization.objects.filter(pk__in=authorization_ids, revoked_at=None)
    live.update(revoked_at=now, revoked_reason=REASON)
    RefreshToken.objects.filter(authorization__in=authorization_ids, revoked=None).update(revoked=now)
    AccessToken.objects.filter(authorization__in=authorization_ids).delete()


def distinct(clients: Iterable[Client]) -> list[Client]:
    return list({client.pk: client for client in clients}.values())
