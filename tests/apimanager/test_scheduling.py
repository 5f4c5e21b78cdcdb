"""The scheduling policy that the portal's server gets, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import os, sys, threading
from apimanager import scheduling
os.sched_setscheduler(0, int(sys.argv[1]), os.sched_param(0))
scheduling.uninterrupted()
threading.Thread(target=lambda: print(os.sched_getscheduler(0))).start()
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="scheduling policies are Linux's")


def policy(before: int) -> int:
    """Of a thread that begins afterwards."""
    command = [sys.executable, "-c", PROGRAM, str(before)]
    return int(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout)


def test_threads_do_not_interrupt_each_other() -> None:
    assert policy(os.SCHED_OTHER) == os.SCHED_BATCH


def test_a_policy_that_the_operator_chose_stays() -> None:
    assert policy(os.SCHED_IDLE) == os.SCHED_IDLE
