"""The albums that a person finds on the first visit. The pictures themselves are drawn when first looked at."""

from __future__ import annotations

import hashlib
import random
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from photos import drawing
from photos.models import Album, Person, Picture
from photos.tokens import Caller

# (titles of the album with a line each, how many pictures, scene and its possible titles)
GROUPS: tuple[tuple[tuple[tuple[str, str], ...], dict[str, tuple[str, ...]]], ...] = (
    (
        (
            ("By the water", "Lakes, coasts and one good harbour wall."),
            ("A week at the shore", "Early starts, wet shoes, no regrets."),
            ("Where the road ends", "Further than the bus goes."),
        ),
        {
            "lake": (
                "Not a breath of wind",
                "The lake before breakfast",
                "Two mountains, one of them wet",
                "Still water",
            ),
            "sea": ("Going home", "Last light on the bay", "One sail", "A slow evening at sea"),
            "lighthouse": (
                "Someone is awake",
                "The light on the point",
                "Nine seconds dark, one bright",
                "Keeping watch",
            ),
        },
    ),
    (
        (
            ("After dark", "Taken with cold fingers."),
            ("Night walks", "The hours when the streets are mine."),
            ("Lights", "Lamps, windows, stars and whatever that green is."),
        ),
        {
            "city": ("The other bank", "Office hours, still", "City on the river", "Ten past nine, downtown"),
            "aurora": ("The sky moved", "Minus twenty and worth it", "Northern lights", "Curtains"),
            "milkyway": ("Room for two", "A very small tent", "Camp under the Milky Way", "No signal"),
            "rain": ("Waiting for the bus", "Rain on the window", "Friday, out of focus", "Wet glass"),
        },
    ),
    (
        (
            ("Wide country", "Hills, sand and a lot of sky."),
            ("Out and about", "Weekends, mostly."),
            ("Long way round", "We took the scenic road."),
        ),
        {
            "hills": ("Seven ridges", "Fog in the valleys", "From the lookout", "Morning, layer by layer"),
            "dunes": ("Nobody here yet", "Wind at work", "The far dunes", "Sand, an hour before dusk"),
            "balloons": ("Eight of them", "Up early", "Balloons over the valley", "Quiet traffic"),
            "tree": ("The one on the hill", "In full leaf", "A windy afternoon", "Our tree"),
            "paper": ("Cut from paper", "Rainy day, scissors out", "Paper hills", "Study in layers"),
        },
    ),
)
PICTURES_PER_ALBUM = 3


def person_behind(caller: Caller) -> Person:
    """The person that a token stands for; at first sight with three albums of three pictures each.

    Any number of first requests may come at once: the unique constraint lets one of them in, and the albums are in the
    same transaction as the person.
    """
    known = Person.objects.filter(issuer=caller.issuer, subject=caller.subject).first()
    if known is not None:
        return known
    with transaction.atomic():
        person, is_new = Person.objects.get_or_create(issuer=caller.issuer, subject=caller.subject)
        if is_new:
            _fill(person)
    return person


def _fill(person: Person) -> None:
    seed = hashlib.sha256(f"{person.issuer}\n{person.subject}".encode()).hexdigest()
    rng = random.Random(seed)  # noqa: S311 - the choice of titles is no secret
    now = timezone.now()
    albums, pictures = [], []
    for number, (names, scenes) in enumerate(GROUPS):
        title, description = rng.choice(names)
        at = now + timedelta(microseconds=100 * number)  # the order of the listing
        album = Album(person=person, title=title, description=description, created_at=at)
        albums.append(album)
        for place, scene in enumerate(rng.sample(sorted(scenes), PICTURES_PER_ALBUM)):
            made_at = at + timedelta(microseconds=place)
            pictures.append(_picture(album, scene, rng.choice(scenes[scene]), seed, made_at))
    Album.objects.bulk_create(albums)
    Picture.objects.bulk_create(pictures)


def _picture(album: Album, scene: str, title: str, seed: str, created_at: datetime) -> Picture:
    width, height = drawing.SIZE
    return Picture(
        album=album,
        title=title,
        width=width,
        height=height,
        content_type="image/jpeg",
        scene=scene,
        seed=seed,
        created_at=created_at,
    )
