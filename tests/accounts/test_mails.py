"""The outbox of mails, against mail servers that really listen, or are really away."""

from __future__ import annotations

import logging
import re
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core.mail import EmailMessage
from django.core.management import call_command
from django.db import transaction
from django.test import Client as Browser
from django.utils import timezone

from accounts import mail_server, mails
from accounts.models import Mail, User
from tests import forked
from tests.accounts.conftest import TWO_STEP, sign_in
from tests.gateway import certificates
from tests.mail_server import MailServer, serving
from tests.races import at_once

if TYPE_CHECKING:
    from pytest_django import Settings

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
RESET = "/accounts/password/reset/"
PHRASE = "a long passphrase"
NEW = {"username": "dora", "email": "dora@example.com", "password1": PHRASE, "password2": PHRASE}


def send_to(settings: Settings, port: int, host: str = "127.0.0.1") -> None:
    settings.EMAIL_URL = f"smtp://{host}:{port}"
    settings.EMAIL_BACKEND = "accounts.mail_server.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = host, port, 60


@pytest.fixture
def server(settings: Settings) -> Iterator[MailServer]:
    with serving() as running:
        send_to(settings, running.port)
        yield running


@pytest.fixture
def nobody(settings: Settings) -> int:
    """A port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    send_to(settings, port)
    return port


@pytest.fixture
def silent(settings: Settings) -> Iterator[socket.socket]:
    """A mail server that takes calls and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        send_to(settings, listening.getsockname()[1])
        yield listening


def forget_password(client: Browser) -> None:
    assert client.post(RESET, {"email": "bob@example.com"}).status_code == 302


def come_due() -> None:
    Mail.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))


def deliver() -> int:
    """One round of the outbox, in which everything that still waits is due."""
    come_due()
    return mails.deliver_due()


def write(subject: str = "Hello", body: str = "there", to: str = "bob@example.com") -> Mail:
    mails.send("a template", EmailMessage(subject, body, "portal@example.com", [to]))
    return Mail.objects.latest("created_at")


def test_a_forgotten_password_is_set_anew_by_a_mail_that_was_delivered(
    client: Browser, bob: User, server: MailServer
) -> None:
    forget_password(client)
    assert server.mails == []

    assert (mails.deliver_due(), mails.deliver_due()) == (1, 0)

    [mail] = server.mails
    assert (server.recipients, mail["To"]) == (["TO:<bob@example.com>"], "bob@example.com")
    link = re.search(r"/accounts/password/reset/key/\S+", mail.get_content())
    assert link is not None
    assert client.get(link[0], follow=True).status_code == 200
    assert not Mail.objects.exists()


@pytest.mark.parametrize("path", [RESET, "/accounts/signup/"])
def test_whoever_causes_a_mail_does_not_wait_for_a_silent_server(
    client: Browser, bob: User, silent: socket.socket, path: str
) -> None:
    answer = client.post(path, NEW | {"email": "bob@example.com"})

    assert answer.status_code == 302
    assert Mail.objects.count() == 1
    assert select.select([silent], [], [], 0) == ([], [], [])  # nobody has called it


def test_while_the_server_is_away_mails_wait_and_each_arrives_once(
    client: Browser, bob: User, nobody: int, caplog: pytest.LogCaptureFixture
) -> None:
    forget_password(client)
    assert (deliver(), deliver(), Mail.objects.get().attempts) == (1, 1, 2)
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert "(account/email/password_reset_key), attempt 2: ConnectionRefusedError: " in told[-1]

    with serving(nobody) as server:
        assert (deliver(), deliver()) == (1, 0)

    assert len(server.mails) == 1


def test_pauses_grow_and_after_nearly_a_day_it_is_given_up(nobody: int, caplog: pytest.LogCaptureFixture) -> None:
    mail = write()

    for seconds in mails.PAUSES:
        began = timezone.now()
        assert deliver() == 1
        mail.refresh_from_db()
        assert mail.next_attempt_at
        assert began <= mail.next_attempt_at - timedelta(seconds=seconds) <= timezone.now()
    assert (deliver(), deliver()) == (1, 0)

    assert not Mail.objects.exists()
    assert sorted(mails.PAUSES) == list(mails.PAUSES)
    assert 23 * 3600 < sum(mails.PAUSES) < 25 * 3600
    [told] = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert told.startswith(f"mail {mail.pk} (a template) is given up, attempt 11: ConnectionRefusedError: ")


@pytest.mark.rfc("5321#4.2.1")
@pytest.mark.parametrize(
    ("word", "refusal", "waits"),
    [
        ("RCPT", "550 no such user", False),
        ("RCPT", "451 greylisted", True),
        ("DATA", "554 spam", False),
        ("DATA", "452 no room", True),
        # Ours to mend: it may be the settings.
        ("MAIL", "550 not for you", True),
        ("EHLO", "554 go away", True),
    ],
)
def test_what_is_refused_for_good_is_not_repeated(server: MailServer, word: str, refusal: str, waits: bool) -> None:
    server.refusals = {word: refusal} | ({"HELO": refusal} if word == "EHLO" else {})
    write()

    assert deliver() == 1

    assert Mail.objects.exists() == waits
    assert server.mails == []


def test_one_that_cannot_be_sent_keeps_no_other_from_it(server: MailServer) -> None:
    write("Two\nlines")
    write(to="bob@example.com\nBcc: eve@example.com")
    unreadable = write()
    Mail.objects.filter(pk=unreadable.pk).update(sealed=unreadable.sealed[:-8] + "AAAAAAA=")
    write()

    assert deliver() == 4

    assert [mail["Subject"] for mail in server.mails] == ["Hello"]
    assert Mail.objects.count() == 3


@pytest.mark.rfc("5322#3.6.4")
def test_one_that_arrives_twice_is_the_same_to_who_reads_it(server: MailServer) -> None:
    mail = write("Grüße", "…")
    mails.message_of(mail).send()

    deliver()

    first, second = server.mails
    assert first["Message-ID"] == second["Message-ID"] == f"<{mail.pk}@localhost>"
    assert first["Date"] == second["Date"]
    assert (first["Subject"], first.get_content().strip()) == ("Grüße", "…")


def test_nothing_at_rest_says_what_is_in_a_mail(client: Browser, bob: User, nobody: int) -> None:
    forget_password(client)

    row = " ".join(str(value) for value in Mail.objects.values_list().get())
    assert "bob" not in row
    assert "/password/reset/" not in row
    assert "/password/reset/key/" in mails.message_of(Mail.objects.get()).body


def test_of_several_workers_each_takes_another(server: MailServer) -> None:
    for number in range(6):
        write(f"Number {number}")

    assert sum(at_once(4, mails.deliver_due)) == 6

    assert sorted(mail["Subject"] for mail in server.mails) == [f"Number {number}" for number in range(6)]


def test_one_that_is_being_sent_is_nobody_else_s(server: MailServer) -> None:
    write()
    counts: list[int] = []
    server.before_welcome = lambda: counts.extend(at_once(2, mails.deliver_due))

    mails.deliver_due()

    assert counts == [0, 0]
    assert len(server.mails) == 1


def work() -> None:
    """`manage.py deliver`"""
    call_command("deliver")


@contextmanager
def worker() -> Iterator[Any]:
    process = forked.begin(work)
    try:
        yield process
    finally:
        process.kill()
        process.join()


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert condition()


def test_a_worker_killed_before_the_welcome_has_it_sent_once_more(server: MailServer) -> None:
    write()
    is_here, is_dead = threading.Event(), threading.Event()

    def wait() -> None:
        is_here.set()
        is_dead.wait(30)

    server.before_welcome = wait
    with worker():
        assert is_here.wait(30)
    is_dead.set()

    assert mails.deliver_due() == 0  # somebody is still believed to be at it
    assert (deliver(), deliver()) == (1, 0)

    first, second = server.mails
    assert first["Message-ID"] == second["Message-ID"]


def test_a_worker_sends_by_itself_what_waited_for_the_server(client: Browser, bob: User, nobody: int) -> None:
    forget_password(client)
    with worker() as process:
        # That is a pause; whoever is still at it has it for longer.
        soon = timezone.now() + timedelta(seconds=60)
        until(lambda: Mail.objects.filter(attempts=1, next_attempt_at__lt=soon).exists())
        with serving(nobody) as server:
            come_due()
            until(lambda: server.mails)
            until(lambda: not Mail.objects.exists())
        process.terminate()
        process.join(10)
        assert process.exitcode == 0

    assert len(server.mails) == 1


@pytest.mark.parametrize("upgrades", [False, True])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.2"])
def test_the_server_is_believed_by_its_certificate(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, upgrades: bool, host: str
) -> None:
    certificates.write(tmp_path / "tls")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "tls/ca.pem"))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(tmp_path / "tls/localhost.pem", tmp_path / "tls/localhost-key.pem")
    with serving(tls=tls, upgrades=upgrades) as server:
        send_to(settings, server.port, host)
        settings.EMAIL_USE_SSL, settings.EMAIL_USE_TLS = not upgrades, upgrades
        write()
        deliver()

    assert len(server.mails) == (host == "localhost")


def test_a_server_without_tls_is_told_nothing(
    settings: Settings, server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_USE_TLS = True
    write()

    deliver()

    assert "attempt 1: SMTPNotSupportedError: " in caplog.text
    assert server.recipients == []


def test_a_server_that_never_comes_to_an_end_is_left(
    silent: socket.socket, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(mail_server, "SECONDS", 0.3)
    write()
    talker = threading.Thread(target=talk_on, args=(silent,))
    talker.start()

    deliver()

    talker.join()
    assert "(a template), attempt 1: SMTP" in caplog.text
    assert Mail.objects.get().attempts == 1


def talk_on(listening: socket.socket) -> None:
    """A byte now and then, until the other one has gone."""
    accepted, _ = listening.accept()
    with accepted:
        while not select.select([accepted], [], [], 0.05)[0]:
            accepted.sendall(b"2")


def in_the_middle(*_: Any, **__: Any) -> None:
    raise ZeroDivisionError


def test_who_signed_up_has_an_account_and_a_mail_or_neither(
    client: Browser, db: None, nobody: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts.devices.arrive", in_the_middle)

    with pytest.raises(ZeroDivisionError):
        client.post("/accounts/signup/", NEW)

    assert not User.objects.filter(username="dora").exists()
    assert not Mail.objects.exists()


def test_no_password_is_changed_without_a_mail_that_says_so(
    bob: User, nobody: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = sign_in("bob")
    monkeypatch.setattr("accounts.mails.send", in_the_middle)

    changed = {"oldpassword": "bob", "password1": PHRASE, "password2": PHRASE}
    with pytest.raises(ZeroDivisionError):
        browser.post("/oauth2/account/password/change/", changed)

    bob.refresh_from_db()
    assert bob.check_password("bob")


def test_no_second_factor_goes_without_a_mail_that_says_so(
    bobs: Browser, bob: User, secret: str, nobody: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    EmailAddress.objects.create(user=bob, email=bob.email, verified=True, primary=True)
    monkeypatch.setattr("accounts.mails.send", in_the_middle)

    with pytest.raises(ZeroDivisionError):
        bobs.post(f"{TWO_STEP}totp/deactivate/")

    assert Authenticator.objects.filter(user=bob).exists()


def test_a_mail_of_what_was_undone_is_undone(nobody: int) -> None:
    with transaction.atomic():
        write()
        transaction.set_rollback(True)

    assert not Mail.objects.exists()


def test_without_a_mail_server_it_is_printed_at_once(
    client: Browser, bob: User, settings: Settings, capsys: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

    forget_password(client)

    assert "/password/reset/key/" in capsys.readouterr().out
    assert not Mail.objects.exists()


def test_whoever_watches_is_told_how_many_wait_and_since_when(client: Browser, nobody: int) -> None:
    assert "apim_mails_waiting 0\n" in client.get("/metrics").content.decode()
    since = write().created_at
    write()

    lines = client.get("/metrics").content.decode().splitlines()

    assert "apim_mails_waiting 2" in lines
    assert f"apim_mails_waiting_since_timestamp_seconds {round(since.timestamp(), 3)!r}" in lines
