"""Gateways that are not Envoy, real ones, each with the file that docs/gateways has for it."""

from __future__ import annotations

import base64
import http.client
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import pytest

from store.models import Api
from tests import debian, other_gateways
from tests.gateway import parts
from tests.gateway.conftest import RESOURCES, Live
from tests.gateway.parts import Part, Reply
from tests.gateway.store_rows import ALIAS
from tests.gateway.test_real_tokens import FORM
from tests.keymanager.proofs import Holder, digest
from tests.store.conftest import DEFINITION

ALBUMS = "/photos/1.0/albums"
GOLD = ["--subscribe", "photos:1.0:Gold"]
HERE = [name for name in other_gateways.RECIPES if debian.is_installed(name)]
each = pytest.mark.parametrize("other", HERE, indirect=True)


@pytest.fixture(scope="module")
def others(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Part]]:
    """Those that are installed, all running."""
    live.store.publish("/photos", live.backend.url, resources=RESOURCES, definition=DEFINITION)
    folder = tmp_path_factory.mktemp("others")
    write_certificates(live, folder / "etc")
    started = {name: part(live, name, folder) for name in HERE}
    try:
        for one in started.values():
            one.start(wait=False)
        for one in started.values():
            parts.seconds_until(lambda one=one: is_open(one))  # type: ignore[misc]
        yield started
    finally:
        for one in started.values():
            one.end()


def part(live: Live, name: str, folder: Path) -> Part:
    port = parts.free_port()
    own = folder / name
    changes = {
        "/etc/apim/haproxy-check.lua": f"{own}/haproxy-check.lua",
        "/etc/apim/traefik-dynamic.yml": f"{own}/traefik-dynamic.yml",
        "/etc/apim": str(folder / "etc"),
        "8443": str(port),
        "9443": str(live.portal.port),
        "8090": str(live.backend.port),
    }
    environment = {"APIM_GATEWAY_PROOF": parts.proof(live.portal), "HOME": str(folder)}
    return Part(live.portal.var, port, other_gateways.write(name, own, changes), environment)


def write_certificates(live: Live, folder: Path) -> None:
    """What the README of docs/gateways has one put into /etc/apim."""
    tls = live.portal.var / "tls"
    folder.mkdir()
    shutil.copy(tls / "ca.pem", folder / "ca.pem")
    shutil.copy(tls / "localhost.pem", folder / "gateway.pem")
    shutil.copy(tls / "localhost-key.pem", folder / "gateway-key.pem")
    (folder / "gateway-both.pem").write_bytes(
        (tls / "localhost.pem").read_bytes() + (tls / "localhost-key.pem").read_bytes()
    )
    (folder / "nginx-proof.conf").write_text(f'proxy_set_header X-Gateway-Proof "{parts.proof(live.portal)}";\n')


def is_open(one: Part) -> bool:
    assert one.process
    assert one.process.poll() is None, one.log.read_text()[-2000:]
    try:
        return one.get("/nowhere").status == 404
    except OSError:
        return False


@pytest.fixture
def other(others: dict[str, Part], request: pytest.FixtureRequest) -> Part:
    return others[request.param]


@dataclass
class Caller:
    """An application of alice's with the scope photos:read."""

    live: Live
    basic: str

    def token(self, holder: Holder | None = None) -> str:
        form, headers = "grant_type=client_credentials&scope=photos:read", {"Authorization": f"Basic {self.basic}"}
        if holder:
            headers["DPoP"] = holder.proof(f"https://localhost:{self.live.portal.port}/oauth2/token")
        reply = self.live.portal.call("POST", "/oauth2/token", body=form, headers={**FORM, **headers})
        return str(reply.json["access_token"])


def caller(live: Live, application: str, *options: str) -> Caller:
    live.store.person("alice")
    keys = ["--owner", "alice", "--application", application, "--grant-type", "client_credentials", *options]
    printed = json.loads(live.store.command("generate_keys", *keys))
    return Caller(live, base64.b64encode(f"{printed['consumerKey']}:{printed['consumerSecret']}".encode()).decode())


@pytest.fixture(scope="module")
def reader(live: Live, others: Any) -> Caller:
    return caller(live, "Reader", *GOLD)


@pytest.fixture(scope="module")
def token(reader: Caller) -> str:
    return reader.token()


@pytest.fixture(scope="module")
def opaque(live: Live, others: Any) -> str:
    return caller(live, "Reader of opaque tokens", "--token-type", "OAUTH", *GOLD).token()


@pytest.fixture(scope="module")
def unsubscribed(live: Live, others: Any) -> str:
    return caller(live, "Stranger to PhotoShare").token()


@pytest.mark.parametrize("name", other_gateways.RECIPES)
def test_gateway_with_a_recipe_is_here_to_run_it(name: str) -> None:
    if name not in HERE:
        pytest.skip(f"{name} is not installed, so its recipe is not tested")


def is_traefik(other: Part) -> bool:
    return Path(other.command[0]).name == "traefik"


def fault(reply: Reply) -> tuple[int, str]:
    return reply.status, reply.headers.get("x-fault-code", "")


@each
def test_good_token_opens_the_api(other: Part, token: str) -> None:
    reply = other.get(f"{ALBUMS}?page=2", token)

    assert reply.status == 200, reply
    assert (reply.json["method"], reply.json["path"]) == ("GET", "/albums?page=2")
    seen = reply.json["headers"]
    assert seen["authorization"] == f"Bearer {token}"
    assert seen.get("x-request-id") == reply.headers.get("x-request-id")
    assert ("x-request-id" in seen) is not is_traefik(other)
    assert seen["x-forwarded-prefix"] == "/photos/1.0"


@each
def test_backend_sees_a_jwt_in_place_of_an_opaque_token(other: Part, opaque: str) -> None:
    seen = other.get(ALBUMS, opaque).json["headers"]["authorization"]

    claims = jwt.decode(seen.removeprefix("Bearer "), options={"verify_signature": False})
    assert claims["scope"] == "photos:read"


@each
def test_call_without_a_good_token_is_challenged(other: Part, token: str) -> None:
    without, wrong = other.get(ALBUMS), other.get(ALBUMS, "wrong")

    assert (fault(without), fault(wrong)) == ((401, "900902"), (401, "900901"))
    assert "Bearer resource_metadata=" in without.headers["www-authenticate"]
    assert 'error="invalid_token"' in wrong.headers["www-authenticate"]


@each
def test_subscription_and_scope_are_looked_at(other: Part, token: str, unsubscribed: str) -> None:
    assert fault(other.get(ALBUMS, unsubscribed)) == (403, "900908")
    missing = other.call("POST", ALBUMS, token, body="{}")
    assert fault(missing) == (403, "900910")
    assert 'scope="photos:write"' in missing.headers["www-authenticate"]


@each
@pytest.mark.parametrize(
    "path",
    [
        "/photos/1.0/../1.0/albums", "/photos/1.0/%2e%2e/1.0/albums", "/photos/1.0/else", "/photos/1.0//albums",
        "/photos/1.0/albums%2f..", "/echo/1.0/", "/check",
    ],
)  # fmt: skip
def test_path_that_is_not_the_api_s_reaches_nothing(other: Part, token: str, path: str) -> None:
    """Or is put right before anything, as Traefik does it: what was checked is what the backend gets."""
    reply = other.get(path, token)

    assert reply.status in {400, 403, 404} or (is_traefik(other) and reply.json["path"] == "/albums")


SPOOFED = {
    "X-Original-URI": ALBUMS,
    "X-Original-Method": "GET",
    "X-Forwarded-Uri": ALBUMS,
    "X-Forwarded-Method": "GET",
    "X-Gateway-Token": "forged",
    "X-Gateway-Key-Type": "forged",
    "X-JWT-Assertion": "forged",
    "X-Forwarded-Client-Cert": "forged",
    "X-Gateway-Proof": "forged",
}


@each
def test_caller_cannot_say_what_was_called(other: Part, token: str) -> None:
    assert other.call("POST", ALBUMS, token, body="{}", headers=SPOOFED).status == 403


@each
def test_backend_sees_nothing_that_only_a_gateway_may_say(live: Live, other: Part, token: str) -> None:
    reply = other.call("GET", ALBUMS, token, headers={n: v for n, v in SPOOFED.items() if "Gateway" in n or "J" in n})

    assert reply.status == 200
    assert "forged" not in reply.text
    assert parts.proof(live.portal) not in reply.text


@each
def test_no_cookie_of_the_portal_reaches_the_backend_nor_comes_from_it(other: Part, token: str) -> None:
    reply = other.call("GET", ALBUMS, token, headers={"Cookie": "__Host-store-session=of-the-portal"})

    assert reply.status == 200
    assert "of-the-portal" not in reply.text
    assert "set-cookie" not in {name.lower() for name in reply.headers}


@each
def test_api_key_opens_the_api_and_does_not_reach_the_backend(live: Live, other: Part, api_key: str) -> None:
    for name in ("apikey", "X-API-Key"):
        reply = other.call("GET", ALBUMS, headers={name: api_key})
        assert reply.status == 200, reply
        assert api_key not in reply.text
    assert fault(other.get(ALBUMS)) == (401, "900902")
    assert fault(other.call("GET", ALBUMS, headers={"apikey": f"{api_key}x"})) == (401, "900901")


@pytest.fixture(scope="module")
def api_key(live: Live, others: Any) -> str:
    with live.store.database():
        photos = Api.objects.using(ALIAS).get(context="/photos")
    return live.store.api_key(live.store.application("Reader of photos by key", photos))[0]


@each
def test_call_stays_the_one_that_was_checked(other: Part, token: str) -> None:
    names = ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Original-URL", "X-Rewrite-URL", "Proxy"]

    seen = other.call("GET", ALBUMS, token, headers=dict.fromkeys([*names, "Other"], "DELETE")).json["headers"]

    assert [name for name in seen if seen[name] == "DELETE"] == ["other"]


@each
def test_caller_is_challenged_once(other: Part) -> None:
    """RFC 9110 11.6.1: two fields would be two challenges."""
    trusted = parts.trust(other.var / "tls" / "ca.pem")
    connection = http.client.HTTPSConnection("localhost", other.port, timeout=10, context=trusted)
    try:
        connection.request("GET", ALBUMS)
        fields = connection.getresponse().getheaders()
    finally:
        connection.close()

    assert [name.lower() for name, _ in fields].count("www-authenticate") == 1


@each
def test_revoked_token_is_refused_in_time_while_others_pass(
    live: Live, other: Part, reader: Caller, token: str
) -> None:
    revoked = reader.token()
    assert other.get(ALBUMS, revoked).status == 200

    live.store.revoke_token(jwt.decode(revoked, options={"verify_signature": False})["jti"])

    assert parts.seconds_until(lambda: other.get(ALBUMS, revoked).status == 401) < parts.SOON
    assert other.get(ALBUMS, token).status == 200


@each
@pytest.mark.rfc("9449#7.1")
def test_proof_of_a_key_works_once(live: Live, other: Part, reader: Caller) -> None:
    holder = Holder()
    bound = reader.token(holder)
    proof = holder.proof(f"https://localhost:{live.gateway.port}{ALBUMS}", "GET", ath=digest(bound))
    headers = {"Authorization": f"DPoP {bound}", "DPoP": proof}

    first, again = (other.call("GET", ALBUMS, headers=headers) for _ in range(2))

    assert (first.status, again.status) == (200, 401)
    assert again.headers["www-authenticate"].startswith("DPoP ")
    assert 'error="invalid_dpop_proof"' in again.headers["www-authenticate"]
    assert again.headers["dpop-nonce"]
    assert other.get(ALBUMS, bound).status == 401


def test_nothing_passes_while_the_portal_is_away(
    others: dict[str, Part], token: str, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue("portal_away")

    for one in others.values():
        parts.seconds_until(lambda one=one: one.get(ALBUMS, token).status >= 500)  # type: ignore[misc]
