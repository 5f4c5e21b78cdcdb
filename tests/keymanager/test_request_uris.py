"""Request objects that lie on a client's own server, a real one with a certificate."""

from __future__ import annotations

import socket
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from django.test import Client as Browser
from pytest_django.fixtures import Settings

from accounts import outside
from keymanager import patience, request_uris
from keymanager.models import Client, Origin
from keymanager.pushed_models import PushedRequest
from tests.keymanager.conftest import CALLBACK, Registered, authorize, decide, query_of
from tests.keymanager.keys import pair
from tests.keymanager.signed import request_object
from tests.keymanager.sites import Site
from tests.keymanager.test_pushed_requests import later, push
from tests.keymanager.test_registration import as_registered, register as register_itself

pytestmark = pytest.mark.django_db
PATH = "/request.jwt"


@pytest.fixture
def signer(site: Site, register: Callable[..., Registered]) -> Registered:
    """A client with a key, and an address for what it asks."""
    return register(metadata=at(site))


def at(site: Site, **members: Any) -> dict[str, Any]:
    return {"jwks": pair().jwks, "request_uris": [site.base + PATH]} | members


def publish(site: Site, content: str | bytes, **headers: str) -> str:
    """Lays it where the client said, and gives the address."""
    site.pages[PATH] = (200, headers, content.encode() if isinstance(content, str) else content)
    return site.base + PATH


def checked(address: str, content: str) -> str:
    """With its checksum (OpenID Connect Core 6.2)."""
    return f"{address}#{urlsafe_b64encode(sha256(content.encode()).digest()).decode().rstrip('=')}"


def send(browser: Browser, registered: Registered, request_uri: str, **outside: str) -> Any:
    return browser.get("/oauth2/authorize", {"client_id": registered.id, "request_uri": request_uri, **outside})


def error_of(browser: Browser, registered: Registered, request_uri: str) -> str:
    """With what stands outside a fault goes back to the client."""
    answer = query_of(authorize(browser, registered, request_uri=request_uri))
    assert answer["state"] == "xyz"
    return answer["error"]


@pytest.mark.rfc("9101#5.2", "oidc-core#6.2")
@pytest.mark.parametrize("media_type", ["application/oauth-authz-req+jwt", "text/plain", ""])
def test_a_request_is_fetched_and_leads_to_a_code(
    bobs_browser: Browser, site: Site, signer: Registered, media_type: str
) -> None:
    address = publish(site, request_object(signer) + "\n", **{"Content-Type": media_type})

    answer = decide(bobs_browser, send(bobs_browser, signer, address, state="outside"))

    assert query_of(answer)["state"] == "inside"
    assert "code" in query_of(answer)
    assert site.asked == [PATH]


@pytest.mark.rfc("9101#5.2.3")
def test_it_stays_what_it_was_while_the_person_signs_in(site: Site, signer: Registered, bob: object) -> None:
    browser = Browser()
    login = send(browser, signer, publish(site, request_object(signer)))["Location"]
    publish(site, request_object(signer, state="changed", scope="photos:write"))

    with later(300):
        back = browser.post(login, {"login": "bob", "password": "bob"})["Location"]
        asked = browser.get(back)
        page = browser.get(asked["Location"]).content
        answer = decide(browser, asked)

    assert site.base not in login + back
    assert b"photos:write" not in page
    assert query_of(answer)["state"] == "inside"
    assert site.asked == [PATH]


def test_it_may_come_by_a_form_of_another_site(site: Site, signer: Registered) -> None:
    address = publish(site, request_object(signer))

    answer = Browser().post("/oauth2/authorize", {"client_id": signer.id, "request_uri": address})

    assert answer.status_code == 303
    assert "urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3A" in answer["Location"]


@pytest.mark.rfc("9126#4")
def test_an_answer_is_given_once_and_the_address_begins_a_request_anew(
    bobs_browser: Browser, site: Site, signer: Registered
) -> None:
    address = publish(site, request_object(signer))
    first = query_of(decide(bobs_browser, send(bobs_browser, signer, address)))
    used = PushedRequest.objects.get()

    second = query_of(decide(bobs_browser, send(bobs_browser, signer, address)))

    assert used.consumed_at
    assert first["code"] != second["code"]
    assert site.asked == [PATH, PATH]


@pytest.mark.rfc("9101#10.4", "oidc-discovery#3")
@pytest.mark.parametrize(
    "address",
    [
        "https://elsewhere.example/r",
        "http://127.0.0.1/",
        "urn:x",
        "data:,x",
        "file:///etc/passwd",
        "\\",
        "{base}",
        "{base}/request.jwt/",
        "{base}/request.jwt?x",
        "{base}/Request.jwt",
        "{base}/x/../request.jwt",
        "{base}/request%2Ejwt",
        "{base}//request.jwt",
        "{base}\\request.jwt",
        " {base}/request.jwt",
        "{base}/request.jwt\r\nHost: elsewhere.example",
    ],
)
def test_no_address_is_asked_that_was_not_registered(
    bobs_browser: Browser, site: Site, signer: Registered, address: str
) -> None:
    publish(site, request_object(signer))

    assert error_of(bobs_browser, signer, address.format(base=site.base)) == "invalid_request_uri"
    assert site.asked == []


def test_the_address_of_another_client_is_not_asked(
    bobs_browser: Browser, site: Site, signer: Registered, printer: Registered
) -> None:
    address = publish(site, request_object(signer))

    assert error_of(bobs_browser, printer, address) == "invalid_request_uri"
    assert site.asked == []


@pytest.mark.rfc("9101#5")
def test_what_another_client_asks_for_is_not_what_this_one_does(
    bobs_browser: Browser, site: Site, signer: Registered, register: Callable[..., Registered]
) -> None:
    other = register(metadata=at(site))
    token = request_object(signer)
    address = checked(publish(site, token), token)

    send(bobs_browser, signer, address)

    assert error_of(bobs_browser, other, address) == "invalid_request_object"


@pytest.mark.rfc("6749#4.1.2.1")
@pytest.mark.parametrize("outside", [{}, {"redirect_uri": "https://evil.example"}])
def test_a_fault_sends_nobody_to_an_unknown_address(
    bobs_browser: Browser, site: Site, signer: Registered, outside: dict[str, str]
) -> None:
    response = send(bobs_browser, signer, site.base + PATH, **outside)

    assert response.status_code == 400
    assert b"invalid_request_uri" in response.content
    assert CALLBACK.encode() not in response.content


@pytest.mark.rfc("9101#10.4.1", "oidc-core#3.1.2.6")
@pytest.mark.parametrize(
    ("status", "headers", "size"),
    [(302, {"Location": "/other.jwt"}, 0), (404, {}, 10), (500, {}, 10), (204, {}, 0), (200, {}, 1_000_000)],
)
def test_what_cannot_be_had(
    bobs_browser: Browser, site: Site, signer: Registered, status: int, headers: dict[str, str], size: int
) -> None:
    site.pages[PATH] = (status, headers, b"x" * size)
    site.pages["/other.jwt"] = (200, {}, request_object(signer).encode())

    assert error_of(bobs_browser, signer, site.base + PATH) == "invalid_request_uri"
    assert site.asked == [PATH]


@pytest.mark.rfc("oidc-core#3.1.2.6")
@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"<!doctype html>", b'{"scope": "openid"}', b"x" * 60_000])
def test_what_was_had_and_is_no_request(bobs_browser: Browser, site: Site, signer: Registered, content: bytes) -> None:
    assert error_of(bobs_browser, signer, publish(site, content)) == "invalid_request_object"


@pytest.mark.rfc("9101#10.4.1")
@pytest.mark.parametrize("status", [200, 404])
def test_where_there_is_none_is_not_asked_all_the_time(
    bobs_browser: Browser, site: Site, signer: Registered, status: int
) -> None:
    site.pages[PATH] = (status, {}, b"<!doctype html>")
    for fragment in ("", f"#{'x' * 43}", f"#{'y' * 43}"):
        send(bobs_browser, signer, site.base + PATH + fragment)
    assert site.asked == [PATH]

    with later(request_uris.PAUSE_SECONDS + 1):
        assert "/consent/" in send(bobs_browser, signer, publish(site, request_object(signer)))["Location"]


@pytest.mark.rfc("9101#6.2")
def test_it_is_signed_like_any_other(bobs_browser: Browser, site: Site, signer: Registered) -> None:
    claims = jwt.decode(request_object(signer), options={"verify_signature": False})
    unsigned = jwt.encode(claims, "", algorithm="none")
    by_secret = jwt.encode(claims, str(signer.secret), algorithm="HS256")
    by_another = request_object(signer, pair=pair("ES256", "other"))
    to_another = request_object(signer, request_uri=site.base + PATH)

    for token in (unsigned, by_secret, by_another, to_another, request_object(signer, exp=1)):
        assert error_of(bobs_browser, signer, publish(site, token)) == "invalid_request_object"


def test_outside_the_demo_no_inner_address_is_asked(
    bobs_browser: Browser, site: Site, signer: Registered, settings: Settings
) -> None:
    settings.DEMO = False

    assert error_of(bobs_browser, signer, publish(site, request_object(signer))) == "invalid_request_uri"
    assert site.asked == []


@pytest.mark.rfc("9101#10.4.1")
def test_a_server_that_keeps_silent_is_left(
    bobs_browser: Browser, site: Site, register: Callable[..., Registered], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"https://localhost:{silent.getsockname()[1]}/request.jwt"
        registered = register(metadata=at(site, request_uris=[address]))

        assert error_of(bobs_browser, registered, address) == "invalid_request_uri"


def test_strangers_together_and_every_other_client_have_us_wait_for_a_while_only(
    bobs_browser: Browser,
    site: Site,
    register: Callable[..., Registered],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.REGISTRATION = "open"
    monkeypatch.setattr(patience, "PERIOD", 10**9)  # no minute ends meanwhile
    monkeypatch.setattr(patience, "MOST", 1)
    stranger, another_stranger = (register(metadata=at(site), origin=Origin.ITSELF) for _ in range(2))
    one, another = (register(metadata=at(site)) for _ in range(2))

    for registered in (stranger, one, another):
        assert "/consent/" in send(bobs_browser, registered, publish(site, request_object(registered)))["Location"]
    for registered in (another_stranger, stranger, one, another):
        address = publish(site, request_object(registered))
        assert error_of(bobs_browser, registered, address) == "invalid_request_uri"
    assert len(site.asked) == 3


@pytest.mark.rfc("oidc-core#6.2")
def test_the_fragment_is_the_checksum_of_what_lies_there(bobs_browser: Browser, site: Site, signer: Registered) -> None:
    token = request_object(signer)
    address = publish(site, token)

    for request_uri in (checked(address, token), checked(address, token) + "="):
        assert "/consent/" in send(bobs_browser, signer, request_uri)["Location"]
    assert error_of(bobs_browser, signer, checked(address, token + " ")) == "invalid_request_uri"
    assert len(site.asked) == 3
    assert error_of(bobs_browser, signer, f"{address}#one") == "invalid_request_uri"
    assert error_of(bobs_browser, signer, f"{address}#{'é' * 43}") == "invalid_request_uri"
    assert len(site.asked) == 3


@pytest.mark.rfc("oidc-registration#2")
def test_another_fragment_than_the_registered_one_is_another_version(
    bobs_browser: Browser, site: Site, register: Callable[..., Registered]
) -> None:
    registered = register(metadata=at(site, request_uris=[f"{site.base}{PATH}#{'x' * 43}"]))
    token = request_object(registered)

    assert "/consent/" in send(bobs_browser, registered, checked(publish(site, token), token))["Location"]


@pytest.mark.rfc("oidc-core#6.2")
def test_with_a_checksum_it_is_remembered_for_ten_minutes(
    bobs_browser: Browser, site: Site, signer: Registered
) -> None:
    old, new = (request_object(signer, exp=None, state=state) for state in ("old", "new"))
    address = publish(site, old)
    send(bobs_browser, signer, checked(address, old))
    with later(590):
        send(bobs_browser, signer, checked(address, old))
    assert len(site.asked) == 1
    publish(site, new)

    answer = decide(bobs_browser, send(bobs_browser, signer, checked(address, new)))

    assert query_of(answer)["state"] == "new"
    assert len(site.asked) == 2
    with later(610):
        send(bobs_browser, signer, checked(address, new))
    assert len(site.asked) == 3


def test_what_is_remembered_expires_all_the_same(bobs_browser: Browser, site: Site, signer: Registered) -> None:
    token = request_object(signer)
    address = checked(publish(site, token), token)
    send(bobs_browser, signer, address)

    with later(120):
        assert error_of(bobs_browser, signer, address) == "invalid_request_object"
    assert site.asked == [PATH]


@pytest.mark.parametrize(
    ("headers", "seconds", "times"),
    [({}, 1, 2), ({"Cache-Control": "max-age=30"}, 20, 1), ({"Cache-Control": "max-age=9000"}, 70, 2)],
)
def test_without_one_as_long_as_the_server_says_and_a_minute_at_most(
    bobs_browser: Browser, site: Site, signer: Registered, headers: dict[str, str], seconds: int, times: int
) -> None:
    address = publish(site, request_object(signer, exp=None), **headers)
    send(bobs_browser, signer, address)

    with later(seconds):
        send(bobs_browser, signer, address)

    assert len(site.asked) == times


@pytest.mark.rfc("9126#5", "fapi-2.0#5.3.2")
@pytest.mark.parametrize("members", [{"require_pushed_authorization_requests": True}, {"security_profile": "fapi-2.0"}])
def test_for_a_client_that_has_to_push_nothing_is_fetched(
    bobs_browser: Browser, site: Site, register: Callable[..., Registered], members: dict[str, Any]
) -> None:
    registered = register(metadata=at(site, **members))

    assert error_of(bobs_browser, registered, publish(site, request_object(registered))) == "invalid_request"
    assert site.asked == []


@pytest.mark.rfc("9101#10.5")
def test_a_client_that_has_to_sign_may_do_so_there(
    bobs_browser: Browser, site: Site, register: Callable[..., Registered]
) -> None:
    registered = register(metadata=at(site, require_signed_request_object=True))

    assert "/consent/" in send(bobs_browser, registered, publish(site, request_object(registered)))["Location"]


@pytest.mark.rfc("9126#2.1")
def test_an_address_is_neither_pushed_nor_sent_beside_an_object(
    bobs_browser: Browser, site: Site, signer: Registered
) -> None:
    address = publish(site, request_object(signer))

    both = authorize(bobs_browser, signer, request=request_object(signer), request_uri=address)

    assert query_of(both)["error"] == "invalid_request"
    assert push(signer, request_uri=address).json()["error"] == "invalid_request"
    assert site.asked == []


def test_the_sign_in_page_fetches_nothing(site: Site, signer: Registered) -> None:
    request = urlencode({"client_id": signer.id, "request_uri": publish(site, request_object(signer))})

    page = Browser().get("/oauth2/account/login/", {"next": f"/oauth2/authorize?{request}"})

    assert page.status_code == 200
    assert site.asked == []


@pytest.mark.rfc("oidc-registration#2")
def test_a_client_that_registers_itself_may_name_its_addresses(
    bobs_browser: Browser, site: Site, settings: Settings
) -> None:
    settings.REGISTRATION = "open"
    addresses = [f"{site.base}{PATH}#version", f"{site.base}/{'x' * 400}"]

    answer = register_itself(request_uris=addresses, jwks=pair().jwks)

    assert answer.json()["request_uris"] == addresses
    registered = as_registered(answer)
    token = request_object(registered, scope="openid")
    assert "/consent/" in send(bobs_browser, registered, publish(site, token))["Location"]


@pytest.mark.rfc("CIMD#4")
def test_the_client_of_a_document_may_name_them_there(bobs_browser: Browser, site: Site) -> None:
    described = site.describe(jwks=pair().jwks, request_uris=[site.base + PATH])
    app = Registered(Client(client_id=described), None)
    token = request_object(app, scope="openid", code_challenge="x" * 43, code_challenge_method="S256")

    assert "/consent/" in send(bobs_browser, app, publish(site, token))["Location"]
