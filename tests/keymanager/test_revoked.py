"""What a gateway is told that checks self-contained tokens by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts import people
from keymanager import authorizations, clients, expiry, revoked
from keymanager.models import Authorization, RevokedToken
from keymanager.revoked_models import RevokedClaim
from tests.keymanager.conftest import Registered, basic, code_for, exchange, post_token

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from accounts.models import User


def told(**period: datetime) -> set[tuple[str, str]]:
    return {(row.claim, row.value) for row in revoked.of(**period)}


def claims_of(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, options={"verify_signature": False}))


def give_back(registered: Registered, token: str) -> None:
    Browser().post("/oauth2/revoke", {"token": token}, headers=basic(registered))


def test_application_token_given_back_is_told_by_its_id_until_it_expires(register: Callable[..., Registered]) -> None:
    registered = register(grant_types=["client_credentials"])
    token = post_token(registered, grant_type="client_credentials").json()["access_token"]

    give_back(registered, token)

    (row,) = revoked.of()
    claims = claims_of(token)
    assert (row.claim, row.value) == ("jti", claims["jti"])
    assert row.expires_at == datetime.fromtimestamp(claims["exp"], UTC) + revoked.CLOCKS_APART


def test_token_of_a_person_is_told_by_its_authorization(printer: Registered, bobs_browser: Browser) -> None:
    token = exchange(printer, code_for(bobs_browser, printer)).json()["access_token"]

    give_back(printer, token)

    assert told() == {("grant_id", claims_of(token)["grant_id"])}


def test_authorization_is_told_until_its_last_token_has_expired(printer: Registered, bobs_browser: Browser) -> None:
    exchange(printer, code_for(bobs_browser, printer))
    authorizations.revoke(Authorization.objects.get().pk, reason="test")
    lifetime = timedelta(seconds=printer.client.access_token_lifetime, minutes=11)

    Authorization.objects.update(revoked_at=timezone.now() - lifetime)

    assert told() == set()


def test_blocked_client_is_told_until_it_is_unblocked(printer: Registered) -> None:
    clients.block(printer.client)
    assert told() == {("client_id", printer.id)}

    clients.unblock(printer.client)

    assert told() == set()


def test_person_who_is_shut_out_is_told_by_what_they_agreed_to(
    printer: Registered, bobs_browser: Browser, bob: User
) -> None:
    code_for(bobs_browser, printer)
    type(bob).objects.filter(pk=bob.pk).update(is_active=False)

    assert told() == {("grant_id", str(Authorization.objects.get().pk))}


def test_clients_of_a_person_whose_applications_are_stopped_are_told(
    printer: Registered, alice: User, bob: User
) -> None:
    people.stop_applications(bob)
    assert told() == set()

    people.stop_applications(alice)
    assert told() == {("client_id", printer.id)}
    people.resume_applications(alice)
    assert told() == set()


def test_removed_client_is_still_told(printer: Registered) -> None:
    clients.remove(printer.id)
    clients.remove(printer.id)

    assert told() == {("client_id", printer.id)}


def test_what_was_exchanged_for_a_removed_client_s_tokens_is_told(
    printer: Registered, register: Callable[..., Registered], bobs_browser: Browser, bob: User
) -> None:
    code_for(bobs_browser, printer)
    root, other = Authorization.objects.get(), register(name="Other")
    fields: dict[str, Any] = {"grant_type": "x", "scope": "", "auth_time": timezone.now(), "root_id": root.pk}
    exchanged = authorizations.record(user=bob, client=other.client, **fields)

    clients.remove(printer.id)

    assert ("grant_id", str(exchanged.pk)) in told()


def test_times_divide_what_is_told(db: None) -> None:
    now = timezone.now()
    for minutes in (1, 5):
        at = now - timedelta(minutes=minutes)
        RevokedToken.objects.create(jti=str(minutes), revoked_at=at, expires_at=now + timedelta(hours=1))
    between = now - timedelta(minutes=3)

    assert told(since=between) == {("jti", "1")}
    assert told(until=between) == {("jti", "5")}
    assert told() == {("jti", "1"), ("jti", "5")}


def test_what_has_expired_is_told_no_more_and_leaves(db: None) -> None:
    past = timezone.now() - timedelta(minutes=10, seconds=1)
    RevokedToken.objects.create(jti="old", expires_at=past)
    RevokedClaim.objects.create(claim="client_id", value="old", expires_at=past)
    assert told() == set()

    expiry.clear()

    assert not RevokedClaim.objects.exists()


def test_clock_that_is_behind_finds_revoked_tokens_still_told(db: None) -> None:
    five_minutes_ago = timezone.now() - timedelta(minutes=5)
    RevokedToken.objects.create(jti="old", expires_at=five_minutes_ago)
    RevokedClaim.objects.create(claim="client_id", value="old", expires_at=five_minutes_ago)

    expiry.clear()

    assert told() == {("jti", "old"), ("client_id", "old")}


@pytest.mark.parametrize(("seconds", "kept"), [(3600, False), (30 * 24 * 3600, True)])
def test_revoked_authorization_stays_while_its_tokens_live(
    printer: Registered, bobs_browser: Browser, seconds: int, kept: bool
) -> None:
    code_for(bobs_browser, printer)
    type(printer.client).objects.update(access_token_lifetime=seconds)
    Authorization.objects.update(revoked_at=timezone.now() - timedelta(days=2))

    expiry.clear()

    assert Authorization.objects.exists() is kept


def test_telling_costs_one_statement(db: None, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(1):
        revoked.of(since=timezone.now())
