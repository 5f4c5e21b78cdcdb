"""RFC 9396: rich authorization requests."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from django.test import Client as Browser

from keymanager.models import Authorization, AuthorizationDetailsType
from tests.keymanager.conftest import Registered, authorize, basic, code_for, decide, exchange, post_token, query_of

pytestmark = pytest.mark.django_db
PAYMENT = {
    "type": "payment",
    "actions": ["initiate"],
    "amount": {"currency": "EUR", "value": "12.50"},
    "creditor": "Photo Paper Ltd",
}
OTHER = PAYMENT | {"creditor": "Ink Ltd"}


@pytest.fixture
def bank(register: Callable[..., Registered]) -> Registered:
    AuthorizationDetailsType.objects.create(name="payment", title="Pay", required=["amount"], optional=["creditor"])
    return register(metadata={"authorization_details_types": ["payment"]})


def claims(answer: Any) -> dict[str, Any]:
    decoded: dict[str, Any] = jwt.decode(answer.json()["access_token"], options={"verify_signature": False})
    return decoded


@pytest.mark.rfc("9396#7")
@pytest.mark.rfc("9396#9.1")
def test_what_was_approved_is_in_the_answer_and_in_the_token(bobs_browser: Browser, bank: Registered) -> None:
    answer = exchange(bank, code_for(bobs_browser, bank, authorization_details=json.dumps([PAYMENT])))

    assert answer.json()["authorization_details"] == [PAYMENT]
    assert claims(answer)["authorization_details"] == [PAYMENT]


@pytest.mark.rfc("9396#9.2")
def test_introspection_tells_them(bobs_browser: Browser, bank: Registered) -> None:
    answer = exchange(bank, code_for(bobs_browser, bank, authorization_details=json.dumps([PAYMENT]))).json()
    said = Browser().post("/oauth2/introspect", {"token": answer["access_token"]}, headers=basic(bank)).json()

    assert said["authorization_details"] == [PAYMENT]


@pytest.mark.rfc("9396#6")
def test_an_exchange_may_narrow_and_never_widen(bobs_browser: Browser, bank: Registered) -> None:
    code = code_for(bobs_browser, bank, authorization_details=json.dumps([PAYMENT, OTHER]))
    wider = exchange(bank, code, authorization_details=json.dumps([PAYMENT | {"amount": {"value": "9999"}}]))
    narrower = exchange(bank, code, authorization_details=json.dumps([OTHER]))

    assert wider.json()["error"] == "invalid_authorization_details"
    assert narrower.json()["authorization_details"] == [OTHER]


@pytest.mark.rfc("9396#5")
@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[]",
        "[1]",
        "not json",
        '[{"actions": []}]',
        '[{"type": 7}]',
        '[{"type": "unknown"}]',
        '[{"type": "payment"}]',
        '[{"type": "payment", "amount": 1, "surprise": 1}]',
        '[{"type": "payment", "amount": 1, "actions": "all"}]',
        '[{"type": "payment", "amount": "\\u0000"}]',
        '[{"type": "payment", "amount": "\\ud800"}]',
        '[{"type": "payment", "amount": NaN}]',
        '[{"type": "payment", "amount": 1e999}]',
        "[" * 5000,
        json.dumps([PAYMENT] * 21),
        json.dumps([PAYMENT | {"creditor": "x" * 20_000}]),
    ],
)
def test_what_does_not_conform_is_refused(bobs_browser: Browser, bank: Registered, text: str) -> None:
    answer = query_of(authorize(bobs_browser, bank, authorization_details=text))

    assert answer["error"] == "invalid_authorization_details"


@pytest.mark.rfc("9396#10")
def test_a_client_uses_only_the_types_it_registered(
    bobs_browser: Browser, bank: Registered, register: Callable[..., Registered]
) -> None:
    answer = query_of(authorize(bobs_browser, register(), authorization_details=json.dumps([PAYMENT])))

    assert answer["error"] == "invalid_authorization_details"


def test_details_are_shown_and_asked_for_each_time(bobs_browser: Browser, bank: Registered) -> None:
    asked = authorize(bobs_browser, bank, authorization_details=json.dumps([PAYMENT]))
    page = bobs_browser.get(asked["Location"]).content.decode()
    decide(bobs_browser, asked, "approve_always")

    assert "Pay" in page
    assert "currency EUR, value 12.50" in page
    assert "/consent/" in authorize(bobs_browser, bank, authorization_details=json.dumps([PAYMENT]))["Location"]
    assert "code" in query_of(authorize(bobs_browser, bank))


def test_details_are_not_approved_without_asking(bobs_browser: Browser, bank: Registered) -> None:
    decide(bobs_browser, authorize(bobs_browser, bank), "approve_always")
    answer = query_of(authorize(bobs_browser, bank, prompt="none", authorization_details=json.dumps([PAYMENT])))

    assert answer["error"] == "consent_required"
    assert Authorization.objects.count() == 1


@pytest.mark.rfc("9396#4")
def test_any_character_may_be_said(bank: Registered) -> None:
    details = [PAYMENT | {"creditor": "Füße 📷"}]
    answer = post_token(bank, grant_type="client_credentials", authorization_details=json.dumps(details))

    assert answer.json()["authorization_details"] == details


@pytest.mark.rfc("9396#4")
def test_an_application_token_may_carry_them(bank: Registered) -> None:
    answer = post_token(bank, grant_type="client_credentials", authorization_details=json.dumps([PAYMENT]))

    assert claims(answer)["authorization_details"] == [PAYMENT]


@pytest.mark.rfc("9396#10")
def test_the_metadata_names_the_types(bank: Registered) -> None:
    document = Browser().get("/.well-known/oauth-authorization-server").json()

    assert document["authorization_details_types_supported"] == ["payment"]
