"""Clients whose identifier is the https address of a document that describes them (OAuth Client ID Metadata Document,
draft-ietf-oauth-client-id-metadata-document): nothing is registered beforehand, as the Model Context Protocol asks."""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from keymanager import client_cache, client_descriptions, clients, errors, fetching, scopes, sector_identifiers
from keymanager.models import Client, Origin

log = logging.getLogger(__name__)

SHORTEST_AGE = timedelta(minutes=5)
DEFAULT_AGE = 3600
PAUSE_SECONDS = 60
# Section 4.1: nothing that rests on a shared secret.
METHODS = ("none", "private_key_jwt")


def is_address(client_id: str) -> bool:
    """Section 3: https, with a path, without dot segments, fragment, user name or password."""
    if not client_id.startswith("https://") or len(client_id) > 300 or "#" in client_id or not client_id.isascii():
        return False
    try:
        parts = urlsplit(client_id)
        port_is_sane = parts.port is None or parts.port > 0
    except ValueError:
        return False
    segments = set(parts.path.split("/"))
    return bool(
        parts.hostname
        and len(parts.path) > 1
        and parts.username is None
        and not {".", ".."} & segments
        and port_is_sane
    )


def find_any(client_id: str) -> Client | None:
    """The usable client of that identifier, however it is known."""
    return find(client_id) if is_address(client_id) else clients.find(client_id)


def find(client_id: str) -> Client | None:
    """The client that its document describes, read anew when it is due. One that cannot be read any more stays what it
    was for a day: the person's consent and the tokens are not the web server's to end."""
    if not settings.CLIENT_ID_METADATA_DOCUMENTS or not is_address(client_id):
        return None
    known = Client.objects.prefetch_related("uris").filter(client_id=client_id).first()
    if known is not None and known.blocked_at is not None:
        return None
    if known is not None and known.read_again_at is not None and known.read_again_at > timezone.now():
        return known
    return read(client_id) or (known if known is not None and is_fresh_enough(known.read_at) else None)


def is_fresh_enough(read_at: datetime | None) -> bool:
    return read_at is not None and timezone.now() - read_at < timedelta(seconds=fetching.LONGEST_AGE)


def read(client_id: str) -> Client | None:
    """Fetches the document and keeps what it says (section 4). After a failure it is not asked for a moment, so that
    nobody makes us knock at somebody's door all day."""
    failed = "client-document-" + hashlib.sha256(client_id.encode()).hexdigest()
    if cache.get(failed):
        return None
    try:
        document = fetching.fetch_for_stranger(client_id)
        age = timedelta(seconds=document.max_age or DEFAULT_AGE)
        return keep(client_id, checked(document.value, client_id), max(age, SHORTEST_AGE))
    except (fetching.NotFetched, errors.OAuthError) as fault:
        cache.set(failed, True, PAUSE_SECONDS)
        log.warning("client id metadata document: %s", fault)
        return None


def checked(value: Any, client_id: str) -> client_descriptions.Description:
    """Section 4.1: its client_id "MUST match the URL of the document using simple string comparison", and it MUST NOT
    hold a secret."""
    if not isinstance(value, dict) or value.get("client_id") != client_id:
        raise errors.InvalidClientMetadata("The document does not name its own address as client_id.")
    if "client_secret" in value or "client_secret_expires_at" in value:
        raise errors.InvalidClientMetadata("The document holds a secret.")
    described = client_descriptions.parsed({"token_endpoint_auth_method": "none"} | value)
    if described.columns["metadata"]["token_endpoint_auth_method"] not in METHODS:
        raise errors.InvalidClientMetadata("The document asks for a method that needs a shared secret.")
    sector_identifiers.check(described.columns["metadata"], described.redirect_uris)
    given = set(described.columns["grant_types"])
    described.columns["grant_types"] = [
        name for name in client_descriptions.OPEN_GRANT_TYPES if name in given and name != "implicit"
    ]
    known = scopes.for_strangers()
    described.columns["scopes"] = sorted(set(known) & set(described.columns["scopes"] or known))
    return described


@transaction.atomic
def keep(client_id: str, described: client_descriptions.Description, age: timedelta) -> Client:
    """Two that read the same document at once keep one row."""
    client, _ = Client.objects.update_or_create(
        client_id=client_id,
        defaults={
            **described.columns,
            "client_type": Client.CLIENT_PUBLIC if described.is_public else Client.CLIENT_CONFIDENTIAL,
            "origin": Origin.DOCUMENT,
            "read_at": timezone.now(),
            "read_again_at": timezone.now() + age,
        },
    )
    client_cache.forget()
    clients.set_redirect_uris(client, described.redirect_uris)
    clients.set_post_logout_redirect_uris(client, described.post_logout_redirect_uris)
    return Client.objects.prefetch_related("uris").get(pk=client.pk)
