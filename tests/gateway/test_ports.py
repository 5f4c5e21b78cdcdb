"""The ports of the tests' parts."""

from __future__ import annotations

import fcntl
import os

from tests import forked
from tests.gateway import parts


def test_no_other_process_chooses_a_port_that_was_chosen() -> None:
    port = parts.free_port()
    here, there = os.pipe()

    def choose() -> None:
        try:
            fcntl.lockf(parts.ports_file(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
        except OSError:
            os.write(there, b"refused")

    process = forked.begin(choose)
    process.join()
    os.close(there)
    with open(here, "rb") as told:
        assert told.read() == b"refused"
