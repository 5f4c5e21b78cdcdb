"""Tokens as the key manager issues them, from keys as the store generates them."""

from __future__ import annotations

import base64
import json

from store import throttling
from store.models import Api, Application, Subscription, ThrottlingPolicy
from store.subscriptions import subscribe, unsubscribe
from tests.gateway import parts
from tests.gateway.conftest import Live
from tests.keymanager.proofs import Holder

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def token_answer(live: Live, application: str, *options: str, holder: Holder | None = None) -> parts.Reply:
    """The answer to a client credentials request at the gateway, for new keys of alice."""
    live.store.person("alice")
    keys = ["--owner", "alice", "--application", application, "--grant-type", "client_credentials", *options]
    printed = json.loads(live.store.command("generate_keys", *keys))
    basic = base64.b64encode(f"{printed['consumerKey']}:{printed['consumerSecret']}".encode()).decode()
    headers = {**FORM, "Authorization": f"Basic {basic}"}
    if holder:
        headers["DPoP"] = holder.proof(f"https://localhost:{live.gateway.port}/token")
    return live.gateway.call("POST", "/token", body="grant_type=client_credentials", headers=headers)


def test_token_of_a_subscribed_application_opens_the_api(live: Live) -> None:
    reply = token_answer(live, "Subscribed", "--subscribe", "echo:1.0:Gold")

    assert reply.status == 200
    assert reply.headers["cache-control"] == "no-store"
    assert live.gateway.get("/echo/1.0/albums", reply.json["access_token"]).json["path"] == "/albums"


def test_scheme_of_the_token_may_be_written_in_any_case(live: Live) -> None:
    """RFC 9110 11.1."""
    token = token_answer(live, "Any case", "--subscribe", "echo:1.0:Gold").json["access_token"]

    def call(scheme: str, token: str) -> parts.Reply:
        return live.gateway.call("GET", "/echo/1.0/albums", headers={"Authorization": f"{scheme} {token}"})

    for scheme in ("bearer", "BEARER", "bEARER"):
        assert call(scheme, token).json["path"] == "/albums"
        assert call(scheme, token[:-9]).fault == (401, 900901)


def test_end_of_a_subscription_holds_for_the_tokens_that_are_out(live: Live) -> None:
    live.store.publish("/shelves", live.backend.url)
    both = ["--subscribe", "echo:1.0:Gold", "--subscribe", "shelves:1.0:Gold"]
    names = ("Leaving", "Staying", "Locked out")
    leaving, staying, locked_out = (token_answer(live, name, *both).json["access_token"] for name in names)
    parts.seconds_until(lambda: live.gateway.get("/shelves/1.0/", leaving).status == 200)

    with live.store.in_place():
        unsubscribe(subscription=Subscription.objects.get(application__name="Leaving", api__name="echo"))
        blocked = str(Application.objects.get(name="Locked out").pk)
        condition = throttling.block(kind="application", value=blocked)

    assert parts.seconds_until(lambda: live.gateway.get("/echo/1.0/", leaving).status == 403) < parts.SOON
    assert live.gateway.get("/echo/1.0/", leaving).fault == (403, 900908)
    assert live.gateway.get("/shelves/1.0/", leaving).status == 200
    assert live.gateway.get("/echo/1.0/", staying).status == 200
    # A kind of state of its own, which may come later than the end of the subscription.
    assert parts.seconds_until(lambda: live.gateway.get("/echo/1.0/", locked_out).status == 403) < parts.SOON
    assert live.gateway.get("/echo/1.0/", locked_out).fault == (403, 900805)

    with live.store.in_place():
        throttling.lift(condition=condition)
        application = Application.objects.get(name="Leaving")
        policy = ThrottlingPolicy.objects.get(level="subscription", name="Gold")
        subscribe(application=application, api=Api.objects.get(name="echo"), policy=policy)

    assert parts.seconds_until(lambda: live.gateway.get("/echo/1.0/", leaving).status == 200) < parts.SOON


def test_token_of_another_application_does_not(live: Live) -> None:
    token = token_answer(live, "Unsubscribed").json["access_token"]

    assert live.gateway.get("/echo/1.0/albums", token).fault == (403, 900908)


def test_sandbox_key_is_known_by_its_token(live: Live) -> None:
    options = ["--key-type", "SANDBOX", "--subscribe", "echo:1.0:Gold"]

    token = token_answer(live, "Sandbox", *options).json["access_token"]

    assert live.gateway.get("/echo/1.0/albums", token).fault == (403, 900901)


def test_token_bound_at_the_gateway_s_own_address_is_no_bearer_token(live: Live) -> None:
    answer = token_answer(live, "Bound", "--subscribe", "echo:1.0:Gold", holder=Holder()).json

    reply = live.gateway.get("/echo/1.0/albums", answer["access_token"])

    assert answer["token_type"] == "DPoP"
    assert reply.fault == (401, 900901)
