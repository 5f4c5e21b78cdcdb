"""The templates of the portal's pages."""

from __future__ import annotations

from pathlib import Path

from django.template import Engine


def read() -> None:
    """All of them, when a worker starts; Django keeps them. It would read each when it is first wanted: after a
    `git pull` those of the newer version, to which the older one, which still runs, does not give what they show."""
    engine = Engine.get_default()
    for folder in engine.dirs:
        for file in Path(folder).rglob("*"):
            if file.is_file():
                engine.get_template(str(file.relative_to(folder)))
