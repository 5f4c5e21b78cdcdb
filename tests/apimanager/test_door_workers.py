"""The workers of the portal's door, and the granian that started them."""

from __future__ import annotations

import os
import signal
import socket
from contextlib import suppress

from tests.apimanager.doors import granian, is_open, until
from tests.gateway.parts import free_port


def is_closed(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_worker_ends_when_its_granian_was_killed() -> None:
    port = free_port()
    with granian("rsgi", "door", port) as process:
        try:
            until(lambda: is_open(port))

            process.kill()

            assert until(lambda: is_closed(port))
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
