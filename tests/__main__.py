"""Everything that `make test` runs, counted together: `python -m tests`.

The portal's suite runs beside the others that need no browser; each one's output is shown when it ends.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tests import debian, postgres
from tests.gateway import rate_limit_service

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "test-results"
LONGEST = 1200  # seconds a suite may take
# Side by side the suites keep each other waiting: what is promised within two seconds gets longer here.
BUSY = {"APIM_TEST_SOON": "10"}
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


# A folder of tests that is new belongs to the portal until it is named here. Two processes, beside those of the lanes,
# which mostly wait (tests/lanes.py): of more at once each loses a third of its speed to the others' use of the caches.
PORTAL = Suite("portal", ("tests", *(f"--ignore={folder}" for folder in APART), "--processes=2"))
STRANGERS = (
    Suite("photos", ("tests/photos", "--ds=photos.settings")),
    Suite("playground", ("tests/playground", "--ds=playground.settings")),
    Suite("demo", ("tests/demo",)),
)
JOURNEYS = Suite("journeys", ("tests/journeys",))
# What depends on how a database locks, again on the one that locks rows.
POSTGRES = Suite(
    "postgres",
    (
        "tests/accounts/test_mails.py",
        "tests/keymanager/test_races.py",
        "tests/keymanager/test_back_channel.py",
        "tests/keymanager/test_approvals_races.py",
        "tests/keymanager/test_device_races.py",
        "tests/keymanager/test_dpop_races.py",
        "tests/keymanager/test_pushed_requests_races.py",
        "tests/keymanager/test_assertion_races.py",
        "tests/keymanager/test_authorization_code.py",
        "tests/store/test_races.py",
        "tests/apimanager/test_migrating.py",
        # And what no text of its may hold.
        "tests/store/test_publisher_rest.py",
    ),
)


def main() -> int:
    browser = find_browser()
    debian.install()
    rate_limit_service.prepare()
    lint = subprocess.run(["make", "--no-print-directory", "lint"], cwd=ROOT, check=False).returncode
    RESULTS.mkdir(exist_ok=True)
    began = time.monotonic()
    total = without_browser(browser)
    print(f"\nwithout the browser: {time.monotonic() - began:.0f} s", flush=True)
    total += run(JOURNEYS, browser)
    print(f"\nlinters: {'failed, see above' if lint else 'passed'}\n\n{total}", flush=True)
    return 1 if lint or total.failed else 0


def without_browser(browser: str) -> Count:
    """The portal, and beside it the other suites one after another."""
    with ThreadPoolExecutor(2) as sides, database() as address:
        portal = sides.submit(run, PORTAL, browser)
        others = sides.submit(run_others, browser, address)
        return portal.result() + others.result()


def run_others(browser: str, address: str) -> Count:
    """Each has a process, which works all the time."""
    total = run(POSTGRES, browser, APIM_DATABASE_URL=address) if address else Count(skipped=1)
    for suite in STRANGERS:
        total += run(suite, browser)
    return total


def find_browser() -> str:
    """First of all: a missing browser is to be told before anybody has waited for the rest."""
    command = [sys.executable, "-m", "demo.browser"]
    found = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if found.returncode != 0:
        sys.exit(found.returncode)
    return found.stdout.strip()


@contextmanager
def database() -> Iterator[str]:
    """The address of a PostgreSQL of our own; empty, and said aloud, where there can be none."""
    with ExitStack() as stack:
        try:
            address = stack.enter_context(postgres.cluster())
        except postgres.NoServerError as error:
            print(f"\n== postgres: skipped, {error}", flush=True)
            address = ""
        yield address


def run(suite: Suite, browser: str, **variables: str) -> Count:
    began, report = time.monotonic(), RESULTS / f"{suite.name}.xml"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "--quiet", f"--junit-xml={report}", *suite.words]
    # Many short processes are started: each would compile everything again without the bytecode on disk.
    environment = os.environ | {"CHROME": browser, "PYTHONDONTWRITEBYTECODE": ""} | BUSY | variables
    with (RESULTS / f"{suite.name}.log").open("w+") as output:
        with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output) as process:
            succeeded = ends_well(process)
        output.seek(0)
        said = output.read()
    count = read(report)
    if not succeeded and not count.failed:
        # No test ran, or pytest itself broke or hung: that is no success.
        count += Count(failed=1)
    headline = f"== {suite.name}: {count} in {time.monotonic() - began:.0f} s: pytest {' '.join(suite.words)}"
    print(f"\n{headline}\n{said}", flush=True)
    return count


def ends_well(process: subprocess.Popen[bytes]) -> bool:
    try:
        return process.wait(timeout=LONGEST) == 0
    except subprocess.TimeoutExpired:
        print(f"A suite was still running after {LONGEST} s and is ended.", flush=True)
        process.kill()
        return False


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
