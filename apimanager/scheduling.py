"""How the processor is shared among the threads of a server."""

from __future__ import annotations

import os
from contextlib import suppress


def uninterrupted() -> None:
    """For this thread and those that it begins: what one does is not interrupted because another one woke up.

    Of the server's threads one reads from sockets and one answers. On a busy processor each packet that came would make
    the first interrupt the second, a third of what a short call costs. Under SCHED_BATCH "the scheduler … will apply a
    small scheduling penalty with respect to wakeup behavior" (sched(7)). What the operator has chosen stays; a system
    or a sandbox may know nothing of the kind, and then all is as ever.
    """
    with suppress(AttributeError, OSError):
        if os.sched_getscheduler(0) == os.SCHED_OTHER:
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
