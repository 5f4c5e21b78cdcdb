"""The token API: the key manager's endpoints at the gateway's door."""

from __future__ import annotations

import socket
import ssl
import time
from contextlib import ExitStack

import pytest

from tests.gateway.conftest import Live
from tests.gateway.parts import Part


def test_token_endpoint_is_the_key_managers(live: Live) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    reply = live.gateway.call("POST", "/token", body="grant_type=client_credentials&client_id=nobody", headers=form)

    assert reply.status == 401
    assert reply.json["error"] == "invalid_client"


@pytest.mark.rfc("9112#7.1")
@pytest.mark.parametrize(("door", "path"), [("gateway", "/token"), ("portal", "/oauth2/token")])
def test_body_of_unknown_length_arrives(live: Live, door: str, path: str) -> None:
    """As programs send it that begin before they know the end, and as HTTP/2 may have it."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    chunks = [b"grant_type=client_credentials", b"&client_id=nobody"]

    reply = getattr(live, door).call("POST", path, body=chunks, headers=form)

    assert reply.json["error"] == "invalid_client"


@pytest.mark.parametrize(("door", "path"), [("gateway", "/token"), ("portal", "/oauth2/token")])
def test_request_that_is_sent_slowly_keeps_nobody_waiting(live: Live, door: str, path: str) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    part: Part = getattr(live, door)
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(begun_request(part, path))

        # Not all before the slow ones have come as far as they come.
        for _ in range(10):
            reply = part.call("POST", path, body="grant_type=client_credentials", headers=form)
            assert reply.json["error"] == "invalid_client"
            time.sleep(0.05)


def begun_request(part: Part, path: str) -> ssl.SSLSocket:
    """Five bytes of a thousand."""
    trust = ssl.create_default_context(cafile=str(part.var / "tls" / "ca.pem"))
    plain = socket.create_connection(("127.0.0.1", part.port), 10)
    slow = trust.wrap_socket(plain, server_hostname="localhost")
    length = b"Content-Length: 1000\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    slow.sendall(b"POST %s HTTP/1.1\r\nHost: localhost\r\n" % path.encode() + length + b"\r\ngrant")
    return slow


def test_authorize_endpoint_is_the_key_managers(live: Live) -> None:
    reply = live.gateway.get("/authorize?response_type=code&client_id=nobody")

    assert reply.status == 400
    assert reply.headers["content-type"].startswith("text/html")


def test_revocation_endpoint_is_the_key_managers(live: Live) -> None:
    assert live.gateway.call("POST", "/revoke", body="token=x").status in {400, 401}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_userinfo_endpoint_is_the_key_managers(live: Live, method: str) -> None:
    reply = live.gateway.call(method, "/userinfo", "nonsense")

    assert reply.status == 401
    assert "fault" not in reply.text


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/authorize", "GET"),
        ("GET", "/token", "POST"),
        ("DELETE", "/revoke", "POST"),
        ("PUT", "/userinfo", "GET, POST"),
    ],
)
def test_wrong_method_is_refused_by_the_gateway(live: Live, method: str, path: str, allowed: str) -> None:
    reply = live.gateway.call(method, path)

    assert reply.fault == (405, 405)
    assert reply.headers["allow"] == allowed


@pytest.mark.parametrize(
    "path", ["/token/", "/oauth2/token", "/store/", "/v3/discovery:routes", "/admin/", "/token/../admin/"]
)
def test_nothing_else_of_the_portal_shows_at_the_gateway(live: Live, path: str) -> None:
    assert live.gateway.call("POST", path).fault == (404, 404)
