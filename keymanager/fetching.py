"""Documents that lie elsewhere: a client's keys, its own description, what it asks for."""

from __future__ import annotations

import http.client
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from accounts import outside
from keymanager import json_parameters, patience

MOST_BYTES = 64 * 1024
LONGEST_AGE = 24 * 3600
MAX_AGE = re.compile(r"(?:^|[\s,])max-age=(\d{1,9})")


class NotFetched(Exception):
    """The document could not be had; the text is for the log."""


@dataclass(frozen=True)
class Document:
    """Its value, and for how many seconds it may be kept (RFC 9111 5.2.2.1)."""

    value: Any
    max_age: int


@dataclass(frozen=True)
class Kind:
    """What is asked for, and what is made of the bytes; ValueError when they are no such document."""

    media_type: str
    read: Callable[[bytes], Any]


def json_value(body: bytes) -> Any:
    """RFC 8259 8.1: UTF-8, and a byte order mark may be ignored."""
    return json_parameters.parsed(body.decode("utf-8-sig"), longest=MOST_BYTES)


JSON = Kind("application/json", json_value)


def fetch(url: str, kind: Kind = JSON) -> Document:
    """The document at an https address. No redirect is followed (accounts/outside.py has the other limits)."""
    parts = address_of(url)
    try:
        with outside.within_time(outside.Connection(parts)) as connection:
            connection.request("GET", outside.path_of(parts), headers={"Accept": kind.media_type})
            # One that is not read to its end has the socket stay open.
            with connection.getresponse() as answer:
                return read(answer, kind)
    except (outside.NotReached, *outside.FAULTS) as fault:
        raise NotFetched(f"{type(fault).__name__}: {fault} at {url[:200]!r}") from fault


def fetch_for_stranger(url: str) -> Document:
    """The same for somebody whom nobody here knows."""
    return fetch_patiently(url, patience.STRANGERS)


def fetch_patiently(url: str, whose: str, kind: Kind = JSON) -> Document:
    """The same, as long as there is patience for the one that makes us wait (keymanager/patience.py)."""
    try:
        with patience.spent(whose):
            return fetch(url, kind)
    except patience.Lost:
        raise NotFetched(f"{whose} had us wait enough in this minute; not asked: {url[:200]!r}") from None


def address_of(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_https = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_https = False
    if not is_https:
        raise NotFetched(f"not an https address: {url[:200]!r}")
    return parts


def read(answer: http.client.HTTPResponse, kind: Kind) -> Document:
    """ValueError when it is no document of that kind and of a sensible size."""
    if answer.status != 200:
        raise ValueError(f"status {answer.status}")
    body = answer.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise ValueError("too large")
    age = MAX_AGE.search((answer.getheader("Cache-Control") or "").lower())
    return Document(value=kind.read(body), max_age=min(int(age[1]), LONGEST_AGE) if age else 0)
