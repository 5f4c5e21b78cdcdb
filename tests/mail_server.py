"""A mail server of one test's own, which speaks as much of RFC 5321 as Python's smtplib asks for."""

from __future__ import annotations

import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast


class MailServer(socketserver.ThreadingTCPServer):
    """`refusals`: what it answers to a word instead of welcoming it. `before_welcome` is called when a mail is here and
    not yet welcomed. With `tls` it begins with that, or, with `upgrades`, offers it."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int = 0, *, tls: ssl.SSLContext | None = None, upgrades: bool = False) -> None:
        self.tls, self.upgrades = tls, upgrades
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.refusals: dict[str, str] = {}
        self.before_welcome: Callable[[], object] = lambda: None
        super().__init__(("127.0.0.1", port), Conversation)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def get_request(self) -> tuple[Any, Any]:
        connected, address = super().get_request()
        if self.tls and not self.upgrades:
            connected = self.tls.wrap_socket(connected, server_side=True)
        return connected, address


class Conversation(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.house = cast("MailServer", self.server)
        self.say("220 here")
        while line := self.rfile.readline().decode():
            word, _, rest = line.strip().partition(" ")
            if refusal := self.house.refusals.get(word.upper()):
                self.say(refusal)
            elif deed := getattr(self, f"do_{word.lower()}", None):
                deed(rest)
            else:
                self.say("250 well")

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def do_ehlo(self, rest: str) -> None:
        is_offered = self.house.upgrades and not isinstance(self.connection, ssl.SSLSocket)
        self.say("250-here\r\n250 STARTTLS" if is_offered else "250 here")

    def do_starttls(self, rest: str) -> None:
        self.say("220 go ahead")
        assert self.house.tls is not None
        self.connection = self.request = self.house.tls.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)

    def do_rcpt(self, rest: str) -> None:
        self.house.recipients.append(rest)
        self.say("250 well")

    def do_data(self, rest: str) -> None:
        self.say("354 go on")
        content = b"".join(iter(self.rfile.readline, b".\r\n"))
        self.house.mails.append(message_from_bytes(content, policy=policy.default))
        self.house.before_welcome()
        self.say("250 well")

    def do_quit(self, rest: str) -> None:
        self.say("221 bye")


@contextmanager
def serving(port: int = 0, **changes: Any) -> Iterator[MailServer]:
    with MailServer(port, **changes) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
