"""The shapes on the wire. Addresses are relative to the API's base: the service does not know where it is mounted."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from photos.models import Album, Picture


def _text(what: str, longest: int, **options: Any) -> serializers.CharField:
    messages: dict[str, Any] = {
        "required": f"{what} needs a title.",
        "blank": f"{what} needs a title.",
        "null": f"{what} needs a title.",
        "invalid": f"The title or description of {what.lower()} must be text.",
        "max_length": f"The title or description of {what.lower()} is too long: at most {longest} characters.",
    }
    return serializers.CharField(max_length=longest, error_messages=messages, validators=[_encodable], **options)


def _encodable(value: str) -> None:
    """JSON can carry half a surrogate pair, which no database keeps."""
    try:
        value.encode()
    except UnicodeEncodeError as problem:
        raise serializers.ValidationError("The text has a character that is not valid Unicode.") from problem


class PictureSerializer(serializers.ModelSerializer[Picture]):
    """A picture and where to find it."""

    image = serializers.SerializerMethodField()
    thumbnail = serializers.SerializerMethodField()

    class Meta:
        model = Picture
        fields = ("id", "title", "width", "height", "content_type", "image", "thumbnail")

    def get_image(self, picture: Picture) -> str:
        """Where the picture itself is."""
        return f"/pictures/{picture.pk}/image"

    def get_thumbnail(self, picture: Picture) -> str:
        """Where its thumbnail is."""
        return f"/pictures/{picture.pk}/thumbnail"


class AlbumSerializer(serializers.ModelSerializer[Album]):
    """An album of a listing (`AlbumQuerySet.listed`); the cover of an empty one is null."""

    picture_count = serializers.IntegerField(read_only=True)
    cover = serializers.SerializerMethodField()

    class Meta:
        model = Album
        fields = ("id", "title", "description", "picture_count", "cover")

    def get_cover(self, album: Any) -> str | None:
        """The thumbnail of the first picture."""
        return f"/pictures/{album.cover_id}/thumbnail" if album.cover_id else None


class NewAlbum(serializers.Serializer[Album]):
    """What a new album is made of."""

    title = _text("An album", 120)
    description = _text("An album", 500, required=False, allow_blank=True, default="")


class NewPicture(serializers.Serializer[Picture]):
    """What a picture is told besides its file."""

    title = _text("A picture", 120, required=False, allow_blank=True, default="")
