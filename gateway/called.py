"""Which API and resource a call is for: for gateways that have no routes of ours.

What the store says is remembered for a moment, no longer than a published API may take to be live.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote

from gateway import apis
from gateway.apis import PublishedApi, Resource
from gateway.usage_facts import pattern
from store import subscriptions, throttling
from store.models import Api
from store.throttling import Blocked

REMEMBERED_SECONDS = 0.9
# Whatever two programs could read differently: what one resolves, another might pass on as it is.
AMBIGUOUS = re.compile(r"[\x00-\x20\x7f\\#]|//|(?i:%2f|%5c|%2e|%25|%00)|/\.\.?(?:/|$)")


class Way(NamedTuple):
    """To a resource: by one of these methods, on a path like this."""

    resource: Resource
    methods: tuple[str, ...]
    pattern: re.Pattern[str]


class Called(NamedTuple):
    """An API as a caller sees it: `base` is where its paths begin, `path` its name in tokens, with a slash before."""

    base: str
    path: str
    is_blocked: bool
    key_types: frozenset[str]
    resources: tuple[Way, ...]
    subscriptionless_tier: str

    def resource(self, method: str, path: str) -> Resource | None:
        """The most specific one, by the path below the API."""
        found = (one for one, methods, pattern in self.resources if method in methods and pattern.fullmatch(path))
        return next(found, None)


class Known:
    """The published APIs by where their paths begin."""

    def __init__(self) -> None:
        self.read_at = 0.0
        self.rows: tuple[PublishedApi, ...] = ()
        self.called: Mapping[str, Called] = {}
        self.ended: frozenset[tuple[str, str]] = frozenset()
        self.blocked = Blocked((), (), (), ())

    def find(self, path: str) -> Called | None:
        """The API with the longest base that `path` is below."""
        self.refresh()
        while path and path not in self.called:
            path = path.rpartition("/")[0]
        return self.called.get(path)

    def refresh(self) -> None:
        """Three statements, and those of the key manager where people are blocked."""
        now = time.monotonic()
        if self.read_at and now - self.read_at < REMEMBERED_SECONDS:
            return
        rows, self.read_at = apis.published(), now
        self.ended = frozenset(subscriptions.ended())
        self.blocked = throttling.blocked()
        if rows != self.rows:
            self.called = {base: called(base, row) for row in rows for base in row.bases}
            self.rows = rows


_known = Known()


def find(path: str) -> Called | None:
    return _known.find(path)


def is_over(consumer_key: str, path: str) -> bool:
    """Whether the subscription of this client to the API at `path`, which has been found, was taken back."""
    return (consumer_key, path) in _known.ended


def blocked() -> Blocked:
    """The blocking conditions as they were when the API was found."""
    return _known.blocked


def forget() -> None:
    apis.forget()
    _known.__init__()  # type: ignore[misc]


def called(base: str, api: PublishedApi) -> Called:
    endpoints = {"PRODUCTION": api.production_endpoints, "SANDBOX": api.sandbox_endpoints}
    key_types = frozenset(key_type for key_type, hosts in endpoints.items() if hosts)
    ordered = sorted(api.resources, key=lambda one: one.specificity)
    is_blocked = api.status == Api.Status.BLOCKED
    resources = tuple(Way(one, api.methods(one), pattern(one.path)) for one in ordered)
    return Called(base, api.path, is_blocked, key_types, resources, api.subscriptionless_tier)


def plain(uri: str) -> str | None:
    """The path of a request target as a backend will understand it; None for one that could be read in two ways."""
    path = uri.partition("?")[0]
    if not path.startswith("/") or AMBIGUOUS.search(path):
        return None
    decoded = unquote(path, errors="replace")
    return None if AMBIGUOUS.search(decoded.replace(" ", "")) else decoded
