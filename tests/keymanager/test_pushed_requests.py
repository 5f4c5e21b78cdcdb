from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.test import Client as Browser
from django.utils import timezone
from pytest_django.fixtures import Settings

from keymanager import expiry
from keymanager.pushed_models import PushedRequest
from tests.keymanager.conftest import (
    CALLBACK,
    VERIFIER,
    Registered,
    authorize,
    basic,
    challenge,
    decide,
    exchange,
    query_of,
    sign_in,
)
from tests.keymanager.proofs import Holder

pytestmark = pytest.mark.django_db
PREFIX = "urn:ietf:params:oauth:request_uri:"


def push(registered: Registered, **changes: str | None) -> Any:
    """POST of the pushed authorization request endpoint, authenticated as at the token endpoint."""
    values: dict[str, str | None] = {
        "response_type": "code",
        "client_id": registered.id,
        "redirect_uri": CALLBACK,
        "scope": "photos:read",
        "state": "pushed",
    }
    sent = {name: value for name, value in (values | changes).items() if value is not None}
    headers = basic(registered) if registered.secret else None
    return Browser().post("/oauth2/par", sent, headers=headers)


def pushed(registered: Registered, **changes: str | None) -> str:
    response = push(registered, **changes)
    assert response.status_code == 201, response.content
    return str(response.json()["request_uri"])


def open_request(browser: Browser, registered: Registered, request_uri: str, **outside: str) -> Any:
    return browser.get("/oauth2/authorize", {"client_id": registered.id, "request_uri": request_uri, **outside})


def later(seconds: float) -> time_machine.travel:
    return time_machine.travel(timezone.now() + timedelta(seconds=seconds))


@pytest.mark.rfc("9126#2.2")
def test_a_pushed_request_gets_a_reference(printer: Registered) -> None:
    response = push(printer)

    assert response.status_code == 201
    assert response["Content-Type"] == "application/json"
    assert "no-store" in response["Cache-Control"]
    assert response.json()["request_uri"].startswith(PREFIX)
    assert 5 <= response.json()["expires_in"] <= 90


@pytest.mark.rfc("9126#2.2")
def test_every_reference_is_another_and_none_stands_in_the_database(printer: Registered) -> None:
    first, second = pushed(printer), pushed(printer)

    assert first != second
    assert all(first.removeprefix(PREFIX) not in str(row) for row in PushedRequest.objects.values())


@pytest.mark.rfc("9126#4")
def test_the_reference_alone_leads_to_a_code(bobs_browser: Browser, printer: Registered) -> None:
    answer = decide(bobs_browser, open_request(bobs_browser, printer, pushed(printer, **challenge())))

    assert query_of(answer)["state"] == "pushed"
    assert exchange(printer, query_of(answer)["code"], code_verifier=VERIFIER).status_code == 200


@pytest.mark.rfc("9126#2.1")
@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, 400, "invalid_request"),
        ({"response_type": None}, 400, "invalid_request"),
        ({"response_type": "nonsense"}, 400, "unsupported_response_type"),
        ({"redirect_uri": None}, 400, "invalid_request"),
        ({"redirect_uri": CALLBACK + "/"}, 400, "invalid_request"),
        ({"redirect_uri": "https://evil.example"}, 400, "invalid_request"),
        ({"prompt": "sing"}, 400, "invalid_request"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, 400, "invalid_request"),
        ({"response_mode": "nonsense"}, 400, "invalid_request"),
        ({"client_secret": "x"}, 400, "invalid_request"),
        ({"client_id": "another"}, 400, "invalid_request"),
        ({"state": "x" * 70_000}, 413, "invalid_request"),
        ({"nonce": "n" * 256}, 400, "invalid_request"),
        ({"state": "\x00"}, 400, "invalid_request"),
        ({"\x00": "x"}, 400, "invalid_request"),
        ({"request": "e30.e30."}, 400, "invalid_request_object"),
    ],
)
def test_a_faulty_request_is_refused_at_once(
    printer: Registered, changes: dict[str, str | None], status: int, error: str
) -> None:
    response = push(printer, **changes)

    assert (response.status_code, response.json()["error"]) == (status, error)
    assert CALLBACK not in response.json()["error_description"]
    assert not PushedRequest.objects.exists()


@pytest.mark.rfc("9126#2")
def test_a_client_proves_who_it_is(printer: Registered) -> None:
    response = Browser().post("/oauth2/par", {"client_id": printer.id, "redirect_uri": CALLBACK})

    assert response.status_code == 401
    assert response.json()["error"] == "invalid_client"


@pytest.mark.rfc("9126#2")
def test_a_secret_in_the_body_is_not_kept(printer: Registered) -> None:
    values = {"client_id": printer.id, "client_secret": printer.secret, "response_type": "code"}

    response = Browser().post("/oauth2/par", values | {"redirect_uri": CALLBACK})

    assert response.status_code == 201
    assert set(PushedRequest.objects.get().parameters) == {"client_id", "response_type", "redirect_uri"}


def test_a_public_client_names_itself(register: Callable[..., Registered]) -> None:
    public = register(public=True)

    assert push(public, **challenge()).status_code == 201
    assert push(public).json()["error"] == "invalid_request"


@pytest.mark.rfc("9126#2.3")
@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_only_post_pushes(db: None, method: str) -> None:
    assert getattr(Browser(), method)("/oauth2/par").status_code == 405


@pytest.mark.rfc("6749#3.1")
def test_a_repeated_parameter_is_not_pushed(printer: Registered) -> None:
    values = {"response_type": ["code", "token"], "redirect_uri": CALLBACK}

    assert Browser().post("/oauth2/par", values, headers=basic(printer)).json()["error"] == "invalid_request"


@pytest.mark.rfc("9101#5")
def test_what_stands_beside_the_reference_is_ignored(bobs_browser: Browser, printer: Registered) -> None:
    outside = {"redirect_uri": "https://evil.example", "state": "outside", "scope": "photos:write", "prompt": "none"}

    asked = open_request(bobs_browser, printer, pushed(printer), **outside)

    page = bobs_browser.get(asked["Location"]).content.decode()
    assert "photos:read" in page
    assert "photos:write" not in page
    assert query_of(decide(bobs_browser, asked))["state"] == "pushed"


@pytest.mark.rfc("9126#2.2")
def test_another_client_cannot_use_the_reference(
    bobs_browser: Browser, printer: Registered, register: Callable[..., Registered]
) -> None:
    response = open_request(bobs_browser, register(), pushed(printer))

    assert response.status_code == 400
    assert b"invalid_request_uri" in response.content


@pytest.mark.rfc("9126#2.2")
@pytest.mark.parametrize("text", ["x", "", "x.y", "é.ü", "." * 500, "0" * 32 + "." + "0" * 64])
def test_an_invented_reference_gets_a_page(bobs_browser: Browser, printer: Registered, text: str) -> None:
    response = open_request(bobs_browser, printer, PREFIX + text, redirect_uri=CALLBACK)

    assert response.status_code == 400
    assert b"invalid_request_uri" in response.content
    assert CALLBACK.encode() not in response.content


@pytest.mark.rfc("9126#2.2")
def test_an_expired_reference_gets_a_page(bobs_browser: Browser, printer: Registered) -> None:
    reference = pushed(printer)

    with later(91):
        response = open_request(bobs_browser, printer, reference)

    assert response.status_code == 400
    assert "Location" not in response


@pytest.mark.rfc("9126#4")
def test_it_may_be_reloaded_until_it_is_answered_and_not_after(bobs_browser: Browser, printer: Registered) -> None:
    reference = pushed(printer)
    open_request(bobs_browser, printer, reference)

    decide(bobs_browser, open_request(bobs_browser, printer, reference))

    assert open_request(bobs_browser, printer, reference).status_code == 400


@pytest.mark.rfc("9126#4")
@pytest.mark.parametrize(("first", "second"), [("approve", "approve"), ("approve_always", "deny"), ("deny", "approve")])
def test_of_two_open_pages_one_is_answered(bobs_browser: Browser, printer: Registered, first: str, second: str) -> None:
    reference = pushed(printer)
    pages = [open_request(bobs_browser, printer, reference) for _ in range(2)]

    decide(bobs_browser, pages[0], first)
    again = decide(bobs_browser, pages[1], second)

    assert again.status_code == 400
    assert b"invalid_request_uri" in again.content


@pytest.mark.rfc("9126#4")
def test_a_refusal_uses_it_up_too(bobs_browser: Browser, printer: Registered) -> None:
    reference = pushed(printer, prompt="none")

    assert query_of(open_request(bobs_browser, printer, reference))["error"] == "consent_required"
    assert open_request(bobs_browser, printer, reference).status_code == 400


def test_a_remembered_consent_answers_once_too(bobs_browser: Browser, printer: Registered) -> None:
    decide(bobs_browser, authorize(bobs_browser, printer), "approve_always")
    reference = pushed(printer)

    assert "code" in query_of(open_request(bobs_browser, printer, reference))
    assert open_request(bobs_browser, printer, reference).status_code == 400


@pytest.mark.rfc("9126#4")
def test_the_way_over_the_login_page_carries_the_reference_only(printer: Registered, bob: object) -> None:
    browser, reference = Browser(), pushed(printer)

    login = open_request(browser, printer, reference, state="outside")["Location"]

    back = parse_qs(urlsplit(login).query)["next"][0]
    assert parse_qs(urlsplit(back).query) == {"client_id": [printer.id], "request_uri": [reference]}
    page = browser.get(login).content.decode()
    assert "Photo Printer" in page
    assert "printer.example" in page


def test_who_takes_long_to_sign_in_comes_back_to_it(printer: Registered, bob: object) -> None:
    browser = Browser()
    login = open_request(browser, printer, pushed(printer))["Location"]

    with later(500):
        back = browser.post(login, {"login": "bob", "password": "bob"})["Location"]
        answer = decide(browser, browser.get(back))

    assert query_of(answer)["state"] == "pushed"


def test_an_opened_reference_ends_all_the_same(bobs_browser: Browser, printer: Registered) -> None:
    reference = pushed(printer)
    open_request(bobs_browser, printer, reference)
    with later(500):
        open_request(bobs_browser, printer, reference)

    with later(601):
        assert open_request(sign_in(Browser(), "bob"), printer, reference).status_code == 400


@pytest.mark.rfc("oidc-core#3.1.2.1")
def test_a_pushed_prompt_login_asks_once(bobs_browser: Browser, printer: Registered) -> None:
    login = open_request(bobs_browser, printer, pushed(printer, prompt="login"))["Location"]

    back = bobs_browser.post(login, {"login": "bob", "password": "bob"})["Location"]

    assert "/oauth2/consent/" in bobs_browser.get(back)["Location"]


def test_who_is_somebody_else_signs_in_for_the_same_request(bobs_browser: Browser, printer: Registered) -> None:
    reference = pushed(printer)

    page = bobs_browser.get(open_request(bobs_browser, printer, reference)["Location"]).content.decode()

    assert reference.replace(":", "%3A") in page
    assert "redirect_uri" not in page


@pytest.mark.rfc("9126#5")
def test_a_client_that_has_to_push_cannot_do_otherwise(
    bobs_browser: Browser, register: Callable[..., Registered]
) -> None:
    registered = register(metadata={"require_pushed_authorization_requests": True})

    assert query_of(authorize(bobs_browser, registered))["error"] == "invalid_request"
    assert "code" in query_of(decide(bobs_browser, open_request(bobs_browser, registered, pushed(registered))))


@pytest.mark.rfc("9126#5")
def test_everybody_may_have_to_push(bobs_browser: Browser, printer: Registered, settings: Settings) -> None:
    settings.REQUIRE_PUSHED_AUTHORIZATION_REQUESTS = True

    metadata = Browser().get("/.well-known/oauth-authorization-server").json()

    assert query_of(authorize(bobs_browser, printer))["error"] == "invalid_request"
    assert metadata["require_pushed_authorization_requests"] is True


@pytest.mark.rfc("9126#5")
def test_the_metadata_names_the_endpoint(db: None) -> None:
    metadata = Browser().get("/.well-known/oauth-authorization-server").json()

    assert metadata["pushed_authorization_request_endpoint"] == "https://localhost:9443/oauth2/par"
    assert metadata["require_pushed_authorization_requests"] is False


def test_expired_ones_are_cleared_and_a_waiting_page_lives_on(bobs_browser: Browser, printer: Registered) -> None:
    asked = open_request(bobs_browser, printer, pushed(printer))
    PushedRequest.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    expiry.clear()

    assert not PushedRequest.objects.exists()
    assert "code" in query_of(decide(bobs_browser, asked))


@pytest.mark.rfc("9700#4.12")
def test_after_a_form_the_way_back_is_a_303(bobs_browser: Browser, printer: Registered) -> None:
    asked = bobs_browser.post("/oauth2/authorize", {"client_id": printer.id, "request_uri": pushed(printer)})

    assert asked.status_code == 303
    assert decide(bobs_browser, asked).status_code == 303


PAR = "https://localhost:9443/oauth2/par"


def push_with_proof(registered: Registered, holder: Holder, **changes: str) -> Any:
    values = {"response_type": "code", "redirect_uri": CALLBACK, "scope": "photos:read"} | changes
    return Browser().post("/oauth2/par", values, headers=basic(registered) | {"DPoP": holder.proof(PAR)})


@pytest.mark.rfc("9449#10.1")
def test_a_proof_with_the_request_binds_the_code(bobs_browser: Browser, printer: Registered) -> None:
    holder, other = Holder(), Holder()
    reference = push_with_proof(printer, holder).json()["request_uri"]
    code = query_of(decide(bobs_browser, open_request(bobs_browser, printer, reference)))["code"]
    parameters = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}

    stolen = Browser().post("/oauth2/token", parameters, headers=basic(printer) | {"DPoP": other.proof()})
    owned = Browser().post("/oauth2/token", parameters, headers=basic(printer) | {"DPoP": holder.proof()})

    assert stolen.status_code == 400
    assert owned.json()["token_type"] == "DPoP"


@pytest.mark.rfc("9449#10.1")
def test_a_proof_and_a_thumbprint_are_of_one_key(printer: Registered) -> None:
    holder = Holder()

    assert push_with_proof(printer, holder, dpop_jkt=holder.thumbprint).status_code == 201
    assert push_with_proof(printer, holder, dpop_jkt=Holder().thumbprint).json()["error"] == "invalid_request"


@pytest.mark.rfc("9449#10.1")
def test_a_bad_proof_pushes_nothing(printer: Registered) -> None:
    holder = Holder()

    response = Browser().post(
        "/oauth2/par",
        {"response_type": "code", "redirect_uri": CALLBACK},
        headers=basic(printer) | {"DPoP": holder.proof("https://elsewhere.example/par")},
    )

    assert response.json()["error"] == "invalid_dpop_proof"
    assert not PushedRequest.objects.exists()
