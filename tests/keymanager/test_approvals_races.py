"""Withdrawing while the application is busy: no deadlock, and nothing escapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
from django.test import Client as Browser

from accounts.models import User
from keymanager import approvals
from keymanager.models import AccessToken, Authorization, RefreshToken, TokenFormat
from tests.keymanager.conftest import Registered, code_for, exchange, post_token
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
ROUNDS = 5


def together(withdrawing: Callable[[], Any], busy: Sequence[Callable[[], Any]]) -> None:
    """Two withdrawals and everything in `busy` at the same moment; each answer is one of the expected ones."""
    deeds = [withdrawing, withdrawing, *busy]

    def take_one() -> Any:
        deed = deeds.pop()
        return deed()

    answers = at_once(len(deeds), take_one)

    assert {answer.status_code for answer in answers if not isinstance(answer, bool)} <= {200, 400}


def nothing_lives() -> bool:
    return not (
        Authorization.objects.filter(revoked_at=None).exists()
        or RefreshToken.objects.filter(revoked=None).exists()
        or AccessToken.objects.exists()
    )


def test_a_refresh_at_the_same_moment_leaves_no_token(
    bobs_browser: Browser, bob: User, register: Callable[..., Registered]
) -> None:
    printer = register(access_token_format=TokenFormat.OPAQUE)
    for _ in range(ROUNDS):
        held = [exchange(printer, code_for(bobs_browser, printer)).json()["refresh_token"] for _ in range(3)]
        busy = [partial(post_token, printer, grant_type="refresh_token", refresh_token=token) for token in held]

        together(partial(approvals.withdraw, bob, printer.client), busy)

        assert nothing_lives()


def test_a_code_redeemed_at_the_same_moment_leaves_no_token(
    bobs_browser: Browser, bob: User, register: Callable[..., Registered]
) -> None:
    printer = register(access_token_format=TokenFormat.OPAQUE)
    for _ in range(ROUNDS):
        busy = [partial(exchange, printer, code_for(bobs_browser, printer)) for _ in range(3)]

        together(partial(approvals.withdraw, bob, printer.client), busy)

        assert nothing_lives()
