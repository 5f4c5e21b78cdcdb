"""What the log says, by the settings' own formatter."""

from __future__ import annotations

import logging
from logging.config import DictConfigurator
from typing import Any, cast

import pytest
from django.conf import settings
from django.test import Client as Browser

pytestmark = pytest.mark.django_db
FORM = "application/x-www-form-urlencoded"
FORGED = "2026-01-01 00:00:00 INFO all is well"


@pytest.fixture
def formatter() -> logging.Formatter:
    formatters = cast("dict[str, dict[str, Any]]", settings.LOGGING["formatters"])
    # A copy: what is read is taken out.
    return cast("logging.Formatter", DictConfigurator({}).configure_formatter(dict(formatters["line"])))


@pytest.mark.parametrize(
    ("end", "told"),
    [("%0A", r"\n"), ("%0D", r"\r"), ("%C2%85", r"\x85"), ("%E2%80%A8", r"\u2028"), ("%E2%80%A9", r"\u2029")],
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


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("&".join(f"a{number}=" for number in range(2000)), FORM),
        ("a" * 3_000_000, FORM),
        ("a=b", f"{FORM}; charset=utf-16"),
        ("x", "multipart/form-data; boundary="),
    ],
)
def test_what_a_stranger_causes_has_no_traceback(caplog: pytest.LogCaptureFixture, content: str, kind: str) -> None:
    assert Browser().generic("POST", "/oauth2/account/login/", content, kind).status_code in {400, 413}

    assert caplog.records
    assert not [record for record in caplog.records if record.exc_info]


def test_a_fault_of_ours_has_one_in_its_lines(
    caplog: pytest.LogCaptureFixture, formatter: logging.Formatter, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("store.views.apis.render", None)
        Browser(raise_request_exception=False).get("/store/")

    [told] = [formatter.format(record) for record in caplog.records if record.exc_info]
    assert "\nTraceback (most recent call last):\n" in told
