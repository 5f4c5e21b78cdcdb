"""Two at once. Real threads, real transactions; the database decides."""

from __future__ import annotations

import importlib
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.test import Client as Browser
from pytest_django.fixtures import Settings

from keymanager import authorizations, clients, tokens
from keymanager.models import AccessToken, Authorization, AuthorizationCode, RefreshToken, TokenFormat
from tests import forked
from tests.keymanager.conftest import CALLBACK, Registered, authorize, code_for, exchange, post_token
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
THREADS = 8
# SQLite has one lock for all, and fifty in a row have to wait longer than it lets them.
MANY = 50 if connection.vendor == "postgresql" else THREADS


@pytest.fixture
def opaque(register: Callable[..., Registered]) -> Registered:
    """A client whose access tokens are rows, so that every one can be counted."""
    return register(access_token_format=TokenFormat.OPAQUE)


def refresh(registered: Registered, pair: dict[str, str]) -> Any:
    return post_token(registered, grant_type="refresh_token", refresh_token=pair["refresh_token"])


def kill_after(moment: str, registered: Registered, **parameters: str) -> None:
    """`kill -9` of another process that calls the token endpoint, after that function of the key manager."""
    here, there = Pipe(duplex=False)
    process = forked.begin(stand_still_after, f"keymanager.{moment}", there, registered, parameters)
    there.close()
    assert here.recv() == "standing still"
    process.kill()
    process.join()


def stand_still_after(dotted: str, told: Connection, registered: Registered, parameters: dict[str, str]) -> None:
    module, _, name = dotted.rpartition(".")
    owner = importlib.import_module(module)
    whole = getattr(owner, name)

    def pausing(*args: Any, **kwargs: Any) -> None:
        whole(*args, **kwargs)
        told.send("standing still")
        signal.pause()

    setattr(owner, name, pausing)
    answer = post_token(registered, **parameters)
    told.send(f"It was answered and not killed: {answer.status_code} {answer.content.decode()}")


def test_of_many_exchanges_of_one_code_one_wins_and_the_replays_kill_it(
    bobs_browser: Browser, printer: Registered
) -> None:
    code = code_for(bobs_browser, printer)

    answers = at_once(THREADS, lambda: exchange(printer, code))

    won = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    assert {answer.json()["error"] for answer in answers if answer.status_code != 200} == {"invalid_grant"}
    assert tokens.find(won[0]["access_token"]) is None


@pytest.mark.rfc("6749#4.1.2")
def test_two_exchanges_of_one_code_are_one_win_and_one_replay(bobs_browser: Browser, opaque: Registered) -> None:
    code = code_for(bobs_browser, opaque)

    answers = at_once(2, lambda: exchange(opaque, code))

    assert sorted(answer.status_code for answer in answers) == [200, 400]
    assert AccessToken.objects.count() == 0
    assert RefreshToken.objects.filter(revoked=None).count() == 0
    assert Authorization.objects.get().revoked_reason == "replay"


@pytest.mark.rfc("9700#4.14.2")
def test_many_uses_of_one_refresh_token_at_once_get_one_identical_pair(
    bobs_browser: Browser, opaque: Registered
) -> None:
    first = exchange(opaque, code_for(bobs_browser, opaque)).json()

    answers = at_once(MANY, lambda: refresh(opaque, first))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert RefreshToken.objects.filter(consumed_at=None, revoked=None).count() == 1
    assert AccessToken.objects.count() == 2
    assert refresh(opaque, answers[0].json()).status_code == 200


@pytest.mark.rfc("9700#4.14.2")
def test_without_a_grace_period_one_wins_and_the_family_dies(
    bobs_browser: Browser, printer: Registered, settings: Settings
) -> None:
    settings.REFRESH_TOKEN_GRACE = 0
    first = exchange(printer, code_for(bobs_browser, printer)).json()

    answers = at_once(MANY, lambda: refresh(printer, first))

    won = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    assert {answer.status_code for answer in answers} == {200, 400}
    assert refresh(printer, won[0]).json()["error"] == "invalid_grant"


@pytest.mark.rfc("9700#4.14.2")
def test_after_the_grace_period_the_family_dies_and_no_pair_escapes(bobs_browser: Browser, opaque: Registered) -> None:
    first = exchange(opaque, code_for(bobs_browser, opaque)).json()
    second = refresh(opaque, first).json()
    RefreshToken.objects.exclude(consumed_at=None).update(consumed_at=F("consumed_at") - timedelta(minutes=1))

    pairs = iter([first, second] * MANY)
    answers = at_once(MANY, lambda: refresh(opaque, next(pairs)))

    assert {answer.status_code for answer in answers} <= {200, 400}
    assert [
        answer for answer in answers if answer.status_code == 200 and tokens.find(answer.json()["access_token"])
    ] == []
    assert RefreshToken.objects.filter(revoked=None).count() == 0
    assert AccessToken.objects.count() == 0


@pytest.mark.rfc("7009#2.1")
def test_a_withdrawal_and_a_refresh_do_not_wait_for_each_other(bobs_browser: Browser, printer: Registered) -> None:
    first = exchange(printer, code_for(bobs_browser, printer)).json()
    authorization_id = Authorization.objects.get().pk

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            authorizations.hold(authorization_id)
            answer = pool.submit(at_once, 1, lambda: refresh(printer, first))
            time.sleep(0.5)  # until the refresh waits for the authorization
            authorizations.revoke(authorization_id, reason="withdrawn")

        assert answer.result()[0].json()["error"] == "invalid_grant"


@pytest.mark.rfc("6749#4.1.2")
@pytest.mark.parametrize("moment", ["codes.find", "codes.claim", "tokens.for_authorization"])
def test_a_process_killed_in_an_exchange_leaves_the_code_usable_and_no_token(
    bobs_browser: Browser, opaque: Registered, moment: str
) -> None:
    code = code_for(bobs_browser, opaque)

    kill_after(moment, opaque, grant_type="authorization_code", code=code, redirect_uri=CALLBACK)

    assert AuthorizationCode.objects.get().consumed_at is None
    assert AccessToken.objects.count() == RefreshToken.objects.count() == 0
    assert exchange(opaque, code).status_code == 200
    assert AccessToken.objects.get().authorization == RefreshToken.objects.get().authorization


@pytest.mark.rfc("6749#6")
@pytest.mark.parametrize("moment", ["refresh_tokens.claim", "refresh_tokens.keep_answer"])
def test_a_process_killed_in_a_refresh_leaves_the_refresh_token_usable(
    bobs_browser: Browser, opaque: Registered, moment: str
) -> None:
    first = exchange(opaque, code_for(bobs_browser, opaque)).json()

    kill_after(moment, opaque, grant_type="refresh_token", refresh_token=first["refresh_token"])

    assert AccessToken.objects.count() == RefreshToken.objects.filter(consumed_at=None).count() == 1
    assert refresh(opaque, first).status_code == 200
    assert RefreshToken.objects.filter(consumed_at=None).count() == 1


def test_no_token_escapes_a_revocation_at_the_same_moment(bobs_browser: Browser, printer: Registered) -> None:
    first = exchange(printer, code_for(bobs_browser, printer)).json()
    authorization_id = Authorization.objects.get().pk

    def pair_of(pair: dict[str, str]) -> dict[str, str]:
        answer: dict[str, str] = refresh(printer, pair).json()
        return answer

    def withdraw() -> dict[str, str]:
        authorizations.revoke(authorization_id, reason="withdrawn")
        return {}

    deeds: Iterator[Callable[[], dict[str, str]]] = iter([withdraw, *[partial(pair_of, first)] * 3])

    def do_next() -> dict[str, str]:
        return next(deeds)()

    answers = at_once(4, do_next)

    for answer in answers:
        if "access_token" in answer:
            assert tokens.find(answer["access_token"]) is None
            assert "error" in pair_of(answer)


def test_of_two_clicks_on_approve_one_makes_a_code(bobs_browser: Browser, printer: Registered) -> None:
    path = urlsplit(authorize(bobs_browser, printer)["Location"]).path

    def click() -> int:
        browser = Browser()
        browser.cookies = bobs_browser.cookies
        return browser.post(path, {"decision": "approve"}).status_code

    assert sorted(at_once(2, click)) == [303, 400]
    assert AuthorizationCode.objects.count() == 1


@pytest.mark.parametrize("grant_type", ["client_credentials", "authorization_code", "refresh_token", "password"])
def test_a_client_removed_during_an_exchange_is_refused_and_nothing_stays(
    bobs_browser: Browser, opaque: Registered, grant_type: str
) -> None:
    first = exchange(opaque, code_for(bobs_browser, opaque)).json()
    sent = {"username": "bob", "password": "bob", "redirect_uri": CALLBACK, "code": code_for(bobs_browser, opaque)}
    parameters = sent | {"grant_type": grant_type, "refresh_token": first["refresh_token"]}
    deeds: Iterator[Callable[[], Any]] = iter(
        [lambda: clients.remove(opaque.id), *[lambda: post_token(opaque, **parameters)] * THREADS]
    )

    def do_next() -> Any:
        return next(deeds)()

    answers = at_once(THREADS + 1, do_next)

    assert {answer.status_code for answer in answers if answer} <= {200, 400, 401}
    assert not AccessToken.objects.exists()
    assert not Authorization.objects.exists()
