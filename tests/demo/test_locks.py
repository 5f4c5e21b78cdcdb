from __future__ import annotations

import re

import pytest

from tests.demo.conftest import ROOT

LOCKS = ("requirements.lock", "requirements-dev.lock")


def pins(lock: str) -> dict[str, str]:
    """Each requirement of a lock file with everything up to the next."""
    text = (ROOT / lock).read_text()
    return {
        found[1].lower(): found[0]
        for found in re.finditer(r"^([A-Za-z0-9._-]+)[^\n]*(?:\n[ #][^\n]*)*", text, re.MULTILINE)
    }


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_has_an_exact_version_and_hashes(lock: str) -> None:
    loose = [name for name, pin in pins(lock).items() if "==" not in pin or "--hash=sha256:" not in pin]

    assert len(pins(lock)) > 20
    assert loose == []


@pytest.mark.parametrize("lock", LOCKS)
def test_no_address_and_no_path_of_a_machine_is_in_a_lock(lock: str) -> None:
    text = (ROOT / lock).read_text()

    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host|(^|\s)/\w", text)


@pytest.mark.parametrize("lock", LOCKS)
def test_what_is_asked_for_is_locked(lock: str) -> None:
    lines = (ROOT / lock).with_suffix(".in").read_text().splitlines()
    asked = {re.split(r"[\[<>=]", line)[0].lower() for line in lines if line and line[0] not in "#-"}

    assert asked <= set(pins(lock))


def test_both_locks_agree() -> None:
    runtime, tools = (pins(lock) for lock in LOCKS)

    for name in runtime.keys() & tools.keys():
        assert runtime[name].split()[0] == tools[name].split()[0]
