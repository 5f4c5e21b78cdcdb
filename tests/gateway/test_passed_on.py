"""What reaches a backend of who calls: nothing unless its API asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from accounts import sealing
from tests.gateway import parts
from tests.gateway.conftest import Live
from tests.keymanager.proofs import Holder

if TYPE_CHECKING:
    from store.models import Api


@pytest.fixture(scope="module")
def trusting(live: Live) -> str:
    """A token for an API whose backend asks for it."""
    live.store.publish("/trusting", live.backend.url, backend={"authorization": True})
    token = live.mint.token("trusting/1.0")
    parts.seconds_until(lambda: live.gateway.get("/trusting/1.0/", token).status == 200)
    return token


def test_token_does_not_reach_a_backend_that_did_not_ask(live: Live) -> None:
    token = live.token

    reply = live.gateway.get("/echo/1.0/", token)

    assert reply.status == 200
    assert "authorization" not in reply.json["headers"]
    assert token not in reply.text


def test_proof_of_a_key_does_not_either(live: Live) -> None:
    reply = live.gateway.get("/echo/1.0/", live.token, DPoP=Holder().proof("https://localhost/", "GET"))

    assert reply.status == 200
    assert "dpop" not in reply.json["headers"]


def test_no_cookie_of_the_portal_reaches_a_backend_nor_comes_from_one(live: Live) -> None:
    """Here both are at localhost, and a browser minds no port."""
    reply = live.gateway.get("/echo/1.0/", live.token, Cookie="__Host-store-session=of-the-portal")

    assert reply.status == 200
    assert "cookie" not in reply.json["headers"]
    assert not {"set-cookie", "clear-site-data"} & {name.lower() for name in reply.headers}


def test_token_reaches_a_backend_that_asked(live: Live, trusting: str) -> None:
    reply = live.gateway.get("/trusting/1.0/", trusting)

    assert reply.json["headers"]["authorization"] == f"Bearer {trusting}"


def test_secret_of_the_gateway_may_have_the_name_of_an_api_key(live: Live) -> None:
    secret = {"secret_header": "X-API-Key", "sealed_secret": sealing.seal("of-the-gateway")}
    api = live.store.publish("/secretive", live.backend.url, backend=secret)
    value, _ = live.store.api_key(live.store.application("Confident", api))
    parts.seconds_until(lambda: live.gateway.get("/secretive/1.0/", apikey=value).status == 200)

    reply = live.gateway.get("/secretive/1.0/", X_API_Key=value)

    assert reply.json["headers"]["x-api-key"] == "of-the-gateway"


def test_asking_for_the_token_is_not_asking_for_an_assertion(live: Live, trusting: str) -> None:
    assert "x-jwt-assertion" not in live.gateway.get("/trusting/1.0/", trusting).json["headers"]


def test_backend_that_asks_no_more_is_told_no_more(live: Live) -> None:
    api: Api = live.store.publish("/changing", live.backend.url, backend={"authorization": True})
    token = live.mint.token("changing/1.0")
    parts.seconds_until(lambda: live.gateway.get("/changing/1.0/", token).status == 200)
    assert "authorization" in live.gateway.get("/changing/1.0/", token).json["headers"]

    live.store.change(api, backend={})

    parts.seconds_until(
        lambda: "authorization" not in live.gateway.get("/changing/1.0/", token).json["headers"], patience=3
    )
