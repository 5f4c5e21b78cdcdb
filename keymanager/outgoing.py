"""Asking a stranger's server: an address that a client registered, fetched within limits that the client cannot move."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import time
from functools import lru_cache
from urllib.parse import urlsplit

from django.conf import settings

TIMEOUT = 3.0
LARGEST = 64 * 1024
BLOCK = 8192


class Unreachable(Exception):
    """Nothing usable came back; the text says why, for the log only."""


class PinnedConnection(http.client.HTTPSConnection):
    """TLS to one address that was looked at before, under the name the certificate has to be for.

    The name is looked up once: a second look-up could give another, private, address (DNS rebinding).
    """

    def __init__(self, host: str, port: int, address: str) -> None:
        super().__init__(host, port, timeout=TIMEOUT, context=tls_context())
        self.address = address

    def connect(self) -> None:
        plain = socket.create_connection((self.address, self.port), self.timeout)
        try:
            self.sock = tls_context().wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise


def get(url: str, *, accept: str = "application/json") -> bytes:
    """The body of a 200 answer. https only, no redirect, TIMEOUT seconds for all of it, LARGEST bytes."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 443
        if parts.scheme != "https" or not host:
            raise Unreachable("not an https URL")
        connection = PinnedConnection(host, port, address_of(host, port))
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return answer(connection, path, accept)
    except (OSError, http.client.HTTPException, ValueError) as fault:
        raise Unreachable(f"{type(fault).__name__}: {fault}") from None


def answer(connection: PinnedConnection, path: str, accept: str) -> bytes:
    deadline = time.monotonic() + TIMEOUT
    try:
        connection.request("GET", path, headers={"Accept": accept, "Connection": "close"})
        response = connection.getresponse()
        if response.status != 200:
            raise Unreachable(f"status {response.status}")
        return body(response, deadline)
    finally:
        connection.close()


def body(response: http.client.HTTPResponse, deadline: float) -> bytes:
    """Read block by block, so that one who sends a byte a second is left when the time is over."""
    content = bytearray()
    while block := response.read1(BLOCK):
        content += block
        if len(content) > LARGEST:
            raise Unreachable(f"more than {LARGEST} bytes")
        if time.monotonic() > deadline:
            raise Unreachable(f"not finished within {TIMEOUT} s")
    return bytes(content)


def address_of(host: str, port: int) -> str:
    """An address of `host`. Outside demo mode all of them have to be public ones, lest we are sent into our own net."""
    found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not found or not (settings.DEMO or all(is_public(address) for address in found)):
        raise Unreachable(f"{host} has no address, or one that is not public")
    return found[0]


def is_public(address: str) -> bool:
    """Neither private, loopback, link-local, multicast nor reserved; of an IPv4 address in an IPv6 one likewise."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        inside = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo and parsed.teredo[1])
        if inside:
            return inside.is_global and not inside.is_multicast
    return parsed.is_global and not parsed.is_multicast


@lru_cache(maxsize=1)
def tls_context() -> ssl.SSLContext:
    """The system's certificate authorities, and the demo's own where there is one."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.TLS_CA_FILE.exists():
        context.load_verify_locations(settings.TLS_CA_FILE)
    return context
