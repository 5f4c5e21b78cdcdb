"""What is revoked, as a gateway is told that checks self-contained tokens by itself and is no Envoy."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from gateway import node_key, revocation_feed
from keymanager.models import Authorization, RevokedToken

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from accounts.models import User
    from keymanager.models import Client as OAuthClient

FEED = "/gateway/revocations"


@pytest.fixture(autouse=True)
def nothing_remembered(db: None) -> Iterator[None]:
    """At one moment: each minute begins with everything gathered anew."""
    revocation_feed.earlier.cache_clear()
    revocation_feed.whole.cache_clear()
    with time_machine.travel(timezone.now(), tick=False):
        yield


MANY = """
    INSERT INTO keymanager_revokedtoken (jti, revoked_at, expires_at)
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 99999)
    SELECT 'revoked-' || i, revoked_at, expires_at FROM n, keymanager_revokedtoken
"""


def revoke(jti: str, seconds_ago: float = 0, lives: float = 300) -> None:
    now = timezone.now()
    RevokedToken.objects.create(
        jti=jti, expires_at=now + timedelta(seconds=lives), revoked_at=now - timedelta(seconds=seconds_ago)
    )


def fetched(gateway: Client, query: str = "") -> Any:
    response = gateway.get(FEED + query)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
    return json.loads(response.content)


def test_nothing_revoked_is_three_empty_maps(gateway: Client) -> None:
    assert fetched(gateway) == {"jti": {}, "grant_id": {}, "client_id": {}}


def test_every_claim_comes_with_when_it_leaves(gateway: Client, scanner: OAuthClient, bob: User) -> None:
    revoke("given-back")
    authorization = Authorization.objects.create(
        user=bob, client=scanner, auth_time=timezone.now(), revoked_at=timezone.now()
    )
    scanner.blocked_at = timezone.now()
    scanner.save()

    told = fetched(gateway)

    # Never before the token has expired; somewhat later, for gateways whose clock is not right.
    assert told["jti"]["given-back"] >= time.time() + 299
    assert list(told["grant_id"]) == [str(authorization.pk)]
    assert told["grant_id"][str(authorization.pk)] >= time.time() + 3599
    assert told["client_id"] == {scanner.client_id: None}


@pytest.mark.parametrize("seconds_ago", [0, 59, 61, 119, 121, 179, 181, 3600])
def test_nothing_falls_between_the_two_lists(gateway: Client, seconds_ago: int) -> None:
    revoke("one", seconds_ago)

    assert "one" in fetched(gateway)["jti"]
    assert "one" in {**fetched(gateway, "?part=earlier")["jti"], **fetched(gateway, "?part=lately")["jti"]}


def test_what_has_expired_is_told_no_more(gateway: Client) -> None:
    revoke("old", seconds_ago=600, lives=-2000)

    assert fetched(gateway)["jti"] == {}


def test_gateway_that_has_the_newest_is_told_so(gateway: Client) -> None:
    revoke("one")
    etag = gateway.get(FEED).headers["ETag"]

    again = gateway.get(FEED, headers={"If-None-Match": etag})

    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    assert again.headers["Cache-Control"] == "private, no-cache"
    assert etag.startswith('"')  # a strong one
    revoke("two")
    assert gateway.get(FEED, headers={"If-None-Match": etag}).status_code == 200


@pytest.mark.parametrize("proof", ["", "wrong"])
def test_feed_is_for_gateways_only(gateway: Client, proof: str) -> None:
    assert gateway.get(FEED, headers={"X-Gateway-Proof": proof}).status_code == 403
    assert gateway.post(FEED).status_code == 405


def test_part_that_there_is_not_is_refused(gateway: Client) -> None:
    assert gateway.get(f"{FEED}?part=x").status_code == 400


def test_feed_costs_one_statement_and_one_more_a_minute(
    gateway: Client,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(2):
        gateway.get(FEED)
    with django_assert_num_queries(1):
        gateway.get(FEED)


def test_hundred_thousand_are_told_and_asking_again_is_quick(gateway: Client) -> None:
    revoke("one", seconds_ago=1800, lives=3600)
    with connection.cursor() as cursor:
        cursor.execute(MANY)

    first = gateway.get(FEED)
    began = time.process_time()
    again = gateway.get(FEED, headers={"If-None-Match": first.headers["ETag"]})
    took = time.process_time() - began

    assert len(json.loads(first.content)["jti"]) == 100_000
    assert len(first.content) < 4_000_000
    assert again.status_code == 304
    assert took < 1


def test_proof_is_shown_by_a_command(gateway: Client, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("show_gateway_proof")

    assert capsys.readouterr().out == node_key.proof() + "\n"
