"""A client is remembered for a moment, and what is done to it holds at once all the same."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Thread

import pytest
from django.db import connection, transaction
from django.test import Client as Browser

from accounts import people
from accounts.models import User
from keymanager import client_cache, client_secrets, clients
from keymanager.models import Client
from tests.keymanager.conftest import CALLBACK, Registered, Remember, authorize, code_for, exchange, post_token

pytestmark = pytest.mark.django_db
OTHER = "https://other.example/callback"


@pytest.fixture
def busy(printer: Registered, remembered: Remember) -> Registered:
    """A client that is remembered."""
    assert token_status(remembered(printer)) == 200
    return printer


def token_status(registered: Registered, secret: str | None = None) -> int:
    status: int = post_token(registered, secret=secret, grant_type="client_credentials").status_code
    return status


def test_it_is_read_once(busy: Registered, django_assert_num_queries: Callable[..., object]) -> None:
    with django_assert_num_queries(0):  # type: ignore[attr-defined]
        assert token_status(busy) == 200


def test_a_blocked_client_is_refused_at_once(busy: Registered) -> None:
    clients.block(busy.client)

    assert token_status(busy) == 401


def test_the_token_of_a_blocked_client_is_refused_at_once(bobs_browser: Browser, busy: Registered) -> None:
    token = exchange(busy, code_for(bobs_browser, busy, scope="openid")).json()["access_token"]
    clients.block(busy.client)

    assert Browser().get("/oauth2/userinfo", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_an_unblocked_client_is_served_at_once(busy: Registered) -> None:
    clients.block(busy.client)
    assert token_status(busy) == 401

    clients.unblock(busy.client)

    assert token_status(busy) == 200


def test_clients_whose_owner_s_applications_are_stopped_are_refused_at_once_and_served_at_once_again(
    busy: Registered, alice: User
) -> None:
    people.stop_applications(alice)
    assert token_status(busy) == 401

    people.resume_applications(alice)
    assert token_status(busy) == 200


def test_a_removed_client_is_refused_at_once(busy: Registered) -> None:
    clients.remove(busy.id)

    assert token_status(busy) == 401


def test_a_regenerated_secret_is_the_only_good_one_at_once(busy: Registered) -> None:
    secret = client_secrets.regenerate(busy.client)

    assert token_status(busy) == 401
    assert token_status(busy, secret) == 200


def test_an_added_secret_is_good_at_once(busy: Registered) -> None:
    secret = client_secrets.add(busy.client, name="second")

    assert token_status(busy) == token_status(busy, secret) == 200


def test_a_changed_redirect_uri_is_honoured_at_once(bobs_browser: Browser, busy: Registered) -> None:
    assert authorize(bobs_browser, busy).status_code == 302

    clients.update(busy.client, redirect_uris=[OTHER])

    assert authorize(bobs_browser, busy, redirect_uri=CALLBACK).status_code == 400
    assert authorize(bobs_browser, busy, redirect_uri=OTHER).status_code == 302


def test_a_grant_type_that_is_no_longer_ticked_is_refused_at_once(busy: Registered) -> None:
    clients.update(busy.client, redirect_uris=[CALLBACK], grant_types=["authorization_code"])

    assert post_token(busy, grant_type="client_credentials").json()["error"] == "unauthorized_client"


def test_no_secret_is_remembered(busy: Registered) -> None:
    known = client_cache.find(busy.id)

    assert known is not None
    assert str(busy.secret) not in repr([vars(known.client), *(vars(row) for row in known.secrets)])


def test_a_client_that_does_not_exist_is_not_remembered(busy: Registered) -> None:
    Client.objects.filter(pk=busy.client.pk).update(client_id="renamed")
    client_cache.clear()
    assert client_cache.find(busy.id) is None

    Client.objects.filter(pk=busy.client.pk).update(client_id=busy.id)

    assert client_cache.find(busy.id) is not None


def test_what_another_process_did_holds_after_a_moment(busy: Registered, settings: object) -> None:
    Client.objects.filter(pk=busy.client.pk).update(blocked_at=busy.client.created)
    assert token_status(busy) == 200

    settings.CLIENT_CACHE_SECONDS = 0.05  # type: ignore[attr-defined]
    time.sleep(0.06)

    assert token_status(busy) == 401


def test_a_client_read_before_a_change_is_not_remembered_after_it(busy: Registered) -> None:
    counted = client_cache._forgotten
    read_before = client_cache.find(busy.id)
    client_cache.clear()

    assert read_before is not None
    client_cache.remember(read_before, counted)

    assert busy.id not in client_cache._by_id


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_what_was_undone_is_not_remembered(printer: Registered, remembered: Remember) -> None:
    with transaction.atomic():
        clients.block(remembered(printer).client)
        assert clients.find(printer.id) is None
        transaction.set_rollback(True)

    assert token_status(printer) == 200


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_another_thread_sees_a_change_as_soon_as_it_has_committed(busy: Registered) -> None:
    with transaction.atomic():
        clients.block(busy.client)
        in_a_thread(lambda: token_status(busy))  # remembers it as it was before, as far as SQLite lets it read

    assert token_status(busy) == 401


def in_a_thread(deed: Callable[[], object]) -> None:
    def run() -> None:
        try:
            deed()
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    thread.join()


def test_no_more_than_so_many_are_remembered(busy: Registered, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_cache, "MOST", 1)
    other, _ = clients.register(public=True, redirect_uris=[CALLBACK], name="other")
    client_cache.changed()

    for client_id in (busy.id, other.client_id, busy.id):
        assert client_cache.find(client_id) is not None

    assert len(client_cache._by_id) == len(client_cache._by_key) == 1
