"""The whole installation, started by the same command as `make run`, on ports of its own, and a real browser.

The browser trusts exactly the demo's certificate (by its public key); nothing else about verification is switched off.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.gateway.parts import free_port

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = Path(os.environ.get("APIM_SCREENSHOTS", ROOT / "test-results" / "screenshots"))
PARTS = ("PORTAL", "GATEWAY", "PLAYGROUND", "PHOTOS")
READY_SECONDS = 180
PAGE_SECONDS = 15

expect.set_options(timeout=PAGE_SECONDS * 1000)


@dataclass(frozen=True)
class Installation:
    environment: dict[str, str]
    process: subprocess.Popen[str]

    def url(self, part: str, path: str = "") -> str:
        scheme = "http" if part == "PLAYGROUND" else "https"
        return f"{scheme}://localhost:{self.environment[f'APIM_{part}_PORT']}{path}"

    @property
    def state(self) -> Path:
        return Path(self.environment["APIM_VAR"])

    @property
    def callback(self) -> str:
        return self.url("PLAYGROUND", "/playground2/oauth2client")

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture(scope="session")
def installation() -> Iterator[Installation]:
    # In the project, so that the paths which pages name are short and the same on every machine.
    state = ROOT / "test-results" / "installation"
    shutil.rmtree(state, ignore_errors=True)
    state.mkdir(parents=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("APIM_", "DJANGO_"))}
    ports = {f"APIM_{part}_PORT": str(free_port()) for part in PARTS}
    environment = kept | ports | {"APIM_VAR": str(state), "PYTHONUNBUFFERED": "1"}
    output = state / "run.log"
    with output.open("w") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "demo", "run"],
            cwd=ROOT,
            env=environment,
            stdout=written,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        wait_for_banner(process, output)
        yield Installation(environment, process)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


def wait_for_banner(process: subprocess.Popen[str], output: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while "Ctrl-C" not in output.read_text():
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"the installation did not start:\n{output.read_text()[-4000:]}")
        time.sleep(0.2)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any], installation: Installation) -> dict[str, Any]:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    executable = os.environ.get("CHROME") or next((path for name in names if (path := shutil.which(name))), None)
    arguments = [
        f"--ignore-certificate-errors-spki-list={public_key_hash(installation.state / 'tls' / 'localhost.pem')}",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
    ]
    return browser_type_launch_args | {"executable_path": executable, "args": arguments}


def public_key_hash(certificate: Path) -> str:
    key = x509.load_pem_x509_certificate(certificate.read_bytes()).public_key()
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(der).digest()).decode()


@dataclass(frozen=True)
class Look:
    scheme: str
    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.scheme}-{'narrow' if self.width < 500 else 'wide'}"


LIGHT, DARK, NARROW = Look("light", 1160, 800), Look("dark", 1160, 800), Look("light", 390, 844)
NARROW_DARK = Look("dark", 390, 844)


@pytest.fixture
def open_page(browser: Browser, installation: Installation) -> Iterator[Callable[..., Page]]:
    """Opens a page in a fresh browser session; afterwards nothing foreign was asked and nothing complained."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def opened(look: Look = LIGHT, **options: Any) -> Page:
        context = browser.new_context(
            color_scheme=look.scheme,  # type: ignore[arg-type]
            viewport={"width": look.width, "height": look.height},
            permissions=["clipboard-read", "clipboard-write"],
            **options,
        )
        contexts.append(context)
        context.set_default_timeout(PAGE_SECONDS * 1000)
        page = context.new_page()
        page.on("request", lambda request: note_foreign(request.url, complaints))
        page.on("console", lambda message: note_console(message.type, message.text, complaints))
        page.on("pageerror", lambda error: complaints.append(f"script error: {error}"))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not complaints


def note_foreign(url: str, complaints: list[str]) -> None:
    if not url.startswith(("http://localhost:", "https://localhost:", "data:", "blob:")):
        complaints.append(f"asked another host: {url}")


def note_console(kind: str, text: str, complaints: list[str]) -> None:
    # A page that answers 4xx on purpose is told in the console as well; that is no complaint.
    if kind == "error" and "status of 4" not in text:
        complaints.append(f"console: {text}")
