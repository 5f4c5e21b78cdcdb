"""The real parts these tests stand on: a portal on granian, an Envoy, and a backend that tells what reached it."""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import json
import os
import re
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PATIENCE = 60.0  # seconds that a part may take to start or end
# Seconds within which a change holds at every gateway. The whole run has four suites side by side on what may be two
# busy processors, and gives them longer (tests/__main__.py); a run of these alone holds what is promised.
SOON = float(os.environ.get("APIM_TEST_SOON", "2"))
REPOSITORY = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """Not one of those that the system gives to whoever calls: a part that is away for a while might find it taken. And
    nobody else's: two Envoys, or two granians, share a port without a word."""
    while True:
        port = 10_000 + secrets.randbelow(20_000)
        with socket.socket() as door, contextlib.suppress(OSError):
            door.bind(("127.0.0.1", port))
            if port not in chosen:
                # Held by this process until it ends, among all that run such tests.
                fcntl.lockf(ports_file(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
                chosen.add(port)
                return port


chosen: set[int] = set()


@cache
def ports_file() -> int:
    """One byte for each port."""
    return os.open(Path(tempfile.gettempdir()) / f"apim-test-ports-{os.getuid()}", os.O_CREAT | os.O_RDWR, 0o600)


def seconds_until(true: Callable[[], bool], patience: float = PATIENCE) -> float:
    """Waits until `true()`; returns how long that took, fails after `patience` seconds."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < patience, f"nothing happened in {patience} s"
        time.sleep(0.1)  # to ask a gateway costs 9 ms of a processor, all parts together
    return time.monotonic() - began


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def fault(self) -> tuple[int, int]:
        """HTTP status and fault code of an error the gateway itself answered."""
        assert self.headers["content-type"] == "application/json"
        assert {*self.json["fault"], "nextAccessTime"} == {"code", "message", "description", "nextAccessTime"}
        return self.status, self.json["fault"]["code"]


@dataclass
class Part:
    """A process of its own with a TLS door on localhost."""

    var: Path
    port: int
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        name = "agent" if "gateway.agent" in self.command else Path(self.command[0]).name
        return self.var / f"{name}-{self.port}.log"

    @property
    def calls(self) -> Path:
        """The call log of the Envoy that is called gateway."""
        return self.var / "gateway" / "calls" / "gateway.log"

    def start(self, wait: bool = True) -> None:
        with self.log.open("ab") as log:
            environment = {**os.environ, **self.environment}
            self.process = subprocess.Popen(
                self.command,
                cwd=REPOSITORY,
                env=environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        if wait:
            seconds_until(self.answers)

    def kill(self) -> None:
        """Ends it at once, with the workers it has started."""
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(PATIENCE)

    @property
    def is_over(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def end(self) -> None:
        """Asks it to end, and sees to it that nothing of it stays."""
        if self.process:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(5)
            self.kill()

    def answers(self) -> bool:
        assert self.process
        assert self.process.poll() is None, self.log.read_text()[-2000:]
        try:
            return self.call("GET", "/health").status == 200
        except OSError:
            return False

    def call(
        self,
        method: str,
        path: str,
        token: str = "",
        body: str | list[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        source: str = "",
    ) -> Reply:
        """One request on a connection of its own, its path sent as it is written, from the address `source`; a list is
        sent in chunks."""
        trusted = trust(self.var / "tls" / "ca.pem")
        connection = http.client.HTTPSConnection(
            "localhost", self.port, timeout=10, context=trusted, source_address=(source, 0) if source else None
        )
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            connection.request(method, path, body, {**bearer, **(headers or {})})
            response = connection.getresponse()
            fields = {key.lower(): value for key, value in response.getheaders()}
            return Reply(response.status, fields, response.read().decode())
        finally:
            connection.close()

    def get(self, path: str, token: str = "", **headers: str) -> Reply:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.call("GET", path, token, headers=names)


@cache
def trust(authority: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority))


def environment(var: Path, portal_port: int, gateway_port: int) -> dict[str, str]:
    return {
        "APIM_DEMO": "1",
        "APIM_VAR": str(var),
        "APIM_PORTAL_PORT": str(portal_port),
        "APIM_GATEWAY_PORT": str(gateway_port),
        "APIM_DATABASE_URL": f"sqlite:///{var / 'portal.sqlite3'}",
        "DJANGO_SETTINGS_MODULE": "tests.gateway.portal_settings",
    }


def portal(var: Path, port: int, gateway_port: int) -> Part:
    tls = var / "tls"
    options = ["--interface", "rsgi", "--host", "127.0.0.1", "--port", str(port), "--no-ws"]
    certificate = ["--ssl-certificate", str(tls / "localhost.pem"), "--ssl-keyfile", str(tls / "localhost-key.pem")]
    command = [binary("granian"), *options, *certificate, "apimanager.rsgi:application"]
    return Part(var, port, command, environment(var, port, gateway_port))


def agent(var: Path, file: str = "agent.json") -> Part:
    """It has no door for us; its name in the log is that of its file."""
    command = [sys.executable, "-m", "gateway.agent", str(var / "gateway" / file)]
    return Part(var, 0, command)


def gateway(var: Path, port: int) -> Part:
    command = [binary("envoy"), "-c", str(var / "gateway" / "envoy.json"), "--concurrency", "1", "-l", "warn"]
    return Part(var, port, [*command, "--disable-hot-restart", "--file-flush-interval-msec", "100"])


def proof(portal: Part) -> str:
    """What a gateway of this portal's shows, as it stands in Envoy's bootstrap file."""
    bootstrap = (portal.var / "gateway" / "envoy.json").read_text()
    return str(re.findall(r'"x-gateway-proof",\s*"value": "(\w+)"', bootstrap)[0])


def binary(name: str) -> str:
    return str(Path(sys.executable).parent / name)


def manage(part: Part, *arguments: str) -> str:
    """Runs manage.py with the portal's settings, without Django's checks, which cost; returns what it prints."""
    command = [sys.executable, "manage.py", *arguments, "--skip-checks"]
    done = subprocess.run(
        command, cwd=REPOSITORY, env={**os.environ, **part.environment}, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.path.startswith("/slow"):
            time.sleep(1.5)
        headers = {key.lower(): value for key, value in self.headers.items()}
        told = {"method": self.command, "path": self.path, "headers": headers, "body": body}
        content = json.dumps(told | {"backend": self.connection.getsockname()[1]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Set-Cookie", "__Host-store-session=of-the-backend; Secure; Path=/")
        self.send_header("Clear-Site-Data", '"cookies"')
        with contextlib.suppress(ConnectionError):  # the gateway does not wait for a slow answer
            self.end_headers()
            self.wfile.write(content if self.command != "HEAD" else b"")

    do_GET = do_HEAD = do_POST = do_DELETE = do_PUT = answer

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the reply tells everything."""


class Backend:
    """Answers every request with JSON: the method, path, headers and body that reached it."""

    def __init__(self, tls: Path | None = None, client_ca: Path | None = None) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
        self.server.daemon_threads = True
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls / "localhost.pem", tls / "localhost-key.pem")
            if client_ca:
                context.load_verify_locations(client_ca)
                context.verify_mode = ssl.CERT_REQUIRED
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.scheme = "https" if tls else "http"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    @property
    def port(self) -> int:
        return self.server.server_port

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def end(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(PATIENCE)
