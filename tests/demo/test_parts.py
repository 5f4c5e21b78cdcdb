from __future__ import annotations

import re
import shlex
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import requests

from demo import settings as demo_settings
from demo.parts import Part, all_parts
from demo.settings import ROOT, Settings

PATIENCE = 30.0


@pytest.fixture
def playground(read: Callable[..., Settings]) -> Iterator[str]:
    """The playground alone, by its own command line."""
    here = read()
    part = next(part for part in all_parts(here) if part.name == "playground")
    migrate = [sys.executable, "-m", "playground", "migrate", "--verbosity", "0"]
    subprocess.run(migrate, cwd=ROOT, env=demo_settings.playground_environment(here), check=True)
    process = start(part)
    try:
        wait_for(f"{here.playground.url}/health")
        yield here.playground.url
    finally:
        process.terminate()
        process.wait(timeout=10)


def start(part: Part) -> subprocess.Popen[bytes]:
    output = subprocess.DEVNULL
    return subprocess.Popen(shlex.split(part.command), cwd=ROOT, env=part.environment, stdout=output, stderr=output)


def wait_for(url: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if requests.get(url, timeout=5).status_code == 200:
                return
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.05)
    pytest.fail(f"{url} did not answer")


def ask_by_client_credentials(url: str, token_endpoint: str) -> None:
    visitor = requests.Session()
    form = visitor.get(f"{url}/import", timeout=30).text
    words = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
    assert words
    fields = {"grant_type": "client_credentials", "client_id": "one", "client_secret": "two"}
    visitor.post(
        f"{url}/import",
        fields | {"token_endpoint": token_endpoint, "csrfmiddlewaretoken": words[1]},
        headers={"Referer": f"{url}/import"},
        timeout=30,
    )


def test_a_server_that_does_not_answer_keeps_nobody_else_waiting_in_the_playground(playground: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}/token"
        asking = threading.Thread(target=ask_by_client_credentials, args=(playground, endpoint))
        asking.start()
        silent.settimeout(PATIENCE)
        held, _ = silent.accept()  # the playground waits for an answer now

        with held:
            assert requests.get(f"{playground}/health", timeout=8).status_code == 200
        asking.join()
