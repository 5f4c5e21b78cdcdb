from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from demo import nss, system_store, trusting
from demo.authority import NAME
from demo.machine import Machine
from demo.settings import Settings

certutil = shutil.which("certutil")
needs_certutil = pytest.mark.skipif(certutil is None, reason="certutil is not installed (Debian: libnss3-tools)")


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """The only folder in which programs are found."""
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


@pytest.fixture
def machine(tmp_path: Path, programs: Path) -> Machine:
    (tmp_path / "home").mkdir()
    return Machine(tmp_path / "home", tmp_path / "root", "linux", is_administrator=True, path=str(programs))


@pytest.fixture
def ca(read: Callable[..., Settings], machine: Machine, said: list[str]) -> Path:
    here = read()
    trusting.trust(here, remove=False, say=said.append, machine=machine)
    return here.tls / "ca.pem"


def provide_certutil(programs: Path) -> None:
    (programs / "certutil").symlink_to(str(certutil))


def names_in(store: Path) -> str:
    return subprocess.run(
        [str(certutil), "-L", "-d", f"sql:{store}"], capture_output=True, text=True, check=True
    ).stdout


def test_where_nothing_can_be_done_it_says_how(ca: Path, said: list[str]) -> None:
    told = "\n".join(said)

    assert "Install it (Debian: apt install libnss3-tools" in told
    assert f"System: add {ca} to the trusted authorities" in told
    assert f"curl --cacert {ca}" in told


@needs_certutil
def test_chromes_store_is_made_and_trusts(machine: Machine, programs: Path, ca: Path) -> None:
    provide_certutil(programs)

    done = nss.trust(machine, ca)

    store = machine.home / ".pki/nssdb"
    assert done == [f"Browsers: trusted in {store} (restart the browser)."]
    assert f"{NAME} C,," in " ".join(names_in(store).split())


@needs_certutil
def test_trusting_twice_is_trusting_once(machine: Machine, programs: Path, ca: Path) -> None:
    provide_certutil(programs)
    nss.trust(machine, ca)

    nss.trust(machine, ca)

    assert names_in(machine.home / ".pki/nssdb").count(NAME) == 1


@needs_certutil
def test_profiles_of_firefox_are_found(machine: Machine, programs: Path, ca: Path) -> None:
    provide_certutil(programs)
    profile = machine.home / ".mozilla/firefox/abc.default"
    profile.mkdir(parents=True)
    machine.run(str(certutil), "-N", "-d", f"sql:{profile}", "--empty-password")

    nss.trust(machine, ca)

    assert NAME in names_in(profile)


@needs_certutil
def test_removing_undoes_it(machine: Machine, programs: Path, ca: Path) -> None:
    provide_certutil(programs)
    nss.trust(machine, ca)

    done = nss.distrust(machine)

    assert done == [f"Browsers: taken out of {machine.home / '.pki/nssdb'}."]
    assert NAME not in names_in(machine.home / ".pki/nssdb")
    assert nss.distrust(machine) == ["Browsers: it was in none of their stores."]


@pytest.fixture
def debian(programs: Path, tmp_path: Path) -> Path:
    """The real one would change this machine; this one notes that it was called."""
    program, noted = programs / "update-ca-certificates", tmp_path / "called"
    program.write_text(f'#!/bin/sh\necho "called" >> {noted}\n')
    program.chmod(0o755)
    return noted


def test_root_on_debian_puts_it_into_the_systems_store(machine: Machine, ca: Path, debian: Path) -> None:
    done = system_store.trust(machine, ca)

    placed = machine.root / "usr/local/share/ca-certificates/apimanager-demo-ca.crt"
    assert done == f"System: trusted ({placed})."
    assert placed.read_bytes() == ca.read_bytes()
    assert debian.read_text() == "called\n"


def test_root_on_debian_takes_it_out_again(machine: Machine, ca: Path, debian: Path) -> None:
    system_store.trust(machine, ca)

    done = system_store.distrust(machine)

    assert done.startswith("System: taken out (")
    assert not (machine.root / "usr/local/share/ca-certificates/apimanager-demo-ca.crt").exists()


@pytest.mark.usefixtures("debian")
def test_whoever_is_not_root_is_told_the_command(machine: Machine, ca: Path) -> None:
    someone = Machine(machine.home, machine.root, "linux", is_administrator=False, path=machine.path)

    assert f"sudo cp {ca} {machine.root}/usr/local/share/ca-certificates/" in system_store.trust(someone, ca)


def test_a_program_that_fails_is_quoted(machine: Machine, ca: Path, programs: Path) -> None:
    failing = programs / "update-ca-certificates"
    failing.write_text("#!/bin/sh\necho 'no space left' >&2\nexit 1\n")
    failing.chmod(0o755)

    assert system_store.trust(machine, ca) == f"System: `{failing}` failed: no space left"
