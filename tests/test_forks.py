"""The processes of a run (forks.py): a small run of pytest's own, its tests in three files."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests import lanes

ROOT = Path(__file__).resolve().parents[1]
PLUGINS = ("django", "randomly", "playwright", "cacheprovider")
CONFTEST = "from tests.conftest import pytest_addoption, pytest_runtestloop\n"
QUIET = """
import os, pytest
@pytest.mark.parametrize("number", range(30))
def test_good(number, tmp_path):
    (tmp_path / "mine").write_text("")
    os.system(f"echo printed {os.getpid()}")
"""
FAILING = """
import os, pytest
@pytest.fixture(scope="module")
def part(request):
    yield
    with open(os.environ["ENDED"], "a") as ended:
        ended.write("part ended\\n")
def test_fails(part):
    os.system("echo this failed")
    assert False
def test_skipped(part):
    pytest.skip("not today")
"""
DYING = """
import os
def test_before(): pass
def test_dies(): os.kill(os.getpid(), 9)
def test_after(): pass
"""


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text(CONFTEST)
    for name, source in (("quiet", QUIET), ("failing", FAILING), ("dying", DYING)):
        (folder / f"test_{name}.py").write_text(source)
    command = [sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", "--processes=2", f"--junit-xml={folder}/j.xml"]
    without = [word for name in PLUGINS for word in ("-p", f"no:{name}")]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "ENDED": str(folder / "ended")}
    return subprocess.run(
        [*command, *without, "--rootdir", str(folder), *words, str(folder)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("forks")
    return folder, run(folder)


def test_every_test_is_counted_once_and_the_one_that_ended_its_process_has_failed(
    ran: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, done = ran
    tests = [*ElementTree.parse(folder / "j.xml").getroot().iter("testcase")]

    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout
    assert "2 failed, 32 passed, 1 skipped" in done.stdout
    assert len({(test.get("classname"), test.get("name")) for test in tests}) == len(tests) == 35
    assert {str(test.get("name")) for test in tests if test.find("failure") is not None} == {"test_fails", "test_dies"}
    assert "The process of this test ended with -9." in done.stdout


def test_what_is_printed_is_shown_with_its_test_and_nowhere_else(
    ran: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    assert re.findall(r"^(?:this|printed).*", ran[1].stdout, re.MULTILINE) == ["this failed"]


def test_fixtures_end_with_what_needed_them(ran: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    assert (ran[0] / "ended").read_text() == "part ended\n"


def test_a_run_that_is_to_stop_at_the_first_failure_ends_its_parts_and_stops(tmp_path: Path) -> None:
    done = run(tmp_path, "--exitfirst", "--deselect", "test_dying.py")

    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout
    assert "stopping after 1 failures" in done.stdout
    assert (tmp_path / "ended").read_text() == "part ended\n"


def test_lanes_are_made_of_files_that_exist() -> None:
    named = [*lanes.IN_PROCESS, *(name for names in lanes.LANES for name in names)]

    assert len(set(named)) == len(named)
    assert [name for name in named if not (ROOT / lanes.GATEWAY / f"test_{name}.py").exists()] == []


def test_those_that_leave_an_empty_database_stay_behind_those_that_need_it() -> None:
    ordered = ["tests/store/test_a.py::one", "tests/gateway/test_calls.py::one", "tests/store/test_a.py::two"]

    found, pieces = lanes.divided([*ordered, "tests/b/test_b.py::one", "tests/store/test_a.py::empties"])

    assert (found, pieces) == ([[1]], [[0], [2], [3], [4]])
