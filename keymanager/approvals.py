"""What a person agreed to, told and withdrawn: the questions and deeds behind the page "Applications with access"."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.models import User
from keymanager import authorizations, consents, scopes, sessions
from keymanager.models import (
    AccessToken,
    Authorization,
    AuthorizationCode,
    Client,
    Consent,
    ConsentRequest,
    RefreshToken,
)

REASON = "withdrawn by the person"


@dataclass(frozen=True, kw_only=True)
class AgreedScope:
    """A scope in words. `until` is None when it is not remembered, and when it is for good."""

    name: str
    title: str
    description: str
    remembered: bool
    until: datetime | None


@dataclass(frozen=True, kw_only=True)
class Approval:
    """All that one person agreed to for one client and that still holds."""

    client: Client
    scopes: list[AgreedScope]
    approved_at: datetime
    last_used_at: datetime | None

    @property
    def is_remembered(self) -> bool:
        return any(scope.remembered for scope in self.scopes)

    @property
    def remembered_until(self) -> datetime | None:
        """When the person is asked again: the first of the scopes to be forgotten decides."""
        return min((scope.until for scope in self.scopes if scope.until), default=None)


@dataclass(kw_only=True)
class Traces:
    """What the rows of one client say before they are put together."""

    scopes: set[str] = field(default_factory=set)
    approved: list[datetime] = field(default_factory=list)
    used: list[datetime] = field(default_factory=list)
    ends: list[datetime] = field(default_factory=list)
    consents: dict[str, Consent] = field(default_factory=dict)

    def are_live(self, client: Client) -> bool:
        """Whether anything can still be done with it. A self-contained token has no row: its lifetime is added."""
        lifetime = timedelta(seconds=client.access_token_lifetime + settings.AUTHORIZATION_CODE_LIFETIME)
        ends = [*self.ends, *(at + lifetime for at in self.used)]
        return bool(self.consents) or any(end > timezone.now() for end in ends)


def of(user: User) -> list[Approval]:
    """The person's approvals, the latest first; six statements however many applications there are."""
    traces = collect(user)
    clients = Client.objects.filter(pk__in=list(traces))
    live = {client: traces[client.pk] for client in clients if traces[client.pk].are_live(client)}
    names = sorted(set().union(*(found.scopes for found in live.values())))
    words = {scope["name"]: scope for scope in scopes.described(names)}
    approvals = [approval(client, found, words) for client, found in live.items()]
    return sorted(approvals, key=lambda one: one.approved_at, reverse=True)


def collect(user: User) -> dict[int, Traces]:
    traces: defaultdict[int, Traces] = defaultdict(Traces)
    for consent in consents.remembered(user):
        traces[consent.client_id].consents[consent.scope] = consent
        traces[consent.client_id].scopes.add(consent.scope)
    agreed = Authorization.objects.filter(user=user, revoked_at=None)
    for client_id, scope, last in agreed.values_list("client_id", "scope").annotate(last=Max("created_at")):
        traces[client_id].scopes.update(scope.split())
        traces[client_id].approved.append(last)
        traces[client_id].used.append(last)
    for client_id, last, ends in [*refreshed(user), *opaque(user)]:
        traces[client_id].used.append(last)
        traces[client_id].ends.append(ends)
    return traces


def refreshed(user: User) -> Iterable[tuple[int, datetime, datetime]]:
    """For each client when its newest refresh token was made, and when the last expires."""
    rows = RefreshToken.objects.filter(user=user, revoked=None, authorization__revoked_at=None)
    return rows.values_list("application_id").annotate(last=Max("created"), ends=Max("expires_at"))


def opaque(user: User) -> Iterable[tuple[int, datetime, datetime]]:
    """The same of access tokens that have a row."""
    rows = AccessToken.objects.filter(authorization__user=user, authorization__revoked_at=None)
    return rows.values_list("authorization__client_id").annotate(last=Max("created"), ends=Max("expires"))


def approval(client: Client, traces: Traces, words: dict[str, dict[str, str]]) -> Approval:
    agreed = [
        AgreedScope(
            **words[name],
            remembered=name in traces.consents,
            until=traces.consents[name].expires_at if name in traces.consents else None,
        )
        for name in sorted(traces.scopes)
    ]
    # A remembered consent lets later authorizations pass unasked: then it, not they, is what the person did.
    approved = [consent.granted_at for consent in traces.consents.values()] or traces.approved
    return Approval(
        client=client, scopes=agreed, approved_at=max(approved), last_used_at=max(traces.used, default=None)
    )


@transaction.atomic
def withdraw(user: User, client: Client) -> bool:
    """Ends all that `client` may do for `user`; whether there was anything, and tells it that its
    sessions have ended. At most a dozen statements however much there is.

    What others lock first goes first here too (an answer its request, an exchange its authorization and then its code),
    so that neither waits for the other in a circle; and of two withdrawals at once the second waits for the first.
    """
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    ConsentRequest.objects.filter(user=user, client=client).delete()
    forgotten, _ = Consent.objects.filter(user=user, client=client).delete()
    sessions.end_for_client(user, client)
    revoked = authorizations.revoke_all(user, client, reason=REASON)
    AuthorizationCode.objects.filter(user=user, application=client).delete()
    return bool(forgotten or revoked)


def document(user: User) -> dict[str, Any]:
    """What the person can take away: the page as JSON, times in ISO 8601."""
    return {
        "issuer": settings.ISSUER,
        "person": user.get_username(),
        "made_at": timezone.now(),
        "applications": [described(one) for one in of(user)],
    }


def described(one: Approval) -> dict[str, Any]:
    return {
        "name": one.client.name,
        "owner": one.client.owner_name,
        "client_id": one.client.client_id,
        "approved_at": one.approved_at,
        "last_used_at": one.last_used_at,
        "scopes": [
            {
                "name": scope.name,
                "title": scope.title,
                "description": scope.description,
                "remembered": scope.remembered,
                "remembered_until": scope.until,
            }
            for scope in one.scopes
        ],
    }
