"""Secrets are compared in constant time, and a wrong one costs no more than the right one. Counted, not timed."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import jwt
import pytest
from django.contrib.auth import hashers
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from keymanager import checksums, client_cache
from tests.keymanager import keys, signed
from tests.keymanager.conftest import Registered, Remember, basic, post_token

pytestmark = pytest.mark.django_db
KEYMANAGER = Path(checksums.__file__).parent
SECRET = {"secret", "checksum", "token", "verifier", "password", "mac", "signature", "code", "mark"}


def last_name(node: ast.expr) -> str:
    """`checksum` of `row.checksum`, `token` of `parameters["token"]`."""
    if isinstance(node, ast.Subscript):
        return str(node.slice.value) if isinstance(node.slice, ast.Constant) else ""
    return getattr(node, "id", getattr(node, "attr", ""))


def is_of_secrets(node: ast.Compare) -> bool:
    sides = [node.left, *node.comparators]
    names = {last_name(side) for side in sides}
    is_equality = any(isinstance(operator, ast.Eq | ast.NotEq) for operator in node.ops)
    is_plain = not any(isinstance(side, ast.Constant) for side in sides)
    return is_equality and is_plain and any(name.rpartition("_")[2] in SECRET for name in names)


def test_no_secret_is_compared_by_the_equals_sign() -> None:
    found = [
        f"{path.name}:{node.lineno}: {ast.unparse(node)}"
        for path in KEYMANAGER.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Compare) and is_of_secrets(node)
    ]

    assert not found


@pytest.mark.parametrize("source", ["a.secret == b", "sent['token'] != row.x", "checksum == c", "x == code_verifier"])
def test_such_a_comparison_would_be_found(source: str) -> None:
    node = ast.parse(source, mode="eval").body

    assert isinstance(node, ast.Compare)
    assert is_of_secrets(node)


@contextmanager
def counted() -> Iterator[dict[str, int]]:
    """Statements, checksums, password hashes and verified signatures; filled in at the end."""
    costs: dict[str, int] = {}
    with (
        CaptureQueriesContext(connection) as statements,
        mock.patch.object(checksums, "checksum", wraps=checksums.checksum) as hashed,
        mock.patch.object(hashers, "verify_password", wraps=hashers.verify_password) as passwords,
        mock.patch.object(jwt.api_jws, "decode", wraps=jwt.api_jws.decode) as signatures,
    ):
        yield costs
    costs |= {"statements": len(statements), "checksums": hashed.call_count}
    costs |= {"passwords": passwords.call_count, "signatures": signatures.call_count}


def cost(call: Callable[[], Any], status: int) -> dict[str, int]:
    with counted() as costs:
        answer = call()
    assert answer.status_code == status, answer.content
    return costs


def no_dearer(wrong: dict[str, int], right: dict[str, int]) -> bool:
    return all(wrong[name] <= right[name] for name in right)


def by_header(registered: Registered, secret: str) -> Any:
    return post_token(registered, secret=secret, grant_type="client_credentials")


def by_body(registered: Registered, secret: str) -> Any:
    proof = {"client_id": registered.id, "client_secret": secret}
    return Browser().post("/oauth2/token", {"grant_type": "client_credentials"} | proof)


@pytest.mark.rfc("6749#10.10")
@pytest.mark.parametrize("call", [by_header, by_body])
@pytest.mark.parametrize("is_busy", [False, True])
def test_a_wrong_secret_is_no_dearer_than_the_right_one(
    call: Callable[[Registered, str], Any], is_busy: bool, register: Callable[..., Registered], remembered: Remember
) -> None:
    client = register(access_token_format="OPAQUE")
    client_cache.changed()
    by_header(client, str(client.secret))
    if not is_busy:
        client_cache.changed()

    wrong = cost(lambda: call(client, "wrong"), 401)
    if not is_busy:
        client_cache.changed()

    assert no_dearer(wrong, cost(lambda: call(client, str(client.secret)), 200))


@pytest.mark.parametrize("call", [by_header, by_body])
def test_a_client_that_is_unknown_is_no_dearer_and_hashed_as_well(
    call: Callable[[Registered, str], Any], printer: Registered, register: Callable[..., Registered]
) -> None:
    unknown = register()
    unknown.client.delete()
    right, wrong = cost(lambda: call(printer, str(printer.secret)), 200), cost(lambda: call(printer, "wrong"), 401)

    assert no_dearer(cost(lambda: call(unknown, "wrong"), 401), right)
    assert cost(lambda: call(unknown, "wrong"), 401)["checksums"] == wrong["checksums"]


@pytest.mark.rfc("7523#3")
def test_a_wrong_assertion_is_no_dearer_than_a_right_one(register: Callable[..., Registered]) -> None:
    client = register(metadata={"token_endpoint_auth_method": "private_key_jwt", "jwks": keys.pair().jwks})
    name = {"grant_type": "client_credentials", "client_assertion_type": signed.ASSERTION_TYPE}

    def call(pair: keys.Pair, who: str) -> Any:
        return Browser().post("/oauth2/token", name | {"client_assertion": pair.sign(keys.claims(who))})

    right = cost(lambda: call(keys.pair(), client.id), 200)
    assert no_dearer(cost(lambda: call(keys.pair("ES256", "another"), client.id), 401), right)
    assert no_dearer(cost(lambda: call(keys.pair(), "unknown"), 401), right)


@pytest.mark.parametrize("method", ["self_signed_tls_client_auth", "none"])
def test_a_client_without_a_secret_that_proves_nothing_is_no_dearer(
    method: str, register: Callable[..., Registered], printer: Registered
) -> None:
    client = register(public=method == "none", metadata={"token_endpoint_auth_method": method})
    right = cost(lambda: by_body(printer, str(printer.secret)), 200)

    assert no_dearer(
        cost(lambda: Browser().post("/oauth2/token", {"client_id": client.id, "client_secret": "x"}), 401), right
    )
    assert no_dearer(cost(lambda: Browser().post("/oauth2/token", {"client_id": printer.id}), 401), right)


@pytest.mark.rfc("6749#4.3.2")
def test_a_wrong_password_is_no_dearer_than_the_right_one(bob: Any, printer: Registered) -> None:
    def call(name: str, password: str) -> Any:
        return post_token(printer, grant_type="password", username=name, password=password)

    right = cost(lambda: call("bob", "bob"), 200)
    assert no_dearer(cost(lambda: call("bob", "wrong"), 400), right)


@pytest.mark.parametrize("endpoint", ["revoke", "introspect"])
def test_a_wrong_token_is_no_dearer_than_a_right_one(endpoint: str, register: Callable[..., Registered]) -> None:
    client = register(access_token_format="OPAQUE")
    token = post_token(client, grant_type="client_credentials").json()["access_token"]

    def call(sent: str) -> Any:
        return Browser().post(f"/oauth2/{endpoint}", {"token": sent}, headers=basic(client))

    wrong = cost(lambda: call("x" * len(token)), 200)
    right = cost(lambda: call(token), 200)
    # The search goes on for a refresh token (RFC 7009 2.1, RFC 7662 2.1): one look-up by its own checksum more.
    assert wrong["statements"] <= right["statements"] + 1
    assert wrong["checksums"] <= right["checksums"] + 1
