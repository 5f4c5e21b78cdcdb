from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from demo import settings
from demo.settings import Settings

PARTS = ("PORTAL", "GATEWAY", "PLAYGROUND", "PHOTOS")
ROOT = Path(__file__).resolve().parents[2]


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    ports = {f"APIM_{part}_PORT": str(port) for part, port in zip(PARTS, free_ports(4), strict=True)}
    return ports | {"APIM_VAR": str(tmp_path / "var")}


@pytest.fixture
def read(environ: dict[str, str]) -> Callable[..., Settings]:
    """The demo's settings in a folder and on ports of their own; keywords are further variables."""
    return lambda **more: settings.read(environ | more)


@pytest.fixture
def said() -> list[str]:
    return []
