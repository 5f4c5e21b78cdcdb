"""A process of its own for what has to be one, forked from that of the tests: to start Django anew takes a second."""

from __future__ import annotations

import signal
import warnings
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.context import ForkProcess
from typing import Any


def begin(deed: Callable[..., object], *told: Any) -> ForkProcess:
    """Ends with status 0 after the deed; whoever began it ends it otherwise, and waits for it."""
    from django.db import connections

    # Two processes must not speak through one connection.
    connections.close_all()
    process = get_context("fork").Process(target=alone, args=(deed, *told))
    with warnings.catch_warnings():
        # Python 3.12 warns of the other threads, those of servers that tests ask; the child needs none of them.
        warnings.simplefilter("ignore", DeprecationWarning)
        process.start()
    return process


def alone(deed: Callable[..., object], *told: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    deed(*told)
