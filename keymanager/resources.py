"""Which protected resource a token is for (RFC 8707). The gateway, and every address below it, is known by itself."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from django.conf import settings

from keymanager import errors
from keymanager.models import Resource

MOST = 10
LONGEST = 300


def asked(parameters: dict[str, str]) -> list[str]:
    """The values of `resource`, each once, in the order given (keymanager/parameters.py joins them by spaces)."""
    return list(dict.fromkeys(parameters.get("resource", "").split()))


def check(parameters: dict[str, str]) -> list[str]:
    """The resources asked for, all of them known here; one statement when any is outside the gateway.

    RFC 8707 2: "Its value MUST be an absolute URI … The URI MUST NOT include a fragment component." The error is
    invalid_target for an "invalid, missing, unknown, or malformed" one.
    """
    uris = asked(parameters)
    if len(uris) > MOST or not all(is_well_formed(uri) for uri in uris):
        raise errors.InvalidTarget(detail="malformed, or too many")
    outside = {uri for uri in uris if not covers(settings.ACCESS_TOKEN_AUDIENCE, uri)}
    if outside and Resource.objects.filter(uri__in=outside).count() != len(outside):
        raise errors.InvalidTarget(detail="not known here")
    return uris


def narrowed(authorized: Sequence[str], parameters: dict[str, str]) -> list[str]:
    """RFC 8707 2.2: what this token is for, within what was authorized; without `resource` all of it."""
    uris = check(parameters)
    within = authorized or [settings.ACCESS_TOKEN_AUDIENCE]
    if not all(any(covers(whole, uri) for whole in within) for uri in uris):
        raise errors.InvalidTarget(detail="not within what was authorized")
    return uris or list(authorized)


def covers(whole: str, uri: str) -> bool:
    """Whether `uri` is `whole` or an address below it."""
    return uri == whole or (uri.startswith(f"{whole.rstrip('/')}/") and not {".", ".."} & set(uri.split("/")))


def is_well_formed(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    return len(uri) <= LONGEST and uri.isascii() and bool(parts.scheme) and "#" not in uri and ":" in uri
