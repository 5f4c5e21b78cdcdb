"""The gateway against the same Envoy as a bare proxy: `make bench BENCH=--gateway`.

One core for the gateway that is measured, one for load, backend and portal. Capacity is calls by the processor time
that Envoy used, so other work on the machine shows less. wrk sends the load (Debian: the package wrk).
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import processor, proxies
from tests.gateway import certificates, parts
from tests.gateway.parts import Part

BARE, HARDENED = "bare proxy", "bare proxy with the same limits"
LEAST = "bare proxy with jwt_authn, rbac, local_ratelimit"
GOALS = {"JWT, subscription and throttling": 0.8, "opaque, remembered": 0.7}


class NoLoadError(Exception):
    """There is nothing to send the load with."""


class FailedError(Exception):
    """A part did not start, or a call went wrong: then a figure would mean nothing."""


@dataclass(frozen=True)
class Aim:
    """A path behind a door, and what a call to it carries."""

    door: Part
    path: str
    headers: Mapping[str, str]


def compare(*, seconds: float, repeat: int, workers: int, size: int) -> str:
    """Every aim in turn, several times over; a table of medians. `size`: bytes of an answer. Raises NoLoadError where
    wrk is missing."""
    if shutil.which("wrk") is None:
        raise NoLoadError("wrk is not installed (Debian: apt-get install wrk)")
    results: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="apim-bench-") as folder, aims(Path(folder), size) as started:
        for _ in range(repeat):
            for name, aim in started.items():
                results[name].append(capacity(aim, seconds=seconds, workers=workers))
                print(f"{name}: {results[name][-1]:,.0f}/s a core", file=sys.stderr, flush=True)
    return table({name: statistics.median(rows) for name, rows in results.items()})


@contextmanager
def aims(var: Path, size: int) -> Iterator[dict[str, Aim]]:
    """The parts, started and answering; ended however the block is left."""
    certificates.write(var / "tls")
    backend = parts.gateway(var, parts.free_port())
    backend.command[2] = str(proxies.backend(var, backend.port, size))
    bare = parts.gateway(var, parts.free_port())
    bare.command[2] = str(proxies.bare(var, bare.port, backend.port))
    gateway = parts.gateway(var, parts.free_port())
    portal = parts.portal(var, parts.free_port(), gateway.port)
    agent = parts.agent(var)
    portal.environment["DJANGO_SETTINGS_MODULE"] = "apimanager.settings"
    seed = seeded(portal, backend)
    parts.manage(portal, "write_envoy_bootstrap")
    hardened = parts.gateway(var, parts.free_port())
    hardened.command[2] = str(proxies.hardened(var, hardened.port, backend.port))
    with ExitStack() as stack:
        for part, core in ((backend, 1), (portal, 1), (agent, 1), (bare, 0), (hardened, 0), (gateway, 0)):
            begin(part, core, stack)
        for door in (bare, hardened, gateway):
            parts.seconds_until(door.answers)
        token = {kind: {"Authorization": f"Bearer {seed[kind]}"} for kind in ("jwt", "opaque")}
        path = seed["path"]
        parts.seconds_until(lambda: gateway.get(path, seed["jwt"]).status == 200)
        least = parts.gateway(var, parts.free_port())
        keys = portal.get("/oauth2/jwks").text
        least.command[2] = str(proxies.least(var, least.port, backend.port, api=seed["api"], keys=keys))
        begin(least, 0, stack)
        parts.seconds_until(least.answers)
        yield {
            BARE: Aim(bare, path, token["jwt"]),
            HARDENED: Aim(hardened, path, token["jwt"]),
            LEAST: Aim(least, path, token["jwt"]),
            "JWT, subscription and throttling": Aim(gateway, path, token["jwt"]),
            "opaque, remembered": Aim(gateway, path, token["opaque"]),
        }


def begin(part: Part, core: int, stack: ExitStack) -> None:
    stack.callback(part.end)
    part.start(wait=False)
    os.sched_setaffinity(pid(part), processor.cores()[core])


def seeded(portal: Part, backend: Part) -> dict[str, str]:
    command = [sys.executable, "-m", "bench.gateway_seed", f"http://127.0.0.1:{backend.port}"]
    environment = os.environ | portal.environment
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    seed: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return seed


def capacity(aim: Aim, *, seconds: float, workers: int) -> float:
    """Calls that one core of Envoy does in a second. Every one of them has to succeed."""
    session, report = [pid(aim.door)], "done = function(s, l, r) io.write(s.requests, ' ', s.errors.status) end"
    script = aim.door.var / "wrk.lua"
    script.write_text(report)
    headers = [word for name, value in aim.headers.items() for word in ("-H", f"{name}: {value}")]
    url = f"https://127.0.0.1:{aim.door.port}{aim.path}"
    command = ["wrk", "-t1", f"-c{workers}", f"-d{seconds:.0f}s", *headers, "-s", str(script), url]
    before = processor.seconds_of(session, [])
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=seconds + 30,
        preexec_fn=lambda: os.sched_setaffinity(0, processor.cores()[1]),
    )
    used = processor.seconds_of(session, []) - before
    calls, failed = map(int, done.stdout.splitlines()[-1].split())
    if failed or not calls:
        raise FailedError(f"{failed} of {calls} calls to {url} failed")
    return calls / used


def pid(part: Part) -> int:
    if part.process is None:
        raise FailedError(f"{part.command} did not start: {part.log.read_text()[-2000:]}")
    return part.process.pid


def table(medians: Mapping[str, float]) -> str:
    lines = [f"| call | calls/s a core | of the {BARE} | of the {HARDENED} | goal | |", "|---|---:|---:|---:|---:|---|"]
    for name, number in medians.items():
        ratio = number / medians[BARE]
        goal = GOALS.get(name)
        verdict = ("met" if ratio >= goal else "**missed**") if goal else ""
        numbers = f"{number:,.0f} | {ratio:.2f} | {number / medians[HARDENED]:.2f}"
        lines.append(f"| {name} | {numbers} | {f'>= {goal}' if goal else ''} | {verdict} |")
    return "\n".join(lines)
