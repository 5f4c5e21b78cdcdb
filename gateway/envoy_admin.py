"""Envoy's administration, behind a socket file that only its owner may open, or a port on loopback."""

from __future__ import annotations

import http.client
import socket
from pathlib import Path

from django.conf import settings

from gateway import usage_log

# What an address of a socket file may have, with the zero at its end (Linux: 108 bytes, macOS: 104).
LONGEST_PATH = 103
TIMEOUT = 3.0  # seconds


class Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=TIMEOUT)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT)
        self.sock.connect(str(self.path))


def socket_path(node: str) -> Path | None:
    """None where the state folder lies too deep for one."""
    path = usage_log.path(node).with_suffix(".admin")
    return path if len(str(path).encode()) <= LONGEST_PATH else None


def ask(node: str, method: str, path: str) -> tuple[int, str]:
    """Status and text of an answer. OSError: this Envoy has no administration, or does not run."""
    connection = to(node)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace")
    except http.client.HTTPException as error:
        raise OSError(str(error)) from error
    finally:
        connection.close()


def to(node: str) -> http.client.HTTPConnection:
    if settings.GATEWAY_ADMIN_PORT:
        return http.client.HTTPConnection("127.0.0.1", settings.GATEWAY_ADMIN_PORT, timeout=TIMEOUT)
    path = socket_path(node)
    if path is None:
        raise OSError("The path of the state folder is too long for a socket.")
    return Connection(path)


def reopen_logs(node: str) -> None:
    """OSError when this Envoy cannot be asked."""
    status, text = ask(node, "POST", "/reopen_logs")
    if status != 200:
        raise OSError(f"Envoy answered {status} to /reopen_logs: {text[:200]}")
