"""Where pictures lie on disk, and how they get there: drawn at the first look, replaced in one step."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
import threading
from pathlib import Path

from django.conf import settings
from django.http import Http404
from PIL import Image

from photos import drawing
from photos.models import Picture

THUMBNAIL_WIDTH = 480
EXTENSIONS = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}

# A drawing or a decoded upload takes up to some 200 MB for a moment: two at a time, the others wait.
WORKBENCHES = threading.BoundedSemaphore(2)


def image_file(picture: Picture) -> Path:
    """The picture's file, drawn now if nobody has looked before; Http404 when an upload's file was lost."""
    path = _image_path(picture)
    if not path.exists():
        with WORKBENCHES:
            if not path.exists():
                _draw(picture, path)
    return path


def thumbnail_file(picture: Picture) -> Path:
    """The picture's thumbnail (JPEG, 480 pixels wide), made from the picture now if need be."""
    path = _thumbnail_path(picture)
    if not path.exists():
        source = image_file(picture)
        with WORKBENCHES, Image.open(source) as image:
            _write(path, thumbnail(image))
    return path


def keep(picture: Picture, data: bytes, image: Image.Image) -> None:
    """Put an uploaded picture and its thumbnail in place."""
    _write(_image_path(picture), data)
    _write(_thumbnail_path(picture), thumbnail(image))


def remove(picture: Picture) -> None:
    """Take the picture's files away, those that exist."""
    for path in (_image_path(picture), _thumbnail_path(picture)):
        path.unlink(missing_ok=True)


def thumbnail(image: Image.Image) -> bytes:
    """A JPEG 480 pixels wide (narrower pictures keep their width), on white where the picture is transparent."""
    if image.mode != "RGB":
        ground = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(ground, image.convert("RGBA")).convert("RGB")
    width = min(THUMBNAIL_WIDTH, image.width)
    height = min(max(round(image.height * width / image.width), 1), THUMBNAIL_WIDTH * 4)
    small = image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return _jpeg(small, 85)


def _draw(picture: Picture, path: Path) -> None:
    if picture.scene not in drawing.SCENES:
        raise Http404(f"the file of picture {picture.pk} is lost")
    _write(path, _jpeg(drawing.draw(picture.scene, picture.seed), 90))


def _jpeg(image: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, progressive=True, optimize=True)
    return buffer.getvalue()


def _image_path(picture: Picture) -> Path:
    return _folder() / f"{picture.pk}{EXTENSIONS[picture.content_type]}"


def _thumbnail_path(picture: Picture) -> Path:
    return _folder() / f"{picture.pk}.thumbnail.jpg"


def _folder() -> Path:
    folder: Path = settings.PHOTOS_VAR / "pictures"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _write(path: Path, data: bytes) -> None:
    """Write beside, then replace: a reader sees the whole file or none."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise
