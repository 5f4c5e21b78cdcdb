"""Asking the other server. The operator named it, so it may be in an inner network; its certificate is verified, no
redirect is followed, and neither the size nor the time of an answer is up to it."""

from __future__ import annotations

import http.client
import json
import ssl
import time
from contextlib import closing
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings

from keymanager.sign_in_elsewhere.failures import Failure, Unreachable

SECONDS = 5.0
MOST_BYTES = 256 * 1024
BLOCK = 8192
FORM = "application/x-www-form-urlencoded"


def get(url: str, *, token: str = "") -> Any:
    """The JSON value at `url`."""
    return ask("GET", url, {"Authorization": f"Bearer {token}"} if token else {})


def post(url: str, form: dict[str, str], headers: dict[str, str]) -> Any:
    """The JSON value that answers `form`."""
    return ask("POST", url, headers | {"Content-Type": FORM}, urlencode(form).encode())


def ask(method: str, url: str, headers: dict[str, str], body: bytes | None = None) -> Any:
    """Raises Unreachable when nobody answers in time, Failure for an answer that is none."""
    try:
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        context = trust(settings.AUTHENTICATION_CA_FILE, settings.DEMO)
        connection = http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=SECONDS, context=context)
        with closing(connection):
            sent = {"Accept": "application/json", "Connection": "close", **headers}
            connection.request(method, path, body=body, headers=sent)
            response = connection.getresponse()
            return value_of(url, response.status, read(response))
    except (OSError, http.client.HTTPException, ValueError) as fault:
        raise Unreachable(f"{type(fault).__name__} at {url!r:.200}: {fault}"[:500]) from fault


def read(response: http.client.HTTPResponse) -> bytes:
    """Block by block, so that one who sends a byte a second is left when the time is over."""
    content, deadline = bytearray(), time.monotonic() + SECONDS
    while block := response.read1(BLOCK):
        content += block
        if len(content) > MOST_BYTES or time.monotonic() > deadline:
            raise Unreachable("an answer that is too large or too slow")
    return bytes(content)


def value_of(url: str, status: int, body: bytes) -> Any:
    if status >= 500 or status == 429:
        raise Unreachable(f"status {status} at {url!r:.200}")
    if status != 200:
        raise Failure(f"status {status} at {url!r:.200}: {body[:200]!r}")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Failure(f"no JSON at {url!r:.200}") from None


@lru_cache(maxsize=4)
def trust(ca_file: str, demo: bool) -> ssl.SSLContext:
    """The system's certificate authorities, that of APIM_AUTHENTICATION_CA_FILE, and in the demo the demo's own."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file:
        context.load_verify_locations(ca_file)
    if demo and settings.TLS_CA_FILE.exists():
        context.load_verify_locations(settings.TLS_CA_FILE)
    return context
