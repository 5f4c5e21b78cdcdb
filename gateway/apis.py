"""The published APIs as an Envoy may be told of them."""

from __future__ import annotations

import ipaddress
import re
import uuid
from typing import NamedTuple
from urllib.parse import urlsplit

from store.models import Api

PATH = re.compile(r"(/[A-Za-z0-9._~-]+)+")
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


class PublishedApi(NamedTuple):
    """The columns that make routes and clusters; equal rows make equal answers."""

    id: uuid.UUID
    context: str
    version: str
    production_endpoints: tuple[str, ...]
    sandbox_endpoints: tuple[str, ...]

    @property
    def path(self) -> str:
        return f"{self.context}/{self.version}"

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
    try:
        api.endpoints()
    except ValueError as error:
        return str(error)
    return ""


def published() -> tuple[PublishedApi, ...]:
    """Every published API in a fixed order, in one statement."""
    rows = Api.objects.published().order_by("context", "version").values_list(*PublishedApi._fields)
    return tuple(PublishedApi(*row[:3], *map(tuple, row[3:])) for row in rows)
