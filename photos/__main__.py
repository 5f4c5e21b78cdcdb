"""Management commands of the photo service: `python -m photos migrate`."""

from __future__ import annotations

import os
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def main() -> None:
    """Run one management command with the photo service's own settings, whatever the surroundings say."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "photos.settings"
    settings.PHOTOS_VAR.mkdir(mode=0o700, parents=True, exist_ok=True)
    execute_from_command_line(["photos", *sys.argv[1:]])


if __name__ == "__main__":
    try:
        main()
    except ImproperlyConfigured as error:
        sys.exit(str(error))
