"""The gateways that docs/gateways has a file for, started with that file."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from tests import debian

DOCUMENTS = Path(__file__).resolve().parents[1] / "docs/gateways"


class Recipe(NamedTuple):
    """`command`: as the file says it is started, with its folder as {0}."""

    files: tuple[str, ...]
    command: tuple[str, ...]


RECIPES = {
    "nginx": Recipe(("nginx.conf",), ("nginx", "-p", "{0}", "-c", "{0}/nginx.conf")),
    "haproxy": Recipe(("haproxy.cfg", "haproxy-check.lua"), ("haproxy", "-db", "-f", "{0}/haproxy.cfg")),
    "caddy": Recipe(("Caddyfile",), ("caddy", "run", "--config", "{0}/Caddyfile", "--adapter", "caddyfile")),
    "traefik": Recipe(("traefik.yml", "traefik-dynamic.yml"), ("traefik", "--configFile={0}/traefik.yml")),
}


def write(name: str, folder: Path, changes: dict[str, str]) -> list[str]:
    """The recipe's files in `folder`, with other addresses than they have; returns the command."""
    folder.mkdir()
    for file in RECIPES[name].files:
        text = (DOCUMENTS / file).read_text()
        for old, new in changes.items():
            text = text.replace(old, new)
        (folder / file).write_text(text)
    command = [word.format(folder) for word in RECIPES[name].command]
    return [str(debian.program(name)), *command[1:]]
