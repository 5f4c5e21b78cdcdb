from __future__ import annotations

import datetime as dt
import http.server
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo import certificates, waiting
from demo.settings import Door


class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 503)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def tls(tmp_path: Path) -> Path:
    certificates.ensure_in(tmp_path / "tls", [], dt.datetime.now(dt.UTC))
    return tmp_path / "tls"


@pytest.fixture
def portal(tls: Path) -> Iterator[Door]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls / "localhost.pem", tls / "localhost-key.pem")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Health) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        yield Door("portal", "localhost", "127.0.0.1", port, f"https://localhost:{port}")
        server.shutdown()


def wait(door: Door, ca: Path, said: list[str], patience: float = 5) -> list[Door]:
    return waiting.until_healthy([door], ca, given_up=threading.Event(), say=said.append, patience=patience)


def test_a_part_that_answers_is_told(portal: Door, tls: Path, said: list[str]) -> None:
    missing = wait(portal, tls / "ca.pem", said)

    assert missing == []
    assert said[0].startswith("  portal answers (")


def test_a_part_that_answers_unhealthy_is_missing(portal: Door, tls: Path, said: list[str]) -> None:
    ill = Door("portal", portal.host, portal.address, portal.port, portal.url, health="/ill")

    assert wait(ill, tls / "ca.pem", said, patience=0.5) == [ill]
    assert said == []


def test_a_certificate_of_another_authority_does_not_pass(portal: Door, tmp_path: Path, said: list[str]) -> None:
    certificates.ensure_in(tmp_path / "other", [], dt.datetime.now(dt.UTC))

    assert wait(portal, tmp_path / "other" / "ca.pem", said, patience=0.5) == [portal]


def test_waiting_ends_when_the_demo_does(tls: Path, said: list[str]) -> None:
    nobody = Door("photos", "localhost", "127.0.0.1", 1, "http://localhost:1")
    over = threading.Event()
    over.set()

    assert waiting.until_healthy([nobody], tls / "ca.pem", given_up=over, say=said.append) == [nobody]
