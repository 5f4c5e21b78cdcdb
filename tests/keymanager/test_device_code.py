"""RFC 8628: a device asks, a person answers in a browser, the device gets tokens."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.core.cache import cache
from django.test import Client as Browser
from django.utils import timezone

from accounts import people
from accounts.models import User
from keymanager import tokens
from keymanager.models import Authorization, AuthorizationDetailsType, Client, DeviceGrant, Scope
from tests.keymanager.conftest import Registered, post_token, sign_in

pytestmark = pytest.mark.django_db
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture(autouse=True)
def _no_wrong_codes_yet() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def television(register: Callable[..., Registered]) -> Registered:
    """A public client, as a television is one."""
    return register(public=True, name="Photo Frame", grant_types=[GRANT_TYPE, "refresh_token"])


def ask(registered: Registered, **parameters: str) -> Any:
    """POST of the device authorization endpoint, authenticated as at the token endpoint."""
    headers = {}
    if registered.secret is None:
        parameters = {"client_id": registered.id, **parameters}
    else:
        pair = base64.b64encode(f"{registered.id}:{registered.secret}".encode()).decode()
        headers["Authorization"] = f"Basic {pair}"
    return Browser().post("/oauth2/device_authorization", parameters, headers=headers)


def asked(registered: Registered, **parameters: str) -> dict[str, Any]:
    answer: dict[str, Any] = ask(registered, **({"scope": "photos:read"} | parameters)).json()
    return answer


def poll(registered: Registered, codes: dict[str, Any]) -> Any:
    return post_token(registered, grant_type=GRANT_TYPE, device_code=codes["device_code"])


def error_of(response: Any) -> str:
    assert response.status_code == 400, response.content
    return str(response.json()["error"])


def enter(browser: Browser, code: str, decision: str | None = None) -> Any:
    return browser.post("/oauth2/device", {"user_code": code} | ({"decision": decision} if decision else {}))


def later(seconds: int) -> None:
    DeviceGrant.objects.update(last_polled_at=timezone.now() - timedelta(seconds=seconds))


@pytest.mark.rfc("8628#3.2")
def test_a_device_gets_its_codes(television: Registered) -> None:
    response = ask(television, scope="photos:read")

    codes = response.json()
    assert response["Cache-Control"] == "no-store"
    assert re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", codes["user_code"])
    assert codes["verification_uri"] == "https://localhost:9443/oauth2/device"
    assert codes["verification_uri_complete"] == f"{codes['verification_uri']}?user_code={codes['user_code']}"
    assert (codes["expires_in"], codes["interval"], len(codes["device_code"])) == (600, 5, 43)


@pytest.mark.rfc("8628#3.2")
def test_a_scope_that_the_client_s_policy_refuses_is_an_error(register: Callable[..., Registered]) -> None:
    frame = register(public=True, grant_types=[GRANT_TYPE], metadata={"refuse_unknown_scopes": True})

    response = ask(frame, scope="photos:burn")

    assert error_of(response) == "invalid_scope"


@pytest.mark.rfc("8707#2")
def test_a_device_s_token_is_for_the_resource_it_named(bobs_browser: Browser, television: Registered) -> None:
    codes = asked(television, resource="https://localhost:8243/photos/1.0")
    page = enter(bobs_browser, codes["user_code"])
    enter(bobs_browser, codes["user_code"], "approve")

    bearer = tokens.find(poll(television, codes).json()["access_token"])

    assert "https://localhost:8243/photos/1.0" in page.content.decode()
    assert bearer is not None
    assert bearer.claims["aud"] == "https://localhost:8243/photos/1.0"
    assert error_of(ask(television, resource="https://stranger.example/")) == "invalid_target"


@pytest.mark.rfc("9396#3")
def test_a_device_may_ask_in_detail(bobs_browser: Browser, register: Callable[..., Registered]) -> None:
    AuthorizationDetailsType.objects.create(name="album", title="Open one album", optional=["number"])
    frame = register(grant_types=[GRANT_TYPE], metadata={"authorization_details_types": ["album"]})
    details = [{"type": "album", "number": 7}]
    codes = asked(frame, authorization_details=json.dumps(details))
    page = enter(bobs_browser, codes["user_code"])
    enter(bobs_browser, codes["user_code"], "approve")

    assert "Open one album" in page.content.decode()
    assert poll(frame, codes).json()["authorization_details"] == details
    assert error_of(ask(frame, authorization_details='[{"type": "vault"}]')) == "invalid_authorization_details"


@pytest.mark.rfc("8628#3.5")
def test_an_approved_device_gets_tokens(bobs_browser: Browser, television: Registered, bob: User) -> None:
    codes = asked(television)
    enter(bobs_browser, codes["user_code"], "approve")

    response = poll(television, codes)

    answer = response.json()
    bearer = tokens.find(answer["access_token"])
    assert response["Cache-Control"] == "no-store"
    assert (answer["scope"], answer["token_type"]) == ("photos:read", "Bearer")
    assert bearer is not None
    assert bearer.user == bob
    assert post_token(television, grant_type="refresh_token", refresh_token=answer["refresh_token"]).status_code == 200


def test_openid_gives_an_id_token_and_no_browser_session(bobs_browser: Browser, television: Registered) -> None:
    codes = asked(television, scope="openid photos:read")
    enter(bobs_browser, codes["user_code"], "approve")

    payload = poll(television, codes).json()["id_token"].split(".")[1]

    claims = base64.urlsafe_b64decode(payload + "==").decode()
    assert f'"aud":"{television.id}"' in claims
    assert '"sid"' not in claims


def test_a_confidential_client_shows_its_secret_in_both_places(
    bobs_browser: Browser, register: Callable[..., Registered]
) -> None:
    confidential = register(grant_types=[GRANT_TYPE])
    codes = asked(confidential)
    enter(bobs_browser, codes["user_code"], "approve")

    assert error_of_401(ask(Registered(confidential.client, "wrong"))) == "invalid_client"
    assert error_of_401(poll(Registered(confidential.client, None), codes)) == "invalid_client"
    assert poll(confidential, codes).status_code == 200


def error_of_401(response: Any) -> str:
    assert response.status_code == 401, response.content
    return str(response.json()["error"])


@pytest.mark.rfc("8628#3.1")
def test_only_a_client_with_the_grant_type_may_ask(printer: Registered) -> None:
    assert error_of(ask(printer)) == "unauthorized_client"
    assert error_of(poll(printer, {"device_code": "x"})) == "unauthorized_client"


@pytest.mark.rfc("8628#3.1")
def test_repeated_parameters_and_get_are_refused(television: Registered) -> None:
    twice = Browser().post("/oauth2/device_authorization", {"client_id": television.id, "scope": ["a", "b"]})

    assert error_of(twice) == "invalid_request"
    assert Browser().get("/oauth2/device_authorization").status_code == 405


@pytest.mark.rfc("8628#3.5")
def test_until_the_person_answers_it_is_pending(television: Registered) -> None:
    codes = asked(television)

    assert error_of(poll(television, codes)) == "authorization_pending"
    later(5)
    assert error_of(poll(television, codes)) == "authorization_pending"


@pytest.mark.rfc("8628#3.5")
def test_asking_too_soon_costs_five_seconds_each_time(television: Registered) -> None:
    codes = asked(television)
    poll(television, codes)

    assert [error_of(poll(television, codes)) for _ in range(2)] == ["slow_down", "slow_down"]

    assert DeviceGrant.objects.get().interval == 15
    later(14)
    assert error_of(poll(television, codes)) == "slow_down"
    later(20)
    assert error_of(poll(television, codes)) == "authorization_pending"


@pytest.mark.rfc("8628#3.5")
def test_a_denied_device_gets_access_denied(bobs_browser: Browser, television: Registered) -> None:
    codes = asked(television)

    page = enter(bobs_browser, codes["user_code"], "deny")

    assert b"Device refused" in page.content
    assert error_of(poll(television, codes)) == "access_denied"
    assert not Authorization.objects.exists()


@pytest.mark.rfc("8628#3.5")
def test_an_expired_code_is_told_to_the_device(bobs_browser: Browser, television: Registered) -> None:
    codes = asked(television)
    enter(bobs_browser, codes["user_code"], "approve")
    DeviceGrant.objects.update(expires=timezone.now())

    assert error_of(poll(television, codes)) == "expired_token"


def test_an_expired_code_is_told_to_the_person(bobs_browser: Browser, television: Registered) -> None:
    codes = asked(television)
    DeviceGrant.objects.update(expires=timezone.now())

    assert b"This code is wrong, has expired or was used already." in enter(bobs_browser, codes["user_code"]).content


@pytest.mark.rfc("8628#3.4")
def test_a_code_works_once(bobs_browser: Browser, television: Registered) -> None:
    codes = asked(television)
    enter(bobs_browser, codes["user_code"], "approve")
    poll(television, codes)

    assert error_of(poll(television, codes)) == "invalid_grant"


@pytest.mark.rfc("8628#3.4")
def test_another_client_cannot_use_the_code(
    bobs_browser: Browser, television: Registered, register: Callable[..., Registered]
) -> None:
    codes = asked(television)
    enter(bobs_browser, codes["user_code"], "approve")

    assert error_of(poll(register(grant_types=[GRANT_TYPE]), codes)) == "invalid_grant"
    assert poll(television, codes).status_code == 200


@pytest.mark.parametrize("code", ["x", "x" * 5000, "\N{SNOWMAN}"])
def test_an_unknown_device_code_is_invalid_grant(television: Registered, code: str) -> None:
    assert error_of(poll(television, {"device_code": code})) == "invalid_grant"


def test_a_missing_device_code_is_an_invalid_request(television: Registered) -> None:
    assert error_of(post_token(television, grant_type=GRANT_TYPE)) == "invalid_request"


def test_what_was_authorized_and_withdrawn_gives_no_token(bobs_browser: Browser, television: Registered) -> None:
    codes = asked(television)
    enter(bobs_browser, codes["user_code"], "approve")
    Authorization.objects.update(revoked_at=timezone.now())

    assert error_of(poll(television, codes)) == "invalid_grant"


@pytest.mark.rfc("8628#6.1")
@pytest.mark.parametrize("change", [str.lower, lambda c: c.replace("-", ""), lambda c: f" {c.replace('-', ' – ')} "])
def test_case_spaces_and_hyphens_do_not_matter(
    bobs_browser: Browser, television: Registered, change: Callable[[str], str]
) -> None:
    codes = asked(television)

    page = enter(bobs_browser, change(codes["user_code"]))

    assert b"Photo Frame" in page.content
    assert codes["user_code"] in page.content.decode()


@pytest.mark.rfc("8628#5.4")
def test_the_page_says_who_asks_for_what(bobs_browser: Browser, television: Registered) -> None:
    Scope.objects.create(name="photos:read", title="See your photos", description="All albums, read only")

    page = enter(bobs_browser, asked(television)["user_code"]).content.decode()

    for words in ("Photo Frame", "by alice", "See your photos", "All albums, read only", "bob", ">Approve<", ">Deny<"):
        assert words in page
    assert not Authorization.objects.exists()


@pytest.mark.rfc("8628#3.3.1")
def test_a_link_fills_the_code_in_and_approves_nothing(bobs_browser: Browser, television: Registered) -> None:
    codes = asked(television)

    page = bobs_browser.get("/oauth2/device", {"user_code": codes["user_code"].lower(), "decision": "approve"})

    assert f'value="{codes["user_code"]}"' in page.content.decode()
    assert error_of(poll(television, codes)) == "authorization_pending"


def test_markup_in_the_address_is_text(bobs_browser: Browser) -> None:
    page = bobs_browser.get("/oauth2/device", {"user_code": '"><script>alert(1)</script>'})

    assert b"<script>alert" not in page.content


def test_a_stranger_signs_in_first_and_keeps_the_code(bob: User) -> None:
    response = Browser().get("/oauth2/device?user_code=BCDF-GHJK")

    assert response.status_code == 302
    assert response["Location"].startswith("/oauth2/account/login/?next=/oauth2/device%3Fuser_code%3DBCDF-GHJK")


@pytest.mark.parametrize("code", ["BCDF-GHJK", "short", "AEIO-UAEI", "x" * 5000])
def test_a_wrong_code_is_one_sentence_in_its_place(bobs_browser: Browser, code: str) -> None:
    page = enter(bobs_browser, code)

    assert page.content.decode().count('class="problem"') == 1
    assert b"This code is wrong, has expired or was used already." in page.content


def test_no_code_is_asked_for(bobs_browser: Browser) -> None:
    assert b"Enter the code that the device shows." in enter(bobs_browser, "").content


def test_a_second_answer_changes_nothing(bobs_browser: Browser, television: Registered) -> None:
    codes = asked(television)
    enter(bobs_browser, codes["user_code"], "approve")

    again = enter(bobs_browser, codes["user_code"], "deny")

    assert b"used already" in again.content
    assert poll(television, codes).status_code == 200


def test_a_blocked_client_s_device_cannot_be_approved(bobs_browser: Browser, television: Registered) -> None:
    codes = asked(television)
    Client.objects.update(blocked_at=timezone.now())

    assert b"This code is wrong" in enter(bobs_browser, codes["user_code"], "approve").content


def test_nor_can_that_of_a_person_whose_applications_are_stopped(
    bobs_browser: Browser, television: Registered, alice: User
) -> None:
    codes = asked(television)
    people.stop_applications(alice)

    assert b"This code is wrong" in enter(bobs_browser, codes["user_code"], "approve").content


def test_an_answer_without_the_form_s_token_changes_nothing(bobs_browser: Browser, television: Registered) -> None:
    codes = asked(television)
    strict = Browser(enforce_csrf_checks=True)
    strict.cookies = bobs_browser.cookies

    assert enter(strict, codes["user_code"], "approve").status_code == 403
    assert not Authorization.objects.exists()


@pytest.mark.rfc("8628#5.1")
def test_after_ten_wrong_codes_a_right_one_is_refused(bobs_browser: Browser, television: Registered) -> None:
    code = asked(television)["user_code"]
    for _ in range(10):
        assert enter(bobs_browser, "BCDF-GHJK").status_code == 200

    refused = [enter(bobs_browser, code), enter(sign_in(Browser(), "bob"), code, "approve")]

    assert {page.status_code for page in refused} == {429}
    assert b"Too many wrong codes" in refused[0].content
    assert not Authorization.objects.exists()


@pytest.mark.rfc("8628#5.1")
def test_right_codes_do_not_count_and_others_are_not_kept_out(
    bobs_browser: Browser, television: Registered, charlie: User
) -> None:
    code = asked(television)["user_code"]

    assert {enter(bobs_browser, code).status_code for _ in range(12)} == {200}
    for _ in range(12):
        enter(bobs_browser, "BCDF-GHJK")
    assert enter(sign_in(Browser(), "charlie"), code).status_code == 200


@pytest.mark.rfc("8628#5.2")
def test_nothing_usable_stands_in_the_database(television: Registered) -> None:
    codes = asked(television)

    row = str(DeviceGrant.objects.values().get())
    for secret in (codes["device_code"], codes["user_code"], codes["user_code"].replace("-", "")):
        assert secret not in row


@pytest.mark.rfc("8628#3.3.1")
def test_the_qr_code_is_an_svg(television: Registered) -> None:
    response = Browser().get("/oauth2/device/qr", {"user_code": asked(television)["user_code"]})

    assert response["Content-Type"] == "image/svg+xml"
    assert response["Cache-Control"] == "no-store"
    assert ET.fromstring(response.content).tag == "{http://www.w3.org/2000/svg}svg"
    assert b"<script" not in response.content
    assert b"style=" not in response.content


@pytest.mark.parametrize("code", ["", "x", "<svg/>", "AEIO-UAEI"])
def test_a_text_that_is_no_code_has_no_qr_code(code: str) -> None:
    assert Browser().get("/oauth2/device/qr", {"user_code": code}).status_code == 404


@pytest.mark.rfc("8628#4")
def test_the_metadata_says_so(db: None) -> None:
    document = Browser().get("/.well-known/oauth-authorization-server").json()

    assert document["device_authorization_endpoint"] == "https://localhost:9443/oauth2/device_authorization"
    assert GRANT_TYPE in document["grant_types_supported"]
