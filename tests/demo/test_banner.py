from __future__ import annotations

from collections.abc import Callable

import pytest

from demo import banner
from demo.settings import Settings


@pytest.fixture
def text(read: Callable[..., Settings]) -> str:
    return banner.text(read(APIM_PORTAL_PORT="9443", APIM_PLAYGROUND_PORT="8080", APIM_GATEWAY_PORT="8243"))


@pytest.mark.parametrize(
    "words",
    [
        "https://localhost:9443/store",
        "https://localhost:8243",
        "http://localhost:8080/playground2",
        "http://localhost:8080/playground2/oauth2client",
        "alice / alice",
        "bob / bob",
        "charlie / charlie",
        "admin / admin",
        "/var/tls/ca.pem",
        "/var/log/portal.log",
        "Ctrl-C stops everything",
    ],
)
def test_the_banner_says_what_one_needs(text: str, words: str) -> None:
    assert words in text


def test_the_walk_has_eight_steps(text: str) -> None:
    assert [line.strip()[:2] for line in text.splitlines() if line.startswith("   ") and line.strip()[1:2] == "."] == [
        f"{number}." for number in range(1, 9)
    ]


def test_the_banner_fits_a_terminal(text: str) -> None:
    assert all(len(line) <= 100 for line in text.splitlines() if "/var/" not in line)


def test_mails_that_are_sent_are_not_said_to_be_in_a_log(read: Callable[..., Settings]) -> None:
    assert "portal.log" not in banner.text(read(APIM_EMAIL_URL="smtp://mail.example"))
