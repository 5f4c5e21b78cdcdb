from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta

import jwt
import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.cache import cache
from django.test import Client as Browser
from django.utils import timezone

from accounts import people
from accounts.models import User
from keymanager import client_secrets, tokens
from keymanager.models import ClientSecret, RefreshToken, TokenHolder
from tests.keymanager.conftest import Registered, Remember, authorize, code_for, exchange, post_token

pytestmark = pytest.mark.django_db


def basic(pair: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


@pytest.mark.rfc("6749#2.3.1")
def test_a_wrong_secret_is_invalid_client_with_a_challenge(printer: Registered) -> None:
    response = post_token(printer, secret="wrong", grant_type="client_credentials")

    assert response.status_code == 401
    assert response.json() == {"error": "invalid_client", "error_description": "Client Authentication failed."}
    assert response["WWW-Authenticate"] == 'Basic realm="localhost"'


@pytest.mark.rfc("6749#2.3")
def test_two_methods_at_once_are_refused(printer: Registered) -> None:
    body = {"grant_type": "client_credentials", "client_id": printer.id, "client_secret": printer.secret}

    response = Browser().post("/oauth2/token", body, headers=basic(f"{printer.id}:{printer.secret}"))

    assert response.status_code == 400
    assert response.json()["error"] == "invalid_request"


def test_credentials_in_the_body_are_accepted(printer: Registered) -> None:
    body = {"grant_type": "client_credentials", "client_id": printer.id, "client_secret": printer.secret}

    assert Browser().post("/oauth2/token", body).status_code == 200


@pytest.mark.rfc("6749#4.3.2")
@pytest.mark.parametrize("charset", ["ISO-8859-1", "us-ascii", "utf-16", "nonsense", '"UTF-8"', "UTF-8"])
def test_a_form_is_utf_8_whatever_its_type_says(printer: Registered, bob: User, charset: str) -> None:
    """ISO-8859-1 is what Apache's HttpClient says."""
    bob.set_password("bébé")
    bob.save()
    form = b"grant_type=password&username=bob&password=b%C3%A9b%C3%A9"
    headers = basic(f"{printer.id}:{printer.secret}")
    kind = f"application/x-www-form-urlencoded; charset={charset}"

    assert Browser().generic("POST", "/oauth2/token", form, kind, headers=headers).status_code == 200


def test_the_scheme_is_compared_without_case(printer: Registered) -> None:
    headers = {"Authorization": basic(f"{printer.id}:{printer.secret}")["Authorization"].replace("Basic", "bAsIc")}

    response = Browser().post("/oauth2/token", {"grant_type": "client_credentials"}, headers=headers)

    assert response.status_code == 200


@pytest.mark.parametrize(
    "header", ["Basic", "Basic %%%", "Basic " + base64.b64encode(b"\xff\xfe").decode(), "Bearer x"]
)
def test_a_header_that_cannot_be_read_is_invalid_client(printer: Registered, header: str) -> None:
    response = Browser().post("/oauth2/token", {"grant_type": "password"}, headers={"Authorization": header})

    assert response.status_code == 401
    assert response.json()["error"] == "invalid_client"


def test_another_client_id_in_the_body_is_refused(printer: Registered) -> None:
    response = post_token(printer, grant_type="client_credentials", client_id="other")

    assert response.json()["error"] == "invalid_request"


def test_a_confidential_client_cannot_just_name_itself(printer: Registered) -> None:
    response = Browser().post("/oauth2/token", {"grant_type": "client_credentials", "client_id": printer.id})

    assert response.json()["error"] == "invalid_client"


@pytest.mark.rfc("6749#3.2")
def test_a_repeated_parameter_is_refused(printer: Registered) -> None:
    body = {"grant_type": ["client_credentials", "password"]}

    response = Browser().post("/oauth2/token", body, headers=basic(f"{printer.id}:{printer.secret}"))

    assert response.json() == {
        "error": "invalid_request",
        "error_description": "Invalid request with repeated parameters.",
    }


@pytest.mark.parametrize(("grant_type", "error"), [("", "invalid_request"), ("nonsense", "unsupported_grant_type")])
def test_an_unknown_grant_type_is_refused(printer: Registered, grant_type: str, error: str) -> None:
    assert post_token(printer, grant_type=grant_type).json()["error"] == error


@pytest.mark.rfc("6749#5.2")
def test_an_unknown_grant_type_is_named_as_the_original_does(printer: Registered) -> None:
    words = post_token(printer, grant_type='iwa:"ntlm"' + "x" * 200).json()["error_description"]

    assert words.startswith("Unsupported grant type : iwa:'ntlm'xxx")
    assert words.endswith("xxx, is used.")
    assert len(words) < 150


def test_a_grant_type_that_is_not_ticked_is_refused(register: Callable[..., Registered]) -> None:
    registered = register(grant_types=["authorization_code"])

    assert post_token(registered, grant_type="client_credentials").json()["error"] == "unauthorized_client"


@pytest.mark.rfc("6749#3.2")
def test_the_endpoint_is_post_only(db: None) -> None:
    response = Browser().get("/oauth2/token")

    assert (response.status_code, response["Allow"], response["Cache-Control"]) == (405, "POST", "no-store")
    assert response.json()["error_description"] == "This address is for POST only."


@pytest.mark.rfc("6749#4.4.3")
def test_an_application_token_stands_for_the_client_and_has_no_refresh_token(printer: Registered) -> None:
    answer = post_token(printer, grant_type="client_credentials", scope="photos:read").json()

    claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
    assert claims["sub"] == printer.id
    assert claims["scope"] == "photos:read"
    assert "refresh_token" not in answer


def test_a_validity_period_may_be_asked_for(printer: Registered) -> None:
    response = post_token(printer, grant_type="client_credentials", validity_period="5")

    assert response.json()["expires_in"] == 5


@pytest.mark.parametrize(
    "period", ["0", "-1", "ten", "99999999999999999999", "１", "31536001", "000000000001" + "9" * 20, "1" * 5000]
)
def test_a_nonsense_validity_period_is_refused(printer: Registered, period: str) -> None:
    response = post_token(printer, grant_type="client_credentials", validity_period=period)

    assert response.json()["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("device_7", "device_7"),
        ("device_b photos:read device_a", "device_a device_b photos:read"),
        ("device_ device_a/b device_" + "x" * 94, "default"),
    ],
)
def test_a_scope_that_names_a_device_passes(printer: Registered, asked: str, given: str) -> None:
    """wso2-2.6.md section 5: `device_<id>` is not looked up anywhere."""
    assert post_token(printer, grant_type="client_credentials", scope=asked).json()["scope"] == given


def test_a_public_client_gets_no_application_token(register: Callable[..., Registered]) -> None:
    assert post_token(register(public=True), grant_type="client_credentials").json()["error"] == "unauthorized_client"


def test_the_password_grant_gives_tokens_and_counts_the_user_once(printer: Registered, bob: User) -> None:
    for _ in range(2):
        answer = post_token(printer, grant_type="password", username="bob", password="bob", scope="photos:read")
        assert answer.status_code == 200

    assert [holder.user.get_username() for holder in TokenHolder.objects.all()] == ["bob"]
    assert answer.json()["refresh_token"]


@pytest.mark.parametrize(("name", "word"), [("bob", "wrong"), ("nobody", "bob"), ("bob\x00", "bob")])
def test_a_wrong_password_is_refused(printer: Registered, bob: User, name: str, word: str) -> None:
    response = post_token(printer, grant_type="password", username=name, password=word)

    assert response.status_code == 400
    assert response.json()["error"] in {"invalid_grant", "invalid_request"}
    assert not TokenHolder.objects.exists()


@pytest.mark.rfc("6749#4.3.2")
def test_an_account_with_a_second_step_gets_no_token_by_its_password_alone(printer: Registered, bob: User) -> None:
    TOTP.activate(bob, generate_totp_secret())

    right = post_token(printer, grant_type="password", username="bob", password="bob")
    wrong = post_token(printer, grant_type="password", username="bob", password="x")

    assert right.status_code == 400
    assert right.json() == wrong.json()


def test_passwords_cannot_be_guessed_for_long(printer: Registered, bob: User) -> None:
    cache.clear()

    answers = [post_token(printer, grant_type="password", username="bob", password="wrong") for _ in range(12)]
    right = post_token(printer, grant_type="password", username="bob", password="bob")
    cache.clear()

    assert answers[-1].json()["error_description"] == "Too many wrong passwords; try again later."
    assert right.json()["error"] == "invalid_grant"
    assert post_token(printer, grant_type="password", username="bob", password="bob").status_code == 200


def test_an_inactive_person_gets_nothing(printer: Registered, bob: User) -> None:
    bob.is_active = False
    bob.save(update_fields=["is_active"])

    assert post_token(printer, grant_type="password", username="bob", password="bob").status_code == 400


def test_applications_of_a_person_that_are_stopped_get_no_tokens_until_they_go_on(
    bobs_browser: Browser, printer: Registered, alice: User
) -> None:
    refresh_token = exchange(printer, code_for(bobs_browser, printer)).json()["refresh_token"]
    asked = [{"grant_type": "client_credentials"}, {"grant_type": "refresh_token", "refresh_token": refresh_token}]

    people.stop_applications(alice)
    assert [post_token(printer, **parameters).json()["error"] for parameters in asked] == ["invalid_client"] * 2
    assert authorize(bobs_browser, printer).status_code == 400

    people.resume_applications(alice)
    assert [post_token(printer, **parameters).status_code for parameters in asked] == [200, 200]


@pytest.mark.rfc("6749#6")
def test_a_refresh_token_is_exchanged_for_a_new_pair(bobs_browser: Browser, printer: Registered) -> None:
    first = exchange(printer, code_for(bobs_browser, printer)).json()

    second = post_token(printer, grant_type="refresh_token", refresh_token=first["refresh_token"])

    assert second.status_code == 200
    assert second.json()["refresh_token"] != first["refresh_token"]
    assert second.json()["scope"] == "photos:read"


def test_who_lost_the_answer_gets_the_very_same_one(bobs_browser: Browser, printer: Registered) -> None:
    first = exchange(printer, code_for(bobs_browser, printer, scope="openid photos:read")).json()

    second = post_token(printer, grant_type="refresh_token", refresh_token=first["refresh_token"])
    again = post_token(printer, grant_type="refresh_token", refresh_token=first["refresh_token"])

    assert again.content == second.content


def test_what_is_kept_for_that_cannot_be_read_from_the_database(bobs_browser: Browser, printer: Registered) -> None:
    first = exchange(printer, code_for(bobs_browser, printer)).json()
    second = post_token(printer, grant_type="refresh_token", refresh_token=first["refresh_token"]).json()

    for row in RefreshToken.objects.all():
        assert second["refresh_token"].encode() not in bytes(row.sealed_answer or b"")
        assert "access_token" not in str(bytes(row.sealed_answer or b""))


@pytest.mark.rfc("9700#4.14.2")
def test_a_replayed_refresh_token_kills_its_family(bobs_browser: Browser, printer: Registered) -> None:
    first = exchange(printer, code_for(bobs_browser, printer)).json()
    second = post_token(printer, grant_type="refresh_token", refresh_token=first["refresh_token"]).json()

    RefreshToken.objects.exclude(consumed_at=None).update(consumed_at=timezone.now() - timedelta(seconds=11))
    replay = post_token(printer, grant_type="refresh_token", refresh_token=first["refresh_token"])

    assert replay.json()["error"] == "invalid_grant"
    assert tokens.find(second["access_token"]) is None
    after = post_token(printer, grant_type="refresh_token", refresh_token=second["refresh_token"])
    assert after.json()["error"] == "invalid_grant"


@pytest.mark.rfc("6749#6")
def test_a_refresh_may_narrow_the_scope_but_not_widen_it(bobs_browser: Browser, printer: Registered) -> None:
    first = exchange(printer, code_for(bobs_browser, printer, scope="photos:read photos:write")).json()

    wider = post_token(printer, grant_type="refresh_token", refresh_token=first["refresh_token"], scope="openid")
    narrower = post_token(
        printer, grant_type="refresh_token", refresh_token=first["refresh_token"], scope="photos:read"
    )

    assert wider.json()["error"] == "invalid_scope"
    assert narrower.json()["scope"] == "photos:read"


def test_an_expired_refresh_token_is_refused(bobs_browser: Browser, printer: Registered) -> None:
    first = exchange(printer, code_for(bobs_browser, printer)).json()
    RefreshToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    response = post_token(printer, grant_type="refresh_token", refresh_token=first["refresh_token"])

    assert response.json()["error_description"] == "Refresh token is expired."


def test_a_refresh_token_of_another_client_is_refused(
    bobs_browser: Browser, printer: Registered, register: Callable[..., Registered]
) -> None:
    first = exchange(printer, code_for(bobs_browser, printer)).json()

    foreign = post_token(register(), grant_type="refresh_token", refresh_token=first["refresh_token"])
    own = post_token(printer, grant_type="refresh_token", refresh_token=first["refresh_token"])

    assert foreign.json()["error"] == "invalid_grant"
    assert own.status_code == 200


def test_two_secrets_are_good_until_one_is_regenerated_away(printer: Registered) -> None:
    second = client_secrets.add(printer.client, name="second")
    assert post_token(printer, grant_type="client_credentials").status_code == 200
    assert post_token(printer, secret=second, grant_type="client_credentials").status_code == 200

    third = client_secrets.regenerate(printer.client)

    assert post_token(printer, secret=second, grant_type="client_credentials").status_code == 401
    assert post_token(printer, secret=third, grant_type="client_credentials").status_code == 200


def test_a_secret_is_kept_as_a_checksum_and_its_use_is_noted(printer: Registered) -> None:
    post_token(printer, grant_type="client_credentials")

    row = ClientSecret.objects.values().get()
    assert str(printer.secret) not in str(row)
    assert row["last_used_at"] is not None


def test_a_wrong_secret_costs_no_statement(
    printer: Registered, remembered: Remember, django_assert_num_queries: Callable[..., object]
) -> None:
    remembered(printer)
    post_token(printer, grant_type="client_credentials")

    with django_assert_num_queries(0):  # type: ignore[attr-defined]
        post_token(printer, secret="wrong", grant_type="client_credentials")


@pytest.mark.rfc("6749#3.3")
def test_a_client_s_policy_may_refuse_what_others_have_left_out(register: Callable[..., Registered]) -> None:
    strict = register(metadata={"refuse_unknown_scopes": True})

    assert post_token(strict, grant_type="client_credentials", scope="photos:read PRODUCTION").json() == {
        "error": "invalid_scope",
        "error_description": "Invalid Scope!",
    }
    assert post_token(strict, grant_type="client_credentials", scope="photos:read").json()["scope"] == "photos:read"
    assert post_token(strict, grant_type="client_credentials").json()["scope"] == "default"


def test_a_new_password_ends_what_the_old_one_gave(bobs_browser: Browser, printer: Registered) -> None:
    by_password = post_token(printer, grant_type="password", username="bob", password="bob").json()
    approved = exchange(printer, code_for(bobs_browser, printer)).json()
    phrase = "another long passphrase"
    changed = {"oldpassword": "bob", "password1": phrase, "password2": phrase}

    assert bobs_browser.post("/oauth2/account/password/change/", changed).status_code == 302

    refreshed = [
        post_token(printer, grant_type="refresh_token", refresh_token=answer["refresh_token"]).status_code
        for answer in (by_password, approved)
    ]
    assert refreshed == [400, 200]
    assert tokens.find(by_password["access_token"]) is None
