from __future__ import annotations

import contextlib
import gc
import http.server
import ipaddress
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from accounts import outside
from keymanager import client_keys, fetching, patience
from tests.gateway import certificates

if TYPE_CHECKING:
    from pytest_django import Settings


@dataclass
class Holder:
    members: dict[str, Any] = field(default_factory=dict)
    is_stranger: bool = False

    def registered(self, name: str) -> Any:
        return self.members.get(name)


def ec_jwk(**members: Any) -> dict[str, Any]:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return {**jwt.algorithms.ECAlgorithm.to_jwk(key, as_dict=True), **members}


def rsa_jwk(bits: int, **members: Any) -> dict[str, Any]:
    key = rsa.generate_private_key(65537, bits).public_key()
    return {**jwt.algorithms.RSAAlgorithm.to_jwk(key, as_dict=True), **members}


def kids(*keys: Any, alg: str = "ES256", kid: str | None = None) -> list[str | None]:
    try:
        found = client_keys.verification_keys(Holder({"jwks": {"keys": list(keys)}}), kid=kid, alg=alg)
    except client_keys.UnusableKeys:
        return []
    return [key.key_id for key in found]


class Door(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked += 1  # type: ignore[attr-defined]
        self.server.answer(self)  # type: ignore[attr-defined]

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""


@dataclass
class Site:
    """A client's own server, with a certificate of the demo's CA."""

    server: http.server.ThreadingHTTPServer

    @property
    def url(self) -> str:
        return f"https://localhost:{self.server.server_port}/jwks"

    @property
    def asked(self) -> int:
        return int(self.server.asked)  # type: ignore[attr-defined]

    def answers(self, content: bytes, status: int = 200, **headers: str) -> None:
        def answer(door: Any) -> None:
            door.send_response(status)
            for name, value in headers.items():
                door.send_header(name, value)
            door.end_headers()
            door.wfile.write(content)

        self.server.answer = answer  # type: ignore[attr-defined]

    def publishes(self, *keys: Any) -> None:
        self.answers(json.dumps({"keys": keys}).encode())


@pytest.fixture
def site(tmp_path: Path, settings: Settings) -> Iterator[Site]:
    certificates.write(tmp_path / "tls")
    settings.TLS_CA_FILE = tmp_path / "tls" / "ca.pem"
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.asked = 0  # type: ignore[attr-defined]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "tls" / "localhost.pem", tmp_path / "tls" / "localhost-key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    client_keys.forget()
    yield Site(server)
    server.shutdown()
    server.server_close()
    thread.join()


def fetched(site: Site, kid: str | None = None) -> list[str | None]:
    keys = client_keys.verification_keys(Holder({"jwks_uri": site.url}), kid=kid, alg="ES256")
    return [key.key_id for key in keys]


def test_a_key_is_found_by_its_kid_and_without_one_all_that_fit() -> None:
    one, two = ec_jwk(kid="one"), ec_jwk(kid="two", use="sig")

    assert kids(one, two, kid="two") == ["two"]
    assert kids(one, two) == ["one", "two"]
    assert kids(one, two, kid="three") == []


@pytest.mark.rfc("7517#4")
def test_what_a_key_says_of_itself_holds() -> None:
    refused: list[dict[str, Any]] = [
        {"use": "enc"},
        {"alg": "ES384"},
        {"key_ops": ["encrypt"]},
        {"key_ops": [[]]},
        {"d": "AQ"},
        {"kty": "oct"},
    ]

    assert kids(*[ec_jwk() | members for members in refused]) == []
    assert kids(ec_jwk(kid="good", use="sig", alg="ES256", key_ops=["verify"])) == ["good"]


@pytest.mark.parametrize(
    "key", ["text", None, {}, {"kty": []}, ec_jwk(x="AA"), ec_jwk(y=[1]), ec_jwk(x="é"), ec_jwk(crv={}), {"kty": "EC"}]
)
def test_what_is_no_key_is_ignored(key: Any) -> None:
    assert kids(key) == []


@pytest.mark.rfc("7518#3.3")
def test_a_weak_rsa_key_is_no_key() -> None:
    assert kids(rsa_jwk(1024, kid="weak"), alg="PS256") == []
    assert kids(rsa_jwk(2048, kid="good", e="AQAB"), alg="PS256") == ["good"]
    assert kids(rsa_jwk(2048, e="AQABAQABAQAB"), {"kty": "RSA", "n": "x" * 5000, "e": "AQAB"}, alg="RS256") == []


def test_the_key_to_encrypt_to_is_the_one_that_says_so() -> None:
    keys = [ec_jwk(kid="signs", use="sig"), ec_jwk(kid="silent"), ec_jwk(kid="good", use="enc", alg="ECDH-ES")]

    assert client_keys.encryption_key(Holder({"jwks": {"keys": keys}}), alg="ECDH-ES")["kid"] == "good"
    assert client_keys.encryption_key(Holder({"jwks": {"keys": keys[:2]}}), alg="ECDH-ES")["kid"] == "silent"


def test_keys_are_fetched_once_in_five_minutes(site: Site) -> None:
    site.publishes(ec_jwk(kid="one"))

    assert fetched(site, "one") == fetched(site) == ["one"]
    assert site.asked == 1


@pytest.mark.rfc("oidc-core#10.1.1")
def test_an_unknown_kid_is_looked_for_again_but_not_all_the_time(site: Site) -> None:
    site.publishes(ec_jwk(kid="one"))
    with pytest.raises(client_keys.UnusableKeys):
        fetched(site, "two")
    assert site.asked == 1
    site.publishes(ec_jwk(kid="two"))
    assert fetched(site, "two") == ["two"]
    site.publishes(ec_jwk(kid="three"))

    with pytest.raises(client_keys.UnusableKeys):
        fetched(site, "three")
    assert site.asked == 2
    client_keys._fetched[site.url].tried_before -= 61

    assert fetched(site, "three") == ["three"]
    assert site.asked == 3


def test_after_a_failure_the_keys_are_had_again_in_half_a_minute(site: Site) -> None:
    site.answers(b"", status=500)
    with pytest.raises(client_keys.UnusableKeys):
        fetched(site)
    site.publishes(ec_jwk(kid="one"))
    client_keys._fetched[site.url].tried_at -= 31

    assert fetched(site, "one") == ["one"]


def test_a_failure_is_not_tried_again_at_once(site: Site) -> None:
    site.answers(b"", status=500)

    for _ in range(3):
        with pytest.raises(client_keys.UnusableKeys, match="status 500"):
            fetched(site)

    assert site.asked == 1


@pytest.mark.parametrize("content", [b"", b"[]", b'{"keys": 1}', b"\xff", b"[" * 60000, b" " * 70000])
def test_an_answer_that_is_no_key_set_is_refused(site: Site, content: bytes) -> None:
    site.answers(content)

    with pytest.raises(client_keys.UnusableKeys):
        fetched(site)


def test_no_redirect_is_followed(site: Site) -> None:
    site.answers(b"", status=302, Location=site.url)

    with pytest.raises(fetching.NotFetched, match="status 302"):
        fetching.fetch(site.url)
    assert site.asked == 1


def test_a_slow_server_is_left(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "SECONDS", 0.2)
    left = threading.Event()
    site.server.answer = lambda door: left.wait(30)  # type: ignore[attr-defined]

    began = time.monotonic()
    with pytest.raises(fetching.NotFetched, match=r"RemoteDisconnected|ConnectionResetError|TimeoutError|SSL"):
        fetching.fetch(site.url)

    assert time.monotonic() - began < 15
    left.set()


def test_when_the_time_is_over_before_the_handshake_nothing_stays_open(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "SECONDS", 0.2)
    usual = outside.trust

    def slowly() -> ssl.SSLContext:
        time.sleep(0.5)
        return usual()

    monkeypatch.setattr(outside, "trust", slowly)

    with pytest.raises(fetching.NotFetched):
        fetching.fetch(site.url)
    # What is still open makes a warning, and that fails the test.
    gc.collect()


def test_a_name_with_many_addresses_that_keep_silent_is_left_as_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, contextlib.ExitStack() as waiting:
        address = full.getsockname()
        for _ in range(3):
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(address)
        entries = [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address)] * 4
        monkeypatch.setattr(outside, "looked_up", lambda host, port: entries)

        began = time.monotonic()
        with pytest.raises(fetching.NotFetched, match="TimeoutError"):
            fetching.fetch(f"https://localhost:{address[1]}/")

    assert time.monotonic() - began < 3


def test_who_was_reached_at_one_of_many_addresses_has_the_rest_of_the_time(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "SECONDS", 4.0)
    entries = [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", site.server.server_address)] * 4
    monkeypatch.setattr(outside, "looked_up", lambda host, port: entries)
    site.publishes(ec_jwk())
    at_once = site.server.answer  # type: ignore[attr-defined]

    def slowly(door: Any) -> None:
        time.sleep(1.5)
        at_once(door)

    site.server.answer = slowly  # type: ignore[attr-defined]

    assert fetching.fetch(site.url).value["keys"]


def test_a_server_that_sends_a_byte_at_a_time_is_left_too(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "SECONDS", 0.8)
    site.server.answer = drip  # type: ignore[attr-defined]

    began = time.monotonic()
    with pytest.raises(fetching.NotFetched, match=r"JSONDecodeError|IncompleteRead|TimeoutError"):
        fetching.fetch(site.url)

    assert time.monotonic() - began < 15


def test_a_server_that_sends_too_much_is_left_at_once(site: Site) -> None:
    left = threading.Event()

    def pour(door: Any) -> None:
        door.send_response(200)
        door.end_headers()
        with contextlib.suppress(OSError):
            door.wfile.write(b"x" * 30_000_000)
        left.set()

    site.server.answer = pour  # type: ignore[attr-defined]

    with pytest.raises(fetching.NotFetched, match="too large") as refused:
        fetching.fetch(site.url)

    # While the error and all that hangs on it are still known.
    assert left.wait(10), refused.value


def drip(door: Any) -> None:
    door.send_response(200)
    door.end_headers()
    with contextlib.suppress(OSError):
        for _ in range(600):
            door.wfile.write(b" ")
            time.sleep(0.05)


def test_a_name_that_nobody_resolves_in_time_is_left(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "SECONDS", 0.1)
    monkeypatch.setattr(socket, "getaddrinfo", silent)

    with pytest.raises(fetching.NotFetched, match="does not answer in time"):
        fetching.fetch(site.url)
    assert site.asked == 0


def silent(*_: Any, **__: Any) -> list[Any]:
    time.sleep(5)
    return []


def test_for_a_stranger_keys_are_fetched_as_long_as_there_is_patience(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "MOST", 0)
    site.publishes(ec_jwk(kid="one"))

    with pytest.raises(client_keys.UnusableKeys, match="wait enough"):
        client_keys.all_keys(Holder({"jwks_uri": site.url}, is_stranger=True))
    assert [key["kid"] for key in client_keys.all_keys(Holder({"jwks_uri": site.url}))] == ["one"]
    assert site.asked == 1


def test_a_certificate_of_nobody_known_is_refused(site: Site, settings: Settings) -> None:
    settings.TLS_CA_FILE = settings.TLS_CA_FILE.with_name("none.pem")

    with pytest.raises(fetching.NotFetched, match="SSLCertVerificationError"):
        fetching.fetch(site.url)


def test_outside_demo_mode_nobody_sends_us_into_our_own_net(site: Site, settings: Settings) -> None:
    settings.DEMO = False

    with pytest.raises(fetching.NotFetched, match="inner network"):
        fetching.fetch(site.url)
    assert site.asked == 0


PRIVATE = ["10.0.0.1", "127.0.0.1", "169.254.169.254", "::1", "fe80::1", "::ffff:10.0.0.1", "2002:a00:1::", "::"]


@pytest.mark.parametrize("address", [*PRIVATE, "224.0.0.1", "100.64.0.1"])
def test_these_addresses_are_not_public(address: str) -> None:
    assert not outside.is_public(ipaddress.ip_address(address))
    assert outside.is_public(ipaddress.ip_address("93.184.215.14"))


@pytest.mark.parametrize(
    "url", ["http://localhost/", "https://", "https://[", "https://localhost:99999/", "file:///etc"]
)
def test_only_an_https_address_is_asked(url: str) -> None:
    with pytest.raises(fetching.NotFetched):
        fetching.fetch(url)
