"""The pictures that the service draws by itself."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import PIL
import pytest
from PIL import Image, ImageChops, ImageStat

from photos import drawing, first_albums
from photos.drawing import colour

DRAWN = Path(__file__).resolve().parents[2] / "test-results" / "drawn"


@pytest.fixture(scope="module")
def gallery() -> dict[str, Image.Image]:
    """To draw every scene takes five seconds, so it is done once for the brushes as they are."""
    folder = DRAWN / made_from()
    folder.mkdir(parents=True, exist_ok=True)
    return {scene: drawn(scene, folder / f"{scene}.png") for scene in drawing.SCENES}


def made_from() -> str:
    digest = hashlib.sha256(f"{PIL.__version__} {sys.version}".encode())
    for file in sorted(Path(drawing.__file__).parent.glob("*.py")):
        digest.update(f"\0{file.name}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def drawn(scene: str, file: Path) -> Image.Image:
    if not file.exists():
        unfinished = file.with_suffix(f".{os.getpid()}")
        drawing.draw(scene, "bob").save(unfinished, "PNG", compress_level=1)
        unfinished.rename(file)
    with Image.open(file) as image:
        image.load()
        return image.copy()


def difference(one: Image.Image, other: Image.Image) -> float:
    return sum(ImageStat.Stat(ImageChops.difference(one, other)).mean) / 3


def test_every_scene_gives_a_finished_picture(gallery: dict[str, Image.Image]) -> None:
    assert {(image.size, image.mode) for image in gallery.values()} == {((1200, 800), "RGB")}


def test_every_scene_has_light_and_dark(gallery: dict[str, Image.Image]) -> None:
    spreads = {scene: max(ImageStat.Stat(image).stddev) for scene, image in gallery.items()}

    assert min(spreads.values()) > 20, spreads


def test_no_two_scenes_look_alike(gallery: dict[str, Image.Image]) -> None:
    images = list(gallery.values())

    assert min(difference(one, other) for one in images for other in images if one is not other) > 12


@pytest.mark.parametrize("scene", ["sea", "tree"])
def test_the_same_seed_gives_the_same_picture(scene: str, gallery: dict[str, Image.Image]) -> None:
    assert drawing.draw(scene, "bob").tobytes() == gallery[scene].tobytes()


@pytest.mark.parametrize("scene", ["balloons", "city"])
def test_another_seed_gives_another_picture(scene: str, gallery: dict[str, Image.Image]) -> None:
    assert difference(drawing.draw(scene, "charlie"), gallery[scene]) > 5


@pytest.mark.parametrize("seed", ["82", "85"])
def test_light_beyond_white_is_white(seed: str) -> None:
    """Rays of these curtains are as bright as they can be."""
    assert drawing.draw("aurora", seed).size == drawing.SIZE


def test_every_scene_has_a_title_and_every_title_a_scene() -> None:
    titled = {scene for _, scenes in first_albums.GROUPS for scene in scenes}

    assert titled == set(drawing.SCENES)


def test_colours_survive_the_way_through_oklab() -> None:
    for text in ("#000000", "#ffffff", "#d9481c", "#123a55"):
        assert colour.mix(colour.colour(text), (1, 2, 3), 0) == colour.colour(text)
