"""Documents that lie elsewhere: a client's keys, its own description. Fetched under limits, because the address is the
client's choice and the network that we stand in may be nobody's business (RFC 7591 5, server-side request forgery)."""

from __future__ import annotations

import ipaddress
import json
import re
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

MOST_BYTES = 64 * 1024
SECONDS = 3.0
LONGEST_AGE = 24 * 3600
MAX_AGE = re.compile(r"(?:^|[\s,])max-age=(\d{1,9})")


class NotFetched(Exception):
    """The document could not be had; the text is for the log."""


@dataclass(frozen=True)
class Document:
    """The JSON value, and for how many seconds it may be kept (RFC 9111 5.2.2.1)."""

    value: Any
    max_age: int


def fetch(url: str) -> Document:
    """The JSON document at an https address. No redirect is followed, no address of an inner network is asked, and the
    certificate is verified."""
    host, port = host_of(url)
    addresses = resolved(host, port)
    try:
        with session(host, addresses[0]) as connection:
            return read(connection, url)
    except (requests.RequestException, HTTPError) as fault:
        raise NotFetched(f"{type(fault).__name__} at {url[:200]!r}") from fault


def host_of(url: str) -> tuple[str, int]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or 443
    except ValueError:
        raise NotFetched(f"not an address: {url[:200]!r}") from None
    if parts.scheme != "https" or not host:
        raise NotFetched(f"not an https address: {url[:200]!r}")
    return host, port


def read(connection: requests.Session, url: str) -> Document:
    headers = {"Accept": "application/json", "Host": urlsplit(url).netloc}
    answer = connection.get(url, headers=headers, timeout=SECONDS, allow_redirects=False, stream=True)
    if answer.status_code != 200:
        raise NotFetched(f"status {answer.status_code} at {url[:200]!r}")
    try:
        value = json.loads(body_of(answer, url))
    except (ValueError, RecursionError):
        raise NotFetched(f"no JSON at {url[:200]!r}") from None
    age = MAX_AGE.search(answer.headers.get("Cache-Control", "").lower())
    return Document(value=value, max_age=min(int(age[1]), LONGEST_AGE) if age else 0)


def body_of(answer: requests.Response, url: str) -> bytes:
    """Under a limit of bytes and of time as a whole: a server that sends a byte a second is none to wait for."""
    body, deadline = b"", time.monotonic() + SECONDS
    while chunk := answer.raw.read1(8192, decode_content=True):
        body += chunk
        if len(body) > MOST_BYTES or time.monotonic() > deadline:
            raise NotFetched(f"too large or too slow at {url[:200]!r}")
    return body


def resolved(host: str, port: int) -> list[str]:
    """The addresses of `host`, none of them of an inner network. The demo, which is all on loopback, may ask itself."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotFetched(f"unknown host {host[:100]!r}") from None
    addresses = [str(row[4][0]) for row in found]
    for address in addresses:
        known = ipaddress.ip_address(address.partition("%")[0])
        if not is_public(known) and not (settings.DEMO and known.is_loopback):
            raise NotFetched(f"{host[:100]!r} is an address of an inner network")
    return addresses


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Of an IPv6 address that leads to an IPv4 one, whether that is (RFC 4291 2.5.5.2, RFC 3056 2)."""
    inside = isinstance(address, ipaddress.IPv6Address) and (address.ipv4_mapped or address.sixtofour)
    known = inside or address
    return known.is_global and not known.is_multicast


def session(host: str, address: str) -> requests.Session:
    """A session that connects to `address` and to no other, whatever the name means by then, and verifies `host`."""
    opened = requests.Session()
    opened.trust_env = False
    opened.mount("https://", Pinned(host, address))
    return opened


def tls_context() -> ssl.SSLContext:
    """The usual certificate authorities, and in the demo its own."""
    context = ssl.create_default_context()
    if settings.DEMO and settings.TLS_CA_FILE.exists():
        context.load_verify_locations(settings.TLS_CA_FILE)
    return context


class Pinned(HTTPAdapter):
    """Between the look at an address and the connection a name server may change its mind."""

    def __init__(self, host: str, address: str) -> None:
        self.host, self.address = host, address
        super().__init__()

    def get_connection_with_tls_context(self, request: Any, verify: Any, proxies: Any = None, cert: Any = None) -> Any:
        parameters, pool = self.build_connection_pool_key_attributes(request, verify, cert)
        return self.poolmanager.connection_from_host(
            **(parameters | {"host": self.address}),
            pool_kwargs=pool
            | {"server_hostname": self.host, "assert_hostname": self.host, "ssl_context": tls_context()},
        )
