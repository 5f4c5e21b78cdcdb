"""What the log says."""

from __future__ import annotations

import logging


def without_traceback(record: logging.LogRecord) -> bool:
    """For what strangers cause: who calls under a wrong name is a line, and thirty for each would hide what matters."""
    record.exc_info = None
    return True
