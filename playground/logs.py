"""What the log says."""

from __future__ import annotations

import logging

# Also those that some programs take for the end of a line: NEL, LINE SEPARATOR, PARAGRAPH SEPARATOR.
CONTROLS = {code: ascii(chr(code))[1:-1] for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)}


class Lines(logging.Formatter):
    """One line for each message: whom the playground asks could write one of their own."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        return super().formatMessage(record).translate(CONTROLS)
