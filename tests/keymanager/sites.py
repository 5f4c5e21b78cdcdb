"""A client's own web server, with a certificate of the demo's kind: what lies there is fetched."""

from __future__ import annotations

import json
import ssl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class Site(ThreadingHTTPServer):
    """A web server whose pages a test writes: path -> (status, headers, body)."""

    daemon_threads = True

    def __init__(self, tls: Path) -> None:
        super().__init__(("127.0.0.1", 0), Page)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls / "localhost.pem", tls / "localhost-key.pem")
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.pages: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[str] = []

    @property
    def base(self) -> str:
        return f"https://localhost:{self.server_port}"

    def describe(self, path: str = "/client.json", **changes: Any) -> str:
        """Publishes a description and gives its address."""
        address = self.base + path
        uris = ["https://printer.example/callback"]
        body: dict[str, Any] = {"client_id": address, "client_name": "Assistant", "redirect_uris": uris} | changes
        self.pages[path] = (200, {"Cache-Control": "max-age=600"}, json.dumps(body).encode())
        return address


class Page(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        status, headers, body = self.server.pages.get(self.path, (404, {}, b""))
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass
