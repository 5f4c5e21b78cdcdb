"""Tokens that Envoy cannot check by itself: the portal is asked, and the rest is as with a self-contained one."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest

from keymanager import checksums
from keymanager.models import AccessToken
from tests.gateway import parts
from tests.gateway.conftest import Live
from tests.gateway.parts import Reply
from tests.gateway.test_assertions import asked
from tests.gateway.test_real_tokens import token_answer
from tests.gateway.test_survival import logged
from tests.keymanager.proofs import Holder, digest

ALBUMS = "/echo/1.0/albums"
GOLD = ["--subscribe", "echo:1.0:Gold"]


@pytest.fixture(scope="module")
def opaque(live: Live) -> str:
    return opaque_token(live, "Opaque", *GOLD)


def opaque_token(live: Live, application: str, *options: str) -> str:
    token = str(token_answer(live, application, "--token-type", "OAUTH", *options).json["access_token"])
    assert "." not in token
    return token


def test_opaque_token_opens_the_api(live: Live, opaque: str) -> None:
    reply = live.gateway.call("POST", f"{ALBUMS}?page=2", opaque, body="x" * 100_000)

    assert (reply.json["method"], reply.json["path"]) == ("POST", "/albums?page=2")
    assert reply.json["body"] == "x" * 100_000
    assert not [name for name in reply.json["headers"] if name.startswith("x-gateway")]


def test_backend_is_told_the_self_contained_form_and_never_the_opaque_one(live: Live) -> None:
    api = live.store.publish("/opened", live.backend.url, backend={"authorization": True})
    token = opaque_token(live, "Opened", "--subscribe", f"{api.name}:1.0:Gold")
    parts.seconds_until(lambda: live.gateway.get("/opened/1.0/albums", token).status == 200)

    authorization = live.gateway.get("/opened/1.0/albums", token).json["headers"]["authorization"]

    claims = jwt.decode(authorization.removeprefix("Bearer "), options={"verify_signature": False})
    assert (claims["iss"], claims["aud"]) == (live.mint.issuer, live.mint.audience)
    assert claims["exp"] - claims["iat"] <= 600


def test_call_with_an_opaque_token_is_counted_like_any_other(live: Live, opaque: str) -> None:
    line = logged(live.gateway, live.gateway.get(ALBUMS, opaque).headers["x-request-id"])

    assert line["key_type"] == "PRODUCTION"
    assert line["client_id"]


def test_opaque_token_without_a_subscription_is_told_what_to_do(live: Live) -> None:
    assert live.gateway.get(ALBUMS, opaque_token(live, "Aloof")).fault == (403, 900908)


def test_opaque_sandbox_key_is_known_by_its_token(live: Live) -> None:
    token = opaque_token(live, "Opaque sandbox", "--key-type", "SANDBOX", *GOLD)

    assert "no sandbox endpoint" in live.gateway.get(ALBUMS, token).json["fault"]["description"]


def test_unknown_opaque_token_is_challenged(live: Live) -> None:
    reply = live.gateway.get(ALBUMS, "unknown-token")

    assert reply.fault == (401, 900901)
    assert 'error="invalid_token"' in reply.headers["www-authenticate"]
    assert "resource_metadata" in reply.headers["www-authenticate"]


def test_revoked_opaque_token_is_refused_in_time(live: Live) -> None:
    token = opaque_token(live, "Given back", *GOLD)
    assert live.gateway.get(ALBUMS, token).status == 200

    with live.store.in_place():
        AccessToken.objects.get(token_checksum=checksums.checksum(token, checksums.ACCESS_TOKEN)).delete()

    assert parts.seconds_until(lambda: live.gateway.get(ALBUMS, token).status == 401) < parts.SOON


def test_caller_cannot_put_a_token_in_place_of_their_own(live: Live) -> None:
    forged = {"X_Gateway_Token": live.token}

    assert live.gateway.get(ALBUMS, **forged).fault == (401, 900902)
    assert live.gateway.get(ALBUMS, "unknown-token", **forged).fault == (401, 900901)


def test_other_credentials_are_none(live: Live) -> None:
    reply = live.gateway.call("GET", ALBUMS, headers={"Authorization": "Basic YTpi"})

    assert reply.fault == (401, 900902)


def test_opaque_token_is_passed_to_the_token_api_as_it_is(live: Live, opaque: str) -> None:
    reply = live.gateway.get("/userinfo", opaque)

    assert reply.status == 401
    assert "API Gateway" not in reply.headers["www-authenticate"]


def test_gateway_may_have_any_name(live: Live, opaque: str) -> None:
    headers = {"Host": "api.example", "Authorization": f"Bearer {opaque}"}

    assert live.gateway.call("GET", ALBUMS, headers=headers).status == 200


def test_jwt_asks_nobody_and_an_opaque_token_waits_for_the_portal(
    live: Live, opaque: str, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue("portal_away")

    assert live.gateway.get(ALBUMS, live.token).status == 200
    parts.seconds_until(lambda: live.gateway.get(ALBUMS, opaque).status == 503)
    assert live.gateway.get(ALBUMS, opaque).fault == (503, 101503)
    assert live.gateway.get(ALBUMS, apikey="any").fault == (503, 101503)


def test_portal_is_asked_about_once_a_second_and_not_at_every_call(live: Live, opaque: str) -> None:
    before, began, replies = asked(live.gateway, "exchange"), time.monotonic(), []
    while time.monotonic() - began < 1.2:
        replies.append(live.gateway.get(ALBUMS, opaque).status)
    questions = asked(live.gateway, "exchange") - before

    assert replies == [200] * len(replies)
    # The first may find that the answer before has just been forgotten.
    assert 0 < questions <= 1 + (time.monotonic() - began) / 0.9


@pytest.mark.rfc("9449#7.2")
def test_what_is_remembered_of_a_token_is_no_answer_to_a_call_with_a_proof_or_a_key(live: Live, opaque: str) -> None:
    assert live.gateway.get(ALBUMS, opaque).status == 200

    assert live.gateway.get(ALBUMS, opaque, apikey="ak_live_unknown").fault == (400, 900901)
    dpop = {"Authorization": f"DPoP {opaque}", "DPoP": "no proof"}
    assert live.gateway.call("GET", ALBUMS, headers=dpop).fault == (401, 900901)


@pytest.fixture(scope="module")
def holder() -> Holder:
    return Holder()


@pytest.fixture(scope="module")
def bound(live: Live, holder: Holder) -> str:
    return str(token_answer(live, "Bound at calls", *GOLD, holder=holder).json["access_token"])


def proved(live: Live, token: str, holder: Holder, path: str = ALBUMS, **claims: Any) -> Reply:
    proof = holder.proof(f"https://localhost:{live.gateway.port}{ALBUMS}", "GET", ath=digest(token), **claims)
    return live.gateway.call("GET", path, headers={"Authorization": f"DPoP {token}", "DPoP": proof})


@pytest.mark.rfc("9449#7.1")
def test_token_bound_to_a_key_opens_the_api_with_a_proof(live: Live, bound: str, holder: Holder) -> None:
    reply = proved(live, bound, holder, f"{ALBUMS}?page=2")

    assert reply.json["path"] == "/albums?page=2"
    assert reply.headers["dpop-nonce"]


@pytest.mark.rfc("9449#7.1")
@pytest.mark.parametrize("claims", [{"htm": "POST"}, {"ath": "of another token"}, {"iat": 1}, {"htu": "https://a.b/"}])
def test_proof_for_something_else_is_refused(live: Live, bound: str, holder: Holder, claims: dict[str, Any]) -> None:
    proof = {"htu": f"https://localhost:{live.gateway.port}{ALBUMS}", "htm": "GET", "ath": digest(bound)} | claims
    headers = {"Authorization": f"DPoP {bound}", "DPoP": holder.proof(**proof)}

    reply = live.gateway.call("GET", ALBUMS, headers=headers)

    assert reply.fault == (401, 900901)
    assert reply.headers["www-authenticate"].startswith('DPoP error="invalid_dpop_proof"')


@pytest.mark.rfc("9449#11.1")
def test_proof_works_once(live: Live, bound: str, holder: Holder) -> None:
    assert proved(live, bound, holder, jti="once").status == 200

    assert proved(live, bound, holder, jti="once").fault == (401, 900901)


@pytest.mark.rfc("9449#7.2")
def test_bound_token_is_no_bearer_token_and_another_key_does_not_do(live: Live, bound: str) -> None:
    assert live.gateway.get(ALBUMS, bound).fault == (401, 900901)
    assert proved(live, bound, Holder()).fault == (401, 900901)


@pytest.mark.rfc("9449#7.2")
@pytest.mark.parametrize("token_type", ["JWT", "OAUTH"])
def test_backend_takes_a_proved_token_for_what_it_is_and_nobody_else_does(
    live: Live, holder: Holder, token_type: str
) -> None:
    """A service that takes bearer tokens only, as PhotoShare does, cannot look at proofs, which the gateway did."""
    path = f"/proved-{token_type.lower()}"
    api = live.store.publish(path, live.backend.url, backend={"authorization": True})
    options = ["--token-type", token_type, "--subscribe", f"{api.name}:1.0:Gold"]
    token = token_answer(live, f"Proved {token_type}", *options, holder=holder).json["access_token"]
    address = f"https://localhost:{live.gateway.port}{path}/1.0/albums"

    def called() -> Reply:
        headers = {"Authorization": f"DPoP {token}", "DPoP": holder.proof(address, "GET", ath=digest(token))}
        return live.gateway.call("GET", f"{path}/1.0/albums", headers=headers)

    parts.seconds_until(lambda: called().status == 200)
    told = called().json["headers"]["authorization"].removeprefix("Bearer ")

    claims = jwt.decode(told, options={"verify_signature": False})
    assert "cnf" not in claims
    assert claims["proved"] == {"jkt": holder.thumbprint}
    assert live.gateway.get(f"{path}/1.0/albums", told).fault == (401, 900901)
    assert live.portal.get("/oauth2/userinfo", told).status == 401
