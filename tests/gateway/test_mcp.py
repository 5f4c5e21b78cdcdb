"""A client that came by itself (Model Context Protocol): from the address of an API to its answer, at a real Envoy."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import jwt
import pytest
import requests
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from tests.gateway import newcomer, parts
from tests.gateway.conftest import PHOTOSHARE, Live
from tests.gateway.newcomer import DESCRIPTION, Newcomer, Person
from tests.gateway.store_rows import ALIAS
from tests.keymanager.sites import Site

TIER, CALLS = "FivePerDay", 5
Arrive = Callable[[], Newcomer]


def fault(reply: requests.Response) -> tuple[int, int]:
    return reply.status_code, reply.json()["fault"]["code"]


@pytest.fixture(scope="module")
def bob(live: Live) -> Person:
    row = live.store.person("bob")
    live.store.change(row, password=PBKDF2PasswordHasher().encode("bob", "salt", iterations=1))
    return Person("bob", newcomer.session(live.portal.var / "tls" / "ca.pem"))


@pytest.fixture(scope="module")
def published(live: Live) -> str:
    """The address of an API that asks for no subscription, published as a provider does."""
    live.store.person("admin")
    live.store.tier("subscription", TIER, CALLS, 86_400)
    return publish(live, "--subscriptionless-tier", TIER)


def publish(live: Live, *options: str) -> str:
    context = f"/assisted-{uuid.uuid4().hex[:8]}"
    told = ["--name", context[1:], "--context", context, "--production-endpoint", live.backend.url]
    live.store.command("publish_api", str(PHOTOSHARE), "--provider", "admin", *told, *options)
    subscribed = live.mint.token(f"{context[1:]}/1.0")
    parts.seconds_until(lambda: live.gateway.get(f"{context}/1.0/albums", subscribed).status == 200)
    return f"https://localhost:{live.gateway.port}{context}/1.0"


@pytest.fixture
def arrive(live: Live, published: str, bob: Person) -> Arrive:
    """A new one, which knows the address."""
    return lambda: Newcomer(f"{published}/albums", newcomer.session(live.portal.var / "tls" / "ca.pem"), bob)


@pytest.fixture
def registered(arrive: Arrive) -> Newcomer:
    found = arrive()
    found.register()
    return found


@pytest.mark.rfc("9728#5.1")
@pytest.mark.rfc("7591#3.1")
@pytest.mark.rfc("8707#2")
def test_client_that_registers_itself_calls_an_api_of_which_it_knew_the_address(
    registered: Newcomer, published: str, bob: Person
) -> None:
    answer = registered.authorize()

    reply = registered.call(answer["access_token"])

    assert (reply.status_code, reply.json()["path"]) == (200, "/albums")
    claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
    assert (claims["aud"], claims["key_type"], claims["client_id"]) == (published, "PRODUCTION", registered.client_id)
    assert not {"subscriptions", "application"} & set(claims)
    # What the person was asked.
    assert published in bob.read[-1]


def test_it_goes_on_with_its_refresh_token(registered: Newcomer, published: str) -> None:
    first = registered.authorize()

    answer = registered.token({"grant_type": "refresh_token", "refresh_token": first["refresh_token"]})

    assert registered.call(answer["access_token"]).status_code == 200


@pytest.fixture
def site(var: Path) -> Iterator[Site]:
    with Site(var / "tls") as site:
        threading.Thread(target=site.serve_forever, args=(0.02,), daemon=True).start()
        yield site
        site.shutdown()


def test_client_that_is_known_by_its_document_does_the_same(arrive: Arrive, site: Site) -> None:
    client = arrive()
    client.client_id = site.describe(**DESCRIPTION)

    reply = client.call(client.authorize()["access_token"])

    assert (reply.status_code, reply.json()["path"]) == (200, "/albums")
    assert site.asked


def test_opaque_token_opens_the_api_too(live: Live, registered: Newcomer) -> None:
    from keymanager.models import Client

    with live.store.database():
        row = Client.objects.using(ALIAS).get(client_id=registered.client_id)
    live.store.change(row, access_token_format="OPAQUE")

    token = registered.authorize()["access_token"]

    assert "." not in token
    assert registered.call(token).status_code == 200


def test_token_for_the_whole_gateway_does_not(registered: Newcomer) -> None:
    token = registered.authorize(resource="")["access_token"]

    assert fault(registered.call(token)) == (403, 900908)


def test_token_of_the_client_itself_does_not(arrive: Arrive) -> None:
    client = arrive()
    client.register(grant_types=["client_credentials"], token_endpoint_auth_method="client_secret_post")

    token = client.token({"grant_type": "client_credentials", "resource": client.resource["resource"]})["access_token"]

    assert fault(client.call(token)) == (403, 900908)


def test_token_opens_no_other_api(live: Live, registered: Newcomer) -> None:
    token = registered.authorize()["access_token"]
    other = publish(live, "--subscriptionless-tier", TIER)

    assert fault(registered.call(token, f"{other}/albums")) == (401, 900901)


def test_api_that_asks_for_subscriptions_goes_on_asking(live: Live, arrive: Arrive) -> None:
    client = arrive()
    client.address = f"{publish(live)}/albums"
    client.register()

    assert fault(client.call(client.authorize()["access_token"])) == (403, 900908)


def test_scope_that_was_not_approved_is_asked_for_as_ever(registered: Newcomer) -> None:
    token = registered.authorize(scope="photos:write")["access_token"]

    assert fault(registered.call(token)) == (403, 900910)


@pytest.mark.rfc("7009#2.1")
def test_revoked_token_is_refused_in_time(registered: Newcomer) -> None:
    token = registered.authorize()["access_token"]
    assert registered.call(token).status_code == 200

    form = {"token": token, "client_id": registered.client_id}
    assert registered.http.post(registered.server["revocation_endpoint"], form, timeout=10).ok

    assert parts.seconds_until(lambda: registered.call(token).status_code == 401) < parts.SOON


def test_calls_are_counted_by_the_client_under_the_tier_of_the_api(live: Live, registered: Newcomer) -> None:
    from store.usage_models import HourlyUsage

    tokens = [registered.authorize()["access_token"] for _ in range(2)]

    replies = [registered.call(tokens[number % 2]) for number in range(CALLS + 1)]

    assert [reply.status_code for reply in replies] == [*[200] * CALLS, 429]
    assert fault(replies[-1]) == (429, 900804)

    def counted() -> dict[int, tuple[int, str, str]]:
        live.store.command("count_calls", "--once")
        with live.store.database():
            rows = HourlyUsage.objects.using(ALIAS).filter(client_id=registered.client_id)
            return {row.status: (row.calls, row.tier, row.application_id) for row in rows}

    parts.seconds_until(lambda: set(counted()) == {200, 429})
    assert counted() == {200: (CALLS, TIER, ""), 429: (1, TIER, "")}


def test_document_of_the_api_is_what_the_client_went_by(registered: Newcomer, published: str) -> None:
    assert registered.resource["resource"] == published
    assert registered.resource["scopes_supported"] == ["photos:read", "photos:write"]
