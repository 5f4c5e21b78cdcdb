#!/usr/bin/env python
from __future__ import annotations

import os
import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import DatabaseError

from apimanager import logs

STATE = Path(os.environ.get("APIM_VAR") or Path(__file__).resolve().parent / "var")

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "apimanager.settings")
    # Commands follow the state they work on: `make run` marked this folder as a demo's. Only commands do, no server.
    if "APIM_SECRET_KEY" not in os.environ and (STATE / "demo").exists():
        os.environ.setdefault("APIM_DEMO", "1")
    try:
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, DatabaseError, OSError) as error:
        if "--traceback" in sys.argv:
            raise
        sys.exit(logs.why_not(error))
