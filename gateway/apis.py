"""The published APIs as an Envoy may be told of them."""

from __future__ import annotations

import ipaddress
import json
import re
import uuid
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from store.models import Api

# Of so many APIs it is remembered what was made of them.
REMEMBERED = 20_000
PATH = re.compile(r"(/[A-Za-z0-9._~-]+)+")
# Steps of letters and {names}; /* at the end for all that is below.
RESOURCE_PATH = re.compile(r"(/([A-Za-z0-9._~!$&'()+,;=:@-]|\{[A-Za-z0-9_.-]+\})*)*(/\*)?")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})
ENDPOINT_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*/?")
HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9a-f:]+")


class Endpoint(NamedTuple):
    """Where a backend listens: https://photos.example:8443/v2"""

    scheme: str
    host: str
    port: int
    path: str  # without the slash at its end; "" for the root

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = {"http": 80, "https": 443}[self.scheme]
        return host if self.port == default else f"{host}:{self.port}"

    @property
    def is_address(self) -> bool:
        """True for 127.0.0.1 or ::1, False for a name that has to be resolved."""
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return False
        return True


class Resource(NamedTuple):
    """One method of one path below the API (store/resources.py)."""

    method: str
    path: str
    scopes: tuple[str, ...] = ()
    auth: str = "any"
    tier: str = ""

    @property
    def specificity(self) -> tuple[tuple[int, str], ...]:
        """Sorts what a path is said by before what may stand for anything: /albums/new, /albums/{id}, /albums/*."""
        kinds = {"{": 1, "*": 2}
        return tuple((kinds.get(step[:1], 0), step) for step in self.path.split("/"))


class PublishedApi(NamedTuple):
    """The columns that make routes and clusters; equal rows make equal answers."""

    id: uuid.UUID
    context: str
    version: str
    status: str = Api.Status.PUBLISHED.value
    is_default_version: bool = False
    production_endpoints: tuple[str, ...] = ()
    sandbox_endpoints: tuple[str, ...] = ()
    resources: tuple[Resource, ...] = ()
    tier: str = ""
    backend: str = "{}"  # JSON text, as is `cors`: equal settings are equal text
    cors: str = "{}"

    @property
    def path(self) -> str:
        return f"{self.context}/{self.version}"

    @property
    def bases(self) -> list[str]:
        """Where its paths begin."""
        return [self.path, self.context] if self.is_default_version else [self.path]

    @property
    def scopes(self) -> tuple[str, ...]:
        """All that its resources ask for, each once."""
        alternatives = {one for resource in self.resources for one in resource.scopes}
        return tuple(sorted({name for one in alternatives for name in one.split()}))

    def endpoints(self) -> dict[str, Endpoint | None]:
        """The backend of each key type; None where the API has none."""
        urls = {"PRODUCTION": self.production_endpoints, "SANDBOX": self.sandbox_endpoints}
        return {key_type: endpoint(hosts[0]) if hosts else None for key_type, hosts in urls.items()}


def endpoint(url: str) -> Endpoint:
    """Reads a backend's address. Raises ValueError with one sentence when an Envoy could not use it."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"}:
        raise ValueError(f"The endpoint {url} must begin with http:// or https://.")
    if not parts.hostname or not HOST.fullmatch(parts.hostname):
        raise ValueError(f"The endpoint {url} names no host.")
    if parts.query or parts.fragment or parts.username or not ENDPOINT_PATH.fullmatch(parts.path):
        raise ValueError(f"The endpoint {url} may have a host, a port and a plain path, and nothing else.")
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    return Endpoint(parts.scheme, parts.hostname, port, parts.path.rstrip("/"))


def defect(api: PublishedApi) -> str:
    """Why an Envoy would refuse this API, in a sentence; empty when it would not.

    An Envoy refuses an answer as a whole, so one such API would keep every later one from going live.
    """
    if not PATH.fullmatch(api.path) or set(api.path.split("/")) & {".", ".."}:
        return f"The path {api.path} may only have letters, digits and . _ ~ - between its slashes."
    for resource in api.resources:
        if resource.method not in METHODS or not RESOURCE_PATH.fullmatch(resource.path):
            return f"The resource {resource.method} {resource.path} is none that a call could have."
    try:
        api.endpoints()
    except ValueError as error:
        return str(error)
    return ""


def published() -> tuple[PublishedApi, ...]:
    """Every published API in a fixed order, in one statement."""
    rows = Api.objects.published().order_by("context", "version").values(*PublishedApi._fields)
    return tuple(of_row(row) for row in rows)


def of_row(row: dict[str, Any]) -> PublishedApi:
    made = {
        "production_endpoints": tuple(row["production_endpoints"]),
        "sandbox_endpoints": tuple(row["sandbox_endpoints"]),
        "resources": tuple(Resource(**{**one, "scopes": tuple(one["scopes"])}) for one in row["resources"]),
        "backend": json.dumps(row["backend"], sort_keys=True),
        "cors": json.dumps(row["cors"], sort_keys=True),
    }
    return PublishedApi(**{**row, **made})
