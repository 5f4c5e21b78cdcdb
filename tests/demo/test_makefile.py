from __future__ import annotations

import os
import re
import subprocess

from tests.demo.conftest import ROOT

WANTED = {"help", "run", "test", "lint", "fix", "bench", "docs", "screenshots", "demo-reset", "trust", "lock", "clean"}


def make(*words: str) -> subprocess.CompletedProcess[str]:
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(["make", "--no-print-directory", *words], cwd=ROOT, env=quiet, capture_output=True, text=True)


def test_make_alone_lists_every_target_with_a_line() -> None:
    listed = dict(re.findall(r"^  make (\S+) +(\S.*)$", make().stdout, re.MULTILINE))

    assert set(listed) == WANTED


def test_ci_runs_make_test_and_nothing_less() -> None:
    lines = (ROOT / ".ci/run").read_text().splitlines()

    assert lines[:2] == ["#!/usr/bin/env bash", "set -euo pipefail"]
    assert lines[-1] == "make test"
    assert os.access(ROOT / ".ci/run", os.X_OK)


def test_a_python_that_is_not_there_is_told() -> None:
    done = make("run", "PYTHON=no-such-python")

    assert done.returncode == 2
    assert done.stderr.startswith("Python 3.11 or newer is needed, and no-such-python was not found.")
