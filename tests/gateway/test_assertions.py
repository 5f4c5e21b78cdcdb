"""X-JWT-Assertion through a real Envoy: what a backend is told of who calls, when its API asks for it."""

from __future__ import annotations

import json
import ssl
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import jwt
import pytest

from gateway import envoy_admin
from tests.gateway import parts
from tests.gateway.conftest import Live
from tests.gateway.parts import Part, Reply
from tests.gateway.store_rows import resource
from tests.gateway.test_real_tokens import token_answer
from tests.keymanager.proofs import Holder

ALBUMS = "/vouched/1.0/albums"
DIALECT = "http://wso2.org/claims/"


@pytest.fixture(scope="module", autouse=True)
def api(live: Live) -> Any:
    api = live.store.publish("/vouched", live.backend.url, backend={"assertion": True})
    token = live.mint.token("vouched/1.0")
    parts.seconds_until(lambda: live.gateway.get(ALBUMS, token).status == 200)
    return api


def new_token(live: Live, **claims: Any) -> str:
    return live.mint.token("vouched/1.0", **claims)


def assertion_of(reply: Reply) -> str:
    assert reply.status == 200, reply.text
    return str(reply.json["headers"]["x-jwt-assertion"])


def verified(live: Live, assertion: str) -> dict[str, Any]:
    """Its claims, as a backend reads them that knows the address of the keys."""
    trusted = ssl.create_default_context(cafile=str(live.portal.var / "tls" / "ca.pem"))
    with urlopen(f"https://localhost:{live.portal.port}/oauth2/jwks", context=trusted) as answer:
        keys = jwt.PyJWKSet.from_dict(json.load(answer))
    header = jwt.get_unverified_header(assertion)
    assert (header["typ"], header["alg"]) == ("JWT", "RS256")
    claims: dict[str, Any] = jwt.decode(assertion, keys[header["kid"]], algorithms=["RS256"])
    return claims


def asked(gateway: Part, what: str = "assertion", node: str = "gateway") -> int:
    """How often the portal was asked for an assertion, by Envoy's own count."""
    connection = envoy_admin.Connection(gateway.calls.with_name(f"{node}.admin"))
    connection.request("GET", f"/stats?filter=ext_authz.{what}.ok")
    told = connection.getresponse().read().decode()
    connection.close()
    return sum(int(line.rpartition(" ")[2]) for line in told.splitlines() if line.startswith("http."))


def test_gateway_may_have_any_name(live: Live) -> None:
    headers = {"Host": "api.example", "Authorization": f"Bearer {new_token(live)}"}

    assert assertion_of(live.gateway.call("GET", ALBUMS, headers=headers))


def test_token_that_is_bound_to_a_key_is_told_like_any_other(live: Live) -> None:
    holder = Holder()
    answer = token_answer(live, "Bound and vouched", "--subscribe", "vouched:1.0:Gold", holder=holder).json
    token, uri = answer["access_token"], f"https://localhost:{live.gateway.port}{ALBUMS}"

    for _ in ("asked for", "remembered"):
        headers = holder.for_token(token, uri)
        claims = verified(live, assertion_of(live.gateway.call("GET", ALBUMS, headers=headers)))
        assert claims[f"{DIALECT}applicationname"] == "Bound and vouched"


def test_backend_is_told_who_calls_in_wso2_s_claims(live: Live) -> None:
    claims = verified(live, assertion_of(live.gateway.get(ALBUMS, new_token(live))))

    told = {name.removeprefix(DIALECT): value for name, value in claims.items() if name.startswith(DIALECT)}
    assert told == {
        "subscriber": "alice",
        "applicationid": "1",
        "applicationname": "DefaultApplication",
        "applicationtier": "Unlimited",
        "apicontext": "/vouched/1.0",
        "version": "1.0",
        "tier": "Gold",
        "keytype": "PRODUCTION",
        "usertype": "APPLICATION",
        "enduser": "alice@carbon.super",
        "enduserTenantId": "-1234",
        "applicationUUId": "1",
    }
    assert claims["iss"] == "wso2.org/products/am"


def test_person_who_agreed_is_told_by_name(live: Live) -> None:
    grant = live.store.authorization("bob")

    claims = verified(live, assertion_of(live.gateway.get(ALBUMS, new_token(live, grant_id=str(grant.pk)))))

    assert claims[f"{DIALECT}enduser"] == "bob@carbon.super"
    assert claims[f"{DIALECT}usertype"] == "APPLICATION_USER"
    assert claims[f"{DIALECT}subscriber"] == "alice"


def test_assertion_outlives_its_token_by_a_minute(live: Live) -> None:
    claims = verified(live, assertion_of(live.gateway.get(ALBUMS, new_token(live))))

    assert 350 <= claims["exp"] - time.time() <= 361


def test_access_token_itself_does_not_come_along(live: Live) -> None:
    headers = live.gateway.get(ALBUMS, new_token(live)).json["headers"]

    assert "authorization" not in headers
    assert not [name for name in headers if name.startswith("x-gateway")]


def test_assertion_is_no_access_token(live: Live) -> None:
    assertion = assertion_of(live.gateway.get(ALBUMS, new_token(live)))

    assert live.gateway.get(ALBUMS, assertion).fault == (401, 900901)


def test_other_apis_are_told_nothing(live: Live) -> None:
    assert "x-jwt-assertion" not in live.gateway.get("/echo/1.0/", live.token).json["headers"]


def test_portal_is_asked_once_for_each_token_and_api(live: Live) -> None:
    before, token = asked(live.gateway), new_token(live)

    told = {assertion_of(live.gateway.get(f"{ALBUMS}?page={page}", token)) for page in range(5)}

    assert (len(told), asked(live.gateway) - before) == (1, 1)


def test_many_calls_at_once_get_the_same_in_the_end(live: Live) -> None:
    token = new_token(live)
    with ThreadPoolExecutor(8) as callers:
        replies = list(callers.map(lambda _: live.gateway.get(ALBUMS, token), range(24)))
    assert {verified(live, assertion_of(reply))["sub"] for reply in replies} == {verified_subject(token)}
    before = asked(live.gateway)

    assert assertion_of(live.gateway.get(ALBUMS, token))

    assert asked(live.gateway) == before


def verified_subject(token: str) -> str:
    return str(jwt.decode(token, options={"verify_signature": False})["sub"])


def test_each_token_has_its_own(live: Live) -> None:
    one, other = (new_token(live, sub=sub) for sub in ("one", "other"))

    subjects = [verified(live, assertion_of(live.gateway.get(ALBUMS, token)))["sub"] for token in (one, other, one)]

    assert subjects == ["one", "other", "one"]


def test_version_of_the_same_api_has_its_own(live: Live) -> None:
    live.store.publish("/vouched", live.backend.url, version="2.0", backend={"assertion": True})
    token = live.mint.token("vouched/1.0", "vouched/2.0")
    assert live.gateway.get(ALBUMS, token).status == 200
    parts.seconds_until(lambda: live.gateway.get("/vouched/2.0/", token).status == 200)

    versions = [
        verified(live, assertion_of(live.gateway.get(f"/vouched/{version}/", token)))[f"{DIALECT}version"]
        for version in ("1.0", "2.0")
    ]

    assert versions == ["1.0", "2.0"]


def test_api_with_a_sandbox_only_is_told_too(live: Live) -> None:
    live.store.publish("/sandboxed", "", live.backend.url, backend={"assertion": True})
    token = live.mint.token("sandboxed/1.0", key_type="SANDBOX")
    parts.seconds_until(lambda: live.gateway.get("/sandboxed/1.0/", token).status == 200)

    claims = verified(live, assertion_of(live.gateway.get("/sandboxed/1.0/", token)))

    assert claims[f"{DIALECT}keytype"] == "SANDBOX"


def test_resource_that_asks_for_no_token_is_told_of_nobody(live: Live) -> None:
    open_to_all = resource("GET", "/*", auth="none")
    live.store.publish("/open-to-all", live.backend.url, backend={"assertion": True}, resources=[open_to_all])
    parts.seconds_until(lambda: live.gateway.get("/open-to-all/1.0/").status == 200)

    assert "x-jwt-assertion" not in live.gateway.get("/open-to-all/1.0/", X_JWT_Assertion="forged").json["headers"]


def test_upload_with_a_new_token_passes_whole(live: Live) -> None:
    reply = live.gateway.call("POST", ALBUMS, new_token(live), body="x" * 3_000_000)

    assert assertion_of(reply)
    assert len(reply.json["body"]) == 3_000_000


FORGED = [
    "X-JWT-Assertion",
    "x-jwt-assertion",
    "X-Jwt-Assertion",
    "X_JWT_Assertion",
    "x_jwt-assertion",
    "X-Gateway-API",
]


@pytest.mark.parametrize("path", ["/echo/1.0/", "/vouched/1.0/"])
@pytest.mark.parametrize("name", FORGED)
def test_own_assertion_of_a_caller_never_passes(live: Live, path: str, name: str) -> None:
    token = live.mint.token("echo/1.0", "vouched/1.0")
    headers = {"Authorization": f"Bearer {token}", name: "forged"}

    for _ in range(2):
        assert "forged" not in live.gateway.call("GET", path, headers=headers).text


def test_caller_cannot_name_the_assertion_as_a_header_to_be_dropped(live: Live) -> None:
    for connection in ("close, X-JWT-Assertion", "X-JWT-Assertion, X-Gateway-API, X-Gateway-JTI"):
        reply = live.gateway.get(ALBUMS, new_token(live), Connection=connection)

        assert assertion_of(reply)
        assert "x-jwt-assertion" not in reply.json["headers"].get("connection", "").lower()


def over_http2(live: Live, path: str, token: str, *headers: str) -> Any:
    options = [option for header in headers for option in ("--header", header)]
    command = ["curl", "--silent", "--http2", "--cacert", str(live.portal.var / "tls" / "ca.pem")]
    address = f"https://localhost:{live.gateway.port}{path}"
    authorization = ["--header", f"Authorization: Bearer {token}"]
    written = ["--write-out", "\n%{http_version}"]
    done = subprocess.run([*command, *authorization, *options, *written, address], capture_output=True, text=True)
    body, _, version = done.stdout.rpartition("\n")
    assert version == "2"
    return json.loads(body)


@pytest.mark.skipif(not Path("/usr/bin/curl").exists(), reason="curl is not installed")
def test_own_assertion_of_a_caller_never_passes_over_http2(live: Live) -> None:
    token = live.mint.token("echo/1.0", "vouched/1.0")
    forged = ["x-jwt-assertion: forged", "x-jwt-assertion: forged too", "x_jwt_assertion: forged", "X-JWT-ASSERTION: f"]

    for path in ("/echo/1.0/", "/vouched/1.0/"):
        told = over_http2(live, path, token, *forged)
        assert "forged" not in json.dumps(told)
        assert told["headers"].get("x-jwt-assertion", "") != "f"


@pytest.fixture
def forgetful(live: Live) -> Iterator[Part]:
    """An Envoy with room for two assertions."""
    var = live.portal.var
    gateway = parts.gateway(var, parts.free_port())
    file = var / "gateway" / "forgetful.json"
    door = parts.portal(var, live.portal.port, gateway.port)
    parts.manage(door, "write_envoy_bootstrap", "--output", str(file), "--node-id", "forgetful")
    file.write_text(file.read_text().replace("two_halves(5000)", "two_halves(1)"))
    gateway.command[2] = str(file)
    gateway.start()
    yield gateway
    gateway.end()


def test_what_is_remembered_has_an_end(live: Live, forgetful: Part) -> None:
    one, two, three = (new_token(live) for _ in range(3))

    asks = [asks_of(forgetful, token) for token in (one, one, two, one, three, two, three)]

    assert asks == [1, 0, 1, 0, 1, 1, 0]


def asks_of(gateway: Part, token: str) -> int:
    before = asked(gateway, node="forgetful")
    assert gateway.get(ALBUMS, token).status == 200
    return asked(gateway, node="forgetful") - before


def test_revoked_token_is_refused_although_its_assertion_is_known(live: Live) -> None:
    token = new_token(live, jti="revoked while vouched for")
    assert live.gateway.get(ALBUMS, token).status == 200

    live.store.revoke_token("revoked while vouched for")

    assert parts.seconds_until(lambda: live.gateway.get(ALBUMS, token).status == 401) < parts.SOON


def test_known_tokens_go_on_without_the_portal_and_unknown_ones_wait(
    live: Live, request: pytest.FixtureRequest
) -> None:
    known, unknown = new_token(live), new_token(live)
    told = assertion_of(live.gateway.get(ALBUMS, known))
    request.getfixturevalue("portal_away")

    assert assertion_of(live.gateway.get(ALBUMS, known)) == told
    reply = live.gateway.get(ALBUMS, unknown)
    assert reply.fault == (503, 101503)
    assert reply.headers["retry-after"] == "1"
