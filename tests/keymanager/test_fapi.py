"""FAPI 2.0 by one switch: from the pushed request to the refreshed token."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine
from django.test import Client as Browser
from django.utils import timezone

from keymanager.models import RefreshToken
from tests.keymanager.conftest import CALLBACK, VERIFIER, Registered, authorize, challenge, decide, query_of
from tests.keymanager.keys import pair
from tests.keymanager.proofs import Holder
from tests.keymanager.signed import post, request_object
from tests.keymanager.test_jarm import signed_answer
from tests.keymanager.test_pushed_requests import push

pytestmark = pytest.mark.django_db
PAR, TOKEN = "/oauth2/par", "/oauth2/token"
REQUEST = {"response_type": "code", "redirect_uri": CALLBACK, "scope": "photos:read", "state": "pushed"}
CHALLENGE = {name: str(value) for name, value in challenge().items()}


@pytest.fixture
def bank(register: Callable[..., Registered]) -> Registered:
    metadata = {"token_endpoint_auth_method": "private_key_jwt", "jwks": pair().jwks, "security_profile": "fapi-2.0"}
    return register(metadata=metadata)


@pytest.fixture
def signing_bank(bank: Registered) -> Registered:
    """Held to Message Signing."""
    bank.client.metadata["security_profile"] = "fapi-2.0-message-signing"
    bank.client.save(update_fields=["metadata"])
    return bank


def open_pushed(browser: Browser, registered: Registered, **parameters: str) -> Any:
    response = post(registered, PAR, **parameters)
    assert response.status_code == 201, response.content
    return browser.get("/oauth2/authorize", {"client_id": registered.id, "request_uri": response.json()["request_uri"]})


def code_of(browser: Browser, registered: Registered) -> str:
    return query_of(decide(browser, open_pushed(browser, registered, **REQUEST, **CHALLENGE)))["code"]


def redeem(registered: Registered, code: str, holder: Holder | None) -> Any:
    parameters = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    return post(registered, TOKEN, holder, code=code, **parameters)


@pytest.mark.rfc("fapi-2.0#5.3.2")
def test_the_whole_way(bobs_browser: Browser, bank: Registered) -> None:
    holder = Holder()

    answer = redeem(bank, code_of(bobs_browser, bank), holder).json()

    claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
    assert answer["token_type"] == "DPoP"
    assert claims["cnf"] == {"jkt": holder.thumbprint}


@pytest.mark.rfc("fapi-2.0#5.3.2.1")
def test_refresh_tokens_do_not_rotate(bobs_browser: Browser, bank: Registered) -> None:
    holder = Holder()
    refresh_token = redeem(bank, code_of(bobs_browser, bank), holder).json()["refresh_token"]

    answers = [post(bank, TOKEN, holder, grant_type="refresh_token", refresh_token=refresh_token) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert all("refresh_token" not in answer.json() for answer in answers)
    assert answers[0].json()["access_token"] != answers[1].json()["access_token"]


@pytest.mark.rfc("9700#4.14.2")
def test_a_token_consumed_before_the_switch_is_a_replay(bobs_browser: Browser, bank: Registered) -> None:
    holder = Holder()
    refresh_token = redeem(bank, code_of(bobs_browser, bank), holder).json()["refresh_token"]
    RefreshToken.objects.update(consumed_at=timezone.now())

    response = post(bank, TOKEN, holder, grant_type="refresh_token", refresh_token=refresh_token)

    assert response.json()["error"] == "invalid_grant"


@pytest.mark.rfc("fapi-2.0#5.3.2.1")
def test_a_token_without_a_key_is_not_issued(bobs_browser: Browser, bank: Registered) -> None:
    code = code_of(bobs_browser, bank)

    assert redeem(bank, code, None).json()["error"] == "invalid_request"
    assert post(bank, TOKEN, grant_type="client_credentials").json()["error"] == "invalid_request"
    assert redeem(bank, code, Holder()).status_code == 200


@pytest.mark.rfc("fapi-2.0#5.3.2.1")
def test_a_code_lives_a_minute(bobs_browser: Browser, bank: Registered) -> None:
    code = code_of(bobs_browser, bank)

    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        assert redeem(bank, code, Holder()).json()["error"] == "invalid_grant"


@pytest.mark.rfc("fapi-2.0#5.3.2.2")
def test_requests_are_pushed(bobs_browser: Browser, bank: Registered) -> None:
    assert query_of(authorize(bobs_browser, bank, **challenge()))["error"] == "invalid_request"


@pytest.mark.rfc("fapi-2.0#5.3.2.2")
def test_a_challenge_is_sent(bank: Registered) -> None:
    assert "PKCE is mandatory" in post(bank, PAR, **REQUEST).json()["error_description"]


@pytest.mark.rfc("fapi-2.0#5.3.2.2")
@pytest.mark.parametrize("response_type", ["token", "code id_token", "id_token"])
def test_a_code_is_the_only_answer(bank: Registered, response_type: str) -> None:
    changed = REQUEST | {"response_type": response_type, "scope": "openid", "nonce": "n"}

    assert post(bank, PAR, **changed, **CHALLENGE).json()["error"] == "unauthorized_client"


@pytest.mark.rfc("fapi-2.0#5.3.2.2")
def test_the_callback_is_https(bank: Registered) -> None:
    native = "com.example.bank:/back"
    bank.client.uris.update(uri=native)

    response = post(bank, PAR, **REQUEST | {"redirect_uri": native}, **CHALLENGE)

    assert response.json()["error_description"] == "The profile of this application allows https redirect URIs only."


@pytest.mark.rfc("fapi-2.0#5.3.2.1")
def test_a_secret_pushes_nothing(bank: Registered) -> None:
    response = push(bank, **challenge())

    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")


@pytest.mark.rfc("fapi-2.0#5.3.2.1")
def test_a_public_client_is_refused(bobs_browser: Browser, register: Callable[..., Registered]) -> None:
    public = register(public=True, metadata={"security_profile": "fapi-2.0"})

    assert push(public, **challenge()).json()["error"] == "invalid_client"
    assert "error" in query_of(authorize(bobs_browser, public, **challenge()))


def signed_request(registered: Registered, **changes: Any) -> str:
    return request_object(registered, **({"response_mode": "jwt", **CHALLENGE} | changes))


@pytest.mark.rfc("fapi-2.0-message-signing#5.3.1")
def test_with_message_signing_request_and_answer_are_signed(bobs_browser: Browser, signing_bank: Registered) -> None:
    asked = open_pushed(bobs_browser, signing_bank, request=signed_request(signing_bank))

    claims = signed_answer(decide(bobs_browser, asked), signing_bank)

    assert claims["state"] == "inside"
    assert redeem(signing_bank, claims["code"], Holder()).status_code == 200


@pytest.mark.rfc("fapi-2.0-message-signing#5.3.1")
def test_with_message_signing_an_unsigned_request_is_refused(signing_bank: Registered) -> None:
    response = post(signing_bank, PAR, **REQUEST, **CHALLENGE, response_mode="jwt")

    assert response.json()["error"] == "invalid_request"


@pytest.mark.rfc("fapi-2.0-message-signing#5.4.1")
def test_with_message_signing_an_unsigned_answer_is_refused(signing_bank: Registered) -> None:
    response = post(signing_bank, PAR, request=signed_request(signing_bank, response_mode=None))

    assert response.json()["error"] == "invalid_request"


@pytest.mark.rfc("fapi-2.0-message-signing#5.3.1")
@pytest.mark.parametrize(
    "changes",
    [{"nbf": None}, {"exp": None}, {"nbf": -3700, "exp": 60}, {"nbf": -60, "exp": 3560}, {"nbf": 0, "exp": 3700}],
)
def test_with_message_signing_a_request_is_young(signing_bank: Registered, changes: dict[str, int | None]) -> None:
    now = int(timezone.now().timestamp())
    times = {name: None if offset is None else now + offset for name, offset in changes.items()}

    response = post(signing_bank, PAR, request=signed_request(signing_bank, **times))

    assert response.json()["error"] == "invalid_request_object"


@pytest.mark.rfc("fapi-2.0#5.4.1")
def test_rs256_signs_no_request(signing_bank: Registered) -> None:
    signing_bank.client.metadata["jwks"] = {"keys": [pair().jwk, pair("RS256").jwk]}
    signing_bank.client.save(update_fields=["metadata"])

    response = post(signing_bank, PAR, request=signed_request(signing_bank, pair=pair("RS256")))

    assert response.json()["error"] == "invalid_request_object"


@pytest.mark.rfc("fapi-2.0#5.4.1")
def test_rs256_signs_no_answer(bobs_browser: Browser, signing_bank: Registered) -> None:
    signing_bank.client.metadata["authorization_signed_response_alg"] = "RS256"
    signing_bank.client.save(update_fields=["metadata"])
    asked = open_pushed(bobs_browser, signing_bank, request=signed_request(signing_bank))

    answer = query_of(decide(bobs_browser, asked))

    assert jwt.get_unverified_header(answer["response"])["alg"] == "ES256"


@pytest.mark.rfc("fapi-2.0#5.4.1")
def test_rs256_signs_no_id_token(bobs_browser: Browser, bank: Registered) -> None:
    """Not even of a client that named it before it got its profile."""
    bank.client.id_token_signed_response_alg = "RS256"
    bank.client.save(update_fields=["id_token_signed_response_alg"])
    asked = open_pushed(bobs_browser, bank, **REQUEST | {"scope": "openid"}, **CHALLENGE)

    tokens = redeem(bank, query_of(decide(bobs_browser, asked))["code"], Holder()).json()

    assert jwt.get_unverified_header(tokens["id_token"])["alg"] == "ES256"


@pytest.mark.parametrize(("alg", "status"), [("PS256", 200), ("RS256", 400)])
@pytest.mark.rfc("fapi-2.0#5.4.1")
def test_proofs_are_signed_by_the_algorithms_of_the_profile(bank: Registered, alg: str, status: int) -> None:
    holder = Holder(pair(alg).private, alg)

    response = post(bank, TOKEN, holder, grant_type="client_credentials")

    assert response.status_code == status
    assert response.json().get("error") == (None if status == 200 else "invalid_dpop_proof")


@pytest.mark.rfc("fapi-2.0#5.4.1")
def test_a_pushed_request_is_bound_by_the_algorithms_of_the_profile(bank: Registered) -> None:
    response = post(bank, PAR, Holder(pair("RS256").private, "RS256"), **REQUEST, **CHALLENGE)

    assert response.json()["error"] == "invalid_dpop_proof"


@pytest.mark.rfc("fapi-2.0#5.4.1")
def test_a_token_is_used_with_the_algorithms_of_the_profile(bobs_browser: Browser, bank: Registered) -> None:
    private = pair("PS256").private
    request = REQUEST | CHALLENGE | {"scope": "openid"}
    code = query_of(decide(bobs_browser, open_pushed(bobs_browser, bank, **request)))["code"]
    token = redeem(bank, code, Holder(private, "PS256")).json()["access_token"]

    answers = [
        Browser().get("/oauth2/userinfo", headers=Holder(private, alg).for_token(token)) for alg in ("PS256", "RS256")
    ]

    assert [answer.status_code for answer in answers] == [200, 401]
