from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from demo import preparing
from demo.errors import DemoError
from demo.preparing import Job
from demo.settings import Settings


def job(name: str, code: str) -> Job:
    return Job(name, [sys.executable, "-c", code], dict(os.environ))


def test_the_jobs_run_side_by_side(tmp_path: Path, said: list[str]) -> None:
    # Each waits for the other's file.
    code = "import pathlib, time\npathlib.Path({0!r}).touch()\nwhile not pathlib.Path({1!r}).exists(): time.sleep(.01)"
    one, two = str(tmp_path / "one"), str(tmp_path / "two")

    preparing.run([job("one", code.format(one, two)), job("two", code.format(two, one))], tmp_path / "log", said.append)

    assert [line.split(" (")[0] for line in said] == ["  one is prepared", "  two is prepared"]


def test_a_job_that_fails_shows_its_last_lines(tmp_path: Path, said: list[str]) -> None:
    with pytest.raises(DemoError) as failed:
        preparing.run([job("photos", "print('first'); raise SystemExit('no disk')")], tmp_path, said.append)

    assert str(failed.value).splitlines() == [
        f"The photos could not be prepared. The end of {tmp_path / 'prepare-photos.log'}:",
        "  first",
        "  no disk",
    ]


def test_nothing_goes_on_after_a_failure(tmp_path: Path, said: list[str]) -> None:
    late = tmp_path / "late"
    slow = job("slow", f"import pathlib, time; time.sleep(10); pathlib.Path({str(late)!r}).touch()")

    with pytest.raises(DemoError):
        preparing.run([job("broken", "raise SystemExit(1)"), slow], tmp_path, said.append)

    assert not late.exists()


def test_every_part_with_a_database_is_prepared(read: Callable[..., Settings]) -> None:
    jobs = {job.name: " ".join(job.command) for job in preparing.jobs(read())}

    assert list(jobs) == ["portal", "playground", "photos"]
    assert all("migrate" in command for command in jobs.values())


def test_what_a_part_does_not_understand_is_one_sentence(read: Callable[..., Settings], said: list[str]) -> None:
    here = read(
        PLAYGROUND_URL="http://localhost:1/elsewhere",
        PHOTOS_JWKS_URL="ftp://nowhere",
        APIM_DATABASE_URL="postgres://u:hush@127.0.0.1:1/n",
    )

    for job, sentence in zip(
        preparing.jobs(here),
        (
            "The database cannot be reached: connection failed",
            "PLAYGROUND_URL must end in /playground2",
            "PHOTOS_JWKS_URL must be an https address",
        ),
        strict=True,
    ):
        with pytest.raises(DemoError) as failed:
            preparing.run([job], here.logs, said.append)
        _, *lines = str(failed.value).splitlines()
        assert len(lines) == 1
        assert sentence in lines[0]
        assert "hush" not in lines[0]
