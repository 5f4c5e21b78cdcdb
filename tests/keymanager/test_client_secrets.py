from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from keymanager import client_secrets
from tests.keymanager.conftest import Registered, post_token

pytestmark = pytest.mark.django_db


def status(registered: Registered, secret: str) -> int:
    return int(post_token(registered, secret=secret, grant_type="client_credentials").status_code)


def test_a_secret_is_changed_without_a_gap(printer: Registered) -> None:
    first, second = str(printer.secret), client_secrets.add(printer.client, name="second")
    old, new = client_secrets.usable(printer.client)
    assert (status(printer, first), status(printer, second)) == (200, 200)

    assert client_secrets.revoke(printer.client, old.pk)

    assert (status(printer, first), status(printer, second)) == (401, 200)
    assert client_secrets.usable(printer.client) == [new]


def test_a_secret_runs_out(printer: Registered) -> None:
    soon = timezone.now() + timedelta(minutes=5)
    short = client_secrets.add(printer.client, expires_at=soon)
    assert status(printer, short) == 200

    for row in client_secrets.usable(printer.client):
        client_secrets.expire(printer.client, row.pk, at=timezone.now() - timedelta(seconds=1))

    assert (status(printer, short), status(printer, str(printer.secret))) == (401, 401)
    assert client_secrets.usable(printer.client) == []


def test_a_secret_never_runs_out_later_than_it_was_to(printer: Registered) -> None:
    soon = timezone.now() + timedelta(minutes=5)
    client_secrets.add(printer.client, expires_at=soon)
    row = client_secrets.usable(printer.client)[-1]

    assert not client_secrets.expire(printer.client, row.pk, at=soon + timedelta(days=1))
    assert client_secrets.usable(printer.client)[-1].expires_at == soon


def test_a_secret_of_another_client_is_left_alone(printer: Registered, register: object) -> None:
    (row,) = client_secrets.usable(printer.client)
    other = register()  # type: ignore[operator]

    assert not client_secrets.revoke(other.client, row.pk)
    assert client_secrets.revoke(printer.client, row.pk)
    assert not client_secrets.revoke(printer.client, row.pk)


def test_a_list_of_secrets_holds_none(printer: Registered) -> None:
    (row,) = client_secrets.usable(printer.client)

    assert str(printer.secret) not in str(vars(row))
    assert str(printer.secret).startswith(row.prefix)
