"""How many statements each step may cost; BEGIN, COMMIT and savepoints are not counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from keymanager import client_cache, client_secrets, signing, tokens
from tests.keymanager.conftest import (
    Registered,
    Remember,
    authorize,
    basic,
    challenge,
    code_for,
    decide,
    exchange,
    post_token,
    query_of,
)

pytestmark = pytest.mark.django_db
UNCOUNTED = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")


@contextmanager
def at_most(most: int) -> Iterator[None]:
    with CaptureQueriesContext(connection) as captured:
        yield
    counted = [query["sql"] for query in captured if not query["sql"].startswith(UNCOUNTED)]
    assert len(counted) <= most, "\n".join(counted)


@pytest.fixture(autouse=True)
def _clients_are_remembered(remembered: Remember) -> None:
    """As of every client that is busy."""


def warmed(registered: Registered) -> Registered:
    """The client is remembered and its secret's last use noted less than a minute ago, as when it is busy."""
    client_cache.changed()  # as when the transaction had committed that registered it
    post_token(registered, grant_type="client_credentials")
    assert client_secrets.verify(registered.id, str(registered.secret))
    return registered


@pytest.mark.parametrize(("token_format", "most"), [("JWT", 0), ("OPAQUE", 1)])
def test_client_credentials(register: Callable[..., Registered], token_format: str, most: int) -> None:
    registered = warmed(register(access_token_format=token_format))

    with at_most(most):
        post_token(registered, grant_type="client_credentials")


@pytest.mark.parametrize(("token_format", "most"), [("JWT", 5), ("OPAQUE", 6)])
def test_refresh_with_rotation(
    bobs_browser: Browser, register: Callable[..., Registered], token_format: str, most: int
) -> None:
    registered = warmed(register(access_token_format=token_format))
    pair = exchange(registered, code_for(bobs_browser, registered, scope="openid")).json()

    with at_most(most):
        post_token(registered, grant_type="refresh_token", refresh_token=pair["refresh_token"])


@pytest.mark.parametrize(("token_format", "most"), [("JWT", 3), ("OPAQUE", 4)])
def test_the_code_flow_with_remembered_consent(
    bobs_browser: Browser, register: Callable[..., Registered], token_format: str, most: int
) -> None:
    registered = warmed(register(access_token_format=token_format))
    decide(bobs_browser, authorize(bobs_browser, registered, scope="openid"), "approve_always")
    signing.keys()

    with at_most(5):
        code = query_of(authorize(bobs_browser, registered, scope="openid", **challenge()))["code"]
    with at_most(most):
        exchange(registered, code, code_verifier="a-verifier-of-at-least-forty-three-characters-long")


@pytest.mark.parametrize("token_format", ["JWT", "OPAQUE"])
def test_userinfo(bobs_browser: Browser, register: Callable[..., Registered], token_format: str) -> None:
    registered = warmed(register(access_token_format=token_format))
    token = exchange(registered, code_for(bobs_browser, registered, scope="openid")).json()["access_token"]

    with at_most(1):
        assert Browser().get("/oauth2/userinfo", headers={"Authorization": f"Bearer {token}"}).status_code == 200


@pytest.mark.parametrize("token_format", ["JWT", "OPAQUE"])
def test_looking_an_application_token_up(register: Callable[..., Registered], token_format: str) -> None:
    registered = warmed(register(access_token_format=token_format))
    token = post_token(registered, grant_type="client_credentials").json()["access_token"]

    with at_most(1):
        assert tokens.find(token)


@pytest.mark.parametrize("token_format", ["JWT", "OPAQUE"])
def test_introspection(register: Callable[..., Registered], token_format: str) -> None:
    registered = warmed(register(access_token_format=token_format))
    token = post_token(registered, grant_type="client_credentials").json()["access_token"]

    with at_most(1):
        answer = Browser().post("/oauth2/introspect", {"token": token}, headers=basic(registered))
    assert answer.json()["active"] is True
