"""How a gateway bears a thousand APIs and ten thousand applications: `python -m bench.many_apis`.

Tells what the routes weigh, what they cost Envoy in memory, and how long a new API takes until it is served.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from bench import gateway, proxies
from tests.gateway import certificates, parts
from tests.gateway.parts import Part

APIS, RESOURCES, APPLICATIONS, CHANGES = 1000, 10, 10_000, 5
PATIENCE = 120.0


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="apim-bench-") as folder, started(Path(folder)) as (portal, door, seed):
        before = resident(door)
        told = publish(portal, seed["backend"], "--many")
        parts.seconds_until(lambda: served(door, told[-1]), PATIENCE)
        after = resident(door)
        seconds = []
        for number in range(CHANGES):
            [path] = publish(portal, seed["backend"], f"--one={number}")
            seconds.append(parts.seconds_until(partial(served, door, path), PATIENCE))
        kept = max(door.var.rglob("routes*"), key=lambda file: file.stat().st_size)
        print(f"{APIS} APIs of {RESOURCES} resources, {APPLICATIONS} applications")
        changed = resident(door) - before
        print(f"routes: {kept.stat().st_size / 1e6:.1f} MB")
        print(f"Envoy: {after - before:.0f} MiB more, {changed:.0f} after {CHANGES} changes ({before:.0f} before)")
        print(
            f"a new API is served after {statistics.median(seconds):.1f} s ({min(seconds):.1f} to {max(seconds):.1f})"
        )


@contextmanager
def started(var: Path) -> Iterator[tuple[Part, Part, dict[str, str]]]:
    certificates.write(var / "tls")
    backend = parts.gateway(var, parts.free_port())
    backend.command[2] = str(proxies.backend(var, backend.port))
    door = parts.gateway(var, parts.free_port())
    portal, agent = parts.portal(var, parts.free_port(), door.port), parts.agent(var)
    portal.environment["DJANGO_SETTINGS_MODULE"] = "apimanager.settings"
    seed = gateway.seeded(portal, backend) | {"backend": f"http://127.0.0.1:{backend.port}"}
    parts.manage(portal, "write_envoy_bootstrap")
    with ExitStack() as stack:
        for part in (backend, portal, agent, door):
            stack.callback(part.end)
            part.start(wait=False)
        parts.seconds_until(door.answers, PATIENCE)
        parts.seconds_until(lambda: door.get(seed["path"], seed["jwt"]).status == 200, PATIENCE)
        yield portal, door, seed


def served(door: Part, path: str) -> bool:
    """Its resource asks for a token, which nothing else does at that address."""
    return door.get(f"{path}/things/0").status == 401


def resident(part: Part) -> float:
    """MiB."""
    status = Path(f"/proc/{gateway.pid(part)}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def publish(portal: Part, backend: str, *options: str) -> list[str]:
    """Their paths. In a process of its own, as another portal process would."""
    command = [sys.executable, "-m", "bench.many_apis", "seed", backend, *options]
    environment = os.environ | portal.environment
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    paths: list[str] = json.loads(done.stdout.splitlines()[-1])
    return paths


def seed(backend: str, option: str) -> None:
    import django

    django.setup()
    from django.db import transaction

    from accounts.models import User
    from store import publishing
    from store.documents import Document
    from store.models import Application, ThrottlingPolicy

    alice = User.objects.get(username="alice")
    numbers = range(APIS) if option == "--many" else [APIS + int(option.partition("=")[2])]
    if option == "--many":
        quota = ThrottlingPolicy.objects.get(level="application", name="Bench")
        rows = [Application(owner=alice, name=f"Many {number}", policy=quota) for number in range(APPLICATIONS)]
        Application.objects.bulk_create(rows, batch_size=500)
    with transaction.atomic():
        described = [
            publishing.Description(
                name=f"Many{number}", context=f"/many{number}", version="1.0", production_endpoints=[backend]
            )
            for number in numbers
        ]
        for one in described:
            publishing.publish(provider=alice, document=Document(definition(), {}), description=one)
    print(json.dumps([f"{one.context}/{one.version}" for one in described]))


def definition() -> dict[str, object]:
    get = {"get": {"responses": {"200": {"description": "All of them."}}}}
    paths = {f"/things/{number}": get for number in range(RESOURCES)}
    return {"openapi": "3.0.3", "info": {"title": "Many", "version": "1.0"}, "paths": paths}


if __name__ == "__main__":
    if sys.argv[1:2] == ["seed"]:
        seed(*sys.argv[2:])
    else:
        main()
