"""A bound token where it is used: userinfo, as a protected resource (RFC 9449 7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client as Browser, RequestFactory
from oauth2_provider.decorators import protected_resource
from pytest_django.fixtures import Settings

from accounts.models import User
from keymanager.models import AccessToken
from keymanager.validator import Validator
from tests.keymanager.conftest import CALLBACK, Registered, basic, code_for, exchange
from tests.keymanager.proofs import USERINFO, Holder, digest

pytestmark = pytest.mark.django_db
ALGORITHMS = 'algs="ES256 ES384 ES512 PS256 RS256 EdDSA Ed25519"'


@pytest.fixture
def holder() -> Holder:
    return Holder()


@pytest.fixture(params=["JWT", "OPAQUE"])
def client(register: Callable[..., Registered], request: Any) -> Registered:
    return register(access_token_format=request.param)


@pytest.fixture
def token(bobs_browser: Browser, client: Registered, holder: Holder) -> str:
    """Bound to the holder's key."""
    body = {"grant_type": "authorization_code", "redirect_uri": CALLBACK}
    body["code"] = code_for(bobs_browser, client, scope="openid")
    answer = Browser().post("/oauth2/token", body, headers=basic(client) | {"DPoP": holder.proof()})
    return str(answer.json()["access_token"])


def userinfo(headers: dict[str, str]) -> Any:
    return Browser().get("/oauth2/userinfo", headers=headers)


def assert_refused(response: Any, error: str, *, scheme: str = "DPoP") -> None:
    assert response.status_code == 401, response.content
    assert response.json()["error"] == error
    challenges = response["WWW-Authenticate"]
    assert challenges.startswith(f"{scheme} ")
    assert f'error="{error}"' in challenges
    assert ALGORITHMS in challenges


@pytest.mark.rfc("9449#7.1")
def test_the_holder_of_the_key_is_served(token: str, holder: Holder, bob: User) -> None:
    response = userinfo(holder.for_token(token))

    assert response.json() == {"sub": str(bob.subject)}
    assert response["DPoP-Nonce"]


@pytest.mark.rfc("9449#7.1")
def test_a_form_may_be_posted_with_a_proof(token: str, holder: Holder) -> None:
    response = Browser().post("/oauth2/userinfo", headers=holder.for_token(token, htm="POST"))

    assert response.status_code == 200


@pytest.mark.rfc("9449#7.1")
def test_the_scheme_is_known_in_any_case(token: str, holder: Holder) -> None:
    assert userinfo(holder.for_token(token) | {"Authorization": f"dpop {token}"}).status_code == 200


@pytest.mark.rfc("9449#7.2")
def test_a_bound_token_is_no_bearer_token(token: str, holder: Holder) -> None:
    bearer = {"Authorization": f"Bearer {token}"}

    assert_refused(userinfo(bearer), "invalid_token", scheme="Bearer")
    assert_refused(userinfo(holder.for_token(token) | bearer), "invalid_token", scheme="Bearer")
    in_the_body = Browser().post("/oauth2/userinfo", {"access_token": token})
    assert_refused(in_the_body, "invalid_token", scheme="Bearer")


@pytest.mark.rfc("9449#7.1")
def test_a_bound_token_without_a_proof_is_refused(token: str) -> None:
    assert_refused(userinfo({"Authorization": f"DPoP {token}"}), "invalid_dpop_proof")


@pytest.mark.rfc("9449#7.1")
def test_a_proof_of_another_key_is_refused(token: str) -> None:
    assert_refused(userinfo(Holder().for_token(token)), "invalid_token")


@pytest.mark.parametrize("ath", [None, "", "x", 1, digest("another token")])
@pytest.mark.rfc("9449#4.3")
def test_a_proof_for_another_token_is_refused(token: str, holder: Holder, ath: object) -> None:
    assert_refused(userinfo(holder.for_token(token, ath=ath)), "invalid_dpop_proof")


@pytest.mark.parametrize("changes", [{"htm": "POST"}, {"htu": "https://localhost:9443/oauth2/token"}, {"iat": 1}])
@pytest.mark.rfc("9449#4.3")
def test_a_proof_for_another_request_is_refused(token: str, holder: Holder, changes: dict[str, Any]) -> None:
    assert_refused(userinfo(holder.for_token(token, **changes)), "invalid_dpop_proof")


@pytest.mark.rfc("9449#11.1")
def test_a_proof_works_once(token: str, holder: Holder) -> None:
    headers = holder.for_token(token)

    assert userinfo(headers).status_code == 200
    assert_refused(userinfo(headers), "invalid_dpop_proof")


@pytest.mark.rfc("9449#7.1")
def test_a_bearer_token_is_refused_under_the_scheme_of_bound_ones(
    bobs_browser: Browser, client: Registered, holder: Holder
) -> None:
    token = exchange(client, code_for(bobs_browser, client, scope="openid")).json()["access_token"]

    assert_refused(userinfo(holder.for_token(token)), "invalid_token")


@pytest.mark.rfc("9449#9")
def test_a_resource_may_demand_a_nonce(token: str, holder: Holder, settings: Settings) -> None:
    settings.DPOP_NONCE_REQUIRED = True

    response = userinfo(holder.for_token(token))

    assert_refused(response, "use_dpop_nonce")
    assert userinfo(holder.for_token(token, nonce=response["DPoP-Nonce"])).status_code == 200


def test_the_gateway_s_address_of_userinfo_is_right_too(token: str, holder: Holder) -> None:
    assert userinfo(holder.for_token(token, htu="https://localhost:8243/userinfo")).status_code == 200
    assert userinfo(holder.for_token(token, htu=f"{USERINFO}?x=1")).status_code == 200


@pytest.mark.rfc("6750#2")
def test_a_token_comes_in_one_way_only(token: str, holder: Holder) -> None:
    headers = holder.for_token(token, htm="POST")
    bodies = [{"access_token": token}, {"access_token": ""}]

    for response in [Browser().post("/oauth2/userinfo", body, headers=headers) for body in bodies]:
        assert response.status_code == 400
        assert response.json()["error"] == "invalid_request"
    assert userinfo(headers).status_code != 200
    assert Browser().get(f"/oauth2/userinfo?access_token={token}", headers=headers).status_code == 400


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic YTpi"}, {"DPoP": "x"}, {"Authorization": "DPoP"}])
@pytest.mark.rfc("6750#3.1")
def test_without_a_token_both_ways_are_named(db: None, headers: dict[str, str]) -> None:
    response = userinfo(headers)

    assert response.status_code == 401
    assert ALGORITHMS in response["WWW-Authenticate"]
    assert "Authorization" in headers or "error=" not in response["WWW-Authenticate"]


def test_a_token_bound_in_an_unknown_way_is_refused(bobs_browser: Browser, register: Callable[..., Registered]) -> None:
    registered = register(access_token_format="OPAQUE")
    token = exchange(registered, code_for(bobs_browser, registered, scope="openid")).json()["access_token"]
    row = AccessToken.objects.get()
    AccessToken.objects.update(claims=row.claims | {"cnf": {"unknown": "x"}})

    assert_refused(userinfo({"Authorization": f"Bearer {token}"}), "invalid_token", scheme="Bearer")


@protected_resource(scopes=["openid"], validator_cls=Validator)  # type: ignore[untyped-decorator]
def resource(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


@pytest.mark.rfc("9449#7.2")
def test_the_toolkit_s_own_protection_takes_no_bound_token(token: str) -> None:
    request = RequestFactory().get("/", headers={"Authorization": f"Bearer {token}"})

    assert resource(request).status_code in {401, 403}


@pytest.mark.parametrize(
    ("resource_asked", "status"),
    [
        ("https://localhost:8243", 200),
        ("https://localhost:8243/userinfo", 200),
        ("https://localhost:8243/photos/1.0", 401),
    ],
)
@pytest.mark.rfc("9068#4")
def test_userinfo_takes_no_token_that_is_for_something_else(
    bobs_browser: Browser, client: Registered, resource_asked: str, status: int
) -> None:
    code = code_for(bobs_browser, client, scope="openid", resource=resource_asked)
    token = exchange(client, code).json()["access_token"]

    assert userinfo({"Authorization": f"Bearer {token}"}).status_code == status
