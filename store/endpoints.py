"""Where an API is served, and where its backend listens: only what every Envoy can use."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from accounts import outside

PATH = re.compile(r"(/[A-Za-z0-9._~-]+)+")
ENDPOINT_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*/?")
LONGEST_HOST = 253  # RFC 1035 2.3.4, as a text
LABEL = "[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
HOST = re.compile(rf"({LABEL}\.)*{LABEL}\.?|[0-9a-f:]+")
# URL standard, 3.5: what ends in a number is an IPv4 address, or nothing: 10.0.0.256, 10.1.
NUMBER = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)\.?")
PORTS = {"http": 80, "https": 443}
# Where machines of clouds are told who they are, with credentials; most have it at a link-local address instead.
PLACES = ("fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "168.63.129.16", "192.0.0.192")
METADATA = frozenset(map(ipaddress.ip_address, PLACES))
# What the gateway answers by itself.
TAKEN = (
    "authorize",
    "token",
    "revoke",
    "introspect",
    "userinfo",
    "device_authorization",
    "par",
    "health",
    ".well-known",
)


class Endpoint(NamedTuple):
    """Where a backend listens: https://photos.example:8443/v2"""

    scheme: str
    host: str
    port: int
    path: str  # without the slash at its end; "" for the root

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def is_address(self) -> bool:
        """True for 127.0.0.1 or ::1, False for a name that has to be resolved."""
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return False
        return True

    @property
    def is_for_machines(self) -> bool:
        """An address for the gateway's machine alone. Where a name leads is Envoy's to look up (docs/operating.md)."""
        if not self.is_address:
            return False
        address = outside.within(ipaddress.ip_address(self.host))
        return address.is_link_local or address in METADATA


def endpoint(url: str) -> Endpoint:
    """Reads a backend's address. Raises ValueError with one sentence when an Envoy could not use it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(f"The endpoint {url} is no address.") from None
    if port == 0:
        raise ValueError(f"The endpoint {url} is no address.")
    if parts.scheme not in PORTS:
        raise ValueError(f"The endpoint {url} must begin with http:// or https://.")
    host = parts.hostname or ""
    found = Endpoint(parts.scheme, host, port or PORTS[parts.scheme], parts.path.rstrip("/"))
    if len(host) > LONGEST_HOST or not HOST.fullmatch(host) or (NUMBER.fullmatch(host) and not found.is_address):
        raise ValueError(f"The endpoint {url} names no host.")
    if (
        {".", ".."} & set(parts.path.split("/"))
        or parts.query
        or parts.fragment
        or parts.username
        or not ENDPOINT_PATH.fullmatch(parts.path)
    ):
        raise ValueError(f"The endpoint {url} may have a host, a port and a plain path, and nothing else.")
    return found


def of_one_service(urls: Sequence[str]) -> list[Endpoint]:
    """Several hosts may serve the same; what comes before the host and after it must be the same then. ValueError."""
    found = [endpoint(url) for url in urls]
    for url, one in zip(urls, found, strict=True):
        if one.is_for_machines:
            raise ValueError(f"The endpoint {url} is a link-local address, or that of a cloud's metadata.")
    if len({(one.scheme, one.path) for one in found}) > 1:
        raise ValueError("All hosts of an endpoint must have the same scheme and the same path.")
    if len({one.is_address for one in found}) > 1:
        raise ValueError("The hosts of an endpoint must be all names or all addresses.")
    return found


def check_path(path: str) -> None:
    """Of an API, such as /photos/1.0. ValueError with one sentence."""
    steps = path.split("/")
    if not PATH.fullmatch(path) or {".", ".."} & set(steps):
        raise ValueError(f"The path {path} may only have letters, digits and . _ ~ - between its slashes.")
    if steps[1] in TAKEN:
        raise ValueError(f"The gateway itself answers at /{steps[1]}; choose another context.")
