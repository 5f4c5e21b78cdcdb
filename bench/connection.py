"""One keep-alive HTTP/1.1 connection to a server on loopback, as thin as it can be: the server is what is measured."""

from __future__ import annotations

import base64
import socket
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

HOST = "127.0.0.1"
TIMEOUT = 20.0  # seconds for one answer


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    cookies: dict[str, str]
    body: bytes


class Connection:
    def __init__(self, port: int) -> None:
        self.port = port
        self.socket = socket.create_connection((HOST, port), TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.reader.close()
        self.socket.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self._send("GET", path, headers, b"")

    def post(self, path: str, form: dict[str, str], **headers: str) -> Answer:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        return self._send("POST", path, headers, urlencode(form).encode())

    def _send(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}:{self.port}", "Accept: application/json"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        return self._receive()

    def _receive(self) -> Answer:
        status = int(self.reader.readline().split()[1])
        headers: dict[str, str] = {}
        cookies: dict[str, str] = {}
        while line := self.reader.readline().rstrip():
            name, _, value = line.decode("latin-1").partition(":")
            if name.lower() == "set-cookie":
                cookie, _, content = value.strip().partition(";")[0].partition("=")
                cookies[cookie] = content
            headers[name.lower()] = value.strip()
        is_chunked = headers.get("transfer-encoding") == "chunked"
        body = self._chunks() if is_chunked else self.reader.read(int(headers.get("content-length", 0)))
        return Answer(status, headers, cookies, body)

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self.reader.readline(), 16):
            body += self.reader.read(size)
            self.reader.readline()
        self.reader.readline()
        return body


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()
