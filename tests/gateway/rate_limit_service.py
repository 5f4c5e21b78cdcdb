"""The rate-limit service of the Envoy project and a Redis, where they can be had: built once into .cache."""

from __future__ import annotations

import http.client
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.gateway import parts
from tests.gateway.parts import Part

VERSION = "v1.4.1-0.20260122083618-3fb702589d36"
MODULE = "github.com/envoyproxy/ratelimit/src/service_cmd"
BUILDING = 600  # seconds


class NotHereError(Exception):
    """The text says what is missing."""


def program() -> Path:
    folder = parts.REPOSITORY / ".cache" / "ratelimit" / VERSION
    found = folder / "service_cmd"
    if found.exists():
        return found
    if not (go := shutil.which("go")):
        raise NotHereError("there is no Go here to build the rate-limit service with")
    print(f"Building {MODULE} once ...", flush=True)
    command = [go, "install", f"{MODULE}@{VERSION}"]
    done = subprocess.run(
        command, env={**os.environ, "GOBIN": str(folder)}, capture_output=True, text=True, timeout=BUILDING, check=False
    )
    if done.returncode != 0:
        raise NotHereError(f"the rate-limit service cannot be built: {done.stderr.strip()[-300:]}")
    return found


def prepare() -> None:
    """Before the tests, which would share the processors with the compiler for a minute. Says what stays away."""
    try:
        program()
    except NotHereError as error:
        print(f"Not here, so not tested: {error}.", flush=True)


def redis() -> str:
    if not (found := shutil.which("redis-server")):
        raise NotHereError("there is no redis-server here (Debian: apt install redis-server)")
    return found


@contextmanager
def serving(folder: Path, runtime: Path) -> Iterator[Part]:
    """The service, at its port. `runtime`: the folder that `manage.py write_ratelimit_config` writes. NotHereError."""
    service, server = str(program()), redis()
    socket = folder / "redis.sock"
    words = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(folder)]
    http_port, grpc_port, debug_port = (parts.free_port() for _ in range(3))
    settings = {
        "USE_STATSD": "false", "LOG_LEVEL": "warn", "REDIS_SOCKET_TYPE": "unix", "REDIS_URL": str(socket),
        "RUNTIME_ROOT": str(runtime), "RUNTIME_APPDIRECTORY": "config", "RUNTIME_WATCH_ROOT": "false",
        "RUNTIME_IGNOREDOTFILES": "true", "HOST": "127.0.0.1", "PORT": str(http_port), "GRPC_HOST": "127.0.0.1",
        "GRPC_PORT": str(grpc_port), "DEBUG_HOST": "127.0.0.1", "DEBUG_PORT": str(debug_port),
    }  # fmt: skip
    processes = [Part(folder, 0, [server, *words]), Part(folder, grpc_port, [service], settings)]
    try:
        processes[0].start(wait=False)
        parts.seconds_until(socket.exists)
        processes[1].start(wait=False)
        parts.seconds_until(lambda: is_healthy(http_port))
        yield processes[1]
    finally:
        for process in reversed(processes):
            process.end()


def is_healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/healthcheck")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
