from __future__ import annotations

import gc
import os
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.core.wsgi import get_wsgi_application
from django.db import DatabaseError

from apimanager import bodies, logs, pages, scheduling
from apimanager.machine_endpoints import MachineEndpoints

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "apimanager.settings")

# The server's threads begin after this.
scheduling.uninterrupted()

# What is loaded here stays until the end: looking through it for garbage again and again took a sixth of the start, and
# would slow the requests.
gc.disable()
try:
    application = bodies.measured(MachineEndpoints(get_wsgi_application()), most=settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    # Looks into the database too: a demo account outside demo mode stops the start (accounts/checks.py).
    call_command("check", databases=["default"])
    pages.read()
except (ImproperlyConfigured, CommandError, DatabaseError) as error:
    sys.exit(logs.why_not(error))  # what stops the start is said in one line, not below fifty of a traceback
gc.freeze()
# A request makes some hundred objects, few of them in circles: the usual 700 would be looked through all the time.
gc.set_threshold(20_000, 20, 20)
gc.enable()
