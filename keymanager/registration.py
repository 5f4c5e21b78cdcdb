"""Clients that register themselves (RFC 7591) and look after their registration (RFC 7592).

Whether anybody may, whoever shows an initial access token may, or nobody: APIM_REGISTRATION.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from keymanager import checksums, client_descriptions, client_secrets, clients, errors, scopes, sector_identifiers
from keymanager.models import Client, Origin
from keymanager.registration_models import InitialAccessToken, RegistrationAccessToken

UNUSABLE = "The initial access token is unknown, expired or used up."


@dataclass(frozen=True)
class Policy:
    """What a client that registers may ask for."""

    grant_types: list[str] = field(default_factory=lambda: list(client_descriptions.OPEN_GRANT_TYPES))
    scopes: list[str] = field(default_factory=list)


def check_sector(body: Any) -> None:
    """OpenID Connect Registration 1.0 5, before the transaction: nobody waits for a stranger's server."""
    if not isinstance(body, dict):
        return
    if body.get("sector_identifier_uri") is not None or body.get("subject_type") is not None:
        described = client_descriptions.parsed(body)
        sector_identifiers.check(described.columns["metadata"], described.redirect_uris)


@transaction.atomic
def register(body: Any, *, token: str) -> dict[str, Any]:
    """RFC 7591 3.1 and 3.2.1: the registered client, with the secret and the token that can be read only now."""
    policy = admitted(token)
    described = client_descriptions.parsed(body)
    check_policy(described, policy)
    client, secret = clients.register(
        public=described.is_public,
        with_secret=described.has_secret,
        redirect_uris=described.redirect_uris,
        origin=Origin.ITSELF,
        **described.columns,
    )
    clients.set_post_logout_redirect_uris(client, described.post_logout_redirect_uris)
    own = checksums.random_value()
    RegistrationAccessToken.objects.create(
        client=client,
        checksum=checksums.checksum(own, checksums.REGISTRATION_ACCESS_TOKEN),
        grant_types=policy.grant_types,
        scopes=policy.scopes,
    )
    return answer(client) | secret_members(secret) | {"registration_access_token": own}


def check_admission(token: str) -> None:
    """Whether the caller may register at all; nothing is used up."""
    if settings.REGISTRATION == "closed":
        raise errors.RegistrationClosed
    if not token and settings.REGISTRATION != "open":
        raise errors.InvalidToken("An initial access token is needed to register.")
    if token and not usable(token).exists():
        raise errors.InvalidToken(UNUSABLE)


def admitted(token: str) -> Policy:
    """What the caller may register. RFC 7591 3: the endpoint "MAY be an OAuth 2.0 protected resource and … accept an
    initial access token"; a use is taken from it by one statement, so that two at once do not share the last."""
    check_admission(token)
    if not token:
        return Policy(scopes=scopes.for_strangers())
    if not usable(token).update(uses_left=F("uses_left") - 1):
        raise errors.InvalidToken(UNUSABLE)
    known = InitialAccessToken.objects.get(checksum=checksums.checksum(token, checksums.INITIAL_ACCESS_TOKEN))
    return Policy(grant_types=known.grant_types, scopes=known.scopes)


def usable(token: str) -> QuerySet[InitialAccessToken]:
    checksum = checksums.checksum(token, checksums.INITIAL_ACCESS_TOKEN)
    return InitialAccessToken.objects.filter(checksum=checksum, uses_left__gt=0, expires_at__gt=timezone.now())


def check_policy(described: client_descriptions.Description, policy: Policy) -> None:
    """RFC 7591 3.2.2; scopes are left out rather than refused, which 2 allows ("MAY register … with a default set").
    Those that every client has it may name too, and is told that it can use them."""
    refused = [name for name in described.columns["grant_types"] if name not in policy.grant_types]
    if refused:
        raise errors.InvalidClientMetadata(f"The grant type {refused[0]} is not given to clients that register.")
    allowed = scopes.ALWAYS_ALLOWED.union(policy.scopes)
    described.columns["scopes"] = [name for name in described.columns["scopes"] if name in allowed]


def find(client_id: str, *, token: str) -> Client:
    """The client whose registration `token` opens. RFC 7592 2: one error for every reason."""
    row = (
        RegistrationAccessToken.objects.select_related("client")
        .filter(checksum=checksums.checksum(token, checksums.REGISTRATION_ACCESS_TOKEN), client__blocked_at=None)
        .first()
    )
    if row is None or row.client.client_id != client_id:
        raise errors.InvalidToken("The registration access token is unknown, or of another client.")
    return row.client


@transaction.atomic
def update(client: Client, body: Any) -> dict[str, Any]:
    """RFC 7592 2.2: what is left out is as if it had never been said."""
    check_identity(client, body)
    described = client_descriptions.parsed(body)
    allowed = client.registration_access_token
    check_policy(described, Policy(grant_types=allowed.grant_types, scopes=allowed.scopes))
    if described.is_public != client.is_public:
        raise errors.InvalidClientMetadata("Whether a client keeps a secret cannot be changed; register another one.")
    clients.update(client, redirect_uris=described.redirect_uris, **described.columns)
    clients.set_post_logout_redirect_uris(client, described.post_logout_redirect_uris)
    needs_secret = described.has_secret and not client_secrets.usable(client)
    secret = client_secrets.add(client) if needs_secret else None
    return answer(Client.objects.get(pk=client.pk)) | secret_members(secret)


def check_identity(client: Client, body: Any) -> None:
    """RFC 7592 2.2: client_id "MUST" be there and its own; a client_secret, if there, must be the current one; nothing
    of what only the server says."""
    given: Mapping[str, Any] = body if isinstance(body, dict) else {}
    if given.get("client_id") != client.client_id:
        raise errors.InvalidClientMetadata("client_id has to be there, and to be this client's.")
    servers = {
        "registration_access_token",
        "registration_client_uri",
        "client_secret_expires_at",
        "client_id_issued_at",
    }
    if servers & given.keys():
        raise errors.InvalidClientMetadata("A member that only the server gives cannot be changed.")
    secret = given.get("client_secret")
    if secret is not None and not (isinstance(secret, str) and client_secrets.verify(client.client_id, secret)):
        raise errors.InvalidClientMetadata("client_secret is not the current one.")


def answer(client: Client) -> dict[str, Any]:
    """RFC 7591 3.2.1 and RFC 7592 3."""
    return client_descriptions.described(client) | {
        "client_id": client.client_id,
        "client_id_issued_at": int(client.created.timestamp()),
        "registration_client_uri": f"{settings.ISSUER}/oauth2/register/{client.client_id}",
    }


def secret_members(secret: str | None) -> dict[str, Any]:
    """RFC 7591 3.2.1: client_secret_expires_at is "REQUIRED if client_secret is issued", 0 for never."""
    return {"client_secret": secret, "client_secret_expires_at": 0} if secret else {}
