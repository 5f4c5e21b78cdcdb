"""People sign in on another server: a second, separate process of this project, and a real browser between the two.

The login server is the installation that every journey uses, at localhost. The one that sends its people there is at
127.0.0.1: cookies know no ports, so two servers of one host name would overwrite each other's.
"""

from __future__ import annotations

import json
import shutil
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.gateway.parts import free_port
from tests.journeys import walk
from tests.journeys.conftest import LIGHT, PAGE_SECONDS, ROOT, Installation

pytestmark = pytest.mark.browser

ELSEWHERE = "/oauth2/account/elsewhere"
GRANIAN = Path(sys.executable).parent / "granian"


@pytest.fixture(scope="module")
def portal(installation: Installation) -> Iterator[Installation]:
    """A portal of its own, whose people sign in at the installation."""
    state = ROOT / "test-results" / "elsewhere"
    shutil.rmtree(state, ignore_errors=True)
    shutil.copytree(installation.state / "tls", state / "tls")
    environment = environment_of(installation, state, f"https://127.0.0.1:{free_port()}")
    prepare = [sys.executable, "-m", "demo.commands", "apimanager.settings", "migrate --no-input", "load_demo"]
    subprocess.run(prepare, cwd=ROOT, env=environment, check=True, capture_output=True, timeout=120)
    with (state / "run.log").open("w") as written:
        process = subprocess.Popen(
            command(environment), cwd=ROOT, env=environment, stdout=written, stderr=subprocess.STDOUT, text=True
        )
    try:
        wait_for(f"{environment['APIM_PORTAL_URL']}/health", state, process)
        yield Installation(environment, process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def environment_of(installation: Installation, state: Path, url: str) -> dict[str, str]:
    registered = register(installation, url)
    return installation.environment | {
        "APIM_DEMO": "1",
        "APIM_VAR": str(state),
        "APIM_PORTAL_URL": url,
        "APIM_PORTAL_HOST": "127.0.0.1",
        "APIM_PORTAL_PORT": url.rpartition(":")[2],
        "APIM_AUTHENTICATION_ENDPOINT_URL": installation.url("PORTAL", "/oauth2/authorize"),
        "APIM_AUTHENTICATION_CLIENT_ID": registered["client_id"],
        "APIM_AUTHENTICATION_CLIENT_SECRET": registered["client_secret"],
    }


def register(installation: Installation, url: str) -> dict[str, Any]:
    """RFC 7591, as the documentation has it."""
    description = {
        "client_name": "The other API Manager",
        "redirect_uris": [f"{url}{ELSEWHERE}/callback"],
        "post_logout_redirect_uris": [f"{url}{ELSEWHERE}/signed_out"],
        "backchannel_logout_uri": f"{url}{ELSEWHERE}/backchannel_logout",
    }
    request = urllib.request.Request(
        installation.url("PORTAL", "/oauth2/register"),
        json.dumps(description).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, context=trust(installation.state), timeout=20) as answer:
        registered: dict[str, Any] = json.load(answer)
    return registered


def command(environment: dict[str, str]) -> list[str]:
    tls = Path(environment["APIM_VAR"]) / "tls"
    return [
        *(str(GRANIAN), "apimanager.rsgi:application", "--interface", "rsgi", "--no-ws"),
        *("--host", "127.0.0.1", "--port", environment["APIM_PORTAL_PORT"], "--workers", "1"),
        *("--ssl-certificate", str(tls / "localhost.pem"), "--ssl-keyfile", str(tls / "localhost-key.pem")),
    ]


def trust(state: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(state / "tls" / "ca.pem"))


def wait_for(url: str, state: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, context=trust(state), timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"the portal did not start:\n{(state / 'run.log').read_text()[-4000:]}")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Not `open_page`: two hosts are asked here."""
    context = browser.new_context(viewport={"width": LIGHT.width, "height": LIGHT.height})
    context.set_default_timeout(PAGE_SECONDS * 1000)
    yield context.new_page()
    context.close()


def begin(page: Page, portal: Installation, keys: walk.Keys, **changes: str) -> None:
    values = {"response_type": "code", "client_id": keys.consumer_key, "redirect_uri": portal.callback, "state": "xyz"}
    page.goto(f"{portal.environment['APIM_PORTAL_URL']}/oauth2/authorize?{urlencode(values | changes)}")


def answer(page: Page, portal: Installation) -> dict[str, str]:
    """What the client is given; whether its page likes it is no matter here."""
    page.wait_for_url(f"{portal.callback}?**")
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def sign_in_there(page: Page, installation: Installation) -> None:
    page.wait_for_url(installation.url("PORTAL", "/oauth2/account/login/**"))
    expect(page.get_by_text("The other API Manager").first).to_be_visible()
    walk.sign_in(page, "bob")
    page.get_by_role("button", name="Approve", exact=True).click()


def home(page: Page, portal: Installation) -> bool:
    """Goes to one's own page here; whether one stays on it or is sent away to sign in."""
    page.goto(f"{portal.environment['APIM_PORTAL_URL']}/oauth2/")
    return page.url.startswith(portal.environment["APIM_PORTAL_URL"])


def test_somebody_of_there_approves_here(page: Page, installation: Installation, portal: Installation) -> None:
    keys = walk.keys_by_command(portal, "Elsewhere", "--grant-type", "authorization_code")

    begin(page, portal, keys)
    sign_in_there(page, installation)
    page.wait_for_url(f"{portal.environment['APIM_PORTAL_URL']}/oauth2/consent/**")
    page.get_by_role("button", name="Approve", exact=True).click()

    told = answer(page, portal)
    assert (told["state"], told["iss"]) == ("xyz", portal.environment["APIM_PORTAL_URL"])
    assert told["code"]
    # The demo has a bob here too, who is somebody else.
    home(page, portal)
    expect(page.get_by_text("Signed in as bob-2")).to_be_visible()


def test_signing_out_here_is_signing_out_there(page: Page, installation: Installation, portal: Installation) -> None:
    assert not home(page, portal)
    sign_in_there(page, installation)
    expect(page.get_by_role("heading", name="Applications with access")).to_be_visible()

    page.get_by_role("button", name="Sign Out").click()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()

    assert page.url.startswith(portal.environment["APIM_PORTAL_URL"])
    assert not home(page, portal)
    page.wait_for_url(installation.url("PORTAL", "/oauth2/account/login/**"))


def test_signing_out_there_is_signing_out_here(page: Page, installation: Installation, portal: Installation) -> None:
    home(page, portal)
    sign_in_there(page, installation)
    expect(page.get_by_role("heading", name="Applications with access")).to_be_visible()

    page.goto(installation.url("PORTAL", "/oauth2/"))
    page.get_by_role("button", name="Sign Out").click()

    deadline = time.monotonic() + 20
    while home(page, portal) and time.monotonic() < deadline:
        time.sleep(0.5)
    page.wait_for_url(installation.url("PORTAL", "/oauth2/account/login/**"))
