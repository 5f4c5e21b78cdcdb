"""A client's back-channel address: a real server that answers as it was told, and keeps what it was sent."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs


class Receiver:
    """`answers` are given in order, the last one ever after; None is a connection that is closed without an answer."""

    def __init__(self, *answers: int | None) -> None:
        self.answers = list(answers) or [200]
        self.forms: list[dict[str, list[str]]] = []
        self.types: list[str | None] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"receiver": self}))
        self.url = f"http://127.0.0.1:{self.server.server_port}/logged-out?by=op"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    @property
    def tokens(self) -> list[str]:
        return [form["logout_token"][0] for form in self.forms]

    def stop(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class _Handler(BaseHTTPRequestHandler):
    receiver: Receiver

    def do_POST(self) -> None:
        received = self.receiver
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        received.forms.append(parse_qs(body))
        received.types.append(self.headers["Content-Type"])
        status = received.answers.pop(0) if len(received.answers) > 1 else received.answers[0]
        if status is None:
            return
        self.send_response(status)
        self.send_header("Location", received.url)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Quiet."""
