"""The benchmark's parts fit together; how quick anything is, is no test's business."""

from __future__ import annotations

import argparse
import shutil
from contextlib import ExitStack
from pathlib import Path

import pytest

from bench import __main__ as bench, peers, table

ORDINARY = argparse.Namespace(seconds=0.1, workers=1, repeat=1)


@pytest.mark.parametrize("steps", [["code", "check"]])
def test_a_step_of_ours_runs(tmp_path: Path, migrated_file: Path, steps: list[str]) -> None:
    shutil.copyfile(migrated_file, tmp_path / "ours.sqlite3")
    peer = peers.ours(tmp_path, f"sqlite:///{tmp_path}/ours.sqlite3")

    with ExitStack() as stack:
        measured = bench.measure(bench.start([peer], tmp_path, stack), ORDINARY, steps, [])

    assert all(measured.capacity(step, "ours") > 0 for step in steps)


def test_the_table_says_what_was_met() -> None:
    measured = table.Measured()
    for peer, capacity in {"ours": 900.0, "toolkit": 100.0}.items():
        measured.results["cc", peer].append({"steps": 1, "cpu_ms": 1, "cap_rps": capacity, "p50_ms": 1})

    assert "| 9.0x | >= 4x | met |" in table.capacities(measured, ["cc"], "sqlite")


@pytest.mark.parametrize(("after", "verdict"), [(1.2, "met"), (1.4, "**missed**")])
def test_growing_is_compared_by_latency(after: float, verdict: str) -> None:
    measured = table.Measured()
    for peer, latency in {"few": 1.0, "many": after}.items():
        measured.results["userinfo", peer].append({"steps": 1, "cpu_ms": 1, "cap_rps": 1, "p50_ms": latency})

    assert verdict in table.latencies(measured, ["userinfo"], "few", "many")
