"""Envoy remembers the tokens that it has verified, and no longer than they may be used."""

from __future__ import annotations

import time

from cryptography.hazmat.primitives.asymmetric import ec

from tests.gateway import parts
from tests.gateway.conftest import Live
from tests.gateway.store_rows import Mint


def test_token_that_was_verified_is_refused_once_its_key_is_gone(live: Live) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    with live.store.another_key(key) as kid:
        mint = Mint(live.mint.issuer, live.mint.audience, key, kid)
        token = mint.token("echo/1.0")
        parts.seconds_until(lambda: live.gateway.get("/echo/1.0/", token).status == 200)
        assert live.gateway.get("/echo/1.0/", token).status == 200
    # A portal holds its keys for five seconds, a gateway hears of it within two.
    parts.seconds_until(lambda: live.gateway.get("/echo/1.0/", token).status == 401, patience=parts.SOON + 6)
    assert live.gateway.get("/echo/1.0/", live.token).status == 200


def test_token_that_was_verified_is_refused_once_it_has_expired(live: Live) -> None:
    ends = int(time.time()) - 2
    token = live.mint.token("echo/1.0", exp=ends)
    assert live.gateway.get("/echo/1.0/", token).status == 200
    assert live.gateway.get("/echo/1.0/", token).status == 200

    # Five seconds are allowed for clocks.
    parts.seconds_until(
        lambda: live.gateway.get("/echo/1.0/", token).status == 401, patience=ends + 5 + parts.SOON - time.time()
    )
    assert live.gateway.get("/echo/1.0/", token).fault == (401, 900903)
