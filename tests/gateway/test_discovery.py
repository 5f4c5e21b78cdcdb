"""What an Envoy is answered when it asks for routes and clusters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from gateway import apis, filters, node_key
from store import revision
from tests.gateway.store_rows import resource

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries, Settings

    from accounts.models import User

ADDRESSES = ["gateway:routes", "gateway:clusters"]


@pytest.fixture
def key(settings: Settings, tmp_path: Path) -> str:
    settings.GATEWAY_STATE = tmp_path / "gateway"
    apis.forget()
    return node_key.ensure()


def publish(provider: User, context: str, **columns: Any) -> Any:
    from store.models import Api

    values = {
        "name": context[1:],
        "version": "1.0",
        "production_endpoints": ["http://127.0.0.1:8090"],
        "resources": [resource("GET", "/albums")],
    }
    api = Api.objects.create(context=context, provider=provider, status="PUBLISHED", **(values | columns))
    revision.advance()
    return api


def ask(client: Client, address: str, key: Any, version: str = "") -> HttpResponse:
    question = {"version_info": version, "node": {"id": "gateway", "metadata": {"key": key}}}
    return client.post(reverse(address), json.dumps(question), content_type="application/json")  # type: ignore[return-value]


def told(response: HttpResponse) -> dict[str, Any]:
    return dict(json.loads(response.content))


def test_envoy_finds_its_addresses() -> None:
    assert [reverse(address) for address in ADDRESSES] == ["/v3/discovery:routes", "/v3/discovery:clusters"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_published_api_is_in_the_answer(client: Client, alice: User, key: str, address: str) -> None:
    api = publish(alice, "/photos")

    answer = told(ask(client, address, key))

    assert str(api.id) in json.dumps(answer["resources"])
    assert {resource["@type"] for resource in answer["resources"]} == {answer["type_url"]}


@pytest.mark.parametrize("address", ADDRESSES)
def test_same_version_is_not_sent_again(client: Client, alice: User, key: str, address: str) -> None:
    publish(alice, "/photos")
    version = told(ask(client, address, key))["version_info"]

    response = ask(client, address, key, version)

    assert response.status_code == 304
    assert not response.content


@pytest.mark.parametrize("address", ADDRESSES)
def test_version_follows_every_change(client: Client, alice: User, key: str, address: str) -> None:
    api = publish(alice, "/photos")
    before = told(ask(client, address, key))["version_info"]

    type(api).objects.update(production_endpoints=["http://127.0.0.1:8091/v2"])
    revision.advance()

    assert told(ask(client, address, key, before))["version_info"] != before


@pytest.mark.parametrize("status", ["CREATED", "RETIRED"])
def test_api_that_is_not_published_is_not_in_the_answer(client: Client, alice: User, key: str, status: str) -> None:
    api = publish(alice, "/photos")
    type(api).objects.update(status=status)

    assert told(ask(client, "gateway:clusters", key))["resources"] == []


def test_change_that_nobody_told_of_is_seen_too(
    client: Client, alice: User, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = publish(alice, "/photos")
    before = told(ask(client, "gateway:routes", key))["version_info"]
    type(api).objects.update(status="RETIRED")
    assert ask(client, "gateway:routes", key, before).status_code == 304

    monkeypatch.setattr(apis, "READ_AGAIN_SECONDS", 0)

    assert told(ask(client, "gateway:routes", key, before))["version_info"] != before


@pytest.mark.django_db
@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("shown", ["", "wrong", "ключ", "\ud800", None, 1, ["key"]])
def test_stranger_is_told_nothing(client: Client, key: str, address: str, shown: Any) -> None:
    response = ask(client, address, shown)

    assert response.status_code == 403
    assert "does not know the key" in told(response)["error"]


@pytest.mark.django_db
def test_nobody_is_let_in_while_there_is_no_key(client: Client, settings: Settings, tmp_path: Path) -> None:
    settings.GATEWAY_STATE = tmp_path / "none"

    assert ask(client, "gateway:routes", "").status_code == 403


@pytest.mark.parametrize(
    "body", ["", "nonsense", "[]", "1", "{}", '{"node": null}', '{"node": {"metadata": []}}', "[" * 99999]
)
def test_question_that_cannot_be_read_is_told_so(client: Client, key: str, body: str) -> None:
    response = client.post(reverse("gateway:routes"), body, content_type="application/json")

    assert response.status_code == 400
    assert "DiscoveryRequest" in response.json()["error"]


def test_only_post_is_answered(client: Client) -> None:
    assert client.get(reverse("gateway:routes")).status_code == 405


def test_envoy_needs_no_form_token(key: str, alice: User) -> None:
    assert ask(Client(enforce_csrf_checks=True), "gateway:routes", key).status_code == 200


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("count", [1, 30])
def test_question_costs_one_statement(
    client: Client, alice: User, key: str, address: str, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        publish(alice, f"/photos-{number}")
    ask(client, address, key)  # that this gateway is there is written down once in a while (gateway/nodes.py)

    with django_assert_num_queries(1) as asked:
        ask(client, address, key)

    assert "store_api" not in asked.captured_queries[0]["sql"]


def test_backend_that_nobody_could_vouch_for_is_left_out(
    client: Client, alice: User, key: str, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.GATEWAY_BACKEND_CA_FILE = "/no/such/file"
    publish(alice, "/photos")
    api = publish(alice, "/secret")
    type(api).objects.filter(pk=api.pk).update(production_endpoints=["https://127.0.0.1:1"])

    assert len(told(ask(client, "gateway:clusters", key))["resources"]) == 1
    assert "API /secret/1.0 is left out of the gateway: No certificate authorities" in caplog.text


def test_unusable_api_is_left_out_and_logged(
    client: Client, alice: User, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    publish(alice, "/photos")
    publish(alice, "/bad", production_endpoints=["ftp://127.0.0.1/"])

    answer = told(ask(client, "gateway:clusters", key))

    assert len(answer["resources"]) == 1
    assert "API /bad/1.0 is left out of the gateway: The endpoint ftp://127.0.0.1/ must begin with http" in caplog.text


def test_what_apis_ask_for_is_told_as_filters(client: Client, alice: User, key: str) -> None:
    publish(alice, "/photos", resources=[resource("GET", "/albums", scopes=["photos:read"])])
    assert entries(client, key, filters.API) == {"/photos/1.0"}
    assert entries(client, key, filters.PERMIT) == {"any", "any | photos:read"}


def entries(client: Client, key: str, name: str) -> set[str]:
    question = {"node": {"metadata": {"key": key}}, "resource_names": [name]}
    response = client.post(reverse("gateway:extension_configs"), json.dumps(question), content_type="application/json")
    told = json.loads(response.content)["resources"][0]
    assert told["name"] == name
    matcher = told["typed_config"]["matcher"]
    if name == filters.API:  # after what is no access token
        matcher = matcher["on_no_match"]["matcher"]
    return set(matcher["matcher_tree"]["exact_match_map"]["map"])
