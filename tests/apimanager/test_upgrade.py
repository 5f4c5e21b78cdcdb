"""A newer version is put into the folder of one that runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys
from pathlib import Path

from apimanager import settings

settings.TEMPLATES[0]["DIRS"] = [Path(sys.argv[1])]

from apimanager.wsgi import application
from django.template.loader import render_to_string

Path(sys.argv[1], "store", "api.html").write_text("newer {{ nothing|default:unknown }}")
print(render_to_string("store/api.html"), end="")
"""


def test_what_runs_goes_on_with_its_own_pages(tmp_path: Path) -> None:
    page = tmp_path / "templates" / "store" / "api.html"
    page.parent.mkdir(parents=True)
    page.write_text("older")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("APIM_", "DJANGO_"))}

    shown = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "templates")],
        cwd=ROOT,
        env=kept | {"APIM_VAR": str(tmp_path), "APIM_DEMO": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )

    assert shown.stdout.splitlines()[-1] == "older"
