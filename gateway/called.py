"""Which API a call is for, and what its definition asks of the token: for gateways that have no routes of ours.

What the store says is remembered for a moment, no longer than a published API may take to be live.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import unquote

from gateway.usage_facts import pattern
from store import definitions
from store.models import Api

REMEMBERED_SECONDS = 0.9
# A definition is read again when its API was changed, and after this long in any case.
DEFINITION_SECONDS = 5.0
# Whatever two programs could read differently: what one resolves, another might pass on as it is.
AMBIGUOUS = re.compile(r"[\x00-\x20\x7f\\#]|//|(?i:%2f|%5c|%2e|%25|%00)|/\.\.?(?:/|$)")


class Resource(NamedTuple):
    """`scopes`: a token needs all of one of these sets."""

    method: str
    pattern: re.Pattern[str]
    scopes: tuple[frozenset[str], ...]


class Called(NamedTuple):
    """An API as a caller sees it; `path` is like /photos/1.0, `key_types` are those with an endpoint."""

    path: str
    key_types: frozenset[str]
    resources: tuple[Resource, ...]

    def resource(self, method: str, path: str) -> Resource | None:
        """That of the definition, by the path below the API. HEAD is GET without a body (RFC 9110 9.3.2)."""
        methods = {method, "GET"} if method == "HEAD" else {method}
        return next((one for one in self.resources if one.method in methods and one.pattern.fullmatch(path)), None)


class Published(NamedTuple):
    pk: uuid.UUID
    changed_at: datetime
    key_types: frozenset[str]


class Known:
    """The published APIs by their paths, and the resources of those that were called."""

    def __init__(self) -> None:
        self.read_at = 0.0
        self.published: Mapping[str, Published] = {}
        self.resources: dict[str, tuple[float, datetime, tuple[Resource, ...]]] = {}

    def find(self, path: str) -> Called | None:
        """The API with the longest path that `path` is below."""
        self.refresh()
        while path and path not in self.published:
            path = path.rpartition("/")[0]
        if not path:
            return None
        row = self.published[path]
        return Called(path, row.key_types, self.resources_of(path, row))

    def refresh(self) -> None:
        """One statement, without the definitions."""
        now = time.monotonic()
        if self.read_at and now - self.read_at < REMEMBERED_SECONDS:
            return
        self.published = published()
        self.read_at = now
        self.resources = {path: held for path, held in self.resources.items() if path in self.published}

    def resources_of(self, path: str, row: Published) -> tuple[Resource, ...]:
        now = time.monotonic()
        held = self.resources.get(path)
        if held is None or held[1] != row.changed_at or now - held[0] > DEFINITION_SECONDS:
            definition = Api.objects.filter(pk=row.pk).values_list("definition", flat=True).first()
            held = self.resources[path] = (now, row.changed_at, resources(definition or {}))
        return held[2]


_known = Known()


def find(path: str) -> Called | None:
    return _known.find(path)


def forget() -> None:
    _known.__init__()  # type: ignore[misc]


def published() -> dict[str, Published]:
    columns = ("pk", "changed_at", "context", "version", "production_endpoint", "sandbox_endpoint")
    return {
        f"{context}/{version}": Published(pk, changed_at, key_types(production, sandbox))
        for pk, changed_at, context, version, production, sandbox in Api.objects.published().values_list(*columns)
    }


def key_types(production: str, sandbox: str) -> frozenset[str]:
    endpoints = {"PRODUCTION": production, "SANDBOX": sandbox}
    return frozenset(key_type for key_type, endpoint in endpoints.items() if endpoint)


def resources(definition: dict[str, Any]) -> tuple[Resource, ...]:
    """Paths with the fewest parameters first, so that /albums/latest is not taken for /albums/{id}."""
    operations = sorted(definitions.operations(definition), key=lambda one: (one.path.count("{"), one.path))
    return tuple(Resource(one.method, pattern(one.path), needed(definition, one)) for one in operations)


def needed(definition: dict[str, Any], operation: definitions.Operation) -> tuple[frozenset[str], ...]:
    """OpenAPI 3, Security Requirement Object: of the list one is enough, and of one requirement all scopes are needed.
    An empty list or requirement asks for none."""
    item = definitions.resolve(definition, definitions.members_of(definition.get("paths")).get(operation.path))
    described = definitions.members_of(item.get(operation.method.lower()))
    asked = definitions.listed(described.get("security", definition.get("security")))
    return tuple(frozenset(definitions.scopes([one])) for one in asked)


def plain(uri: str) -> str | None:
    """The path of a request target as a backend will understand it; None for one that could be read in two ways."""
    path = uri.partition("?")[0]
    if not path.startswith("/") or AMBIGUOUS.search(path):
        return None
    decoded = unquote(path, errors="replace")
    return None if AMBIGUOUS.search(decoded.replace(" ", "")) else decoded
