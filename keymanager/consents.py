"""What people agreed to and want remembered; and the requests that wait for their answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import BigIntegerField, DateTimeField, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from accounts.prepared import Argument, Select
from keymanager import checksums, clients, personal_claims
from keymanager.authorize import AuthorizationRequest
from keymanager.login import BrowserSession
from keymanager.models import Client, Consent, ConsentRequest
from keymanager.pushed_models import PushedRequest
from keymanager.resources import covers

WAIT = timedelta(minutes=10)
REMEMBERED = Select(
    lambda: Consent.objects.filter(
        Q(expires_at=None) | Q(expires_at__gt=Argument("now", DateTimeField())),
        user_id=Argument("user", BigIntegerField()),
        client_id=Argument("client", BigIntegerField()),
    )
)
UNTIL_WITHDRAWN = "until-withdrawn"
PRESELECTED = "30-days"


@dataclass(frozen=True)
class Duration:
    """For how long "Approve Always" is remembered; None is until withdrawn."""

    name: str
    title: str
    length: timedelta | None


DURATIONS = (
    Duration(UNTIL_WITHDRAWN, "Until withdrawn", None),
    Duration("30-days", "30 days", timedelta(days=30)),
    Duration("1-day", "One day", timedelta(days=1)),
    Duration("1-hour", "One hour", timedelta(hours=1)),
)


def duration(name: str) -> Duration | None:
    return next((known for known in DURATIONS if known.name == name), None)


def remembered(user: User) -> QuerySet[Consent]:
    return Consent.objects.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()), user=user)


def missing(user: User, client: Client, scope: str, resources: Sequence[str] = ()) -> list[str]:
    """Of the scopes (space separated) those that the person has not approved for good for each of the resources; one
    statement. What was approved without naming a resource was approved for the gateway and all below it."""
    if client.skip_authorization:
        return []
    known = {(row.scope, row.resource) for row in REMEMBERED.all(user=user.pk, client=client.pk, now=timezone.now())}
    return [name for name in scope.split() if not all(is_known(known, name, uri) for uri in resources or [""])]


def is_needed(user: User, asked: AuthorizationRequest) -> bool:
    """Whether the person is asked. RFC 9396 12: details anew each time, a payment is not like the one before. RFC 8252
    8.6: "authorization servers SHOULD NOT process authorization requests automatically without user consent or
    interaction, except when the identity of the client can be assured"."""
    return bool(
        asked.authorization_details
        or "consent" in asked.prompts
        or clients.is_impersonable(asked.client, asked.redirect_uri)
        or missing(user, asked.client, asked.to_approve, asked.resources)
    )


def is_known(known: set[tuple[str, str]], name: str, uri: str) -> bool:
    """As itself, or as a claim of a scope that is."""
    covering = personal_claims.covering(name)
    if covering is not None and is_known(known, covering, uri):
        return True
    return (name, uri) in known or ((name, "") in known and covers(settings.ACCESS_TOKEN_AUDIENCE, uri))


def asked_for(user: User, client: Client, scope: str, resources: Sequence[str] = ()) -> list[str]:
    """What the consent page asks: what is new, or everything when the client wants to ask again (prompt=consent)."""
    return missing(user, client, scope, resources) or scope.split()


def remember(
    user: User, client: Client, names: Iterable[str], length: timedelta | None = None, resources: Sequence[str] = ()
) -> None:
    """For `length`, or until withdrawn; a row a scope and resource."""
    now = timezone.now()
    until = now + length if length else None
    rows = [
        Consent(user=user, client=client, scope=name, resource=uri, granted_at=now, expires_at=until)
        for name in names
        for uri in resources or [""]
    ]
    Consent.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["user", "client", "scope", "resource"],
        update_fields=["granted_at", "expires_at"],
    )


def ask(
    session: BrowserSession, client: Client, parameters: dict[str, str], pushed: PushedRequest | None = None
) -> str:
    """The key of a new waiting request; it names it in the address of the consent page."""
    key = checksums.random_value()
    ConsentRequest.objects.create(
        checksum=checksums.checksum(key, checksums.CONSENT_REQUEST),
        user=session.user,
        client=client,
        sid=session.sid,
        parameters=parameters,
        pushed_request=pushed,
        expires_at=timezone.now() + WAIT,
    )
    return key


def waiting(session: BrowserSession | None, key: str) -> ConsentRequest | None:
    """The request that `key` names, if it is this person's in this browser and neither stale nor answered."""
    if session is None:
        return None
    return (
        ConsentRequest.objects.select_related("pushed_request")
        .filter(
            checksum=checksums.checksum(key, checksums.CONSENT_REQUEST),
            user=session.user,
            sid=session.sid,
            answered_at=None,
            expires_at__gt=timezone.now(),
        )
        .first()
    )


def claim(row: ConsentRequest) -> bool:
    """Whether this answer is the first; of two at once exactly one is."""
    return bool(ConsentRequest.objects.filter(pk=row.pk, answered_at=None).update(answered_at=timezone.now()))
