"""The service as it really runs: migrated by its own command, behind granian, asked by many at once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.gateway.parts import free_port
from tests.photos.conftest import picture_file
from tests.photos.issuer import AUDIENCE, ISSUER, Issuer

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    """The issuer of the running service; `issuer` is that of a single test."""
    running = Issuer(tmp_path_factory.mktemp("issuer"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def service(house: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    places = {"PHOTOS_VAR": str(tmp_path_factory.mktemp("state") / "photos"), "PHOTOS_CA_FILE": str(house.ca_file)}
    addresses = {"PHOTOS_ISSUER": ISSUER, "PHOTOS_AUDIENCE": AUDIENCE, "PHOTOS_JWKS_URL": house.url}
    environment = {**os.environ, **places, **addresses, "DJANGO_SETTINGS_MODULE": "photos.settings"}
    subprocess.run([sys.executable, "-m", "photos", "migrate", "-v", "0"], cwd=ROOT, env=environment, check=True)
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--blocking-threads", "8", "photos.wsgi:application"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(f"http://127.0.0.1:{port}/health")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def wait_for(address: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if requests.get(address, timeout=2).text == "ok":
                return
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.1)
    raise TimeoutError(address)


def test_many_first_requests_make_one_person(service: str, house: Issuer) -> None:
    headers = {"Authorization": f"Bearer {house.token('newcomer')}"}

    with ThreadPoolExecutor(12) as pool:
        paths = ["/albums", "/pictures"] * 12
        answers = list(pool.map(lambda path: requests.get(service + path, headers=headers, timeout=30), paths))

    assert Counter((answer.status_code, answer.json()["count"]) for answer in answers) == {(200, 3): 12, (200, 9): 12}
    assert house.asked == 1


def test_many_first_looks_and_uploads_all_succeed(service: str, house: Issuer) -> None:
    headers = {"Authorization": f"Bearer {house.token()}"}
    album = requests.get(f"{service}/albums", headers=headers, timeout=30).json()["list"][0]
    look, add = f"{service}{album['cover']}", f"{service}/albums/{album['id']}/pictures"

    with ThreadPoolExecutor(8) as pool:
        looks = [pool.submit(requests.get, look, headers=headers, timeout=30) for _ in range(6)]
        files = [{"file": ("a.png", picture_file("PNG"))} for _ in range(6)]
        added = [pool.submit(requests.post, add, headers=headers, files=file, timeout=30) for file in files]

    assert len({task.result().content for task in looks}) == 1
    assert {task.result().status_code for task in added} == {201}


def test_an_upload_that_is_too_large_gets_its_sentence(service: str, house: Issuer) -> None:
    headers = {"Authorization": f"Bearer {house.token()}"}
    album = requests.get(f"{service}/albums", headers=headers, timeout=30).json()["list"][0]["id"]

    files = {"file": ("a.jpg", bytes(12_000_000))}
    answer = requests.post(f"{service}/albums/{album}/pictures", headers=headers, files=files, timeout=30)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a_body_without_length_is_told_so(service: str, house: Issuer) -> None:
    headers = {"Authorization": f"Bearer {house.token()}", "Content-Type": "application/json"}

    answer = requests.post(f"{service}/albums", headers=headers, data=iter([b'{"title": "A"}']), timeout=30)

    assert answer.status_code == 411
