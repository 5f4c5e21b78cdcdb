"""A client's own server: its back-channel address answers as it was told and keeps what it was sent; its pages are all
the same one."""

from __future__ import annotations

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs


class Receiver:
    """`answers` are given in order, the last one ever after; None is a connection that is closed without an answer."""

    def __init__(self, *answers: int | None, tls: ssl.SSLContext | None = None) -> None:
        self.answers = list(answers) or [200]
        self.forms: list[dict[str, list[str]]] = []
        self.types: list[str | None] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"receiver": self}))
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.site = f"{'https' if tls else 'http'}://localhost:{self.server.server_port}"
        self.url = f"{self.site}/logged-out?by=op"
        self.page = ""
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

    def do_GET(self) -> None:
        page = f"<!doctype html><title>Client</title><link rel=icon href=data:,>{self.receiver.page}".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: Any) -> None:
        """Quiet."""
