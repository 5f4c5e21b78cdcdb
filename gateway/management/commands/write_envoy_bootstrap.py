from __future__ import annotations

import json
import os
from argparse import ArgumentParser
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from gateway import agents, bootstrap, node_key, usage_log


class Command(BaseCommand):
    help = "Writes the file that an Envoy is started with (envoy -c FILE), and beside it agent.json for the agent."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--output", type=Path, default=Path(settings.GATEWAY_STATE) / "envoy.json")
        parser.add_argument("--listen", type=ip_address, default="127.0.0.1", help="The address to listen on.")
        parser.add_argument("--node-id", default="gateway", help="A name of its own for each Envoy.")

    def handle(self, *, output: Path, listen: IPv4Address | IPv6Address, node_id: str, **options: Any) -> None:
        tls = settings.TLS_CA_FILE.parent
        for name in ("ca.pem", "localhost.pem", "localhost-key.pem"):
            if not (tls / name).exists():
                raise CommandError(f"{tls / name} is missing: make the certificates first.")
        if not agents.is_reachable():
            raise CommandError(f"{agents.socket_path()} is too long for a socket file: set APIM_GATEWAY_AGENT_PORT.")
        admin_port = settings.GATEWAY_ADMIN_PORT
        usage_log.path(node_id).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        door = bootstrap.Door(node_id, str(listen), settings.GATEWAY_PORT, admin_port)
        write_private(output, json.dumps(bootstrap.configuration(door, node_key.ensure()), indent=1))
        write_private(output.with_name("agent.json"), json.dumps(agents.configuration(), indent=1))
        self.stdout.write(str(output))


def write_private(path: Path, content: str) -> None:
    """Replaces a file in one step; it holds the node key, so only its owner may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(content)
    scratch.replace(path)
