"""Everything that refuses self-contained tokens, as whoever checks them without us has to be told: by their claims."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import CharField, DateTimeField, F, IntegerField, Q, QuerySet, Value
from django.db.models.functions import Cast
from django.utils import timezone

from keymanager.models import Authorization, Client, RevokedToken
from keymanager.revoked_models import RevokedClaim

# RFC 6749 4.4 tokens may be asked for with a life of their own (grants/client_credentials.py).
LONGEST_TOKEN = timedelta(days=366)
# A client's lifetime may have been longer an hour ago than it is now.
SHORTEST = timedelta(hours=1)
# A gateway whose clock is so much behind, or that gives tokens some seconds of grace, takes what has expired here.
CLOCKS_APART = timedelta(minutes=10)
Row = tuple[str, str, datetime | None, int | None]
NO_TIME, NO_SECONDS = Value(None, DateTimeField()), Value(None, IntegerField())


class Revoked(NamedTuple):
    """`expires_at`: when no such token can be live any more at any gateway; None for what may be unblocked."""

    claim: str
    value: str
    expires_at: datetime | None


def of(since: datetime | None = None, until: datetime | None = None) -> list[Revoked]:
    """Revoked from `since` on and before `until`; without `until` also what is blocked for now. One statement, each of
    its parts led by an index."""
    now = timezone.now()
    during = Q(revoked_at__gte=since or now - LONGEST_TOKEN)
    if until:
        during &= Q(revoked_at__lt=until)
    parts = ended(during, now) + ([] if until else blocked())
    found = [revoked(row) for row in parts[0].union(*parts[1:], all=True)]
    return [one for one in found if one.expires_at is None or one.expires_at > now]


def ended(during: Q, now: datetime) -> list[QuerySet[Any, Row]]:
    unexpired = during & Q(expires_at__gt=now - CLOCKS_APART)
    authorizations = Authorization.objects.filter(during)
    return [
        rows(RevokedToken.objects.filter(unexpired), Value("jti"), F("jti"), F("expires_at")),
        rows(RevokedClaim.objects.filter(unexpired), F("claim"), F("value"), F("expires_at")),
        rows(authorizations, Value("grant_id"), F("pk"), F("revoked_at"), F("client__access_token_lifetime")),
    ]


def blocked() -> list[QuerySet[Any, Row]]:
    """People by their authorizations, because a person is not the same `sub` to every client (subjects.py)."""
    people = Authorization.objects.filter(user__is_active=False, revoked_at=None)
    clients = Q(blocked_at__isnull=False), Q(user__applications_may_call=False)
    told = [rows(Client.objects.filter(which), Value("client_id"), F("client_id")) for which in clients]
    return [*told, rows(people, Value("grant_id"), F("pk"))]


def rows(
    of_table: QuerySet[Any], claim: Any, value: Any, time: Any = NO_TIME, seconds: Any = NO_SECONDS
) -> QuerySet[Any, Row]:
    columns = {
        "of_claim": Cast(claim, CharField()),
        "of_value": Cast(value, CharField()),
        "time": Cast(time, DateTimeField()),
        "seconds": Cast(seconds, IntegerField()),
    }
    told: QuerySet[Any, Row] = of_table.order_by().annotate(**columns).values_list(*columns)
    return told


def revoked(row: Row) -> Revoked:
    """The time is that of the expiry, or with seconds that of the revocation, when the last such token was issued."""
    claim, value, time, seconds = row
    if claim == "grant_id":
        value = str(UUID(value))  # SQLite keeps it without hyphens
    if time and seconds is not None:
        time += max(timedelta(seconds=seconds), SHORTEST)
    return Revoked(claim, value, time + CLOCKS_APART if time else None)


def remember_removed(client: Client, exchanged: Iterable[UUID]) -> None:
    """A client that is about to go, and what others made of its tokens (RFC 8693), which goes with it."""
    long = client.has_grant_type("client_credentials")
    lifetime = LONGEST_TOKEN if long else max(timedelta(seconds=client.access_token_lifetime), SHORTEST)
    gone = [("client_id", client.client_id), *(("grant_id", str(pk)) for pk in exchanged)]
    expires_at = timezone.now() + lifetime
    rows = [RevokedClaim(claim=claim, value=value, expires_at=expires_at) for claim, value in gone]
    RevokedClaim.objects.bulk_create(rows, ignore_conflicts=True)
