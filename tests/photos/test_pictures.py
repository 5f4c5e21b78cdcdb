"""Pictures: seen, drawn at the first look, added, deleted."""

from __future__ import annotations

import contextlib
import io
import random
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from photos import deeds, errors, files, limits, uploads
from tests.photos.conftest import Caller, picture_file


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def decoded(answer: Any) -> Image.Image:
    image = Image.open(io.BytesIO(body(answer)))
    image.load()
    return image


def added(caller: Caller, content: bytes, **options: Any) -> dict[str, Any]:
    answer = caller.upload(caller.first_album()["id"], content, **options)
    assert answer.status_code == 201, answer.content
    picture: dict[str, Any] = answer.json()
    return picture


def refused(caller: Caller, content: bytes, sentence: str) -> None:
    answer = caller.upload(caller.first_album()["id"], content)

    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_request", "error_description": sentence}
    assert caller.get("/pictures").json()["count"] == 9


def test_a_picture_is_drawn_at_the_first_look(bob: Caller) -> None:
    answer = bob.get(bob.quick_picture()["image"])

    assert answer["Content-Type"] == "image/jpeg"
    assert answer["Cache-Control"].startswith("private")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert decoded(answer).size == (1200, 800)


def test_a_thumbnail_is_480_pixels_wide(bob: Caller) -> None:
    answer = bob.get(bob.quick_picture()["thumbnail"])

    assert answer["Content-Type"] == "image/jpeg"
    assert decoded(answer).size == (480, 320)


def test_an_unchanged_picture_is_not_sent_again(bob: Caller) -> None:
    path = added(bob, picture_file())["image"]
    first = bob.get(path)
    body(first)

    second = bob.get(path, headers={"if-none-match": first["ETag"]})

    assert second.status_code == 304
    assert second["ETag"] == first["ETag"]
    assert not second.content


def test_a_picture_is_drawn_once(bob: Caller, tmp_path: Path) -> None:
    path = bob.quick_picture()["image"]
    body(bob.get(path))
    (file,) = (tmp_path / "pictures").glob("*.jpg")
    before = file.stat().st_mtime_ns

    body(bob.get(path))

    assert file.stat().st_mtime_ns == before
    assert [entry for entry in file.parent.iterdir() if entry.name.startswith(".new")] == []


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: object, target: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space"):
        files._write(tmp_path / "x.jpg", b"data")

    assert [entry.name for entry in tmp_path.iterdir() if entry.suffix == ".jpg" or entry.name.startswith(".new")] == []


@pytest.mark.parametrize("part", ["", "/image", "/thumbnail"])
def test_somebody_elses_picture_does_not_exist(part: str, bob: Caller, charlie: Caller) -> None:
    picture = bob.first_picture()["id"]

    answer = charlie.get(f"/pictures/{picture}{part}")

    assert answer.status_code == 404
    assert answer.json()["error"] == "not_found"


def test_somebody_elses_picture_cannot_be_deleted(bob: Caller, charlie: Caller) -> None:
    picture = bob.first_picture()["id"]

    assert charlie.delete(f"/pictures/{picture}").status_code == 404
    assert bob.get(f"/pictures/{picture}").status_code == 200


def test_a_deleted_picture_is_gone_with_its_files(bob: Caller, tmp_path: Path) -> None:
    picture = added(bob, picture_file())

    answers = [bob.delete(f"/pictures/{picture['id']}") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [204, 404]
    assert list((tmp_path / "pictures").iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "content_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")]
)
def test_a_picture_can_be_added(kind: str, content_type: str, bob: Caller) -> None:
    picture = added(bob, picture_file(kind), title="Mine")

    image = bob.get(picture["image"])
    assert (picture["title"], picture["width"], picture["content_type"]) == ("Mine", 60, content_type)
    assert image["Content-Type"] == content_type
    assert decoded(image).format == kind
    assert decoded(bob.get(picture["thumbnail"])).size == (60, 40)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "P"), ("PNG", "RGBA"), ("PNG", "LA"), ("PNG", "1"), ("PNG", "I;16")],
)
def test_every_kind_of_pixel_is_understood(kind: str, mode: str, bob: Caller) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (900, 30), "red").convert("L" if mode == "I;16" else mode).convert(mode).save(buffer, kind)

    picture = added(bob, buffer.getvalue())

    assert decoded(bob.get(picture["image"])).mode in {"RGB", "RGBA"}
    assert decoded(bob.get(picture["thumbnail"])).size == (480, 16)


def test_the_first_frame_of_an_animation_is_kept(bob: Caller) -> None:
    buffer = io.BytesIO()
    frames = [Image.new("RGB", (50, 50), shade) for shade in ("red", "blue")]
    frames[0].save(buffer, "WEBP", save_all=True, append_images=frames[1:])

    picture = added(bob, buffer.getvalue())

    assert getattr(decoded(bob.get(picture["image"])), "n_frames", 1) == 1


def test_a_photo_is_turned_upright_and_its_metadata_removed(bob: Caller) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Secret Camera"  # Orientation: turn right; Make
    picture = added(bob, picture_file(exif=exif, comment=b"secret place", quality=95))

    content = body(bob.get(picture["image"]))

    image = Image.open(io.BytesIO(content))
    assert image.size == (40, 60) == (picture["width"], picture["height"])
    assert not image.getexif()
    assert b"ecret" not in content
    red, _, blue = image.convert("RGB").crop((10, 2, 30, 12)).resize((1, 1)).tobytes()
    assert red > 200 > blue  # the red left half is on top now


def test_a_picture_without_a_title_is_untitled(bob: Caller) -> None:
    assert added(bob, picture_file(), title="  ")["title"] == "Untitled"


def test_a_long_title_is_refused(bob: Caller) -> None:
    answer = bob.upload(bob.first_album()["id"], picture_file(), title="x" * 121)

    assert answer.status_code == 400
    assert "at most 120 characters" in answer.json()["error_description"]


def test_an_empty_file_is_refused(bob: Caller) -> None:
    refused(bob, b"", "The file is empty.")


@pytest.mark.parametrize(
    "content",
    [
        b"hello",
        b"%PDF-1.7",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF0000WEBPVP8 ",
    ],
)
def test_what_is_no_picture_is_refused(content: bytes, bob: Caller) -> None:
    refused(bob, content, uploads.NOT_AN_IMAGE)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF"])
def test_other_kinds_of_picture_are_refused(kind: str, bob: Caller) -> None:
    refused(bob, picture_file(kind), uploads.NOT_AN_IMAGE)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_half_a_picture_is_refused(kind: str, bob: Caller) -> None:
    whole = picture_file(kind, (300, 200))

    refused(bob, whole[: len(whole) // 2], uploads.NOT_AN_IMAGE)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_damaged_pictures_never_break_the_reader(kind: str) -> None:
    rng = random.Random(kind)  # noqa: S311 - repeatable damage
    whole = picture_file(kind, (64, 64))
    for _ in range(150):
        damaged = bytearray(whole)
        for _ in range(rng.randint(1, 12)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        with contextlib.suppress(errors.InvalidRequest):
            uploads._decode(bytes(damaged))


@pytest.mark.parametrize("side", [6400, 9600, 13500])
def test_a_picture_with_too_many_pixels_is_refused(side: int, bob: Caller) -> None:
    buffer = io.BytesIO()
    Image.new("1", (side, side)).save(buffer, "PNG")

    refused(bob, buffer.getvalue(), uploads.TOO_MANY_PIXELS)


def test_a_file_over_ten_megabytes_is_refused(bob: Caller) -> None:
    refused(bob, b"\xff\xd8\xff" + bytes(limits.UPLOAD), limits.TOO_LARGE)


def test_a_file_far_over_the_limit_is_not_even_read(bob: Caller) -> None:
    refused(bob, bytes(limits.UPLOAD + limits.ROOM_FOR_FIELDS + 1), limits.TOO_LARGE)


def test_a_body_of_unknown_length_is_a_411(bob: Caller) -> None:
    answer = bob.client.generic("POST", "/albums", headers={"transfer-encoding": "chunked"})

    assert answer.status_code == 411


@pytest.mark.parametrize("form", [{}, {"file": "text, not a file"}, {"photo": io.BytesIO(picture_file())}])
def test_a_form_without_the_file_is_refused(form: dict[str, Any], bob: Caller) -> None:
    answer = bob.client.post(f"/albums/{bob.first_album()['id']}/pictures", form)

    assert answer.status_code == 400
    assert "field file" in answer.json()["error_description"]


def test_a_broken_form_is_refused(bob: Caller) -> None:
    path = f"/albums/{bob.first_album()['id']}/pictures"

    answers = [bob.client.post(path, b"xx", content_type=f"multipart/form-data{rest}") for rest in ("", "; boundary=a")]

    assert {answer.status_code for answer in answers} == {400}


def test_a_picture_as_json_is_refused(bob: Caller) -> None:
    assert bob.post(f"/albums/{bob.first_album()['id']}/pictures", {"file": "x"}).status_code == 415


def test_a_lost_file_is_a_404(bob: Caller, tmp_path: Path) -> None:
    picture = added(bob, picture_file())
    for file in (tmp_path / "pictures").iterdir():
        file.unlink()

    assert bob.get(picture["image"]).status_code == 404


def test_there_is_an_end_to_pictures(bob: Caller, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(deeds, "MOST_PICTURES", 9)

    answer = bob.upload(bob.first_album()["id"], picture_file())

    assert answer.status_code == 409
    assert list((tmp_path / "pictures").iterdir()) == []


def test_head_tells_the_size_without_the_picture(bob: Caller) -> None:
    answer = bob.client.head(added(bob, picture_file())["image"])

    assert answer.status_code == 200
    assert int(answer["Content-Length"]) > 0
    answer.close()
