"""What an operator finds at a gateway: its administration, request ids, no traces unless asked (docs/tracing.md)."""

from __future__ import annotations

import http.client
import re
import socket
import uuid

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


def test_request_id_reaches_the_backend_and_the_caller(live: Live) -> None:
    reply = live.gateway.get("/echo/1.0/", live.token, x_request_id="of-the-caller")

    assert reply.json["headers"]["x-request-id"] == reply.headers["x-request-id"]
    assert uuid.UUID(reply.headers["x-request-id"]).version


def test_without_a_collector_nothing_is_traced(live: Live) -> None:
    reply = live.gateway.get("/echo/1.0/", live.token)

    assert "traceparent" not in reply.json["headers"]
