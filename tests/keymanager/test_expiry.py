from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone

from keymanager import authorizations, expiry, tokens
from keymanager.models import AccessToken, Authorization, AuthorizationCode, ConsentRequest, RefreshToken, RevokedToken
from tests.keymanager.conftest import Registered, authorize, code_for, exchange, post_token

pytestmark = pytest.mark.django_db


def in_days(days: float) -> time_machine.travel:
    return time_machine.travel(timezone.now() + timedelta(days=days))


def test_what_is_alive_stays(bobs_browser: Browser, register: Callable[..., Registered]) -> None:
    registered = register(access_token_format="OPAQUE")
    pair = exchange(registered, code_for(bobs_browser, registered)).json()
    authorize(bobs_browser, registered)

    assert expiry.clear() == 0

    assert tokens.find(pair["access_token"])
    assert post_token(registered, grant_type="refresh_token", refresh_token=pair["refresh_token"]).status_code == 200


def test_what_has_expired_goes(bobs_browser: Browser, register: Callable[..., Registered]) -> None:
    registered = register(access_token_format="OPAQUE")
    exchange(registered, code_for(bobs_browser, registered))
    authorize(bobs_browser, registered)
    RevokedToken.objects.create(jti="x", expires_at=timezone.now())

    with in_days(3):
        expiry.clear()

    for model in (AuthorizationCode, AccessToken, RefreshToken, ConsentRequest, RevokedToken):
        assert not model.objects.exists(), model
    assert Authorization.objects.count() == 1


def test_a_used_code_is_remembered_for_a_day(bobs_browser: Browser, printer: Registered) -> None:
    code = code_for(bobs_browser, printer)
    exchange(printer, code)

    with in_days(0.5):
        expiry.clear()
        assert AuthorizationCode.objects.count() == 1


def test_a_revoked_authorization_goes_and_its_tokens_stay_refused(bobs_browser: Browser, printer: Registered) -> None:
    printer.client.access_token_lifetime = 10 * 24 * 3600
    printer.client.save(update_fields=["access_token_lifetime"])
    token = exchange(printer, code_for(bobs_browser, printer)).json()["access_token"]
    authorizations.revoke(Authorization.objects.get().pk, reason="withdrawn")
    printer.client.access_token_lifetime = 3600
    printer.client.save(update_fields=["access_token_lifetime"])

    with in_days(2):
        expiry.clear()
        assert not Authorization.objects.exists()
        assert tokens.find(token) is None


def test_an_authorization_that_nothing_hangs_on_goes_after_a_year(bobs_browser: Browser, printer: Registered) -> None:
    exchange(printer, code_for(bobs_browser, printer))

    with in_days(367):
        expiry.clear()

    assert not Authorization.objects.exists()


def test_a_large_number_goes_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "BATCH", 10)
    ended = timezone.now() - timedelta(hours=1)
    RevokedToken.objects.bulk_create([RevokedToken(jti=str(number), expires_at=ended) for number in range(25)])

    assert expiry.clear() == 25


def test_the_command_says_what_it_did(db: None) -> None:
    RevokedToken.objects.create(jti="x", expires_at=timezone.now() - timedelta(hours=1))
    output = StringIO()

    call_command("clear_expired", stdout=output)

    assert "revoked tokens: 1" in output.getvalue()
    assert "1 rows deleted." in output.getvalue()


def test_rows_count_for_whoever_has_deleted_them() -> None:
    """Of two that clear at once."""
    RevokedToken.objects.create(jti="x", expires_at=timezone.now() - timedelta(days=1))

    def overtaken(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("DELETE"):
            execute("DELETE FROM keymanager_revokedtoken", (), many, context)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(overtaken):
        assert expiry.clear() == 0
