"""What the log says."""

from __future__ import annotations

import logging

from django.db import DatabaseError

# Also those that some programs take for the end of a line: NEL, LINE SEPARATOR, PARAGRAPH SEPARATOR.
CONTROLS = {code: ascii(chr(code))[1:-1] for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)}


class Lines(logging.Formatter):
    """One line for each message: who calls /oauth2/register/x%0A... would write one of his own."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        line = super().formatMessage(record)
        return line if line.isprintable() else line.translate(CONTROLS)


# What strangers cause is a line: thirty for each would hide what matters.
TOO_LARGE = ("RequestDataTooBig", "TooManyFieldsSent", "TooManyFilesSent")
OF_STRANGERS = ("django.request", *(f"django.security.{name}" for name in ("DisallowedHost", *TOO_LARGE)))


def without_traceback(record: logging.LogRecord) -> bool:
    """Unless the fault is ours."""
    if getattr(record, "status_code", 500) < 500:
        record.exc_info = None
    return True


def why_not(error: Exception) -> str:
    """What stops a start or a command. Of a database its first line; below are the statement and hints."""
    if isinstance(error, DatabaseError):
        return f"The database cannot be used: {str(error).partition(chr(10))[0]}"
    return str(error)
