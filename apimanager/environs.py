"""Between RSGI and WSGI: the environ that granian itself would make of a request, and the answer as it takes it."""

from __future__ import annotations

import sys
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

from apimanager.bodies import Application, Environ

if TYPE_CHECKING:
    from granian.rsgi import Headers, HTTPProtocol, Scope  # type: ignore[attr-defined]

PROTOCOLS = {"1": "HTTP/1", "1.1": "HTTP/1.1", "2": "HTTP/2"}
ONCE = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"})  # the first counts
JOINED = {"HTTP_COOKIE": ";"}


def environ_of(scope: Scope, headers: Headers) -> Environ:
    """PEP 3333, "environ Variables". The process's own variables are not among them, where secrets are."""
    server, port = address(scope.server)
    path = scope.path
    # In one piece: to put it together of two would take twice as long.
    environ = {
        "SCRIPT_NAME": "",
        "SERVER_SOFTWARE": "Granian",
        "SERVER_PROTOCOL": PROTOCOLS[scope.http_version],
        "SERVER_NAME": server,
        "SERVER_PORT": port,
        "REMOTE_ADDR": address(scope.client)[0],
        "REQUEST_METHOD": scope.method,
        "PATH_INFO": path if path.isascii() else path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "wsgi.errors": sys.stderr,
        "wsgi.input_terminated": True,
        "wsgi.multiprocess": False,
        "wsgi.multithread": True,
        "wsgi.run_once": False,
        "wsgi.url_scheme": scope.scheme,
        "wsgi.version": (1, 0),
    }
    add_headers(environ, headers)
    # Whatever the header field says (RFC 9112 3.2.2, RFC 9113 8.3.1).
    if authority := scope.authority:
        environ["HTTP_HOST"] = authority
    elif "HTTP_HOST" not in environ:
        environ["HTTP_HOST"] = ""
    return environ


def add_headers(environ: Environ, headers: Headers) -> None:
    """Those that came several times are joined (RFC 9110 5.3 and, for cookies, RFC 9113 8.2.3).

    Names with an underscore would pass for others, X_Forwarded_For for that of a proxy: they are left out, as they are
    by Django's own server.
    """
    fields = headers.items()
    for name, value in fields:
        if "_" in name:
            continue
        key = variable(name)
        if key not in environ:
            environ[key] = value
        elif key not in ONCE:
            environ[key] += JOINED.get(key, ",") + value
    if len(fields) < len(headers):  # type: ignore[arg-type]  # the stub leaves it out
        # A value that is not ASCII is left out there, and empty under granian's WSGI.
        for name in headers.keys():  # noqa: SIM118  not a mapping
            if "_" not in name:
                environ.setdefault(variable(name), "")


@lru_cache(200)  # a name may have 64 KiB
def variable(name: str) -> str:
    key = name.replace("-", "_").upper()
    return key if key in ONCE else f"HTTP_{key}"


@lru_cache(100)
def address(written: str) -> tuple[str, str]:
    """Of an IPv6 address without its brackets."""
    host, _, port = written.rpartition(":")
    return host.strip("[]"), port


class Started:
    """What the application says of its answer before the first byte (PEP 3333, "The start_response() Callable")."""

    __slots__ = ("headers", "status")

    def __call__(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        # Django begins a cookie by a space. Over HTTP/2 nothing may (RFC 9113 8.2.1), and Node leaves out what does.
        self.status, self.headers = int(status[:3]), [(name, value.strip()) for name, value in headers]


def answer(application: Application, environ: Environ, protocol: HTTPProtocol, body: bytes) -> None:
    environ["wsgi.input"] = BytesIO(body)
    started = Started()
    pieces = application(environ, started)
    try:
        content = b"".join(pieces)
        protocol.response_bytes(started.status, started.headers, content)
    finally:
        if close := getattr(pieces, "close", None):
            close()
