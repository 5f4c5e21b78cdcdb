"""The system's certificate store: Debian and Fedora as root, the login keychain on macOS, else how to do it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from demo.authority import NAME
from demo.machine import Machine

FILE = "apimanager-demo-ca.crt"


@dataclass(frozen=True)
class Anchors:
    """A folder of trusted certificates and the program that reads it."""

    folder: str
    program: tuple[str, ...]


LINUX = (
    Anchors("usr/local/share/ca-certificates", ("update-ca-certificates",)),
    Anchors("etc/pki/ca-trust/source/anchors", ("update-ca-trust", "extract")),
)


def trust(machine: Machine, ca: Path) -> str:
    if machine.platform == "darwin":
        problem = machine.run("security", "add-trusted-cert", "-r", "trustRoot", "-k", keychain(machine), str(ca))
        return f"System: {problem}" if problem else "System: trusted in the login keychain."
    anchors = anchors_of(machine)
    if anchors is None:
        return f"System: add {ca} to the trusted authorities by the means of your system."
    target = machine.root / anchors.folder / FILE
    if not machine.is_administrator:
        return f"System: needs root. Run\n  sudo cp {ca} {target} && sudo {' '.join(anchors.program)}"
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ca, target)
    target.chmod(0o644)
    return reread(machine, anchors, f"System: trusted ({target}).")


def distrust(machine: Machine) -> str:
    if machine.platform == "darwin":
        problem = machine.run("security", "delete-certificate", "-c", NAME, "-t", keychain(machine))
        return f"System: {problem}" if problem else "System: taken out of the login keychain."
    anchors = anchors_of(machine)
    if anchors is None or not (machine.root / anchors.folder / FILE).exists():
        return "System: it was not in the system's store."
    target = machine.root / anchors.folder / FILE
    if not machine.is_administrator:
        return f"System: needs root. Run\n  sudo rm {target} && sudo {' '.join(anchors.program)}"
    target.unlink()
    return reread(machine, anchors, f"System: taken out ({target}).")


def anchors_of(machine: Machine) -> Anchors | None:
    return next((anchors for anchors in LINUX if machine.program(anchors.program[0])), None)


def reread(machine: Machine, anchors: Anchors, success: str) -> str:
    problem = machine.run(str(machine.program(anchors.program[0])), *anchors.program[1:])
    return f"System: {problem}" if problem else success


def keychain(machine: Machine) -> str:
    return str(machine.home / "Library/Keychains/login.keychain-db")
