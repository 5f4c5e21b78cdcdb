"""What the agent is told by its file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit


class NotUsableError(Exception):
    """The agent cannot start; the sentence says why."""


class Configuration(NamedTuple):
    """`socket`: where Envoy asks, or `port` on loopback. `key`: what an Envoy has to show. `portals`: asked in this
    order, under the name `host`. `envoy`: the program that can tell why it refuses something; "" for none."""

    socket: str
    port: int
    state: Path
    key: str
    portals: list[str]
    host: str
    ca_file: str
    envoy: str


def read(file: Path) -> Configuration:
    try:
        told = json.loads(file.read_text())
        if missing := [name for name in Configuration._fields if name not in told]:
            raise ValueError(f"{', '.join(missing)} missing. manage.py write_envoy_bootstrap writes it as agent.json.")
        found = Configuration(**{**told, "state": Path(told["state"])})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotUsableError(f"The agent's file {file} cannot be used: {error}") from error
    if not found.portals or not all(urlsplit(url).hostname for url in found.portals):
        raise NotUsableError(f"The agent's file {file} names no portal.")
    return found
