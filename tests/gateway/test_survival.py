"""Parts that are away for a while: what goes on, and how everything comes back."""

from __future__ import annotations

import socket
import ssl
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway import usage_lines
from tests.gateway import parts
from tests.gateway.conftest import Live
from tests.gateway.parts import Part


def test_known_apis_go_on_without_the_portal(live: Live, portal_away: Part) -> None:
    token = live.mint.token("echo/1.0")

    assert live.gateway.get("/echo/1.0/albums", token).status == 200
    assert live.gateway.get("/echo/1.0/albums").fault == (401, 900902)
    assert live.gateway.get("/echo/1.0/albums", live.mint.token()).fault == (403, 900908)
    assert live.gateway.get("/health").text == "ok"


def test_token_api_says_that_the_portal_is_away(live: Live, portal_away: Part) -> None:
    assert live.gateway.call("POST", "/token", body="grant_type=client_credentials").fault == (503, 101503)


def test_portal_that_comes_back_is_heard_in_seconds(live: Live, portal_away: Part) -> None:
    context = f"/api-{uuid.uuid4().hex[:8]}"
    live.store.publish(context, live.backend.url)

    portal_away.start()

    assert parts.seconds_until(lambda: live.gateway.get(f"{context}/1.0/").status == 401) < parts.SOON + 1


@pytest.fixture
def second_gateway(live: Live, var: Path) -> Iterator[Part]:
    """Another Envoy, not started yet."""
    gateway = parts.gateway(var, parts.free_port())
    file = var / "gateway" / "second.json"
    door = parts.portal(var, live.portal.port, gateway.port)
    parts.manage(door, "write_envoy_bootstrap", "--output", str(file), "--node-id", "second")
    gateway.command[2] = str(file)
    yield gateway
    gateway.end()


def test_gateway_started_before_the_portal_opens_with_the_first_routes(
    live: Live, second_gateway: Part, portal_away: Part
) -> None:
    second_gateway.start(wait=False)
    parts.seconds_until(lambda: "discovery:clusters failed" in second_gateway.log.read_text())
    assert not second_gateway.answers()

    portal_away.start()

    parts.seconds_until(second_gateway.answers)
    assert second_gateway.get("/echo/1.0/").fault == (401, 900902)


def test_gateway_speaks_http_2(live: Live, var: Path) -> None:
    context = ssl.create_default_context(cafile=str(var / "tls" / "ca.pem"))
    context.set_alpn_protocols(["h2"])

    with (
        socket.create_connection(("localhost", live.gateway.port)) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as door,
    ):
        assert door.selected_alpn_protocol() == "h2"


def logged(gateway: Part, request_id: str) -> dict[str, Any]:
    parts.seconds_until(lambda: request_id in gateway.calls.read_text())
    line = next(line for line in gateway.calls.read_text().splitlines() if request_id in line)
    return usage_lines.parsed(line.encode())


@pytest.mark.parametrize("end", ["", "%2F"])
def test_caller_cannot_write_into_the_log_what_did_not_happen(live: Live, end: str) -> None:
    """With an encoded slash Envoy refuses the call before it has put the path right."""
    marker = uuid.uuid4().hex
    made_up = f'{marker}","status":"204","api":"/other/1.0","time":"2020-01-01T00:00:00.000Z","details":"'
    reply = live.gateway.get(f"/echo/1.0/{made_up}{end}", live.token, x_request_id=made_up)

    line = logged(live.gateway, marker)

    assert line["status"] == str(reply.status) == ("400" if end else "200")
    assert line["api"] == (None if end else "/echo/1.0")
    assert not str(line["time"]).startswith("2020")


def test_access_log_tells_who_called_and_no_secret(live: Live) -> None:
    token = live.token
    reply = live.gateway.get("/echo/1.0/albums?code=secret", token)

    line = logged(live.gateway, reply.headers["x-request-id"])

    assert line["path"] == "/echo/1.0/albums"
    assert (line["api"], line["key_type"], line["status"]) == ("/echo/1.0", "PRODUCTION", "200")
    assert (line["client_id"], line["application_id"]) == ("consumer-key", "1")
    assert "secret" not in str(line)
    assert token.rpartition(".")[2] not in live.gateway.calls.read_text()


def test_access_log_tells_why_a_call_was_refused(live: Live) -> None:
    reply = live.gateway.get("/echo/1.0/albums")

    assert logged(live.gateway, reply.headers["x-request-id"])["details"] == "jwt_authn_access_denied{Jwt_is_missing}"
