"""The README's command line walk, executed as it stands."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest
import requests

from tests.journeys.conftest import ROOT, Installation


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed; the README names it for this walk")
@pytest.mark.parametrize("time", ["once", "again"])
def test_the_walk_on_the_command_line(installation: Installation, time: str) -> None:
    text = (ROOT / "README.md").read_text()
    block = re.search(r"<!-- walk on the command line -->\n```sh\n(.*?)```", text, re.DOTALL)
    assert block is not None
    script = (
        block[1]
        .replace("var/tls/ca.pem", str(installation.state / "tls" / "ca.pem"))
        .replace("https://localhost:8243", installation.url("GATEWAY"))
        .replace("http://localhost:8080", installation.url("PLAYGROUND"))
    )

    walked = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=ROOT,
        env=installation.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert walked.returncode == 0, walked.stderr
    answer = json.loads(walked.stdout)
    assert set(answer) == {"scope", "token_type", "expires_in", "refresh_token", "access_token"}
    assert answer["scope"] == "default"


def test_what_the_demo_keeps_is_for_its_user_alone(installation: Installation) -> None:
    kept = [*installation.state.glob("portal.sqlite3*"), installation.state / "log", *installation.state.glob("log/*")]

    assert len(kept) > 5
    assert [path for path in kept if path.stat().st_mode & 0o077] == []


def test_every_address_that_is_printed_for_people_opens(installation: Installation) -> None:
    printed = (installation.state / "run.log").read_text().partition("Demo accounts")[0]
    addresses = re.findall(r"(?:API Store|Key Manager|Playground) +(http\S+)", printed)

    answers = [requests.get(url, verify=str(installation.state / "tls" / "ca.pem"), timeout=10) for url in addresses]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
