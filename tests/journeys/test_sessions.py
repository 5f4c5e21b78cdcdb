"""Signing out, in a real browser, of an application that listens in every way there is."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Page

from tests.journeys import walk
from tests.journeys.conftest import Installation
from tests.keymanager.receiver import Receiver

# Nobody's: the browser's requests for it are answered by the test.
FRAMED = "https://localhost:47655/out"
REGISTER = """
from keymanager import clients
metadata = {{"backchannel_logout_uri": "{back}", "frontchannel_logout_uri": "{front}"}}
client, _ = clients.register(
    public=True, redirect_uris=["{here}/callback"], grant_types=["authorization_code"], scopes=[], name="Listener",
    owner_name="alice", metadata=metadata)
client.uris.create(kind="post_logout", uri="{here}/goodbye")
print("registered", client.client_id)
"""
CHALLENGE = {"code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256"}
ASK = """([origin, message]) => new Promise((resolve) => {
    addEventListener("message", (event) => resolve(event.data), { once: true });
    setTimeout(() => resolve("silence"), 5000);
    document.querySelector("iframe").contentWindow.postMessage(message, origin);
})"""


@dataclass(frozen=True)
class Listener:
    client_id: str
    receiver: Receiver

    @property
    def callback(self) -> str:
        return f"{self.receiver.site}/callback"


@pytest.fixture
def listener(installation: Installation) -> Iterator[Listener]:
    # Of the same site as the key manager: in a frame of another site Chrome shows a script no cookie.
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(installation.state / "tls" / "localhost.pem", installation.state / "tls" / "localhost-key.pem")
    receiver = Receiver(tls=tls)
    code = REGISTER.format(back=receiver.url, front=FRAMED, here=receiver.site)
    told = installation.manage("shell", "-v0", "-c", code)
    assert told.returncode == 0, told.stderr
    yield Listener(told.stdout.split("registered ")[1].strip(), receiver)
    receiver.stop()


def sign_in(page: Page, installation: Installation, listener: Listener) -> str:
    """The session_state that the application was given."""
    listener.receiver.page = f'<iframe src="{installation.url("PORTAL", "/oauth2/check_session")}"></iframe>'
    page.context.route(FRAMED, lambda route: route.fulfill(content_type="text/html", body="<!doctype html>"))
    query = {"response_type": "code", "client_id": listener.client_id, "redirect_uri": listener.callback}
    page.goto(installation.url("PORTAL", "/oauth2/authorize?" + urlencode(query | CHALLENGE | {"scope": "openid"})))
    walk.sign_in(page, "bob")
    page.get_by_role("button", name="Approve", exact=True).click()
    page.wait_for_url(f"{listener.callback}?*")
    return parse_qs(urlsplit(page.url).query)["session_state"][0]


def sign_out(page: Page, installation: Installation) -> None:
    page.goto(installation.url("PORTAL", "/oauth2/"))
    page.get_by_role("button", name="Sign Out").click()
    page.wait_for_url("**/oauth2/account/login/")


def test_the_frame_notices_that_somebody_signed_out(
    open_page: Callable[..., Page], installation: Installation, listener: Listener
) -> None:
    page = open_page()
    message = f"{listener.client_id} {sign_in(page, installation, listener)}"
    origin = installation.url("PORTAL")
    assert page.evaluate(ASK, [origin, message]) == "unchanged"
    assert page.evaluate(ASK, [origin, "nonsense"]) == "error"

    other = page.context.new_page()
    sign_out(other, installation)

    assert page.evaluate(ASK, [origin, message]) == "changed"


def test_every_way_of_being_told_works_and_the_browser_goes_on(
    open_page: Callable[..., Page], installation: Installation, listener: Listener
) -> None:
    page = open_page()
    framed: list[str] = []
    page.context.on("request", lambda request: framed.append(request.url) if request.url == FRAMED else None)
    sign_in(page, installation, listener)

    goodbye = f"{listener.receiver.site}/goodbye"
    wish = {"client_id": listener.client_id, "post_logout_redirect_uri": goodbye, "state": "x"}
    page.goto(installation.url("PORTAL", "/oauth2/logout?" + urlencode(wish)))
    page.get_by_role("button", name="Sign Out").click()
    page.wait_for_url(f"{goodbye}?state=x")

    assert framed == [FRAMED]
    deadline = time.monotonic() + 20
    while not listener.receiver.tokens and time.monotonic() < deadline:
        time.sleep(0.1)
    assert [list(form) for form in listener.receiver.forms] == [["logout_token"]]
