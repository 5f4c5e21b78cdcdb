"""Which http addresses a request has, and whether two are the same: RFC 3986 6.2.2 and 6.2.3."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

VISIBLE_ASCII = re.compile(r"[\x21-\x7e]+")
ENCODED = re.compile(r"%([0-9A-Fa-f]{2})")
UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
DEFAULT_PORTS = {"http": 80, "https": 443}


def of(request: HttpRequest) -> tuple[str, str]:
    """Of the endpoint that was asked, without the query: our own, and the gateway's, which has no /oauth2."""
    return f"{settings.ISSUER}{request.path}", settings.GATEWAY_URL + request.path.removeprefix("/oauth2")


def normalized(uri: str) -> str | None:
    """The address in its one form, without query and fragment; None for what is no http address."""
    if not VISIBLE_ASCII.fullmatch(uri):
        return None
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or "@" in parts.netloc:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    shown_port = "" if port in {None, DEFAULT_PORTS[parts.scheme]} else f":{port}"
    return f"{parts.scheme}://{host}{shown_port}{without_dots(ENCODED.sub(decoded, parts.path))}"


def decoded(encoded: re.Match[str]) -> str:
    """RFC 3986 6.2.2.1 and 6.2.2.2: digits in upper case, and what needs no encoding without it."""
    character = chr(int(encoded[1], 16))
    return character if character in UNRESERVED else encoded[0].upper()


def without_dots(path: str) -> str:
    """RFC 3986 5.2.4 for a path below an authority; an empty one is "/" (6.2.3)."""
    segments = path.split("/")[1:]
    kept: list[str] = []
    for segment in segments:
        if segment == "..":
            kept = kept[:-1]
        elif segment != ".":
            kept.append(segment)
    if segments[-1:] in ([".."], ["."]):
        kept.append("")
    return "/" + "/".join(kept)
