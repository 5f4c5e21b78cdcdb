"""Client ID metadata documents, read from a real web server with a certificate."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client as Browser
from django.utils import timezone
from pytest_django.fixtures import Settings

from keymanager import client_documents, expiry, fetching, patience
from keymanager.models import Client, Scope
from tests.keymanager.conftest import CALLBACK, Registered, authorize, challenge, code_for, decide, exchange
from tests.keymanager.sites import Site

pytestmark = pytest.mark.django_db


def ask(browser: Browser, address: str, **changes: str | None) -> Any:
    return authorize(browser, Registered(Client(client_id=address), None), **(challenge() | changes))


@pytest.mark.rfc("CIMD#4")
def test_the_address_of_a_document_is_a_client(site: Site, bobs_browser: Browser) -> None:
    address = site.describe(grant_types=["authorization_code", "refresh_token"])
    app = Registered(Client(client_id=address), None)

    code = code_for(bobs_browser, app, **challenge())
    answer = exchange(app, code, code_verifier="a-verifier-of-at-least-forty-three-characters-long")

    assert (answer.status_code, "refresh_token" in answer.json()) == (200, True)
    assert site.asked == ["/client.json"]


def test_it_gets_no_scope_to_manage_the_portal_with(site: Site, bobs_browser: Browser) -> None:
    for name in ("photos:read", "apim:api_publish"):
        Scope.objects.create(name=name, title=name)

    ask(bobs_browser, site.describe())

    assert Client.objects.get().scopes == ["photos:read"]


@pytest.mark.rfc("9126#2.1")
def test_it_may_push_its_first_request(site: Site) -> None:
    address = site.describe()
    parameters = {"client_id": address, "redirect_uri": CALLBACK, "response_type": "code", **challenge()}

    assert Browser().post("/oauth2/par", parameters).status_code == 201


def test_the_consent_page_says_where_it_comes_from(site: Site, bobs_browser: Browser) -> None:
    page = bobs_browser.get(ask(bobs_browser, site.describe())["Location"]).content.decode()

    assert "Assistant" in page
    assert "localhost" in page


@pytest.mark.rfc("CIMD#4.1")
@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "https://elsewhere.example/client.json"},
        {"client_secret": "shared"},
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"redirect_uris": []},
        {"redirect_uris": ["http://evil.example/cb"]},
        {"client_name": ["x"]},
    ],
)
def test_a_document_that_makes_no_sense_is_no_client(
    site: Site, bobs_browser: Browser, changes: dict[str, Any]
) -> None:
    assert ask(bobs_browser, site.describe(**changes)).status_code == 400
    assert not Client.objects.exists()


@pytest.mark.parametrize(
    "page",
    [
        (404, {}, b""),
        (302, {"Location": "/client.json"}, b""),
        (200, {}, b"no json"),
        (200, {}, b"[]"),
        (200, {}, b"[" * 9000),
        (200, {}, b'"' + b"x" * 70_000 + b'"'),
    ],
)
def test_what_is_no_document_is_no_client(
    site: Site, bobs_browser: Browser, page: tuple[int, dict[str, str], bytes]
) -> None:
    site.describe()
    site.pages["/other.json"] = page

    assert ask(bobs_browser, f"{site.base}/other.json").status_code == 400


@pytest.mark.parametrize(
    "value", [b"NaN", b"Infinity", b"1e999", rb'"\ud800"', rb'"\u0000"', b'1, "use": 2', b"1" * 5000]
)
def test_what_no_database_keeps_is_no_document(site: Site, bobs_browser: Browser, value: bytes) -> None:
    address = site.describe(jwks={"keys": [{"use": "VALUE"}]})
    status, headers, body = site.pages["/client.json"]
    site.pages["/client.json"] = (status, headers, body.replace(b'"VALUE"', value))

    assert ask(bobs_browser, address).status_code == 400
    assert not Client.objects.exists()


def test_after_a_failure_it_is_not_asked_for_a_moment(site: Site, bobs_browser: Browser) -> None:
    for _ in range(3):
        ask(bobs_browser, f"{site.base}/missing.json")

    assert site.asked == ["/missing.json"]


def test_strangers_have_us_wait_for_a_while_only(
    site: Site, bobs_browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = site.describe("/known.json")
    ask(bobs_browser, known)
    cache.clear()
    monkeypatch.setattr(patience, "PERIOD", 10**9)  # no minute ends meanwhile
    monkeypatch.setattr(patience, "MOST", 3 * patience.LEAST)

    for number in range(9):
        ask(bobs_browser, f"{site.base}/missing-{number}.json")

    assert 1 <= len(site.asked[1:]) <= 3
    assert ask(bobs_browser, site.describe("/late.json")).status_code == 400
    Client.objects.update(read_again_at="2020-01-01T00:00Z")
    assert ask(bobs_browser, known).status_code == 302
    cache.clear()
    assert ask(bobs_browser, site.describe("/late.json")).status_code == 302


def test_a_redirect_uri_has_to_be_in_the_document(site: Site, bobs_browser: Browser) -> None:
    assert ask(bobs_browser, site.describe(), redirect_uri="https://evil.example/cb").status_code == 400


def test_a_document_is_read_again_when_it_is_due(site: Site, bobs_browser: Browser) -> None:
    address = site.describe()
    ask(bobs_browser, address)
    site.describe(client_name="Renamed")
    Client.objects.update(read_again_at="2020-01-01T00:00Z")

    ask(bobs_browser, address)

    assert Client.objects.get().name == "Renamed"


def test_while_its_server_is_down_it_stays_what_it_was(site: Site, bobs_browser: Browser) -> None:
    address = site.describe()
    ask(bobs_browser, address)
    site.pages.clear()
    Client.objects.update(read_again_at="2020-01-01T00:00Z")

    assert ask(bobs_browser, address).status_code == 302
    Client.objects.update(read_at="2020-01-01T00:00Z")
    assert ask(bobs_browser, address).status_code == 400


def test_a_blocked_one_stays_blocked(site: Site, bobs_browser: Browser) -> None:
    address = site.describe()
    ask(bobs_browser, address)
    Client.objects.update(blocked_at="2020-01-01T00:00Z")

    assert ask(bobs_browser, address).status_code == 400


def test_it_can_be_switched_off(site: Site, bobs_browser: Browser, settings: Settings) -> None:
    settings.CLIENT_ID_METADATA_DOCUMENTS = False

    assert ask(bobs_browser, site.describe()).status_code == 400
    assert site.asked == []


@pytest.mark.parametrize(
    ("policy", "token"), [("token", ""), ("token", "made-up"), ("open", "made-up"), ("closed", "")]
)
def test_nothing_is_fetched_for_who_may_not_register(site: Site, settings: Settings, policy: str, token: str) -> None:
    settings.REGISTRATION = policy
    body = {"redirect_uris": [CALLBACK], "sector_identifier_uri": f"{site.base}/sector.json"}
    headers = {"Authorization": f"Bearer {token}"} if token else {}

    answer = Browser().post("/oauth2/register", json.dumps(body), content_type="application/json", headers=headers)

    assert answer.status_code in (401, 403)
    assert site.asked == []


@pytest.mark.rfc("CIMD#3")
@pytest.mark.parametrize(
    "address",
    [
        "http://app.example/client.json",
        "https://app.example",
        "https://app.example/",
        "https://app.example/a/../client.json",
        "https://app.example/client.json#x",
        "https://bob@app.example/client.json",
        "https://app.example:99999/client.json",
        "https://[broken/client.json",
        "https://app.example/" + "x" * 300,
    ],
)
def test_not_every_address_is_a_client_id(address: str) -> None:
    assert not client_documents.is_address(address)


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]", "192.168.0.1", "localhost", "0x7f.1", "2130706433"),
        # An IPv4 address within an IPv6 one; and site-local ones.
        *(
            "[::ffff:10.0.0.1]",
            "[::10.0.0.1]",
            "[64:ff9b::a9fe:a9fe]",
            "[64:ff9b:1::a00:1]",
            "[2002:a00:1::]",
            "[fec0::1]",
        ),
    ],
)
def test_outside_the_demo_no_inner_address_is_asked(settings: Settings, host: str) -> None:
    settings.DEMO = False

    with pytest.raises(fetching.NotFetched, match="inner network"):
        fetching.fetch(f"https://{host}/client.json")


def test_a_certificate_of_nobody_is_not_trusted(site: Site, settings: Settings, tmp_path: Path) -> None:
    settings.TLS_CA_FILE = tmp_path / "none.pem"

    with pytest.raises(fetching.NotFetched, match="SSLCertVerificationError"):
        fetching.fetch(site.describe())


def test_who_was_never_approved_is_forgotten(site: Site, bobs_browser: Browser, printer: Registered) -> None:
    approved, blocked, tried = (site.describe(f"/{name}.json") for name in ("approved", "blocked", "tried"))
    decide(bobs_browser, ask(bobs_browser, approved))
    for address in (blocked, tried):
        ask(bobs_browser, address)
    Client.objects.filter(client_id=blocked).update(blocked_at=timezone.now())

    for days, names in ((1, {printer.id, approved, blocked, tried}), (3, {printer.id, approved, blocked})):
        with time_machine.travel(timezone.now() + dt.timedelta(days=days)):
            expiry.clear()
        assert {client.client_id for client in Client.objects.all()} == names
