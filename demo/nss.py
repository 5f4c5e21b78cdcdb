"""The certificate stores of Chromium, Chrome and Firefox (NSS), by Mozilla's program certutil."""

from __future__ import annotations

from pathlib import Path

from demo.authority import NAME
from demo.machine import Machine

CHROME = (".pki/nssdb", ".local/share/pki/nssdb", "snap/chromium/current/.pki/nssdb")
FIREFOX = (
    ".mozilla/firefox",
    "snap/firefox/common/.mozilla/firefox",
    ".var/app/org.mozilla.firefox/.mozilla/firefox",
    ".config/mozilla/firefox",
    "Library/Application Support/Firefox/Profiles",
)
HOW = (
    "Browsers: the program certutil is missing. Install it (Debian: apt install libnss3-tools; macOS: brew install "
    "nss) and repeat, or import {ca} by hand:\n"
    "  Chrome: chrome://certificate-manager, Custom, Trusted certificates, Import\n"
    "  Firefox: Settings, Privacy & Security, View Certificates, Authorities, Import"
)


def trust(machine: Machine, ca: Path) -> list[str]:
    """Puts `ca` into every store found, making Chrome's where there is none. Returns what was done, or how to."""
    certutil = machine.program("certutil")
    if certutil is None:
        return [HOW.format(ca=ca)]
    return [add(machine, certutil, store, ca) for store in [*chrome(machine, certutil), *firefox(machine)]]


def distrust(machine: Machine) -> list[str]:
    certutil = machine.program("certutil")
    if certutil is None:
        return ["Browsers: the program certutil is missing, so nothing was taken out of their stores."]
    stores = [*existing_chrome(machine), *firefox(machine)]
    removed = [store for store in stores if take_out(machine, certutil, store)]
    return [f"Browsers: taken out of {store}." for store in removed] or ["Browsers: it was in none of their stores."]


def chrome(machine: Machine, certutil: str) -> list[Path]:
    """Chrome makes its store at the first import; where there is none, we make it the same way."""
    if machine.platform == "darwin":
        return []  # Chrome asks the keychain there
    if not existing_chrome(machine):
        store = machine.home / CHROME[0]
        store.mkdir(mode=0o700, parents=True)
        machine.run(certutil, "-N", "-d", f"sql:{store}", "--empty-password")
    return existing_chrome(machine)


def existing_chrome(machine: Machine) -> list[Path]:
    return [machine.home / name for name in CHROME if (machine.home / name / "cert9.db").exists()]


def firefox(machine: Machine) -> list[Path]:
    return sorted(found.parent for name in FIREFOX for found in (machine.home / name).glob("*/cert9.db"))


def add(machine: Machine, certutil: str, store: Path, ca: Path) -> str:
    take_out(machine, certutil, store)
    problem = machine.run(certutil, "-A", "-d", f"sql:{store}", "-n", NAME, "-t", "C,,", "-i", str(ca))
    return f"Browsers: {problem}" if problem else f"Browsers: trusted in {store} (restart the browser)."


def take_out(machine: Machine, certutil: str, store: Path) -> bool:
    """Whether there was one. An earlier authority of the same name goes too."""
    found = False
    while machine.run(certutil, "-D", "-d", f"sql:{store}", "-n", NAME) is None:
        found = True
    return found
