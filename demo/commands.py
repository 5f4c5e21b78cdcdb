"""Several Django management commands in one process, because most of a command's time is the start.

`python -m demo.commands apimanager.settings "migrate --no-input" load_demo`
"""

from __future__ import annotations

import os
import shlex
import sys

import django
from django.core.management import CommandError, call_command


def main(settings: str, *commands: str) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = settings
    django.setup()
    for command in commands:
        try:
            call_command(*shlex.split(command))
        except CommandError as error:
            sys.exit(f"{command}: {error}")


if __name__ == "__main__":
    main(*sys.argv[1:])
