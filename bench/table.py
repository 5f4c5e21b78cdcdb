"""Medians and ratios as markdown."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.load import Result
from bench.steps import STEPS

HEADER = """
| step | {0}: cap/s | ms CPU | {1}: cap/s | ms CPU | ratio | goal | |
|---|---:|---:|---:|---:|---:|---:|---|"""
LATENCIES = """
| step | {0}: median ms | {1}: median ms | ratio | goal | |
|---|---:|---:|---:|---:|---|"""
LATENCY_GOAL = 1.3


@dataclass
class Measured:
    """Results by step and peer, a list each: one a repeat."""

    results: dict[tuple[str, str], list[Result]] = field(default_factory=lambda: defaultdict(list))

    def capacity(self, step: str, peer: str) -> float:
        return statistics.median(result["cap_rps"] for result in self.results[step, peer])

    def ratio(self, step: str, mine: str, theirs: str) -> float:
        """Of the turns, each compared with the one right after it: what the machine does besides meets both."""
        pairs = zip(self.results[step, mine], self.results[step, theirs], strict=True)
        return statistics.median(one["cap_rps"] / other["cap_rps"] for one, other in pairs)

    def latency(self, step: str, peer: str) -> float:
        return statistics.median(result["p50_ms"] for result in self.results[step, peer])


def capacities(measured: Measured, steps: Sequence[str], kind: str) -> str:
    """Ours against the toolkit: steps that one core, server and database together, does in a second."""
    lines = [HEADER.format("ours", "toolkit")]
    for step in steps:
        mine, theirs = measured.capacity(step, "ours"), measured.capacity(step, "toolkit")
        ratio, goal = measured.ratio(step, "ours", "toolkit"), STEPS[step].goals[kind]
        verdict = "met" if ratio >= goal else "**missed**"
        numbers = f"{mine:,.0f} | {1000 / mine:.2f} | {theirs:,.0f} | {1000 / theirs:.2f} | {ratio:.1f}x"
        lines.append(f"| {STEPS[step].title} | {numbers} | >= {goal:g}x | {verdict} |")
    return "\n".join(lines)


def latencies(measured: Measured, steps: Sequence[str], few: str, many: str) -> str:
    """The same with many tokens as with few: what a growing table costs."""
    lines = [LATENCIES.format(few, many)]
    for step in steps:
        before, after = measured.latency(step, few), measured.latency(step, many)
        verdict = "met" if after / before <= LATENCY_GOAL else "**missed**"
        numbers = f"{before:.2f} | {after:.2f} | {after / before:.2f}x"
        lines.append(f"| {STEPS[step].title} | {numbers} | <= {LATENCY_GOAL}x | {verdict} |")
    return "\n".join(lines)
