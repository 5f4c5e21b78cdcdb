"""Codes and refresh tokens that only the holder of a key can use (RFC 9449 5 and 10)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jwt
import pytest
from django.test import Client as Browser, RequestFactory

from keymanager import device_codes, dpop, errors, tokens
from keymanager.models import RefreshToken
from tests.keymanager.conftest import (
    ALL,
    CALLBACK,
    VERIFIER,
    Registered,
    Remember,
    authorize,
    basic,
    challenge,
    code_for,
    post_token,
    query_of,
)
from tests.keymanager.proofs import Holder
from tests.keymanager.test_device_code import asked, enter
from tests.keymanager.test_statements import at_most, warmed

pytestmark = pytest.mark.django_db
Register = Callable[..., Registered]


@pytest.fixture
def holder() -> Holder:
    return Holder()


@pytest.fixture
def app(register: Register) -> Registered:
    """A public client: its refresh tokens have nothing but the key."""
    return register(public=True, grant_types=["authorization_code", "refresh_token"])


def ask(registered: Registered, holder: Holder | None, **parameters: str) -> Any:
    headers = {"DPoP": holder.proof()} if holder else {}
    if registered.secret is None:
        parameters |= {"client_id": registered.id}
    else:
        headers |= basic(registered)
    return Browser().post("/oauth2/token", parameters, headers=headers)


def redeem(registered: Registered, code: str, holder: Holder | None) -> Any:
    return ask(
        registered,
        holder,
        grant_type="authorization_code",
        code=code,
        redirect_uri=CALLBACK,
        code_verifier=VERIFIER,
    )


def refresh(registered: Registered, pair: dict[str, str], holder: Holder | None) -> Any:
    return ask(registered, holder, grant_type="refresh_token", refresh_token=pair["refresh_token"])


def pair_for(browser: Browser, registered: Registered, holder: Holder | None, **changes: str | None) -> Any:
    return redeem(registered, code_for(browser, registered, **challenge(), **changes), holder).json()


def key_of(answer: dict[str, str]) -> str | None:
    bearer = tokens.find(answer["access_token"])
    assert bearer is not None
    return bearer.confirmation.get("jkt")


def assert_refused(response: Any, error: str) -> None:
    assert response.status_code == 400, response.content
    assert response.json()["error"] == error


@pytest.mark.parametrize("token_format", ["JWT", "OPAQUE"])
@pytest.mark.rfc("9449#6")
def test_a_code_becomes_a_token_that_is_bound_to_the_key(
    bobs_browser: Browser, register: Register, holder: Holder, token_format: str
) -> None:
    registered = register(access_token_format=token_format)

    answer = pair_for(bobs_browser, registered, holder)

    assert answer["token_type"] == "DPoP"
    assert key_of(answer) == holder.thumbprint


@pytest.mark.rfc("9449#5")
def test_without_a_proof_tokens_are_bearer_tokens(bobs_browser: Browser, printer: Registered) -> None:
    answer = pair_for(bobs_browser, printer, None)

    assert answer["token_type"] == "Bearer"
    assert "cnf" not in jwt.decode(answer["access_token"], options={"verify_signature": False})


@pytest.mark.parametrize("grant_type", ["client_credentials", "password", "refresh_token"])
@pytest.mark.rfc("9449#5.2")
def test_a_client_that_promised_proofs_gets_nothing_without(
    register: Register, holder: Holder, grant_type: str
) -> None:
    registered = register(metadata={"dpop_bound_access_tokens": True}, grant_types=ALL)

    assert_refused(ask(registered, None, grant_type=grant_type), "invalid_request")


@pytest.mark.rfc("9449#5.2")
def test_a_client_that_promised_proofs_is_served_with_them(register: Register, holder: Holder) -> None:
    registered = register(metadata={"dpop_bound_access_tokens": True})

    assert ask(registered, holder, grant_type="client_credentials").json()["token_type"] == "DPoP"


@pytest.mark.rfc("9449#5.2")
def test_a_client_that_promised_proofs_gets_no_token_in_front_of_the_browser(
    bobs_browser: Browser, register: Register
) -> None:
    registered = register(metadata={"dpop_bound_access_tokens": True})

    answer = authorize(bobs_browser, registered, response_type="token")

    assert query_of(answer)["error"] == "unauthorized_client"


@pytest.mark.parametrize(
    "value", ["x", "x" * 42, "x" * 44, "x" * 42 + "=", "x" * 42 + "+", "ä" * 43, "x" * 43 + "\n"], ids=ascii
)
@pytest.mark.rfc("9449#10")
def test_a_thumbprint_that_is_none_is_refused_at_once(bobs_browser: Browser, printer: Registered, value: str) -> None:
    assert query_of(authorize(bobs_browser, printer, dpop_jkt=value))["error"] == "invalid_request"


@pytest.mark.rfc("9449#10")
def test_a_bound_code_is_for_its_key_alone_and_a_wrong_one_uses_nothing_up(
    bobs_browser: Browser, app: Registered, holder: Holder
) -> None:
    code = code_for(bobs_browser, app, **challenge(), dpop_jkt=holder.thumbprint)

    assert_refused(redeem(app, code, None), "invalid_grant")
    assert_refused(redeem(app, code, Holder()), "invalid_grant")
    assert redeem(app, code, holder).status_code == 200


@pytest.mark.rfc("9449#5")
def test_a_public_client_refreshes_with_the_same_key_alone(
    bobs_browser: Browser, app: Registered, holder: Holder
) -> None:
    pair = pair_for(bobs_browser, app, holder)

    assert_refused(refresh(app, pair, None), "invalid_grant")
    assert_refused(refresh(app, pair, Holder()), "invalid_grant")
    second = refresh(app, pair, holder).json()
    assert key_of(second) == holder.thumbprint
    assert_refused(refresh(app, second, Holder()), "invalid_grant")


@pytest.mark.rfc("9449#5")
def test_a_confidential_client_may_take_another_key(bobs_browser: Browser, printer: Registered, holder: Holder) -> None:
    pair, other = pair_for(bobs_browser, printer, holder), Holder()
    assert RefreshToken.objects.get().confirmation == {}

    assert key_of(refresh(printer, pair, other).json()) == other.thumbprint


def test_a_client_that_lost_the_answer_gets_it_again_with_the_same_key(
    bobs_browser: Browser, app: Registered, holder: Holder
) -> None:
    pair = pair_for(bobs_browser, app, holder)

    assert refresh(app, pair, holder).json() == refresh(app, pair, holder).json()


@pytest.mark.parametrize("other", [None, Holder()])
def test_nobody_gets_an_answer_again_that_is_bound_to_another_s_key(
    bobs_browser: Browser, printer: Registered, holder: Holder, other: Holder | None
) -> None:
    pair = pair_for(bobs_browser, printer, holder)
    answer = refresh(printer, pair, holder).json()

    assert_refused(refresh(printer, pair, other), "invalid_grant")
    assert tokens.find(answer["access_token"]) is None


def test_a_bearer_s_answer_is_not_given_again_as_a_bound_one(
    bobs_browser: Browser, printer: Registered, holder: Holder
) -> None:
    pair = pair_for(bobs_browser, printer, None)
    refresh(printer, pair, None)

    assert_refused(refresh(printer, pair, holder), "invalid_grant")


@pytest.mark.rfc("9449#6.2")
@pytest.mark.parametrize("token_format", ["JWT", "OPAQUE"])
def test_introspection_tells_the_key(register: Register, holder: Holder, token_format: str) -> None:
    registered = register(access_token_format=token_format)
    token = ask(registered, holder, grant_type="client_credentials").json()["access_token"]

    told = Browser().post("/oauth2/introspect", {"token": token}, headers=basic(registered)).json()

    assert told["token_type"] == "DPoP"
    assert told["cnf"] == {"jkt": holder.thumbprint}


def test_introspection_of_a_bearer_token_tells_no_key(printer: Registered) -> None:
    token = post_token(printer, grant_type="client_credentials").json()["access_token"]

    told = Browser().post("/oauth2/introspect", {"token": token}, headers=basic(printer)).json()

    assert told["token_type"] == "Bearer"
    assert "cnf" not in told


@pytest.mark.rfc("9449#5")
def test_a_password_becomes_a_bound_token(bobs_browser: Browser, printer: Registered, holder: Holder) -> None:
    answer = ask(printer, holder, grant_type="password", username="bob", password="bob").json()

    assert key_of(answer) == holder.thumbprint


def test_a_device_s_token_is_bound_to_the_key_it_asks_with(
    bobs_browser: Browser, register: Register, holder: Holder
) -> None:
    television = register(public=True, grant_types=[device_codes.GRANT_TYPE])
    codes = asked(television)
    enter(bobs_browser, codes["user_code"], "approve")

    answer = ask(television, holder, grant_type=device_codes.GRANT_TYPE, device_code=codes["device_code"]).json()

    assert key_of(answer) == holder.thumbprint


@pytest.mark.parametrize(("token_format", "most"), [("JWT", 1), ("OPAQUE", 2)])
def test_a_proof_costs_one_statement(
    register: Register, remembered: Remember, holder: Holder, token_format: str, most: int
) -> None:
    registered = warmed(register(access_token_format=token_format))

    with at_most(most):
        ask(registered, holder, grant_type="client_credentials")


PUSHED = "https://localhost:9443/oauth2/par"


@pytest.mark.rfc("9449#10.1")
def test_a_pushed_request_is_bound_by_its_header(db: None, holder: Holder) -> None:
    request = RequestFactory().post("/oauth2/par", headers={"DPoP": holder.proof(PUSHED)})

    assert dpop.bind(request, {"state": "x"}) == {"state": "x", "dpop_jkt": holder.thumbprint}


@pytest.mark.rfc("9449#10.1")
def test_a_pushed_request_of_two_keys_is_refused(db: None, holder: Holder) -> None:
    request = RequestFactory().post("/oauth2/par", headers={"DPoP": holder.proof(PUSHED)})

    with pytest.raises(errors.InvalidRequest):
        dpop.bind(request, {"dpop_jkt": Holder().thumbprint})


def test_a_pushed_request_without_a_proof_is_as_it_was(db: None) -> None:
    assert dpop.bind(RequestFactory().post("/oauth2/par"), {"dpop_jkt": "x"}) == {"dpop_jkt": "x"}
