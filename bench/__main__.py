"""`python -m bench`: starts the peers beside each other, loads them in turn, prints a table, ends them."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bench import gateway, peers, processor, proxies, table
from bench.databases import KINDS
from bench.load import Order, Result
from bench.peers import Peer, Running
from bench.steps import STEPS
from tests.postgres import NoServerError

GROWING = ("refresh", "code", "introspect", "userinfo")
FEW, MANY = 1_000, 1_000_000
LOAD_TIMEOUT = 60.0  # seconds
GATEWAY_WORKERS = 32


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--database", choices=[*KINDS, "both"], default="both")
    parser.add_argument("--steps", default=",".join(STEPS), help="of " + ",".join(STEPS))
    parser.add_argument("--seconds", type=float, default=0.8, help="that one run lasts (at most 15)")
    parser.add_argument("--repeat", type=int, default=7, help="runs of each step and peer, taken in turn (at most 10)")
    # So many that the server never waits: waking up, it would find the processor's caches full of others' things.
    parser.add_argument("--workers", type=int, default=16, help="connections that ask at the same time (at most 32)")
    parser.add_argument("--rows", action="store_true", help=f"{FEW:,} against {MANY:,} tokens of ours")
    parser.add_argument("--gateway", action="store_true", help="the gateway against a bare Envoy")
    parser.add_argument("--size", type=int, default=3, help="bytes that a backend of the gateway answers")
    chosen = parser.parse_args()
    chosen.steps = [name for name in STEPS if name in chosen.steps.split(",")]
    chosen.size = min(chosen.size, proxies.LONGEST)
    chosen.repeat, chosen.workers = min(chosen.repeat, 10), min(chosen.workers, 32)
    return chosen


def main() -> None:
    chosen = arguments()
    # Ends as Ctrl-C does: what was started is ended first.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if chosen.gateway:
        compare_gateway(chosen)
        return
    compare = compare_rows if chosen.rows else compare_peers
    for kind in KINDS if chosen.database == "both" else [chosen.database]:
        try:
            compare(chosen, kind)
        except NoServerError as reason:
            print(f"\n{kind}: left out, {reason}.")


def compare_peers(chosen: argparse.Namespace, kind: str) -> None:
    with tempfile.TemporaryDirectory(prefix="apim-bench-") as path, ExitStack() as stack:
        folder = Path(path)
        address, trees = stack.enter_context(KINDS[kind](folder))
        both = [peers.ours(folder, address("ours")), peers.toolkit(rsa_key(folder), address("toolkit"))]
        started = start(both, folder, stack)
        measured = measure(started, chosen, chosen.steps, trees)
    print(f"\n{kind}, {described(chosen)}\n{table.capacities(measured, chosen.steps, kind)}", flush=True)


def compare_gateway(chosen: argparse.Namespace) -> None:
    try:
        measured = gateway.compare(
            seconds=chosen.seconds, repeat=chosen.repeat, workers=GATEWAY_WORKERS, size=chosen.size
        )
    except gateway.NoLoadError as reason:
        sys.exit(f"The gateway cannot be loaded: {reason}.")
    chosen.workers = GATEWAY_WORKERS
    print(f"\ngateway, {described(chosen)}\n{measured}", flush=True)


def compare_rows(chosen: argparse.Namespace, kind: str) -> None:
    """One request at a time: this is about how long each takes, not about how many there can be."""
    chosen.workers = 1
    names = {count: f"{count:,} tokens" for count in (FEW, MANY)}
    steps = [step for step in chosen.steps if step in GROWING]
    with tempfile.TemporaryDirectory(prefix="apim-bench-") as path, ExitStack() as stack:
        folder = Path(path)
        address, trees = stack.enter_context(KINDS[kind](folder))
        both = [peers.ours(folder, address(f"{n}"), name=names[n], tokens=n) for n in names]
        measured = measure(start(both, folder, stack), chosen, steps, trees)
    print(f"\n{kind}, {described(chosen)}\n{table.latencies(measured, steps, *names.values())}")


def start(both: Sequence[Peer], folder: Path, stack: ExitStack) -> list[Running]:
    return [stack.enter_context(peers.running(peer, folder / f"{number}.log")) for number, peer in enumerate(both)]


def measure(
    started: Sequence[Running], chosen: argparse.Namespace, steps: Sequence[str], trees: list[int]
) -> table.Measured:
    """In turn and several times over, so that what else the machine does meets every peer."""
    measured = table.Measured()
    for _ in range(chosen.repeat):
        for step in steps:
            for one in started:
                result = load(one, step, chosen, trees)
                measured.results[step, one.peer.name].append(result)
                told = f"{result['cap_rps']:,.0f}/s a core, {result['p50_ms']:.2f} ms"
                print(f"{step} {one.peer.name}: {told}", file=sys.stderr, flush=True)
    return measured


def load(one: Running, step: str, chosen: argparse.Namespace, trees: list[int]) -> Result:
    order: Order = {
        "step": step,
        "port": one.port,
        "seed": one.seed,
        "seconds": chosen.seconds,
        "workers": chosen.workers,
        "sessions": [one.session],
        "trees": trees,
    }
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=json.dumps(order),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=LOAD_TIMEOUT,
        preexec_fn=lambda: os.sched_setaffinity(0, processor.cores()[1]),
    )
    result: Result = json.loads(done.stdout)
    return result


def rsa_key(folder: Path) -> Path:
    """The toolkit signs ID tokens with it."""
    key = rsa.generate_private_key(65537, 2048)
    path = folder / "rsa.pem"
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(key.private_bytes(*form))
    return path


def described(chosen: argparse.Namespace) -> str:
    runs = f"{chosen.repeat} runs of {chosen.seconds:g} s each, {chosen.workers} connections, medians"
    return f"{runs}, {time.strftime('%Y-%m-%d')}"


if __name__ == "__main__":
    main()
