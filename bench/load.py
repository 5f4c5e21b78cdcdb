"""The load: a process of its own on a core of its own. Reads an Order as JSON, prints a Result; ends by itself.

Closed loop: each worker sends its next step when the one before is answered. What counts is the processor time that
server and database used for a step, so how quick this is matters little.
"""

from __future__ import annotations

import json
import statistics
import sys
import threading
import time
from contextlib import ExitStack
from typing import TypedDict

from bench import processor
from bench.connection import Connection
from bench.steps import STEPS, Seed, Step, Worker

LONGEST = 15.0  # seconds, whatever is asked for
WARM = 0.4  # seconds


class Order(TypedDict):
    step: str
    port: int
    seed: Seed
    seconds: float
    workers: int
    sessions: list[int]
    trees: list[int]


class Result(TypedDict):
    steps: int
    cpu_ms: float
    cap_rps: float
    p50_ms: float


def run(order: Order) -> Result:
    step = STEPS[order["step"]]
    with ExitStack() as connections:
        workers = [
            Worker(connections.enter_context(Connection(order["port"])), order["seed"]) for _ in range(order["workers"])
        ]
        step.prepare(workers)
        together(workers, step, WARM)
        before = processor.seconds_of(order["sessions"], order["trees"])
        latencies = together(workers, step, min(order["seconds"], LONGEST))
        used = processor.seconds_of(order["sessions"], order["trees"]) - before
    cpu = max(used, processor.TICK) / len(latencies)
    return {
        "steps": len(latencies),
        "cpu_ms": cpu * 1000,
        "cap_rps": 1 / cpu,
        "p50_ms": statistics.median(latencies) * 1000,
    }


def together(workers: list[Worker], step: Step, seconds: float) -> list[float]:
    """How long each step took, in seconds; the first failure of any worker is raised."""
    latencies: list[float] = []
    failures: list[Exception] = []
    until = time.perf_counter() + seconds
    threads = [threading.Thread(target=repeat, args=(one, step, until, latencies, failures)) for one in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return latencies


def repeat(worker: Worker, step: Step, until: float, latencies: list[float], failures: list[Exception]) -> None:
    now = time.perf_counter()
    try:
        while now < until and not failures:
            begun = now
            step.run(worker)
            now = time.perf_counter()
            latencies.append(now - begun)
    except Exception as failure:  # noqa: BLE001  handed to the main thread, which raises it
        failures.append(failure)


if __name__ == "__main__":
    print(json.dumps(run(json.load(sys.stdin))))
