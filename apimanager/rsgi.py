"""The door for granian: `granian --interface rsgi apimanager.rsgi:application`."""

from __future__ import annotations

from django.conf import settings

from apimanager import wsgi
from apimanager.door import Door

application = Door(wsgi.application, most=settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1, patience=settings.BODY_TIMEOUT)
