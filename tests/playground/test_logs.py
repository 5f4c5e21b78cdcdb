"""What the log says, by the settings' own formatter."""

from __future__ import annotations

import logging
from logging.config import DictConfigurator
from typing import Any, cast

import pytest
from django.conf import settings

FORGED = "Not Found: /playground2/all-is-well"


@pytest.mark.parametrize("end", ["\n", "\r", "\x85", "\u2028", "\u2029"])
def test_nobody_writes_a_line_of_their_own(caplog: pytest.LogCaptureFixture, end: str) -> None:
    handlers = cast("dict[str, dict[str, str]]", settings.LOGGING["handlers"])
    formatters = cast("dict[str, dict[str, Any]]", settings.LOGGING["formatters"])
    formatter = DictConfigurator({}).configure_formatter(dict(formatters[handlers["console"]["formatter"]]))

    logging.getLogger("urllib3").warning("Failed to parse headers: %s", f"x{end}{FORGED}")

    [line] = [cast("logging.Formatter", formatter).format(record) for record in caplog.records]
    assert line == f"Failed to parse headers: x{ascii(end)[1:-1]}{FORGED}"
