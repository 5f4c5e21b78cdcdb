"""How the gateway treats backends: several hosts, failures, streams, secrets; and pages of other sites."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import os
import socket
import ssl
import threading
import time
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from accounts import sealing
from store.models import Api
from tests import web_servers
from tests.gateway import parts
from tests.gateway.conftest import Live
from tests.gateway.parts import Backend, Part, Reply
from tests.gateway.store_rows import METHODS, resource

SOON = parts.SOON + 1


class Moody(BaseHTTPRequestHandler):
    """Answers 503 as often as it was told to, streams, and speaks WebSocket as far as one frame goes."""

    protocol_version = "HTTP/1.1"
    failures: dict[str, int] = {}  # noqa: RUF012
    calls: list[str] = []  # noqa: RUF012

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        Moody.calls.append(f"{self.command} {self.path}")
        left = Moody.failures.get(self.path, 0)
        Moody.failures[self.path] = max(left - 1, 0)
        self.send_response(503 if left else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        if self.headers.get("Upgrade", "").lower() == "websocket":
            self.upgrade()
        elif self.path in {"/events", "/endless"}:
            self.events()
        elif self.path == "/busy":
            self.busy()
        elif self.path == "/silent":
            Moody.calls.append("GET /silent")
            time.sleep(3)
        else:
            self.answer()

    do_POST = do_PUT = answer

    def busy(self) -> None:
        self.send_response(429)
        for name, value in (("Retry-After", "120"), ("X-Fault-Code", "900803"), ("Content-Length", "0")):
            self.send_header(name, value)
        self.end_headers()

    def events(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.close_connection = True
        with contextlib.suppress(ConnectionError):
            for number in range(4 if self.path == "/events" else 1000):
                self.wfile.write(f"data: {number}\n\n".encode())
                self.wfile.flush()
                time.sleep(0.5)

    def upgrade(self) -> None:
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()  # noqa: S324  # RFC 6455 4.2.2
        self.send_response(101)
        for name, value in (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept)):
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = True
        frame = self.connection.recv(100)
        mask, masked = frame[2:6], frame[6:]
        text = bytes(byte ^ mask[place % 4] for place, byte in enumerate(masked))
        self.connection.sendall(bytes([0x81, len(text)]) + text)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""


@pytest.fixture(scope="module")
def moody() -> Iterator[str]:
    with web_servers.serving(Moody) as address:
        yield address


@pytest.fixture
def second(var: Path) -> Iterator[Backend]:
    backend = Backend()
    yield backend
    backend.end()


def publish(live: Live, *production: str, **columns: Any) -> Api:
    """An API of these hosts, once it is served."""
    context = f"/backend-{uuid.uuid4().hex[:8]}"
    rows = [*(resource(method, "/*") for method in METHODS), resource("GET", "/open", auth="none")]
    api = live.store.publish(context, "", resources=rows, production_endpoints=list(production), **columns)
    parts.seconds_until(lambda: call(live, api, "GET", "/").status == 200)
    return api


def call(live: Live, api: Api, method: str, path: str, **headers: str) -> Reply:
    token = live.mint.token(api.path[1:])
    return live.gateway.call(method, f"{api.path}{path}", token, headers=headers)


def test_calls_go_to_every_host(live: Live, second: Backend) -> None:
    api = publish(live, live.backend.url, second.url)

    reached = {call(live, api, "GET", "/").json["backend"] for _ in range(10)}

    assert reached == {live.backend.port, second.port}


def test_each_host_is_called_by_its_own_name(live: Live, second: Backend) -> None:
    api = publish(live, live.backend.url, second.url)

    replies = [call(live, api, "GET", "/").json for _ in range(6)]

    assert {reply["headers"]["host"] for reply in replies} == {f"127.0.0.1:{reply['backend']}" for reply in replies}


def test_host_that_is_down_is_left_out(live: Live) -> None:
    api = publish(live, f"http://127.0.0.1:{parts.free_port()}", live.backend.url)

    assert {call(live, api, "POST", "/").status for _ in range(12)} == {200}


def test_unhealthy_host_gets_no_calls(live: Live, moody: str) -> None:
    Moody.failures["/health"] = 10**6
    api = publish(live, moody, live.backend.url, backend={"health_path": "/health"})
    parts.seconds_until(lambda: "GET /health" in Moody.calls)

    def all_answered_by_the_other() -> bool:
        return all("backend" in call(live, api, "GET", "/").text for _ in range(6))

    assert parts.seconds_until(all_answered_by_the_other) < 12


def test_one_host_that_is_left_gets_every_call(live: Live) -> None:
    dead = [f"http://127.0.0.1:{parts.free_port()}" for _ in range(3)]
    api = publish(live, live.backend.url, *dead, backend={"health_path": "/health", "retries": 0})

    def statuses() -> set[int]:
        return {call(live, api, "GET", "/").status for _ in range(8)}

    parts.seconds_until(lambda: statuses() == {200})
    assert statuses() | statuses() | statuses() == {200}


def test_hosts_are_asked_when_none_seems_well(live: Live, moody: str) -> None:
    """A wrong path of the health check closes no API."""
    Moody.failures["/wrong"] = 10**6
    api = publish(live, moody, backend={"health_path": "/wrong", "retries": 0})
    parts.seconds_until(lambda: Moody.calls.count("GET /wrong") > 1)

    assert {call(live, api, "GET", "/").status for _ in range(4)} == {200}


def test_idempotent_call_is_tried_again(live: Live, moody: str) -> None:
    api = publish(live, moody)
    Moody.failures["/flaky"] = 1

    assert call(live, api, "GET", "/flaky").status == 200
    assert Moody.calls.count("GET /flaky") == 2


def test_call_that_may_not_be_repeated_is_not(live: Live, moody: str) -> None:
    api = publish(live, moody)
    Moody.failures["/order"] = 1

    assert call(live, api, "POST", "/order").status == 503
    assert Moody.calls.count("POST /order") == 1


def test_no_call_is_tried_again_where_the_provider_says_so(live: Live, moody: str) -> None:
    api = publish(live, moody, backend={"retries": 0})
    Moody.failures["/once"] = 1

    assert call(live, api, "GET", "/once").status == 503


def test_backend_that_limits_by_itself_is_left_to_say_when(live: Live, moody: str) -> None:
    api = publish(live, moody)

    for tier in ("Unlimited", "Gold"):
        token = live.mint.token(api.path[1:], subscriptions={api.path[1:]: tier})
        reply = live.gateway.get(f"{api.path}/busy", token)
        assert (reply.status, reply.headers["retry-after"]) == (429, "120")
        assert "ratelimit" not in reply.headers


def test_backend_has_the_time_its_api_says(live: Live) -> None:
    api = publish(live, live.backend.url, backend={"timeout": 5})

    assert call(live, api, "GET", "/slow").status == 200


@pytest.mark.parametrize("retries", [0, 1])
def test_each_try_again_has_the_time_that_the_first_had(live: Live, moody: str, retries: int) -> None:
    """docs/decisions/0022-publishing.md says why, and what else was tried."""
    api = publish(live, moody, backend={"timeout": 1, "retries": retries})
    Moody.calls.clear()

    assert call(live, api, "GET", "/silent").fault == (504, 101504)
    assert Moody.calls.count("GET /silent") == retries + 1


def test_circuit_opens_where_the_backend_is_full(live: Live) -> None:
    api = publish(live, live.backend.url, backend={"timeout": 5, "connections": 1, "waiting": 1, "retries": 0})
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(call(live, api, "POST", "/slow").status)) for _ in range(6)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 503 in statuses
    assert 200 in statuses


def connection_to(gateway: Part) -> ssl.SSLSocket:
    trusted = ssl.create_default_context(cafile=str(gateway.var / "tls" / "ca.pem"))
    raw = socket.create_connection(("localhost", gateway.port), 10)
    return trusted.wrap_socket(raw, server_hostname="localhost")


def test_events_pass_for_longer_than_a_backend_may_be_silent(live: Live, moody: str) -> None:
    api = publish(live, moody, backend={"timeout": 1})

    reply = call(live, api, "GET", "/events", Accept="text/event-stream")

    assert reply.headers["content-type"] == "text/event-stream"
    assert reply.text.count("data: ") == 4


def upgrade(gateway: Part, api: Api, token: str) -> tuple[bytes, ssl.SSLSocket]:
    connection = connection_to(gateway)
    lines = [f"GET {api.path}/socket HTTP/1.1", "Host: localhost", "Connection: Upgrade", "Upgrade: websocket"]
    lines += ["Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}"]
    lines += [f"Authorization: Bearer {token}", "", ""]
    connection.sendall("\r\n".join(lines).encode())
    return connection.recv(1000), connection


def test_web_socket_passes_for_a_subscriber_only(live: Live, moody: str) -> None:
    api = publish(live, moody)

    head, connection = upgrade(live.gateway, api, live.mint.token(api.path[1:]))
    assert head.startswith(b"HTTP/1.1 101")
    connection.sendall(bytes([0x81, 0x82, 1, 2, 3, 4, ord("h") ^ 1, ord("i") ^ 2]))
    assert connection.recv(100) == b"\x81\x02hi"
    connection.close()

    head, connection = upgrade(live.gateway, api, live.mint.token())
    assert head.startswith(b"HTTP/1.1 403")
    connection.close()


@pytest.fixture
def gateway_of_short_calls(live: Live) -> Iterator[Part]:
    """One more, beside the same agent, at which no call lasts longer than a second."""
    var = live.portal.var
    gateway = parts.gateway(var, parts.free_port())
    file = var / "gateway" / "short.json"
    door = parts.portal(var, live.portal.port, gateway.port)
    door.environment |= {"APIM_GATEWAY_CALL_LIFE": "1", "APIM_GATEWAY_URL": live.mint.audience}
    parts.manage(door, "write_envoy_bootstrap", "--output", str(file), "--node-id", "short")
    gateway.command[2] = str(file)
    gateway.start()
    yield gateway
    gateway.end()


def test_no_call_lasts_longer_than_its_life(live: Live, moody: str, gateway_of_short_calls: Part) -> None:
    """Whoever has one open when the token is revoked is asked for it again."""
    api = publish(live, moody)
    token = live.mint.token(api.path[1:])
    parts.seconds_until(lambda: gateway_of_short_calls.get(f"{api.path}/", token).status == 200)

    head, connection = upgrade(gateway_of_short_calls, api, token)
    began = time.monotonic()
    assert head.startswith(b"HTTP/1.1 101")
    assert connection.recv(100) == b""
    assert time.monotonic() - began < SOON
    connection.close()

    with pytest.raises(http.client.IncompleteRead, match="bytes read"):
        gateway_of_short_calls.get(f"{api.path}/endless", token)
    assert gateway_of_short_calls.get(f"{api.path}/", token).status == 200


def test_secret_reaches_the_backend_and_callers_cannot_say_it(live: Live) -> None:
    backend = {"secret_header": "X-Backend-Secret", "sealed_secret": sealing.seal("a%b secret-1%")}
    api = publish(live, live.backend.url, backend=backend)

    reply = call(live, api, "GET", "/", X_Backend_Secret="mine", **{"X-Backend-Secret": "mine"})

    assert reply.json["headers"]["x-backend-secret"] == "a%b secret-1%"


def test_gateway_shows_its_certificate_to_a_backend_that_asks(live: Live, var: Path) -> None:
    tls = var / "tls"
    backend = Backend(tls=tls, client_ca=tls / "ca.pem")
    url = backend.url.replace("127.0.0.1", "localhost")
    shown = {
        "certificate": (tls / "localhost.pem").read_text(),
        "sealed_key": sealing.seal((tls / "localhost-key.pem").read_text()),
    }
    try:
        api = publish(live, url, backend=shown)
        assert call(live, api, "GET", "/").status == 200
    finally:
        backend.end()


def preflight(live: Live, api: Api, origin: str) -> Reply:
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    return live.gateway.call("OPTIONS", f"{api.path}/albums", headers=headers)


def test_preflight_of_an_allowed_page_needs_no_token(live: Live) -> None:
    api = publish(live, live.backend.url, cors={"origins": ["https://app.example"], "credentials": False})

    reply = preflight(live, api, "https://app.example")

    assert reply.status == 200
    assert reply.headers["access-control-allow-origin"] == "https://app.example"
    assert reply.headers["access-control-allow-methods"] == "DELETE,GET,HEAD,PATCH,POST,PUT"
    assert "authorization" in reply.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in reply.headers


def test_answers_and_refusals_can_be_read_by_an_allowed_page(live: Live) -> None:
    api = publish(live, live.backend.url, cors={"origins": ["*"], "credentials": True})

    good = call(live, api, "GET", "/", Origin="https://app.example")
    refused = live.gateway.call("GET", f"{api.path}/", headers={"Origin": "https://app.example"})

    assert good.headers["access-control-allow-origin"] in {"*", "https://app.example"}
    assert "access-control-allow-credentials" not in good.headers
    assert refused.status == 401
    assert refused.headers["access-control-allow-origin"] in {"*", "https://app.example"}


@pytest.mark.parametrize("origins", [["*"], ["https://app.example"]])
def test_answer_to_one_page_is_not_kept_for_another(live: Live, origins: list[str]) -> None:
    """Fetch standard, CORS protocol and HTTP caches."""
    api = publish(live, live.backend.url, cors={"origins": origins, "credentials": False})

    for origin in ("https://app.example", "https://other.example"):
        good = call(live, api, "GET", "/", Origin=origin)
        refused = live.gateway.call("GET", f"{api.path}/", headers={"Origin": origin})
        no_resource = live.gateway.call("TRACE", f"{api.path}/", headers={"Origin": origin})
        replies = [good, refused, no_resource]
        assert [reply.status for reply in replies] == [200, 401, 403]
        assert [reply.headers["vary"] for reply in replies] == ["origin"] * 3


def test_page_may_send_and_read_what_the_api_has(live: Live) -> None:
    """Fetch standard, 3.2.3: where no cookies are asked for, * is every header but Authorization."""
    plain = publish(live, live.backend.url, cors={"origins": ["https://app.example"], "credentials": False})
    cookies = publish(live, live.backend.url, cors={"origins": ["https://app.example"], "credentials": True})

    assert preflight(live, plain, "https://app.example").headers["access-control-allow-headers"].split(",")[-1] == "*"
    for api, star in ((plain, True), (cookies, False)):
        exposed = call(live, api, "GET", "/", Origin="https://app.example").headers["access-control-expose-headers"]
        assert {"retry-after", "x-fault-code", "dpop-nonce", "www-authenticate"} <= set(exposed.split(","))
        assert ("*" in exposed.split(",")) is star


def test_question_of_a_page_never_reaches_the_backend(live: Live) -> None:
    api = publish(live, live.backend.url, cors={"origins": ["https://app.example"], "credentials": False})

    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
    assert call(live, api, "OPTIONS", "/", **asked).fault == (503, 101503)


def test_other_pages_are_told_nothing(live: Live) -> None:
    api = publish(live, live.backend.url, cors={"origins": ["https://app.example"], "credentials": False})
    closed = publish(live, live.backend.url)

    assert "access-control-allow-origin" not in preflight(live, api, "https://evil.example").headers
    assert preflight(live, api, "https://evil.example").status == 401
    assert "access-control-allow-origin" not in preflight(live, closed, "https://app.example").headers
    assert preflight(live, closed, "https://app.example").fault == (403, 900906)
