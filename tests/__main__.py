"""Everything that `make test` runs, one after the other, counted together: `python -m tests`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "test-results"
APART = ("tests/photos", "tests/playground", "tests/demo", "tests/journeys")


@dataclass(frozen=True)
class Count:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


@dataclass(frozen=True)
class Suite:
    """One run of pytest. The photo service and the playground are Django projects of their own."""

    name: str
    words: tuple[str, ...]


# A folder of tests that is new belongs to the portal until it is named here.
SUITES = (
    Suite("portal", ("tests", *(f"--ignore={folder}" for folder in APART), "--numprocesses=2")),
    Suite("photos", ("tests/photos", "--ds=photos.settings")),
    Suite("playground", ("tests/playground", "--ds=playground.settings")),
    Suite("demo", ("tests/demo",)),
    Suite("journeys", ("tests/journeys",)),
)


def main() -> int:
    browser = find_browser()
    lint = subprocess.run(["make", "--no-print-directory", "lint"], cwd=ROOT, check=False).returncode
    RESULTS.mkdir(exist_ok=True)
    total = Count()
    for suite in SUITES:
        total += run(suite, browser)
    print(f"\nlinters: {'failed, see above' if lint else 'passed'}\n\n{total}", flush=True)
    return 1 if lint or total.failed else 0


def find_browser() -> str:
    """First of all: a missing browser is to be told before anybody has waited for the rest."""
    command = [sys.executable, "-m", "demo.browser"]
    found = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if found.returncode != 0:
        sys.exit(found.returncode)
    return found.stdout.strip()


def run(suite: Suite, browser: str) -> Count:
    print(f"\n== {suite.name}: pytest {' '.join(suite.words)}", flush=True)
    began, report = time.monotonic(), RESULTS / f"{suite.name}.xml"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "--quiet", f"--junit-xml={report}", *suite.words]
    code = subprocess.run(command, cwd=ROOT, env=os.environ | {"CHROME": browser}, check=False).returncode
    count = read(report)
    if code != 0 and not count.failed:
        # No test ran, or pytest itself broke: that is no success.
        count += Count(failed=1)
    print(f"== {suite.name}: {count} in {time.monotonic() - began:.0f} s", flush=True)
    return count


def read(report: Path) -> Count:
    if not report.exists():
        return Count()
    count = Count()
    for suite in ElementTree.parse(report).getroot().iter("testsuite"):
        tests, skipped = int(suite.get("tests", 0)), int(suite.get("skipped", 0))
        failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        count += Count(tests - failed - skipped, failed, skipped)
    return count


if __name__ == "__main__":
    sys.exit(main())
