"""What changes albums and pictures."""

from __future__ import annotations

from django.db import transaction

from photos import files
from photos.errors import LimitReached
from photos.models import Album, Person, Picture
from photos.uploads import Upload

MOST_ALBUMS = 100
MOST_PICTURES = 500


@transaction.atomic
def add_album(person: Person, *, title: str, description: str) -> Album:
    """A new, empty album; raises LimitReached at the hundred and first."""
    if person.own_albums().count() >= MOST_ALBUMS:
        raise LimitReached(f"You have {MOST_ALBUMS} albums, which is as many as PhotoShare keeps.")
    return Album.objects.create(person=person, title=title, description=description)


def add_picture(album: Album, upload: Upload, *, title: str) -> Picture:
    """A new picture; its files lie ready before its row can be seen. Raises LimitReached."""
    width, height = upload.image.size
    picture = Picture(
        album=album, title=title or "Untitled", width=width, height=height, content_type=upload.content_type
    )
    files.keep(picture, upload.data, upload.image)
    try:
        _insert(picture, album.person)
    except BaseException:
        files.remove(picture)
        raise
    return picture


@transaction.atomic
def _insert(picture: Picture, person: Person) -> None:
    if person.own_pictures().count() >= MOST_PICTURES:
        raise LimitReached(
            f"You have {MOST_PICTURES} pictures, which is as many as PhotoShare keeps. Delete some first."
        )
    picture.save(force_insert=True)


def delete_picture(picture: Picture) -> None:
    """The row first: a file without a row is only waste, a row without a file would be a broken picture."""
    Picture.objects.filter(pk=picture.pk).delete()
    files.remove(picture)
