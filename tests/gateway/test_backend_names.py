"""Hosts of one backend over TLS: each is asked for by its own name; and what a health check takes for well."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from ssl import SSLContext, SSLObject, SSLSocket

import pytest

from tests import web_servers
from tests.gateway import parts
from tests.gateway.conftest import Live
from tests.gateway.parts import Backend

NAMES = ("localhost", "second.localhost")


@pytest.fixture
def asked(var: Path) -> Iterator[dict[str, Backend]]:
    """By its name each host, which knows the names it was asked for in the handshakes."""
    hosts = {name: Backend(tls=var / "tls") for name in NAMES}
    yield hosts
    for host in hosts.values():
        host.end()


def remembering(host: Backend) -> set[str | None]:
    names: set[str | None] = set()

    def remember(socket: SSLSocket | SSLObject, name: str | None, context: SSLContext) -> None:
        names.add(name)

    assert isinstance(host.server.socket, SSLSocket)
    host.server.socket.context.sni_callback = remember
    return names


def test_each_host_is_asked_for_by_its_own_name(live: Live, asked: dict[str, Backend]) -> None:
    """RFC 6066 3: a server that serves many shows the certificate of the name in the handshake."""
    names = {name: remembering(host) for name, host in asked.items()}
    path = f"/names-{uuid.uuid4().hex[:8]}"
    live.store.publish(path, "", production_endpoints=[f"https://{name}:{host.port}" for name, host in asked.items()])
    token = live.mint.token(f"{path[1:]}/1.0")
    parts.seconds_until(lambda: live.gateway.get(f"{path}/1.0/", token).status == 200)

    replies = [live.gateway.get(f"{path}/1.0/", token) for _ in range(8)]

    assert {reply.json["headers"]["host"] for reply in replies} == {f"{name}:{asked[name].port}" for name in NAMES}
    assert names == {name: {name} for name in NAMES}


class Silent(BaseHTTPRequestHandler):
    """Well, and has nothing to say."""

    checks = 0

    def do_GET(self) -> None:
        Silent.checks += self.path == "/health"
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@pytest.fixture
def silent() -> Iterator[str]:
    with web_servers.serving(Silent) as address:
        yield address


def test_host_that_says_yes_without_a_word_is_well(live: Live, silent: str) -> None:
    """One that is not well beside it gets no call, which it would where neither were."""
    path = f"/silent-{uuid.uuid4().hex[:8]}"
    hosts = [silent, f"http://127.0.0.1:{parts.free_port()}"]
    live.store.publish(
        path, "", production_endpoints=hosts, backend={"health_path": "/health", "retries": 0, "timeout": 1}
    )
    token = live.mint.token(f"{path[1:]}/1.0")
    parts.seconds_until(lambda: live.gateway.get(f"{path}/1.0/", token).status == 204)
    checked = Silent.checks
    parts.seconds_until(lambda: Silent.checks > checked + 1)

    assert {live.gateway.get(f"{path}/1.0/", token).status for _ in range(12)} == {204}
