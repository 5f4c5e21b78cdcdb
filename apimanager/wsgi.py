from __future__ import annotations

import os

from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

from apimanager.machine_endpoints import MachineEndpoints

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "apimanager.settings")

application = MachineEndpoints(get_wsgi_application())

# Looks into the database too: a demo account outside demo mode stops the start (accounts/checks.py).
call_command("check", databases=["default"])
