"""Two at once. Real threads, real transactions; the database decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from urllib.parse import urlsplit

import pytest
from django.test import Client as Browser
from pytest_django.fixtures import Settings

from keymanager import authorizations, tokens
from keymanager.models import Authorization, AuthorizationCode, RefreshToken
from tests.keymanager.conftest import Registered, authorize, code_for, exchange, post_token
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
THREADS = 8


def test_of_many_exchanges_of_one_code_one_wins_and_the_replays_kill_it(
    bobs_browser: Browser, printer: Registered
) -> None:
    code = code_for(bobs_browser, printer)

    answers = at_once(THREADS, lambda: exchange(printer, code))

    won = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    assert {answer.json()["error"] for answer in answers if answer.status_code != 200} == {"invalid_grant"}
    assert tokens.find(won[0]["access_token"]) is None


def test_many_uses_of_one_refresh_token_at_once_get_one_identical_pair(
    bobs_browser: Browser, printer: Registered
) -> None:
    first = exchange(printer, code_for(bobs_browser, printer)).json()

    answers = at_once(
        THREADS, lambda: post_token(printer, grant_type="refresh_token", refresh_token=first["refresh_token"])
    )

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert RefreshToken.objects.filter(consumed_at=None).count() == 1


def test_without_a_grace_period_one_wins_and_the_family_dies(
    bobs_browser: Browser, printer: Registered, settings: Settings
) -> None:
    settings.REFRESH_TOKEN_GRACE = 0
    first = exchange(printer, code_for(bobs_browser, printer)).json()

    answers = at_once(
        THREADS, lambda: post_token(printer, grant_type="refresh_token", refresh_token=first["refresh_token"])
    )

    won = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    assert {answer.status_code for answer in answers} == {200, 400}
    after = post_token(printer, grant_type="refresh_token", refresh_token=won[0]["refresh_token"])
    assert after.json()["error"] == "invalid_grant"


def test_no_token_escapes_a_revocation_at_the_same_moment(bobs_browser: Browser, printer: Registered) -> None:
    first = exchange(printer, code_for(bobs_browser, printer)).json()
    authorization_id = Authorization.objects.get().pk

    def refresh(pair: dict[str, str]) -> dict[str, str]:
        parameters = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
        answer: dict[str, str] = post_token(printer, **parameters).json()
        return answer

    def withdraw() -> dict[str, str]:
        authorizations.revoke(authorization_id, reason="withdrawn")
        return {}

    deeds: Iterator[Callable[[], dict[str, str]]] = iter([withdraw, *[partial(refresh, first)] * 3])

    def do_next() -> dict[str, str]:
        return next(deeds)()

    answers = at_once(4, do_next)

    for answer in answers:
        if "access_token" in answer:
            assert tokens.find(answer["access_token"]) is None
            assert "error" in refresh(answer)


def test_of_two_clicks_on_approve_one_makes_a_code(bobs_browser: Browser, printer: Registered) -> None:
    path = urlsplit(authorize(bobs_browser, printer)["Location"]).path

    def click() -> int:
        browser = Browser()
        browser.cookies = bobs_browser.cookies
        return browser.post(path, {"decision": "approve"}).status_code

    assert sorted(at_once(2, click)) == [302, 400]
    assert AuthorizationCode.objects.count() == 1
