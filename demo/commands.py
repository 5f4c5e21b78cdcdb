"""Several Django management commands in one process, because most of a command's time is the start.

`python -m demo.commands apimanager.settings "migrate --no-input" load_demo`
"""

from __future__ import annotations

import os
import shlex
import sys

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import OperationalError


def main(settings: str, *commands: str) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = settings
    try:
        django.setup()
        for command in commands:
            call_command(*shlex.split(command))
    except (CommandError, ImproperlyConfigured) as error:
        sys.exit(str(error))
    except OperationalError as error:
        sys.exit(f"The database cannot be reached: {' '.join(str(error).split())}")


if __name__ == "__main__":
    main(*sys.argv[1:])
