"""Request objects that lie at an address of their client's (OpenID Connect Core 6.2, RFC 9101 5.2).

Only what the client registered is called: the browser brings the address, so else whoever writes a link would choose
where this server calls (RFC 9101 10.4). What is there counts only when it is signed (request_objects.py).
"""

from __future__ import annotations

import hashlib
import hmac
import re

from django.core.cache import cache

from keymanager import checksums, errors, fetching, json_web_tokens, patience
from keymanager.models import Client

# OpenID Connect Core 6.2: in base64url the "SHA-256 hash of the referenced resource contents".
CHECKSUM = re.compile(r"[A-Za-z0-9_-]{43}")
# RFC 9101 10.4.1 would have the answer called that, too; who serves files calls them otherwise. The JWT says its kind.
KIND = fetching.Kind("application/oauth-authz-req+jwt", bytes)
# With a checksum it cannot become another; without one the answer has to say that it may be kept.
KEPT_SECONDS, KEPT_UNCHECKED_SECONDS = 600, 60
# Where there is no request object is perhaps not the client's own server: nobody has it asked as often as he likes.
PAUSE_SECONDS = 10
JWT = re.compile(r"[\w-]+(\.[\w-]*){2,4}", re.ASCII)


def content(client: Client, request_uri: str) -> str:
    """The request object at that address, not yet looked at; InvalidRequestUri when it cannot be had."""
    address, checksum = registered(client, request_uri)
    # One for each address, and none that is too long to be used: strangers register addresses, too.
    key = f"request-object-{client.pk}-{hashlib.sha256(address.encode()).hexdigest()}"
    held, text = cache.get(key, ("", ""))
    if held == request_uri:
        return str(text)
    document = fetched(client, address, f"{key}-paused")
    if checksum and not hmac.compare_digest(checksum, checksums.s256(document.value)):
        raise errors.InvalidRequestUri("What lies at request_uri is not what its fragment says.")
    text = text_of(document)
    seconds = KEPT_SECONDS if checksum else min(document.max_age, KEPT_UNCHECKED_SECONDS)
    if seconds and len(text) <= json_web_tokens.LONGEST_TOKEN:
        cache.set(key, (request_uri, text), seconds)
    return text


def registered(client: Client, request_uri: str) -> tuple[str, str]:
    """The address and the checksum. OpenID Connect Registration 1.0 2: another fragment is another version of what was
    registered."""
    address, _, fragment = request_uri.partition("#")
    if address not in {uri.partition("#")[0] for uri in client.registered("request_uris")}:
        raise errors.InvalidRequestUri("request_uri is none of the request_uris of this application.")
    checksum = fragment.rstrip("=")
    if fragment and not CHECKSUM.fullmatch(checksum):
        raise errors.InvalidRequestUri("The fragment of request_uri is not a SHA-256 in base64url.")
    return address, checksum


def fetched(client: Client, address: str, paused: str) -> fetching.Document:
    whose = patience.STRANGERS if client.is_stranger else f"client-{client.pk}"
    try:
        if cache.get(paused):
            raise fetching.NotFetched("there was none a moment ago")
        document = fetching.fetch_patiently(address, whose, KIND)
    except fetching.NotFetched as fault:
        cache.add(paused, True, PAUSE_SECONDS)
        raise errors.InvalidRequestUri("What lies at request_uri cannot be had.", detail=str(fault)) from fault
    if not JWT.fullmatch(text_of(document)):
        cache.add(paused, True, PAUSE_SECONDS)
    return document


def text_of(document: fetching.Document) -> str:
    return str(document.value, errors="replace").strip()
