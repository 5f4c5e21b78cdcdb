"""What the log says, by the settings' own formatter."""

from __future__ import annotations

import logging
from logging.config import DictConfigurator
from typing import Any, cast

import pytest
from django.conf import settings
from django.test import Client as Browser

pytestmark = pytest.mark.django_db
FORGED = "2026-01-01 00:00:00 INFO all is well"


@pytest.fixture
def formatter() -> logging.Formatter:
    formatters = cast("dict[str, dict[str, Any]]", settings.LOGGING["formatters"])
    # A copy: what is read is taken out.
    return cast("logging.Formatter", DictConfigurator({}).configure_formatter(dict(formatters["line"])))


@pytest.mark.parametrize(
    ("end", "told"), [("%0A", r"\n"), ("%0D", r"\r"), ("%C2%85", r"\x85"), ("%E2%80%A8", r"\u2028")]
)
def test_nobody_writes_a_line_of_his_own(
    caplog: pytest.LogCaptureFixture, formatter: logging.Formatter, end: str, told: str
) -> None:
    caplog.set_level("INFO")

    Browser().get(f"/oauth2/register/x{end}{FORGED}")

    lines = "\n".join(map(formatter.format, caplog.records)).splitlines()
    [refused] = [line for line in lines if "refused" in line]
    assert f"/oauth2/register/x{told}{FORGED} refused" in refused
    assert not [line for line in lines if line.startswith(FORGED)]


def test_a_traceback_has_its_lines(caplog: pytest.LogCaptureFixture, formatter: logging.Formatter) -> None:
    Browser(raise_request_exception=False).get("/oauth2/authorize?" + "a=1&" * 2000)

    [line] = [formatter.format(record) for record in caplog.records if record.exc_info]
    assert "\nTraceback (most recent call last):\n" in line
