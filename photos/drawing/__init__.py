"""PhotoShare's own pictures, drawn from a seed: nothing is downloaded and nobody else's work is shown."""

from __future__ import annotations

import random
from collections.abc import Callable

from PIL import Image

from photos.drawing import canvas, lands, nights, shores

SIZE = canvas.FINISHED
SCENES: dict[str, Callable[[random.Random], Image.Image]] = {
    "lake": shores.lake,
    "sea": shores.sea,
    "lighthouse": shores.lighthouse,
    "city": nights.city,
    "aurora": nights.aurora,
    "milkyway": nights.milkyway,
    "rain": nights.rain,
    "hills": lands.hills,
    "dunes": lands.dunes,
    "balloons": lands.balloons,
    "tree": lands.tree,
    "paper": lands.paper,
}


def draw(scene: str, seed: str) -> Image.Image:
    """The picture of a scene (a key of `SCENES`), 1200 x 800 RGB; the same seed gives the same picture."""
    rng = random.Random(f"{scene} {seed}")  # noqa: S311 - a picture, not a secret
    return canvas.finish(SCENES[scene](rng), rng)
