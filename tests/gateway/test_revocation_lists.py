"""What an Envoy is answered when it asks what is revoked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from gateway import filters, node_key, revocations
from keymanager.models import RevokedToken

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries, Settings

LISTS = [filters.REVOKED_EARLIER, filters.REVOKED_LATELY]


@pytest.fixture
def key(settings: Settings, tmp_path: Path, db: None) -> Iterator[str]:
    """At one moment: the lists are divided anew each minute."""
    settings.GATEWAY_STATE = tmp_path / "gateway"
    revocations.forget()
    with time_machine.travel(timezone.now(), tick=False):
        yield node_key.ensure()


def ask(client: Client, key: Any, names: Any, version: str = "") -> HttpResponse:
    node = {"id": "gateway", "metadata": {"key": key}}
    question = {"version_info": version, "node": node, "resource_names": names}
    path = "/v3/discovery:extension_configs"
    return client.post(path, json.dumps(question), content_type="application/json")  # type: ignore[return-value]


def revoke(jti: str, minutes_ago: int) -> None:
    now = timezone.now()
    at = now - timedelta(minutes=minutes_ago)
    RevokedToken.objects.create(jti=jti, revoked_at=at, expires_at=now + timedelta(hours=1))


def test_each_list_has_its_time_and_together_they_have_all(client: Client, key: str) -> None:
    for minutes in range(10):
        revoke(f"id-{minutes}-", minutes)

    earlier, lately = (ask(client, key, [name]).content.decode() for name in LISTS)

    assert [minutes for minutes in range(10) if f"id-{minutes}-" in lately][:4] == [0, 1, 2, 3]
    assert [minutes for minutes in range(10) if f"id-{minutes}-" in earlier][-7:] == [3, 4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize("name", LISTS)
def test_answer_is_one_filter_by_its_name_and_sent_once(client: Client, key: str, name: str) -> None:
    answer = json.loads(ask(client, key, [name]).content)

    assert answer["resources"][0]["name"] == name
    assert answer["type_url"] == answer["resources"][0]["@type"]
    assert ask(client, key, [name], answer["version_info"]).status_code == 304


@pytest.mark.parametrize("name", LISTS)
def test_where_nothing_is_revoked_a_call_is_not_looked_at(client: Client, key: str, name: str) -> None:
    assert "matcher" not in json.loads(ask(client, key, [name]).content)["resources"][0]["typed_config"]


def test_value_that_is_no_plain_text_stays_one(client: Client, key: str) -> None:
    revoke('"} \\ é', 0)

    tree = json.loads(ask(client, key, [filters.REVOKED_LATELY]).content)["resources"][0]["typed_config"]["matcher"]

    assert list(tree["matcher_tree"]["exact_match_map"]["map"]) == ['"} \\ é']


@pytest.mark.parametrize("names", [None, [], "gateway.revoked_lately", ["unknown"], [1], [[]], LISTS])
def test_filter_that_does_not_exist_is_not_found(client: Client, key: str, names: Any) -> None:
    assert ask(client, key, names).status_code == 404


@pytest.mark.parametrize("shown", ["", "wrong", None])
def test_stranger_is_not_told_what_is_revoked(client: Client, key: str, shown: Any) -> None:
    assert ask(client, shown, [filters.REVOKED_LATELY]).status_code == 403


@pytest.mark.parametrize("body", ["", "[]", "nonsense", "[" * 99999])
def test_question_that_cannot_be_read_is_refused(client: Client, key: str, body: str) -> None:
    response = client.post("/v3/discovery:extension_configs", body, content_type="application/json")

    assert response.status_code == 404


def test_question_costs_one_statement(
    client: Client, key: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ask(client, key, [filters.REVOKED_LATELY])  # that a gateway asked is written down now and then

    with django_assert_num_queries(1):
        ask(client, key, [filters.REVOKED_LATELY])
