"""What the log says, by the settings' own formatter."""

from __future__ import annotations

import logging
from logging.config import DictConfigurator
from typing import Any, cast

import pytest
from django.conf import settings

from tests.photos.conftest import Caller
from tests.photos.issuer import Issuer

FORGED = "2026-01-01 00:00:00,000 INFO photos: all is well"


@pytest.mark.django_db
@pytest.mark.parametrize("end", ["\n", "\r", "\x85", "\u2028", "\u2029"])
def test_nobody_writes_a_line_of_their_own(issuer: Issuer, caplog: pytest.LogCaptureFixture, end: str) -> None:
    formatters = cast("dict[str, dict[str, Any]]", settings.LOGGING["formatters"])
    # A copy: what is read is taken out.
    formatter = cast("logging.Formatter", DictConfigurator({}).configure_formatter(dict(formatters["line"])))
    caplog.set_level("INFO")

    assert Caller(issuer.token(header={"kid": f"x{end}{FORGED}"})).get("/albums").status_code == 401

    lines = "\n".join(map(formatter.format, caplog.records)).splitlines()
    assert len(lines) == len(caplog.records)
    assert [line for line in lines if f"kid x{ascii(end)[1:-1]}{FORGED}" in line]
