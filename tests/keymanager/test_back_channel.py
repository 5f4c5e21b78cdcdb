"""OpenID Connect Back-Channel Logout 1.0, against a client that really listens."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import jwt
import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client as Browser
from django.utils import timezone

from accounts import outside
from accounts.models import User
from keymanager import client_metadata, errors, expiry, logout_notices, sessions
from keymanager.models import Authorization, Client, LogoutNotice
from tests import forked
from tests.keymanager.conftest import Registered, code_for, exchange
from tests.keymanager.receiver import Receiver
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def listen() -> Iterator[Callable[..., Receiver]]:
    running: list[Receiver] = []

    def listening(*answers: int | None) -> Receiver:
        running.append(Receiver(*answers))
        return running[-1]

    yield listening
    for receiver in running:
        receiver.stop()


def listener(register: Callable[..., Registered], url: str, **changes: Any) -> Registered:
    """A client that is told of sign-outs at `url`."""
    metadata = {"backchannel_logout_uri": url} | changes.pop("metadata", {})
    return register(metadata=metadata, **changes)


def id_token_of(browser: Browser, registered: Registered) -> dict[str, Any]:
    token = exchange(registered, code_for(browser, registered, scope="openid")).json()["id_token"]
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def sign_out(browser: Browser) -> None:
    assert browser.post("/oauth2/account/logout/").status_code == 302


def come_due() -> None:
    LogoutNotice.objects.exclude(next_attempt_at=None).update(next_attempt_at=timezone.now() - timedelta(seconds=1))


def deliver() -> int:
    """One round of the outbox, in which everything that still waits is due."""
    come_due()
    return logout_notices.deliver_due()


def verified(token: str, registered: Registered) -> dict[str, Any]:
    """2.6, as a client checks it: by the published keys."""
    header = jwt.get_unverified_header(token)
    keys = jwt.PyJWKSet.from_dict(Browser().get("/oauth2/jwks").json())
    claims: dict[str, Any] = jwt.decode(
        token, keys[header["kid"]].key, algorithms=[header["alg"]], audience=registered.id, issuer=settings.ISSUER
    )
    return claims | {"typ": header["typ"], "alg": header["alg"]}


@pytest.mark.rfc("oidc-backchannel#2.4")
@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_a_sign_out_is_told_by_a_logout_token(
    bobs_browser: Browser, register: Callable[..., Registered], listen: Callable[..., Receiver], algorithm: str
) -> None:
    receiver = listen()
    registered = listener(register, receiver.url, id_token_signed_response_alg=algorithm)
    told = id_token_of(bobs_browser, registered)

    sign_out(bobs_browser)
    deliver()

    claims = verified(receiver.tokens[0], registered)
    assert (claims["typ"], claims["alg"]) == ("logout+jwt", algorithm)
    assert (claims["sub"], claims["sid"]) == (told["sub"], told["sid"])
    assert claims["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}}
    assert 0 < claims["exp"] - claims["iat"] <= 120
    assert claims["jti"]
    assert "nonce" not in claims


@pytest.mark.rfc("oidc-backchannel#2.5")
def test_it_comes_as_a_form_and_is_done_when_it_was_welcomed(
    bobs_browser: Browser, register: Callable[..., Registered], listen: Callable[..., Receiver]
) -> None:
    receiver = listen(204)
    id_token_of(bobs_browser, listener(register, receiver.url))
    sign_out(bobs_browser)

    assert (deliver(), deliver()) == (1, 0)

    assert receiver.types == ["application/x-www-form-urlencoded"]
    assert [list(form) for form in receiver.forms] == [["logout_token"]]
    notice = LogoutNotice.objects.get()
    assert (notice.last_status, notice.attempts, notice.next_attempt_at) == (204, 1, None)
    assert notice.delivered_at


def test_whoever_fails_twice_is_told_a_third_time(
    bobs_browser: Browser, register: Callable[..., Registered], listen: Callable[..., Receiver]
) -> None:
    receiver = listen(503, None, 200)
    registered = listener(register, receiver.url)
    id_token_of(bobs_browser, registered)
    sign_out(bobs_browser)

    assert [deliver() for _ in range(4)] == [1, 1, 1, 0]

    assert len({verified(token, registered)["jti"] for token in receiver.tokens}) == 3
    assert LogoutNotice.objects.get().last_error == ""


def test_between_attempts_is_a_pause_that_grows(
    bobs_browser: Browser, register: Callable[..., Registered], listen: Callable[..., Receiver]
) -> None:
    receiver = listen(500)
    id_token_of(bobs_browser, listener(register, receiver.url))
    sign_out(bobs_browser)

    for seconds in (1, 5, 30, 120, 600, 3600, 21600):
        began = timezone.now()
        assert deliver() == 1
        again = LogoutNotice.objects.get().next_attempt_at
        assert again
        assert began <= again - timedelta(seconds=seconds) <= timezone.now()
    assert [deliver(), deliver()] == [1, 0]
    notice = LogoutNotice.objects.get()
    assert (notice.last_status, notice.last_error) == (500, "answered with status 500")


@pytest.mark.parametrize("status", [302, 307, 400, 404, 501])
def test_nothing_but_a_welcome_counts_and_no_redirect_is_followed(
    bobs_browser: Browser, register: Callable[..., Registered], listen: Callable[..., Receiver], status: int
) -> None:
    receiver = listen(status)
    id_token_of(bobs_browser, listener(register, receiver.url))
    sign_out(bobs_browser)

    deliver()

    assert len(receiver.forms) == 1
    assert LogoutNotice.objects.get().delivered_at is None


def test_one_who_says_nothing_is_left_when_the_time_is_over(
    bobs_browser: Browser, register: Callable[..., Registered], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        id_token_of(bobs_browser, listener(register, f"http://127.0.0.1:{silent.getsockname()[1]}/"))
        sign_out(bobs_browser)
        began = time.monotonic()

        deliver()

    assert time.monotonic() - began < 3
    assert LogoutNotice.objects.get().last_error


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1:1/", "https://[::1]:1/", "https://10.0.0.1/", "https://169.254.1.1/"]
)
def test_outside_demo_mode_no_inner_network_is_asked(
    bobs_browser: Browser, register: Callable[..., Registered], settings: Any, url: str
) -> None:
    id_token_of(bobs_browser, listener(register, url))
    sign_out(bobs_browser)
    settings.DEMO = False

    deliver()

    assert LogoutNotice.objects.get().last_error == "the address is of an inner network, or has no TLS"


def test_a_certificate_of_nobody_s_is_not_trusted(
    bobs_browser: Browser, register: Callable[..., Registered], listen: Callable[..., Receiver]
) -> None:
    receiver = listen()
    id_token_of(bobs_browser, listener(register, receiver.url.replace("http:", "https:")))
    sign_out(bobs_browser)

    deliver()

    assert "SSL" in LogoutNotice.objects.get().last_error
    assert receiver.forms == []


@pytest.mark.rfc("oidc-backchannel#2.2", "oidc-frontchannel#2")
@pytest.mark.parametrize("name", ["backchannel_logout_uri", "frontchannel_logout_uri"])
def test_plain_http_is_for_the_demo_on_this_machine(settings: Any, name: str) -> None:
    client_metadata.check({name: "http://localhost:8080/logged-out"})
    with pytest.raises(errors.InvalidClientMetadata):
        client_metadata.check({name: "http://printer.example/logged-out"})
    settings.DEMO = False

    with pytest.raises(errors.InvalidClientMetadata):
        client_metadata.check({name: "http://localhost:8080/logged-out"})


@pytest.mark.rfc("oidc-backchannel#2.4")
@pytest.mark.parametrize("needs_sid", [True, False])
def test_withdrawing_ends_every_session_at_that_client(
    bobs_browser: Browser, register: Callable[..., Registered], listen: Callable[..., Receiver], needs_sid: bool
) -> None:
    receiver = listen()
    metadata = {"backchannel_logout_session_required": needs_sid}
    registered = listener(register, receiver.url, metadata=metadata)
    sid = id_token_of(bobs_browser, registered)["sid"]

    bobs_browser.post(f"/oauth2/approvals/{registered.client.pk}/withdraw")
    deliver()

    assert verified(receiver.tokens[0], registered).get("sid") == (sid if needs_sid else None)


@pytest.mark.parametrize("round_number", range(3))
def test_two_sign_outs_at_once_give_one_notice_for_each_client(
    bobs_browser: Browser, bob: User, register: Callable[..., Registered], round_number: int
) -> None:
    for name in ("Printer", "Scanner"):
        sid = id_token_of(bobs_browser, listener(register, "https://listener.example/", name=name))["sid"]

    took_part = at_once(4, partial(sessions.end, bob, sid))

    assert sorted(map(len, took_part)) == [0, 0, 0, 2]
    assert LogoutNotice.objects.count() == 2


def test_a_notice_is_written_with_the_sign_out_or_not_at_all(
    bobs_browser: Browser, register: Callable[..., Registered], monkeypatch: pytest.MonkeyPatch
) -> None:
    id_token_of(bobs_browser, listener(register, "https://listener.example/"))
    monkeypatch.setattr("keymanager.signing_out.logout.logout", in_the_middle)

    with pytest.raises(ZeroDivisionError):
        sign_out(bobs_browser)

    assert not LogoutNotice.objects.exists()
    assert Authorization.objects.get().session_ended_at is None


def in_the_middle(*_: Any, **__: Any) -> None:
    raise ZeroDivisionError


def test_of_several_workers_each_takes_another(
    bobs_browser: Browser, register: Callable[..., Registered], listen: Callable[..., Receiver]
) -> None:
    receiver = listen()
    for number in range(4):
        id_token_of(bobs_browser, listener(register, receiver.url, name=f"Listener {number}"))
    sign_out(bobs_browser)

    counts = at_once(4, logout_notices.deliver_due)

    assert sum(counts) == len(receiver.forms) == 4
    assert len({jwt.decode(token, options={"verify_signature": False})["aud"] for token in receiver.tokens}) == 4


def test_a_worker_killed_before_the_answer_leaves_the_notice_to_be_delivered_again(
    bobs_browser: Browser, register: Callable[..., Registered], listen: Callable[..., Receiver]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        registered = listener(register, f"http://127.0.0.1:{silent.getsockname()[1]}/")
        id_token_of(bobs_browser, registered)
        sign_out(bobs_browser)
        kill_while_delivering(silent)
    assert logout_notices.deliver_due() == 0  # somebody is still believed to be at it

    receiver = listen()
    Client.objects.filter(pk=registered.client.pk).update(metadata={"backchannel_logout_uri": receiver.url})
    assert deliver() == 1
    assert (LogoutNotice.objects.get().attempts, len(receiver.tokens)) == (2, 1)


def kill_while_delivering(silent: socket.socket) -> None:
    """`kill -9` of a worker process that has sent its request and waits for the answer."""
    worker = forked.begin(work)
    try:
        silent.settimeout(30)
        accepted, _ = silent.accept()
        with accepted:
            assert accepted.recv(10).startswith(b"POST")
            worker.kill()
    finally:
        worker.kill()
        worker.join()


def test_a_worker_delivers_by_itself_and_ends_when_it_is_told(
    bobs_browser: Browser, register: Callable[..., Registered], listen: Callable[..., Receiver]
) -> None:
    receiver = listen()
    worker = forked.begin(work)
    try:
        id_token_of(bobs_browser, listener(register, receiver.url))
        sign_out(bobs_browser)
        deadline = time.monotonic() + 30
        while not receiver.forms and time.monotonic() < deadline:
            time.sleep(0.05)

        worker.terminate()
        worker.join(10)

        assert worker.exitcode == 0
    finally:
        worker.kill()
        worker.join()
    assert len(receiver.forms) == 1


def work() -> None:
    """`manage.py deliver`"""
    call_command("deliver")


def test_the_command_can_do_what_is_due_and_end(
    bobs_browser: Browser, register: Callable[..., Registered], listen: Callable[..., Receiver], capsys: Any
) -> None:
    id_token_of(bobs_browser, listener(register, listen().url))
    sign_out(bobs_browser)

    call_command("deliver", "--once")

    assert capsys.readouterr().out == "1 attempts.\n"


def test_what_was_told_long_ago_is_forgotten_and_what_waits_is_not(
    bob: User, register: Callable[..., Registered]
) -> None:
    client, long_ago = register().client, timezone.now() - timedelta(days=31)
    LogoutNotice.objects.create(client=client, user=bob, created_at=long_ago, next_attempt_at=None)
    waiting = LogoutNotice.objects.create(client=client, user=bob, created_at=long_ago)

    expiry.clear()

    assert LogoutNotice.objects.get() == waiting


def test_the_operator_reads_the_notices_and_changes_none(alice: User, bob: User, printer: Registered) -> None:
    notice = LogoutNotice.objects.create(client=printer.client, user=bob, sid="s")
    User.objects.filter(pk=alice.pk).update(is_staff=True, is_superuser=True)
    browser = Browser()
    browser.force_login(User.objects.get(pk=alice.pk))

    assert browser.get("/admin/keymanager/logoutnotice/").status_code == 200
    assert browser.post(f"/admin/keymanager/logoutnotice/{notice.pk}/change/", {"sid": "x"}).status_code == 403
