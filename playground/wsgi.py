"""The door for granian: `granian --interface wsgi playground.wsgi:application`."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

# Set, not defaulted: a process manager may hand us the settings module of another site.
os.environ["DJANGO_SETTINGS_MODULE"] = "playground.settings"

application = get_wsgi_application()
