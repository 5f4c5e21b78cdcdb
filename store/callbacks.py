"""Which callback URLs an application may register. The form, the command and the REST API ask here.

RFC 6749 3.1.2: an absolute URI without a fragment. RFC 9700 2.1: compared exactly, so no wildcards. RFC 8252 7: http
for the loopback interface, and private-use schemes that are a reversed domain name, for apps on a device.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import ValidationError

MAX_LENGTH = 2000
MAX_COUNT = 20
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
URI_CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
SEVERAL = re.compile(r"\S\s+\S+://|,\s*https?://")
HOST_AND_PORT = re.compile(r"[A-Za-z0-9.-]+:\d")
PRIVATE_USE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")

Check = Callable[[str, SplitResult, bool], str]


def validate_callback_url(url: str, *, public: bool) -> None:
    """`public`: the client is one that keeps no secret, as an app on a device (RFC 6749 2.1)."""
    if sentence := refused_as_text(url):
        raise ValidationError(sentence, code="callback_url")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ValidationError("This is not a valid URL: look at the host and the port.", code="callback_url") from error
    for check in CHECKS:
        if sentence := check(url, parts, public):
            raise ValidationError(sentence, code="callback_url")


def validate_callback_urls(urls: Iterable[str], *, public: bool) -> None:
    urls = list(urls)
    validate_count(urls)
    for url in urls:
        validate_callback_url(url, public=public)


def validate_count(urls: Collection[str]) -> None:
    if len(urls) > MAX_COUNT:
        sentence = f"An application has at most {MAX_COUNT} callback URLs; these are {len(urls)}."
        raise ValidationError(sentence, code="callback_url")


def refused_as_text(url: str) -> str:
    if len(url) > MAX_LENGTH:
        return f"A callback URL has at most {MAX_LENGTH} characters; this one has {len(url)}."
    if SEVERAL.search(url):
        return "Enter one URL here, and every other one under “Add another callback URL”."
    if "*" in url:
        return "A callback URL is compared as a whole: write it out, without the wildcard *."
    if not URI_CHARACTERS.fullmatch(url):
        return "A callback URL holds no spaces, control characters or letters beyond ASCII: write them percent-encoded."
    return ""


def scheme(url: str, parts: SplitResult, public: bool) -> str:
    if not parts.scheme or HOST_AND_PORT.match(url):
        return "Enter the whole URL, beginning with https://"
    if parts.scheme in {"https", "http"}:
        return ""
    if not PRIVATE_USE_SCHEME.fullmatch(parts.scheme):
        return f"Addresses that begin with {parts.scheme}: are not accepted; begin with https://"
    return "" if public else f"{parts.scheme}: is for apps on a device: tick “Public client” first, or use https://"


def fragment(url: str, parts: SplitResult, public: bool) -> str:
    return "Leave out the fragment: # and what follows it never reaches your server." if "#" in url else ""


def host(url: str, parts: SplitResult, public: bool) -> str:
    if parts.scheme not in {"https", "http"}:
        return ""
    if not parts.hostname:
        return "Enter the whole URL with its host, as in https://your-app.example/callback"
    if parts.username is not None:
        return "Leave out the user name and password before the host."
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        return "Use https: plain http is accepted for localhost, 127.0.0.1 and [::1] only."
    return ""


CHECKS: tuple[Check, ...] = (scheme, fragment, host)
