"""What an operator asks a gateway by the socket file of its administration (docs/tracing.md)."""

from __future__ import annotations

import http.client
import re
import socket

import pytest

from tests.gateway import parts
from tests.gateway.conftest import Live

DOCUMENT = (parts.REPOSITORY / "docs/tracing.md").read_text()


def asked(live: Live, path: str) -> str:
    """curl --unix-socket var/gateway/calls/gateway.admin http://localhost…"""
    connection = http.client.HTTPConnection("localhost", timeout=10)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(live.gateway.calls.with_suffix(".admin")))
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def test_gateway_says_that_it_is_ready(live: Live) -> None:
    assert asked(live, "/ready").strip() == "LIVE"
    assert live.gateway.get("/health").text == "ok"


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(envoy_\w+)`", DOCUMENT))))
def test_figures_of_the_gateway_are_those_the_documents_name(live: Live, name: str) -> None:
    live.gateway.get("/echo/1.0/", live.token)

    assert re.search(rf"^{name}(_bucket)?\{{", asked(live, "/stats/prometheus"), re.MULTILINE)
