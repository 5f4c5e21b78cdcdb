"""bob and charlie are end users with tokens of a real issuer; alice's application has one of its own."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from PIL import Image
from pytest_django import Settings

from photos import jwks
from photos.models import Picture
from tests.photos.issuer import AUDIENCE, ISSUER, Issuer


class Caller:
    """A test client that sends one token."""

    def __init__(self, token: str) -> None:
        self.client = Client(headers={"authorization": f"Bearer {token}"}, raise_request_exception=False)

    def get(self, path: str, **extra: Any) -> Any:
        return self.client.get(path, **extra)

    def post(self, path: str, data: object) -> Any:
        return self.client.post(path, data, content_type="application/json")

    def delete(self, path: str) -> Any:
        return self.client.delete(path)

    def upload(self, album: str, content: bytes, title: str = "Mine", name: str = "photo.jpg") -> Any:
        file = io.BytesIO(content)
        file.name = name
        return self.client.post(f"/albums/{album}/pictures", {"file": file, "title": title})

    def first_album(self) -> dict[str, Any]:
        album: dict[str, Any] = self.get("/albums").json()["list"][0]
        return album

    def first_picture(self) -> dict[str, Any]:
        picture: dict[str, Any] = self.get("/pictures").json()["list"][0]
        return picture

    def quick_picture(self) -> dict[str, Any]:
        """One that is not drawn yet, and is in a third of the time that others take."""
        self.get("/pictures")
        quick = Picture.objects.filter(scene__in=("rain", "balloons", "tree", "sea")).order_by("scene")[0]
        picture: dict[str, Any] = self.get(f"/pictures/{quick.pk}").json()
        return picture


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[Issuer]:
    running = Issuer(tmp_path)
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def photo_service(issuer: Issuer, settings: Settings, tmp_path: Path) -> None:
    """The service trusts the test's issuer and keeps its files in the test's folder."""
    settings.PHOTOS_VAR = tmp_path
    settings.PHOTOS_ISSUER, settings.PHOTOS_AUDIENCE = ISSUER, AUDIENCE
    settings.PHOTOS_RESOURCE = f"{AUDIENCE}/photos/1.0"
    settings.PHOTOS_JWKS_URL, settings.PHOTOS_CA_FILE = issuer.url, issuer.ca_file
    jwks.key_set.cache_clear()


@pytest.fixture
def bob(db: None, issuer: Issuer) -> Caller:
    return Caller(issuer.token("bob"))


@pytest.fixture
def charlie(db: None, issuer: Issuer) -> Caller:
    return Caller(issuer.token("charlie"))


def picture_file(kind: str = "JPEG", size: tuple[int, int] = (60, 40), mode: str = "RGB", **options: Any) -> bytes:
    """A small picture, left half red and right half blue, as a file."""
    image = Image.new(mode, size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
