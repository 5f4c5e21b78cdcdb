"""Filters that remember what the portal has answered: scripts, because none of Envoy 1.40's keeps what it was told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

Config = dict[str, Any]

FOLDER = Path(__file__).parent
LUA = "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua"


def script(name: str) -> Config:
    """The source of that name, as a DataSource, with the memory it uses before it."""
    return {"inline_string": (FOLDER / "two_halves.lua").read_text() + (FOLDER / name).read_text()}


def filter_of(**sources: Config) -> Config:
    """Routes are not chosen by the headers that these scripts put."""
    return {"@type": LUA, **sources, "clear_route_cache": False}
