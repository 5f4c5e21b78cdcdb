"""What is above the horizon: suns, moons, clouds, stars, birds."""

from __future__ import annotations

import math
import random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from photos.drawing import canvas
from photos.drawing.canvas import HEIGHT, SIZE, WIDTH, Point
from photos.drawing.colour import Colour, mix

WHITE: Colour = (255, 255, 255)


def sun(image: Image.Image, centre: Point, radius: float, shade: Colour) -> None:
    """A sun with a soft rim and three rings of light around it."""
    canvas.glow(image, centre, radius * 16, shade, 0.55, 2.4)
    canvas.glow(image, centre, radius * 6, shade, 0.5, 2.0)
    canvas.glow(image, centre, radius * 2.6, mix(shade, WHITE, 0.5), 0.75, 1.6)
    disc(image, centre, radius, mix(shade, WHITE, 0.82), 3)


def moon(image: Image.Image, rng: random.Random, centre: Point, radius: float, shade: Colour) -> None:
    """A full moon with its grey seas, and a halo."""
    canvas.glow(image, centre, radius * 9, shade, 0.42, 2.2)
    canvas.glow(image, centre, radius * 3, shade, 0.4, 1.6)
    side = int(radius * 2)
    face = Image.new("RGB", (side, side), mix(shade, WHITE, 0.75))
    seas = canvas.curve(canvas.noise(rng, (4, 4), 4, (side, side)), canvas.smoothstep(0.45, 0.75))
    face.paste(mix(shade, (70, 76, 96), 0.45), (0, 0), seas.point(lambda value: value * 0.55))
    rim = Image.new("L", (side * 2, side * 2), 0)
    ImageDraw.Draw(rim).ellipse((2, 2, side * 2 - 3, side * 2 - 3), fill=255)
    image.paste(face, (int(centre[0] - radius), int(centre[1] - radius)), rim.reduce(2))


def disc(image: Image.Image, centre: Point, radius: float, shade: Colour, softness: float) -> None:
    """A filled circle with a soft rim."""
    margin = int(softness * 3)
    side = int(radius * 2) + margin * 2
    mask = Image.new("L", (side, side), 0)
    ImageDraw.Draw(mask).ellipse((margin, margin, side - margin, side - margin), fill=255)
    mask = mask.filter(ImageFilter.GaussianBlur(softness))
    image.paste(shade, (int(centre[0] - side / 2), int(centre[1] - side / 2)), mask)


def clouds(
    image: Image.Image, rng: random.Random, lit: Colour, shaded: Colour, cover: float = 0.5, strength: float = 0.8
) -> None:
    """Long clouds in perspective: lit from below or above by `lit`, with `shaded` bellies."""
    field = canvas.noise(rng, (3, 9), 6, gain=0.56)
    threshold = 0.66 - cover * 0.3
    body = canvas.curve(field, canvas.smoothstep(threshold, threshold + 0.2))
    body = ImageChops.multiply(body, canvas.fade([(0, 0.75), (0.2, 1), (0.5, 0.55), (0.66, 0)]))
    moved = ImageChops.offset(field, 0, -26)
    edge = ImageChops.subtract(field, moved, 0.32, 70)
    tint = Image.composite(Image.new("RGB", SIZE, lit), Image.new("RGB", SIZE, shaded), edge)
    image.paste(tint, (0, 0), body.point(lambda value: value * strength))


def streaks(image: Image.Image, rng: random.Random, shade: Colour, strength: float = 0.5) -> None:
    """High, thin ice clouds, blown long."""
    small = (WIDTH // 2, HEIGHT // 2)
    field = canvas.curve(canvas.noise(rng, (2, 20), 6, small, 0.62), canvas.smoothstep(0.5, 0.82))
    tilted = field.transform(small, Image.Transform.AFFINE, (1, 0, 0, -0.12, 1, 70), Image.Resampling.BILINEAR)
    veil = ImageChops.multiply(tilted, canvas.fade([(0, 1), (0.35, 0.7), (0.62, 0)], small)).resize(SIZE)
    canvas.wash(image, shade, veil, strength)


def stars(image: Image.Image, rng: random.Random, number: int = 900, floor: float = 0.75) -> None:
    """Stars of unequal brightness and slightly unequal colour; the brightest glow."""
    draw = ImageDraw.Draw(image)
    for _ in range(number):
        x, y = rng.random() * WIDTH, rng.random() ** 1.25 * HEIGHT * floor
        light = rng.random() ** 6
        shade = mix((168, 190, 255), (255, 226, 190), rng.random())
        tone = mix(canvas.shade_at(image, x, y), mix(shade, WHITE, light), 0.35 + 0.65 * light)
        radius = 0.8 + 2.4 * light
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=tone)
        if light > 0.8:
            canvas.glow(image, (x, y), 24 * light, shade, 0.7, 2.8)


def birds(image: Image.Image, rng: random.Random, shade: Colour, number: int, centre: Point, spread: float) -> None:
    """A loose flock, drawn as open wings."""
    draw = ImageDraw.Draw(image)
    for _ in range(number):
        x = centre[0] + rng.gauss(0, spread)
        y = centre[1] + rng.gauss(0, spread * 0.32)
        _bird(draw, rng, (x, y), rng.uniform(11, 25), shade)


def _bird(draw: ImageDraw.ImageDraw, rng: random.Random, at: Point, span: float, shade: Colour) -> None:
    lift, tilt = rng.uniform(0.25, 0.75), rng.uniform(-0.25, 0.25)
    for side in (-1, 1):
        upper, lower = [], []
        for step in range(9):
            part = step / 8
            x = at[0] + side * part * span
            y = at[1] - math.sin(part * 2.3) * span * lift * 0.62 + side * part * span * tilt
            upper.append((x, y))
            lower.append((x, y + span * 0.15 * (1 - part)))
        draw.polygon(upper + lower[::-1], fill=shade)
