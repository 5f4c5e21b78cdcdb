"""`python -m playground migrate` and every other management command of this site."""

from __future__ import annotations

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "playground.settings"
    try:
        execute_from_command_line(["python -m playground", *sys.argv[1:]])
    except ImproperlyConfigured as error:
        sys.exit(str(error))
