"""`python -m demo run`: from an empty folder to four parts that answer."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType

from demo import banner, certificates, ports, preparing, waiting
from demo.errors import DemoError
from demo.logs import Logs
from demo.parts import all_parts
from demo.processes import Parts
from demo.running import alone, keep_private
from demo.settings import ROOT, Settings


def run(settings: Settings) -> None:
    """Returns when somebody asked for the end; raises DemoError when a part failed."""
    signal.signal(signal.SIGTERM, interrupt)
    ports.check(settings.doors)
    with alone(settings.var):
        keep_private(settings.var, settings.logs)
        for sentence in certificates.ensure(settings):
            say(sentence)
        say("Preparing the databases ...")
        preparing.run(preparing.jobs(settings), settings.logs, say)
        say("Starting the parts ...")
        serve(settings)
    say("Everything has ended. The data is kept; `make demo-reset` forgets it.")


def serve(settings: Settings) -> None:
    logs = Logs(settings.logs, verbose=settings.verbose)
    missing: list[str] = []
    parts = Parts(logs, attendant(settings, missing))
    for part in all_parts(settings):
        parts.add_process(part.name, f"exec {part.command}", env=part.environment, cwd=str(ROOT))
    parts.run()
    logs.close()
    if parts.asked_to_end:
        return
    if parts.fallen:
        raise DemoError(f"The {parts.fallen} has ended, so everything was stopped. {logs.tail(parts.fallen)}")
    seconds = f"{waiting.PATIENCE_SECONDS:.0f} seconds"
    raise DemoError("\n".join(f"The {name} did not answer within {seconds}. {logs.tail(name)}" for name in missing))


def attendant(settings: Settings, missing: list[str]) -> Callable[[Parts], None]:
    """Waits for the parts and prints the banner; fills `missing` with the parts that never answered."""

    def attend(parts: Parts) -> None:
        late = waiting.until_healthy(settings.doors, settings.tls / "ca.pem", given_up=parts.ending, say=say)
        missing.extend(door.part for door in late)
        if late:
            parts.end()
        else:
            say(banner.text(settings))

    return attend


def say(sentence: str) -> None:
    print(sentence, flush=True)


def interrupt(number: int, frame: FrameType | None) -> None:
    """Before the parts run, SIGTERM ends the preparation as Ctrl-C does."""
    raise KeyboardInterrupt
