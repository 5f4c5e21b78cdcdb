"""RFC 7591 and RFC 7592."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client as Browser
from pytest_django.fixtures import Settings

from keymanager.models import Client, Scope
from keymanager.registration_models import InitialAccessToken, RegistrationAccessToken
from tests.keymanager.conftest import CALLBACK, Registered, authorize, code_for, exchange, post_token, query_of
from tests.keymanager.keys import pair

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _open(db: None, settings: Settings) -> None:
    settings.REGISTRATION = "open"
    Scope.objects.create(name="photos:read", title="See your photos")


def register(token: str = "", **members: Any) -> Any:
    body = {"redirect_uris": [CALLBACK], "client_name": "Photo Printer"} | members
    return send("POST", "/oauth2/register", body, token)


def send(method: str, address: str, body: Any, token: str) -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    text = body if isinstance(body, (str, bytes)) else json.dumps(body)
    path = address.removeprefix("https://localhost:9443")
    return Browser().generic(method, path, text, content_type="application/json", headers=headers)


def as_registered(answer: Any) -> Registered:
    said = answer.json()
    return Registered(Client.objects.get(client_id=said["client_id"]), said.get("client_secret"))


def configured(answer: Any, method: str, body: Any = None) -> Any:
    said = answer.json()
    return send(method, said["registration_client_uri"], body, said["registration_access_token"])


@pytest.mark.rfc("7591#3.2.1")
def test_a_client_registers_and_is_told_what_was_registered(bobs_browser: Browser) -> None:
    answer = register(scope="photos:read", grant_types=["authorization_code", "refresh_token"])
    said = answer.json()

    assert (answer.status_code, answer["Cache-Control"]) == (201, "no-store")
    assert (said["client_name"], said["redirect_uris"], said["scope"]) == ("Photo Printer", [CALLBACK], "photos:read")
    assert (said["response_types"], said["token_endpoint_auth_method"]) == (["code"], "client_secret_basic")
    assert (said["client_secret_expires_at"], said["id_token_signed_response_alg"]) == (0, "RS256")
    tokens = exchange(as_registered(answer), code_for(bobs_browser, as_registered(answer))).json()
    assert (tokens["scope"], "refresh_token" in tokens) == ("photos:read", True)


@pytest.mark.rfc("7591#2")
def test_a_public_client_gets_no_secret_and_needs_pkce(bobs_browser: Browser) -> None:
    answer = register(token_endpoint_auth_method="none")

    assert "client_secret" not in answer.json()
    assert query_of(authorize(bobs_browser, as_registered(answer)))["error"] == "invalid_request"


@pytest.mark.rfc("7591#2")
def test_what_is_unknown_is_ignored_and_null_is_left_out() -> None:
    answer = register(favourite_colour="blue", client_uri=None, may_impersonate=True)

    assert answer.status_code == 201
    assert not {"favourite_colour", "client_uri", "may_impersonate"} & answer.json().keys()


@pytest.mark.rfc("7591#3.2.2")
@pytest.mark.parametrize(
    "uri",
    [
        "http://printer.example/cb",
        "https://printer.example/cb#x",
        "javascript:alert(1)",
        "/cb",
        "com.example.app:/cb",
        7,
    ],
)
def test_a_redirect_uri_that_cannot_be_used_is_refused(uri: Any) -> None:
    answer = register(redirect_uris=[uri])

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_redirect_uri")


@pytest.mark.rfc("7591#3.2.2")
@pytest.mark.parametrize(
    "members",
    [
        {"grant_types": ["password"]},
        {"grant_types": "authorization_code"},
        {"grant_types": ["implicit"], "response_types": ["code"]},
        {"response_types": ["token"]},
        {"response_types": ["surprise"]},
        {"token_endpoint_auth_method": "client_secret_jwt"},
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"token_endpoint_auth_method": "tls_client_auth"},
        {"token_endpoint_auth_method": "none", "grant_types": ["client_credentials"]},
        {"jwks": {"keys": []}, "jwks_uri": "https://printer.example/jwks"},
        {"jwks": []},
        {"jwks": {"keys": []}, "token_endpoint_auth_method": "private_key_jwt"},
        {"jwks": {"keys": [{"kty": "EC", "crv": "P-256", "x": "x", "y": "y", "d": "d"}]}},
        {"jwks": {"keys": [{"kty": "oct", "k": "k"}]}},
        {"jwks": {"keys": ["x"]}},
        {"client_name": "x" * 101},
        {"client_name": ["x"]},
        {"client_name": "   "},
        {"client_name": "\u3164 \u2800"},
        {"client_uri": "javascript:alert(1)"},
        {"logo_uri": "http://printer.example/logo"},
        {"request_uris": "https://printer.example/request.jwt"},
        {"request_uris": ["http://printer.example/request.jwt"]},
        {"request_uris": ["https:///request.jwt"]},
        {"request_uris": ["https://printer.example/é"]},
        {"request_uris": ["https://printer.example/" + "x" * 489]},
        {"request_uris": [f"https://printer.example/{number}" for number in range(11)]},
        {"scope": ["photos:read"]},
        {"contacts": "bob@example.com"},
        {"id_token_signed_response_alg": "none"},
        {"id_token_encrypted_response_enc": "A256GCM"},
        {"userinfo_encrypted_response_enc": "A256GCM"},
        {"userinfo_encrypted_response_alg": "ECDH-ES"},
        {"default_max_age": -1},
        {"default_max_age": True},
    ],
)
def test_a_member_that_cannot_be_used_is_refused(members: dict[str, Any]) -> None:
    answer = register(**members)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")
    assert not Client.objects.exists()


@pytest.mark.parametrize(
    "body", ["", "[]", "7", "not json", "[" * 9000, '{"a": "\\ud800"}', '{"a": NaN}', b"\xff", '{"a": 1, "a": 2}']
)
def test_what_is_no_object_is_refused(body: str | bytes) -> None:
    assert send("POST", "/oauth2/register", body, "").json()["error"] == "invalid_client_metadata"


def test_another_type_of_body_is_refused() -> None:
    assert Browser().post("/oauth2/register", {"client_name": "x"}).json()["error"] == "invalid_client_metadata"


def test_nobody_registers_where_it_is_closed(settings: Settings) -> None:
    settings.REGISTRATION = "closed"

    assert (register().status_code, register().json()["error"]) == (403, "access_denied")
    assert "registration_endpoint" not in Browser().get("/.well-known/openid-configuration").json()


@pytest.mark.rfc("7591#3")
def test_an_initial_access_token_registers_as_often_as_it_says(settings: Settings) -> None:
    settings.REGISTRATION = "token"
    call_command("issue_initial_access_token", note="test suite", uses=1, stdout=(told := StringIO()))
    token = told.getvalue().strip()

    assert register().status_code == 401
    assert register(token, grant_types=["password"]).status_code == 400
    assert [register(token).status_code, register(token).status_code] == [201, 401]
    assert token not in str(InitialAccessToken.objects.values())


def test_an_initial_access_token_says_what_its_clients_may_have(settings: Settings) -> None:
    settings.REGISTRATION = "token"
    options: dict[str, Any] = {"grant_type": ["password"], "scope": ["photos:read"]}
    call_command("issue_initial_access_token", note="test suite", stdout=(told := StringIO()), **options)

    said = register(told.getvalue().strip(), grant_types=["password"], scope="photos:read photos:write").json()

    assert (said["grant_types"], said["scope"]) == (["password"], "photos:read")


def test_whom_nobody_stands_for_gets_no_scope_to_manage_the_portal_with() -> None:
    Scope.objects.create(name="apim:api_publish", title="Publish APIs for you")

    assert register(scope="photos:read apim:api_publish").json()["scope"] == "photos:read"


@pytest.mark.rfc("7592#2.1")
def test_a_registration_is_read_by_its_token_and_by_no_other() -> None:
    mine, other = register(), register()

    assert configured(mine, "GET").json()["client_id"] == mine.json()["client_id"]
    assert "client_secret" not in configured(mine, "GET").json()
    answer = send("GET", mine.json()["registration_client_uri"], "", other.json()["registration_access_token"])
    assert (answer.status_code, answer["WWW-Authenticate"][:27]) == (401, 'Bearer error="invalid_token')
    assert mine.json()["registration_access_token"] not in str(RegistrationAccessToken.objects.values())


@pytest.mark.rfc("7592#3")
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_an_answer_says_how_to_come_back(method: str) -> None:
    mine = register()
    body = {"client_id": mine.json()["client_id"], "redirect_uris": [CALLBACK]}

    said = configured(mine, method, body).json()

    assert {name: said[name] for name in ("registration_client_uri", "registration_access_token")} == {
        name: mine.json()[name] for name in ("registration_client_uri", "registration_access_token")
    }


@pytest.mark.rfc("7592#2.2")
def test_an_update_replaces_everything() -> None:
    mine = register(client_uri="https://printer.example")
    body = {"client_id": mine.json()["client_id"], "redirect_uris": ["https://printer.example/new"]}

    said = configured(mine, "PUT", body).json()

    assert (said["redirect_uris"], said["client_name"]) == (["https://printer.example/new"], "Unnamed application")
    assert "client_uri" not in said


@pytest.mark.rfc("7592#2.2")
@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "another"},
        {"client_secret": "wrong"},
        {"client_id_issued_at": 0},
        {"registration_client_uri": "x"},
        {"token_endpoint_auth_method": "none"},
        {"grant_types": ["password"]},
    ],
)
def test_an_update_cannot_change_who_it_is(changes: dict[str, Any]) -> None:
    mine = register()
    body = {"client_id": mine.json()["client_id"], "redirect_uris": [CALLBACK]} | changes

    assert configured(mine, "PUT", body).json()["error"] == "invalid_client_metadata"


@pytest.mark.rfc("7592#2.3")
def test_after_removal_nothing_of_it_works() -> None:
    mine = register(grant_types=["client_credentials"], redirect_uris=[])
    gone = configured(mine, "DELETE")

    assert gone.status_code == 204
    assert configured(mine, "GET").status_code == 401
    assert not Client.objects.exists()


def test_the_consent_page_says_that_nobody_vouches_for_it(bobs_browser: Browser) -> None:
    page = bobs_browser.get(authorize(bobs_browser, as_registered(register()))["Location"]).content.decode()

    assert "registered itself, not verified" in page


@pytest.mark.rfc("8252#7.3")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_an_app_on_a_device_listens_on_any_port(bobs_browser: Browser, host: str) -> None:
    app = as_registered(register(token_endpoint_auth_method="none", redirect_uris=[f"http://{host}/cb"]))
    pkce: dict[str, Any] = {"code_challenge": "x" * 43, "code_challenge_method": "S256"}

    for address, known in [(f"http://{host}:51004/cb", True), (f"http://{host}:1/other", False)]:
        answer = authorize(bobs_browser, app, redirect_uri=address, **pkce)
        assert answer.status_code == (302 if known else 400)
    assert authorize(bobs_browser, app, redirect_uri=f"http://{host}:0/cb", **pkce).status_code == 400


def test_a_client_with_a_secret_listens_where_it_said(bobs_browser: Browser) -> None:
    app = as_registered(register(redirect_uris=["http://127.0.0.1/cb"]))

    assert authorize(bobs_browser, app, redirect_uri="http://127.0.0.1:51004/cb").status_code == 400


def test_an_application_token_of_a_registered_client() -> None:
    app = as_registered(register(grant_types=["client_credentials"], redirect_uris=[]))

    assert post_token(app, grant_type="client_credentials").status_code == 200


KEYS: dict[str, Any] = {"token_endpoint_auth_method": "private_key_jwt", "jwks": pair().jwks}


@pytest.mark.rfc("7591#3.2.1")
def test_a_client_that_proves_itself_by_a_key_gets_no_secret() -> None:
    answer = register(**KEYS)

    assert answer.status_code == 201, answer.content
    assert not {"client_secret", "client_secret_expires_at"} & answer.json().keys()


@pytest.mark.rfc("7592#2.1")
def test_a_client_that_needs_a_secret_from_now_on_is_given_one() -> None:
    mine = register(**KEYS)
    body = {"client_id": mine.json()["client_id"], "redirect_uris": [CALLBACK]}

    first, again = (configured(mine, "PUT", body).json() for _ in range(2))

    assert first["client_secret_expires_at"] == 0
    renewed = Registered(as_registered(mine).client, first["client_secret"])
    assert post_token(renewed, grant_type="x").json()["error"] == "unsupported_grant_type"
    assert "client_secret" not in again


@pytest.mark.rfc("7591#2")
def test_a_person_can_read_what_the_client_has_to_say(bobs_browser: Browser) -> None:
    pages = {"policy_uri": "https://printer.example/privacy", "tos_uri": "https://printer.example/terms?a&b"}
    client = as_registered(register(**pages))

    login = Browser().get(authorize(Browser(), client)["Location"]).content.decode()
    consent = bobs_browser.get(authorize(bobs_browser, client)["Location"]).content.decode()

    for page in (login, consent):
        assert 'href="https://printer.example/privacy"' in page
        assert 'href="https://printer.example/terms?a&amp;b"' in page


@pytest.mark.rfc("6749#5.2")
@pytest.mark.parametrize("members", [{"grant_types": ['pa"ß\\\n']}, {"redirect_uris": ["com.example.app:/cb"]}])
def test_a_description_is_of_the_characters_that_descriptions_have(members: dict[str, Any]) -> None:
    description = register(**members).json()["error_description"]

    assert description.isascii()
    assert description.isprintable()
    assert not {'"', "\\"} & set(description)


@pytest.mark.rfc("7591#2")
def test_who_names_no_method_may_send_its_secret_in_either_way() -> None:
    said = register(grant_types=["client_credentials"], redirect_uris=[]).json()
    body = {"grant_type": "client_credentials", "client_id": said["client_id"], "client_secret": said["client_secret"]}

    assert said["token_endpoint_auth_method"] == "client_secret_basic"
    assert Browser().post("/oauth2/token", body).status_code == 200


def test_an_application_in_a_browser_may_register() -> None:
    headers = {"Origin": "https://inspector.example", "Access-Control-Request-Method": "POST"}
    preflight = Browser().options("/oauth2/register", headers=headers)

    assert (preflight.status_code, preflight["Access-Control-Allow-Origin"]) == (204, "*")
    assert "MCP-Protocol-Version" in preflight["Access-Control-Allow-Headers"]


BANK: dict[str, Any] = {
    "security_profile": "fapi-2.0",
    "token_endpoint_auth_method": "private_key_jwt",
    "jwks": pair().jwks,
}


@pytest.mark.rfc("fapi-2.0#5.4.1")
def test_under_fapi_who_names_no_algorithm_is_told_one_that_is_allowed() -> None:
    assert register(**BANK).json()["id_token_signed_response_alg"] == "ES256"


@pytest.mark.rfc("fapi-2.0#5.3.2.1")
@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"token_endpoint_auth_method": "client_secret_basic"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "none"}, "invalid_client_metadata"),
        ({"grant_types": ["authorization_code", "implicit"]}, "invalid_client_metadata"),
        ({"id_token_signed_response_alg": "RS256"}, "invalid_client_metadata"),
        ({"redirect_uris": ["http://localhost/callback"]}, "invalid_redirect_uri"),
    ],
)
def test_what_its_profile_would_refuse_is_refused_at_once(members: dict[str, Any], error: str) -> None:
    assert register(**BANK | members).json()["error"] == error
