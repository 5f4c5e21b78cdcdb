from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts import people
from accounts.models import User
from keymanager import signing
from keymanager.models import AccessToken, RefreshToken
from tests.keymanager.conftest import Registered, Remember, code_for, exchange, post_token

pytestmark = pytest.mark.django_db
Register = Callable[..., Registered]

INACTIVE = {"active": False}
SIGNED = "application/token-introspection+jwt"
FORMATS = pytest.mark.parametrize("token_format", ["JWT", "OPAQUE"])


def introspect(caller: Registered, token: str, *, accept: str = "application/json", **changes: str) -> Any:
    body = {"token": token, "client_id": caller.id, "client_secret": str(caller.secret)} | changes
    return Browser().post("/oauth2/introspect", body, headers={"Accept": accept})


def pair_of(browser: Browser, registered: Registered) -> dict[str, Any]:
    answer: dict[str, Any] = exchange(registered, code_for(browser, registered)).json()
    return answer


def application_token(registered: Registered) -> str:
    return str(post_token(registered, grant_type="client_credentials").json()["access_token"])


@FORMATS
@pytest.mark.rfc("7662#2.2")
def test_a_person_s_token_is_told_to_the_client_it_was_issued_to(
    bobs_browser: Browser, register: Register, bob: User, token_format: str
) -> None:
    registered = register(access_token_format=token_format)
    token = pair_of(bobs_browser, registered)["access_token"]

    told = introspect(registered, token).json()

    assert abs(told.pop("iat") - time.time()) < 60
    assert abs(told.pop("exp") - time.time() - 3600) < 60
    assert len(told.pop("jti")) >= 22
    assert told.pop("scope") == "photos:read"
    assert told == {"active": True, "token_type": "Bearer", "client_id": registered.id, "username": "bob"} | {
        "sub": str(bob.subject),
        "aud": "https://localhost:8243",
        "iss": "https://localhost:9443",
    }


@FORMATS
@pytest.mark.rfc("7662#2.2")
def test_an_application_s_token_names_no_person(register: Register, token_format: str) -> None:
    registered = register(access_token_format=token_format)

    told = introspect(registered, application_token(registered)).json()

    assert told["active"] is True
    assert told["sub"] == told["client_id"] == registered.id
    assert "username" not in told


@pytest.mark.rfc("7662#2.2")
def test_a_token_keeps_its_identifier_and_shares_it_with_no_other(printer: Registered, register: Register) -> None:
    opaque = register(access_token_format="OPAQUE")
    first, second, own = application_token(opaque), application_token(opaque), application_token(printer)

    assert introspect(opaque, first).json()["jti"] == introspect(opaque, first).json()["jti"]
    assert introspect(opaque, first).json()["jti"] != introspect(opaque, second).json()["jti"]
    claims = jwt.decode(own, options={"verify_signature": False})
    assert introspect(printer, own).json()["jti"] == claims["jti"]


def test_a_client_s_own_claims_are_not_told(register: Register) -> None:
    registered = register(access_token_claims={"application": {"owner": "alice"}})

    told = introspect(registered, application_token(registered)).json()

    assert not {"application", "grant_id", "key_type"} & set(told)


@FORMATS
@pytest.mark.rfc("7662#4")
def test_another_client_s_token_is_inactive_and_nothing_more(
    bobs_browser: Browser, register: Register, printer: Registered, token_format: str
) -> None:
    registered = register(access_token_format=token_format)
    pair = pair_of(bobs_browser, registered)

    assert introspect(printer, pair["access_token"]).json() == INACTIVE
    assert introspect(printer, pair["refresh_token"]).json() == INACTIVE


@FORMATS
def test_a_resource_server_reads_every_access_token(
    bobs_browser: Browser, register: Register, token_format: str
) -> None:
    pair = pair_of(bobs_browser, register(access_token_format=token_format))

    told = introspect(register(is_resource_server=True), pair["access_token"]).json()

    assert told["active"] is True
    assert told["username"] == "bob"


@pytest.mark.rfc("6749#1.5")
def test_a_resource_server_reads_nobody_s_refresh_token(
    bobs_browser: Browser, printer: Registered, register: Register
) -> None:
    pair = pair_of(bobs_browser, printer)

    told = introspect(register(is_resource_server=True), pair["refresh_token"], token_type_hint="refresh_token")

    assert told.json() == INACTIVE


def test_a_refresh_token_is_told_to_its_client_and_not_as_a_bearer_token(
    bobs_browser: Browser, printer: Registered, bob: User
) -> None:
    told = introspect(printer, pair_of(bobs_browser, printer)["refresh_token"]).json()

    assert told["active"] is True
    assert told["scope"] == "photos:read"
    assert (told["username"], told["sub"]) == ("bob", str(bob.subject))
    assert told["aud"] == told["iss"] == "https://localhost:9443"
    assert "token_type" not in told


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "nonsense"])
@FORMATS
@pytest.mark.rfc("7662#2.1")
def test_a_wrong_hint_changes_nothing(bobs_browser: Browser, register: Register, token_format: str, hint: str) -> None:
    registered = register(access_token_format=token_format)
    pair = pair_of(bobs_browser, registered)

    assert introspect(registered, pair["access_token"], token_type_hint=hint).json()["active"] is True
    assert introspect(registered, pair["refresh_token"], token_type_hint=hint).json()["active"] is True


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "é", "..", "x" * 5000])
@pytest.mark.rfc("7662#2.2")
def test_an_unknown_token_is_inactive(printer: Registered, token: str) -> None:
    answer = introspect(printer, token)

    assert answer.status_code == 200
    assert answer.json() == INACTIVE


@FORMATS
@pytest.mark.rfc("7662#2.2")
def test_a_revoked_token_and_its_pair_are_inactive(
    bobs_browser: Browser, register: Register, token_format: str
) -> None:
    registered = register(access_token_format=token_format)
    pair = pair_of(bobs_browser, registered)

    revoke(registered, pair["access_token"])

    assert introspect(registered, pair["access_token"]).json() == INACTIVE
    assert introspect(registered, pair["refresh_token"]).json() == INACTIVE


@FORMATS
def test_an_application_s_revoked_token_is_inactive(register: Register, token_format: str) -> None:
    registered = register(access_token_format=token_format)
    token = application_token(registered)

    revoke(registered, token)

    assert introspect(registered, token).json() == INACTIVE


def revoke(registered: Registered, token: str) -> Any:
    body = {"token": token, "client_id": registered.id, "client_secret": registered.secret}
    return Browser().post("/oauth2/revoke", body)


@pytest.mark.rfc("7662#2.2")
def test_an_expired_opaque_pair_is_inactive(bobs_browser: Browser, register: Register) -> None:
    registered = register(access_token_format="OPAQUE")
    pair = pair_of(bobs_browser, registered)

    AccessToken.objects.update(expires=timezone.now() - timedelta(seconds=1))
    RefreshToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert introspect(registered, pair["access_token"]).json() == INACTIVE
    assert introspect(registered, pair["refresh_token"]).json() == INACTIVE


@pytest.mark.rfc("7662#2.2")
def test_an_expired_self_contained_token_is_inactive(printer: Registered) -> None:
    token = application_token(printer)
    claims = jwt.decode(token, options={"verify_signature": False})

    expired = signing.sign(claims | {"exp": int(time.time()) - 1}, typ="at+jwt")

    assert introspect(printer, signing.sign(claims, typ="at+jwt")).json()["active"] is True
    assert introspect(printer, expired).json() == INACTIVE


def test_a_used_refresh_token_is_inactive(bobs_browser: Browser, printer: Registered) -> None:
    old = pair_of(bobs_browser, printer)["refresh_token"]

    new = post_token(printer, grant_type="refresh_token", refresh_token=old).json()["refresh_token"]

    assert introspect(printer, old).json() == INACTIVE
    assert introspect(printer, new).json()["active"] is True


def test_the_tokens_of_a_person_who_was_switched_off_are_inactive(
    bobs_browser: Browser, printer: Registered, bob: User
) -> None:
    pair = pair_of(bobs_browser, printer)

    User.objects.filter(pk=bob.pk).update(is_active=False)

    assert introspect(printer, pair["access_token"]).json() == INACTIVE
    assert introspect(printer, pair["refresh_token"]).json() == INACTIVE


def test_all_tokens_of_an_application_that_is_stopped_with_its_owner_s_are_inactive_for_now(
    bobs_browser: Browser, printer: Registered, register: Callable[..., Registered], alice: User
) -> None:
    """Those of other people, too: the application may not call, whoever approved it."""
    server = register(name="Photos", user_id=None, is_resource_server=True)
    pair = pair_of(bobs_browser, printer)
    tokens = [pair["access_token"], application_token(printer)]

    people.stop_applications(alice)
    assert [introspect(server, token).json() for token in tokens] == [INACTIVE, INACTIVE]

    people.resume_applications(alice)
    assert [introspect(server, token).json()["active"] for token in tokens] == [True, True]
    assert introspect(printer, pair["refresh_token"]).json()["active"] is True


def test_a_token_with_something_added_is_inactive(printer: Registered) -> None:
    token = application_token(printer)

    for spelling in (token + "\r\n\r\n", token + "    ", token + "====", f" {token}"):
        assert introspect(printer, spelling).json() == INACTIVE


@pytest.mark.rfc("7662#2.3")
def test_a_wrong_secret_is_refused_with_a_challenge(printer: Registered) -> None:
    answer = introspect(printer, application_token(printer), client_secret="wrong")

    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_client"
    assert answer["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.rfc("7662#2.1")
def test_naming_oneself_is_not_enough(register: Register) -> None:
    public = register(public=True)
    body = {"token": "x", "client_id": public.id}

    assert Browser().post("/oauth2/introspect", body).json()["error"] == "invalid_client"
    assert Browser().post("/oauth2/introspect", {"token": "x"}).status_code == 401


@pytest.mark.rfc("7662#2.1")
def test_a_token_in_the_address_is_not_read(printer: Registered) -> None:
    body = {"client_id": printer.id, "client_secret": str(printer.secret)}

    assert Browser().get("/oauth2/introspect", body | {"token": "x"}).status_code == 405
    answer = Browser().post(f"/oauth2/introspect?token={application_token(printer)}", body)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a_repeated_token_is_refused(printer: Registered) -> None:
    body = {"token": ["x", "y"], "client_id": printer.id, "client_secret": printer.secret}

    assert Browser().post("/oauth2/introspect", body).json()["error"] == "invalid_request"


@pytest.mark.parametrize("accept", ["application/json", SIGNED])
def test_no_answer_is_stored(printer: Registered, accept: str) -> None:
    assert introspect(printer, application_token(printer), accept=accept)["Cache-Control"] == "no-store"
    assert introspect(printer, "nonsense", accept=accept)["Cache-Control"] == "no-store"


@FORMATS
def test_a_look_up_is_one_statement(
    bobs_browser: Browser,
    register: Register,
    token_format: str,
    remembered: Remember,
    django_assert_num_queries: Callable[..., Any],
) -> None:
    registered = remembered(register(access_token_format=token_format))
    pair, own = pair_of(bobs_browser, registered), application_token(registered)

    with django_assert_num_queries(1):
        assert introspect(registered, pair["access_token"]).json()["active"] is True
    with django_assert_num_queries(1):
        assert introspect(registered, own).json()["active"] is True
    with django_assert_num_queries(1):
        assert introspect(registered, pair["refresh_token"], token_type_hint="refresh_token").json()["active"] is True


def verified(answer: Any, audience: str) -> dict[str, Any]:
    """The claims of a signed answer, checked as a resource server would: with the published keys only."""
    text = answer.content.decode()
    header = jwt.get_unverified_header(text)
    key = next(key for key in Browser().get("/oauth2/jwks").json()["keys"] if key["kid"] == header["kid"])
    assert header["typ"] == "token-introspection+jwt"
    claims: dict[str, Any] = jwt.decode(text, jwt.PyJWK(key).key, algorithms=[key["alg"]], audience=audience)
    return claims


@FORMATS
@pytest.mark.rfc("9701#5")
def test_a_signed_answer_says_the_same(bobs_browser: Browser, register: Register, token_format: str) -> None:
    token = pair_of(bobs_browser, register(access_token_format=token_format))["access_token"]
    gateway = register(is_resource_server=True)

    answer = introspect(gateway, token, accept=SIGNED)

    assert answer["Content-Type"] == SIGNED
    claims = verified(answer, gateway.id)
    assert set(claims) == {"iss", "aud", "iat", "token_introspection"}
    assert claims["iss"] == "https://localhost:9443"
    assert claims["token_introspection"] == introspect(gateway, token).json()


@pytest.mark.rfc("9701#6")
@pytest.mark.parametrize(("asked", "algorithm"), [("ES256", "ES256"), ("RS256", "RS256"), (None, "RS256")])
def test_an_answer_is_signed_as_the_caller_registered(register: Register, asked: str | None, algorithm: str) -> None:
    caller = register(metadata={"introspection_signed_response_alg": asked} if asked else {})

    answer = introspect(caller, "nonsense", accept=SIGNED)

    assert jwt.get_unverified_header(answer.content.decode())["alg"] == algorithm
    assert verified(answer, caller.id)


@pytest.mark.rfc("9701#5")
def test_a_signed_answer_on_a_dead_token_is_inactive_and_nothing_more(printer: Registered) -> None:
    answer = introspect(printer, "nonsense", accept=SIGNED)

    assert verified(answer, printer.id)["token_introspection"] == INACTIVE


@pytest.mark.rfc("9701#8.1")
def test_a_signed_answer_is_no_access_token(printer: Registered, register: Register) -> None:
    answer = introspect(printer, application_token(printer), accept=SIGNED).content.decode()

    assert introspect(register(is_resource_server=True), answer).json() == INACTIVE
    assert Browser().get("/oauth2/userinfo", headers={"Authorization": f"Bearer {answer}"}).status_code == 401


@pytest.mark.parametrize("accept", ["*/*", "text/html", f"application/json, {SIGNED}", f"{SIGNED};q=0, */*"])
@pytest.mark.rfc("9701#4")
def test_who_does_not_ask_for_a_signed_answer_gets_json(printer: Registered, accept: str) -> None:
    assert introspect(printer, "nonsense", accept=accept)["Content-Type"] == "application/json"


@pytest.mark.rfc("8414#2")
@pytest.mark.rfc("9701#7")
def test_the_metadata_names_the_endpoint_and_how_to_call_it(db: None) -> None:
    document = Browser().get("/.well-known/oauth-authorization-server").json()

    assert document["introspection_endpoint"] == "https://localhost:9443/oauth2/introspect"
    assert document["introspection_endpoint_auth_methods_supported"][:2] == [
        "client_secret_basic",
        "client_secret_post",
    ]
    assert document["introspection_signing_alg_values_supported"] == ["ES256", "RS256"]
