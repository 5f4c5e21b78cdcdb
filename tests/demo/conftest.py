from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from demo import settings
from demo.settings import Settings
from tests.gateway.parts import free_port

PARTS = ("PORTAL", "GATEWAY", "PLAYGROUND", "PHOTOS")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    ports = {f"APIM_{part}_PORT": str(free_port()) for part in PARTS}
    return ports | {"APIM_VAR": str(tmp_path / "var")}


@pytest.fixture
def read(environ: dict[str, str]) -> Callable[..., Settings]:
    """The demo's settings in a folder and on ports of their own; keywords are further variables."""
    return lambda **more: settings.read(environ | more)


@pytest.fixture
def said() -> list[str]:
    return []
