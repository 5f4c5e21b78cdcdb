"""What has to be done before the parts can start: databases, demo data, Envoy's bootstrap. All parts at once."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from demo.errors import DemoError
from demo.settings import ROOT, Settings, photos_environment, playground_environment, portal_environment

TAIL = 20


@dataclass(frozen=True)
class Job:
    name: str
    command: list[str]
    environment: dict[str, str]


def jobs(settings: Settings) -> list[Job]:
    portal = (
        "migrate --no-input",
        "load_demo",
        f"write_envoy_bootstrap --listen {settings.gateway.address}",
    )
    python = [sys.executable, "-m"]
    return [
        Job("portal", [*python, "demo.commands", "apimanager.settings", *portal], portal_environment(settings)),
        Job("playground", [*python, "playground", "migrate", "--no-input"], playground_environment(settings)),
        Job("photos", [*python, "photos", "migrate", "--no-input"], photos_environment(settings)),
    ]


def run(jobs: Iterable[Job], logs: Path, say: Callable[[str], None]) -> None:
    """Runs the jobs side by side. Raises DemoError with the end of the output of the first that failed."""
    logs.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with ExitStack() as stack:
        waiting = [(job, start(job, logs, stack)) for job in jobs]
        for job, process in waiting:
            if process.wait() != 0:
                raise DemoError(failure(job, log_file(job, logs)))
            say(f"  {job.name} is prepared ({time.monotonic() - began:.1f} s)")


def start(job: Job, logs: Path, stack: ExitStack) -> subprocess.Popen[bytes]:
    output = stack.enter_context(log_file(job, logs).open("wb"))
    process = subprocess.Popen(
        job.command, cwd=ROOT, env=job.environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
    )
    stack.callback(end, process)
    return process


def end(process: subprocess.Popen[bytes]) -> None:
    """Whatever stops the preparation, nothing of it goes on in the background."""
    if process.poll() is None:
        process.terminate()
        process.wait()


def log_file(job: Job, logs: Path) -> Path:
    return logs / f"prepare-{job.name}.log"


def failure(job: Job, log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-TAIL:]
    return "\n".join([f"The {job.name} could not be prepared. The end of {log}:", *(f"  {line}" for line in lines)])
