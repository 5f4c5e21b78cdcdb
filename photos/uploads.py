"""An uploaded file becomes a picture of ours: decoded, turned upright, stripped of what it says about its owner."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass

from django.core.files.uploadedfile import UploadedFile
from PIL import Image, ImageOps

from photos.errors import InvalidRequest
from photos.limits import TOO_LARGE, UPLOAD

FORMATS = ("JPEG", "PNG", "WEBP")
CONTENT_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
LARGEST_AREA = 40_000_000  # pixels; beyond, a few kilobytes could unpack to gigabytes
BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, struct.error)
BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)

NOT_AN_IMAGE = "The file is not a JPEG, PNG or WebP picture, or it is damaged."
TOO_MANY_PIXELS = "The picture has too many pixels: at most 40 million can be kept."


@dataclass(frozen=True)
class Upload:
    """A checked picture: upright, without metadata; `data` is the file to keep."""

    image: Image.Image
    data: bytes
    content_type: str


def read(file: object) -> Upload:
    """The picture in an uploaded file; raises InvalidRequest with one sentence."""
    if not isinstance(file, UploadedFile):
        raise InvalidRequest("Send the picture as the field file of a multipart form.")
    if not file.size:
        raise InvalidRequest("The file is empty.")
    if file.size > UPLOAD:
        raise InvalidRequest(TOO_LARGE)
    kind, image = _decode(file.read())
    return Upload(image, _encode(image, kind), CONTENT_TYPES[kind])


def _decode(data: bytes) -> tuple[str, Image.Image]:
    """The format and the upright first frame."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as probe:
            kind = "JPEG" if probe.format == "MPO" else str(probe.format)  # phones append a second picture: MPO
            if probe.width * probe.height > LARGEST_AREA:
                raise InvalidRequest(TOO_MANY_PIXELS)
            probe.verify()
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            image.load()
            return kind, _clean(ImageOps.exif_transpose(image))
    except BOMBS as problem:
        raise InvalidRequest(TOO_MANY_PIXELS, log_detail=str(problem)) from problem
    except BROKEN as problem:
        raise InvalidRequest(NOT_AN_IMAGE, log_detail=repr(problem)) from problem


def _clean(image: Image.Image) -> Image.Image:
    """RGB or RGBA, with no metadata but a colour profile: place and camera are nobody's business."""
    profile = image.info.get("icc_profile") if image.mode in ("RGB", "RGBA") else None
    clean = image.convert("RGBA" if image.has_transparency_data else "RGB")
    clean.info = {"icc_profile": profile} if profile else {}
    return clean


def _encode(image: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    options = {"icc_profile": image.info.get("icc_profile")}
    if kind == "PNG":
        image.save(buffer, "PNG", **options)
    else:
        image.save(buffer, kind, quality=90, **options)
    return buffer.getvalue()
