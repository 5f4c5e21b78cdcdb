"""OpenID Connect Back-Channel Logout 1.0: the logout token, and handing it to the client's own address."""

from __future__ import annotations

import http.client
import ipaddress
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from urllib.parse import SplitResult, urlencode, urlsplit

from django.conf import settings

from keymanager import signing, subjects
from keymanager.models import LogoutNotice

EVENT = "http://schemas.openid.net/event/backchannel-logout"
LIFETIME = 120
SECONDS = 5.0
MOST_ADDRESSES = 4
# 2.8: "the RP MUST respond with an HTTP 200 OK"; "some Web frameworks will substitute an HTTP 204 No Content".
WELCOME = frozenset({200, 204})


class NotDelivered(Exception):
    """The text says why, for the log and the operator; `status` is the HTTP status when there was an answer."""

    def __init__(self, why: str, status: int | None = None) -> None:
        self.status = status
        super().__init__(why)


def logout_token(notice: LogoutNotice) -> str:
    """2.4: "A Logout Token MUST contain either a sub or a sid Claim, and MAY contain both", and no nonce."""
    now = int(time.time())
    claims = {
        "iss": settings.ISSUER,
        "aud": notice.client.client_id,
        "iat": now,
        "exp": now + LIFETIME,
        "jti": secrets.token_urlsafe(16),
        "sub": subjects.of(notice.user, notice.client),
        "events": {EVENT: {}},
    }
    if notice.sid:
        claims["sid"] = notice.sid
    return signing.sign(claims, typ="logout+jwt", algorithm=notice.client.id_token_signed_response_alg)


def send(notice: LogoutNotice) -> int:
    """2.5: one POST, freshly signed; the status that welcomed it. No redirect is followed, the certificate is verified,
    and it is over after SECONDS."""
    uri = notice.client.registered("backchannel_logout_uri")
    if not uri:
        raise NotDelivered("the client has no address any more")
    parts = urlsplit(uri)
    body = urlencode({"logout_token": logout_token(notice)})
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        with within_time(Connection(parts)) as connection:
            headers = {"Content-Type": "application/x-www-form-urlencoded", "Connection": "close"}
            connection.request("POST", path, body=body, headers=headers)
            status = connection.getresponse().status
    except (OSError, http.client.HTTPException, ValueError) as fault:
        raise NotDelivered(f"{type(fault).__name__}: {fault}") from fault
    if status not in WELCOME:
        raise NotDelivered(f"answered with status {status}", status)
    return status


class Connection(http.client.HTTPConnection):
    """To the addresses that were looked at, whatever the name leads to a moment later (DNS rebinding)."""

    def __init__(self, parts: SplitResult) -> None:
        self.is_tls = parts.scheme == "https"
        self.default_port = 443 if self.is_tls else 80
        super().__init__(parts.hostname or "", parts.port or self.default_port, timeout=SECONDS)
        self.addresses = addresses_of(self.host, self.port, is_tls=self.is_tls)

    def connect(self) -> None:
        self.sock = self.reached()
        if self.is_tls:
            # The handshake later, so that it can be broken off like everything else.
            tls = trust().wrap_socket(self.sock, server_hostname=self.host, do_handshake_on_connect=False)
            self.sock = tls
            tls.do_handshake()

    def reached(self) -> socket.socket:
        """At the first address that answers: localhost is often two, of which only one is listened at."""
        for address in self.addresses[:-1]:
            with suppress(OSError):
                return socket.create_connection((address, self.port), self.timeout)
        return socket.create_connection((self.addresses[-1], self.port), self.timeout)

    def break_off(self) -> None:
        with suppress(OSError, AttributeError):
            self.sock.shutdown(socket.SHUT_RDWR)


@contextmanager
def within_time(connection: Connection) -> Iterator[Connection]:
    """A timeout of a socket is for each read; whoever sends a byte now and then would never meet it."""
    timer = threading.Timer(SECONDS, connection.break_off)
    timer.daemon = True
    timer.start()
    try:
        yield connection
    finally:
        timer.cancel()
        connection.close()


def addresses_of(host: str, port: int, *, is_tls: bool) -> list[str]:
    """The addresses of `host`. None may be of an inner network, where a client has no business; in demo mode, which
    is all on loopback, loopback is allowed, and there without TLS too."""
    found = [str(entry[4][0]).partition("%")[0] for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    addresses = [ipaddress.ip_address(text) for text in found]
    loopback = settings.DEMO and all(address.is_loopback for address in addresses)
    public = is_tls and all(is_public(address) for address in addresses)
    if not (loopback or public):
        raise NotDelivered("the address is of an inner network, or has no TLS")
    return found[:MOST_ADDRESSES]


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Of an IPv4 address within an IPv6 one, whether that is."""
    if isinstance(address, ipaddress.IPv6Address):
        within = address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
        address = within or address
    return address.is_global and not address.is_multicast


@lru_cache(maxsize=1)
def trust() -> ssl.SSLContext:
    """The system's certificate authorities, and the demo's own where there is one."""
    context = ssl.create_default_context()
    if settings.TLS_CA_FILE.exists():
        context.load_verify_locations(settings.TLS_CA_FILE)
    return context
