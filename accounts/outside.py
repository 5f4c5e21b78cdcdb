"""Calls to addresses that a client has chosen: its documents, its keys, where it is told of a sign-out.

The network that we stand in may be nobody's business (server-side request forgery, RFC 7591 5): no address of an inner
network is called, certificates are verified, and everything is over after a few seconds.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Any
from urllib.parse import SplitResult

from django.conf import settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

SECONDS = 4.0
MOST_ADDRESSES = 4
TRANSLATED = [ipaddress.IPv6Network(text) for text in ("64:ff9b::/96", "::/96")]
# RFC 8215: for translators within a network; RFC 3879: site-local.
OF_SITES = [ipaddress.IPv6Network(text) for text in ("64:ff9b:1::/48", "fec0::/10")]
# What a call may raise, beside NotReached.
FAULTS = (OSError, http.client.HTTPException, ValueError)


class NotReached(Exception):
    """It is not to be called; the text is for the log."""


class Connection(http.client.HTTPConnection):
    """To the addresses that were looked at, whatever the name leads to a moment later (DNS rebinding)."""

    def __init__(self, parts: SplitResult) -> None:
        self.is_tls = parts.scheme == "https"
        self.default_port = 443 if self.is_tls else 80
        super().__init__(parts.hostname or "", parts.port or self.default_port, timeout=SECONDS)
        self.opened: socket.socket | None = None
        self.is_late = False
        self.addresses = addresses_of(self.host, self.port, is_tls=self.is_tls)

    def connect(self) -> None:
        context = trust() if self.is_tls else None
        plain = self.reached()
        plain.settimeout(self.timeout)
        if context is None:
            self.opened = plain
        else:
            # A socket that is broken off before it is wrapped stays open: wrap_socket raises, and nobody else has it.
            # The handshake later, so that it can be broken off like everything else.
            self.opened = context.wrap_socket(plain, server_hostname=self.host, do_handshake_on_connect=False)
        self.sock = self.opened
        if self.is_late:
            raise TimeoutError("there was no connection in time")
        if isinstance(self.opened, ssl.SSLSocket):
            self.opened.do_handshake()

    def reached(self) -> socket.socket:
        """At the first address that answers: localhost is often two, of which only one is listened at. Each has its
        share of the time."""
        share = SECONDS / len(self.addresses)
        for address in self.addresses[:-1]:
            with suppress(OSError):
                return socket.create_connection((address, self.port), share)
        return socket.create_connection((self.addresses[-1], self.port), share)

    def break_off(self) -> None:
        self.is_late = True
        # Not self.sock, which http.client lets go of while the answer is still being read. And not the shutdown of an
        # SSLSocket, which takes its TLS away from under the other thread.
        if self.opened is not None:
            with suppress(OSError):
                socket.socket.shutdown(self.opened, socket.SHUT_RDWR)


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
    found = [str(entry[4][0]).partition("%")[0] for entry in looked_up(host, port)]
    addresses = [ipaddress.ip_address(text) for text in found]
    loopback = settings.DEMO and all(address.is_loopback for address in addresses)
    public = is_tls and all(is_public(address) for address in addresses)
    if not (loopback or public):
        raise NotReached("the address is of an inner network, or has no TLS")
    return found[:MOST_ADDRESSES]


def looked_up(host: str, port: int) -> list[Any]:
    """The system's answer, which may take half a minute when a name's own server keeps silent: then it is not waited
    for."""
    answers: SimpleQueue[list[Any] | Exception] = SimpleQueue()

    def ask() -> None:
        try:
            answers.put(list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
        except FAULTS as fault:
            answers.put(fault)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=SECONDS)
    except Empty:
        raise NotReached("the name's server does not answer in time") from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def is_public(address: Address) -> bool:
    """Of an IPv4 address within an IPv6 one, whether that is."""
    address = within(address)
    return address.is_global and not address.is_multicast and not is_of_site(address)


def within(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, if it does; else itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    held = address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
    return held or translated(address)


def translated(address: ipaddress.IPv6Address) -> Address:
    """Where a translator at the edge of the network sends it (RFC 6052 2.1), and what is called compatible with IPv4
    (RFC 4291 2.5.5.1): the last 32 bits."""
    holds_ipv4 = any(address in network for network in TRANSLATED)
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if holds_ipv4 else address


def is_of_site(address: Address) -> bool:
    """Of a network's own, which Python takes for everybody's."""
    return isinstance(address, ipaddress.IPv6Address) and any(address in network for network in OF_SITES)


def trust() -> ssl.SSLContext:
    """The system's certificate authorities, and in demo mode the demo's own."""
    context = ssl.create_default_context()
    if settings.DEMO and settings.TLS_CA_FILE.exists():
        context.load_verify_locations(settings.TLS_CA_FILE)
    return context


def path_of(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
