"""People as the tokens name them, their albums and pictures."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar

from django.db import models
from django.utils import timezone


class Person(models.Model):
    """Somebody seen: a `sub` means something only together with its issuer (OpenID Connect Core 2)."""

    issuer: models.CharField[str, str] = models.CharField(max_length=255)
    subject: models.CharField[str, str] = models.CharField(max_length=255)
    first_seen_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "people"
        constraints: ClassVar = [models.UniqueConstraint(fields=["issuer", "subject"], name="one_person_per_subject")]

    def __str__(self) -> str:
        return f"{self.subject} of {self.issuer}"

    def own_albums(self) -> AlbumQuerySet:
        """This person's albums, and nobody else's: every view starts here or at `own_pictures`."""
        return AlbumQuerySet(Album).filter(person=self)

    def own_pictures(self) -> PictureQuerySet:
        """The pictures in this person's albums."""
        return PictureQuerySet(Picture).filter(album__person=self)


class AlbumQuerySet(models.QuerySet["Album"]):
    """Albums, with what a listing shows."""

    def listed(self) -> AlbumQuerySet:
        """Oldest first, each with `picture_count` and `cover_id` (its first picture, or None)."""
        first = Picture.objects.filter(album=models.OuterRef("pk")).order_by("created_at", "id")
        counted = self.annotate(
            picture_count=models.Count("pictures"), cover_id=models.Subquery(first.values("id")[:1])
        )
        return counted.order_by("created_at", "id")


class Album(models.Model):
    """A titled set of pictures."""

    id: models.UUIDField[uuid.UUID, uuid.UUID] = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person: models.ForeignKey[Person, Person] = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="albums"
    )
    title: models.CharField[str, str] = models.CharField(max_length=120)
    description: models.CharField[str, str] = models.CharField(max_length=500, blank=True)
    created_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.title


class PictureQuerySet(models.QuerySet["Picture"]):
    """Pictures, with the order of a listing."""

    def listed(self) -> PictureQuerySet:
        """Oldest first."""
        return self.order_by("created_at", "id")


class Picture(models.Model):
    """A picture: uploaded, or drawn by PhotoShare itself (then `scene` and `seed` tell how)."""

    id: models.UUIDField[uuid.UUID, uuid.UUID] = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    album: models.ForeignKey[Album, Album] = models.ForeignKey(Album, on_delete=models.CASCADE, related_name="pictures")
    title: models.CharField[str, str] = models.CharField(max_length=120)
    width: models.PositiveIntegerField[int, int] = models.PositiveIntegerField()
    height: models.PositiveIntegerField[int, int] = models.PositiveIntegerField()
    content_type: models.CharField[str, str] = models.CharField(max_length=20)
    scene: models.CharField[str, str] = models.CharField(max_length=20, blank=True)
    seed: models.CharField[str, str] = models.CharField(max_length=64, blank=True)
    created_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(width__gte=1, height__gte=1), name="picture_has_an_area"),
        ]

    def __str__(self) -> str:
        return self.title
