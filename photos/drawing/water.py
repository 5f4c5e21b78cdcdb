"""Water: mirrored lakes, glittering seas."""

from __future__ import annotations

import math
import random

from PIL import Image, ImageChops, ImageDraw

from photos.drawing import canvas
from photos.drawing.canvas import HEIGHT, WIDTH
from photos.drawing.colour import Colour


def mirror(
    image: Image.Image, rng: random.Random, shore: int, tint: Colour, tinted: float = 0.28, calm: float = 1.0
) -> None:
    """Everything below `shore` (canvas pixels) becomes a lake that mirrors what stands above it."""
    depth = HEIGHT - shore
    above = image.crop((0, max(shore - depth, 0), WIDTH, shore)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    lake = above.resize((WIDTH, depth), Image.Resampling.BICUBIC)
    lake = canvas.soft(lake, 4)
    _ripple(lake, rng, calm)
    veil = canvas.fade([(0, tinted * 0.5), (0.3, tinted), (1, min(tinted * 2.1, 0.9))], lake.size)
    canvas.wash(lake, tint, veil)
    image.paste(lake, (0, shore))


def _ripple(lake: Image.Image, rng: random.Random, calm: float) -> None:
    """Shift row by row, more towards the viewer: the reflection breaks up as real ones do."""
    phases = [rng.uniform(0, math.tau) for _ in range(3)]
    source = lake.copy()
    y = 0.0
    while y < lake.height:
        near = y / lake.height
        thick = 2 + int(4 * near)
        pace = 0.35 - 0.24 * near
        swing = math.sin(y * pace + phases[0]) + 0.6 * math.sin(y * pace * 0.37 + phases[1])
        shift = int(swing * (2 + 15 * near) / calm + rng.uniform(-2.5, 2.5) * near)
        row = source.crop((0, int(y), WIDTH, int(y) + thick))
        lake.paste(row, (shift, int(y)))
        y += thick


def shimmer(image: Image.Image, rng: random.Random, shore: int, shade: Colour, number: int, strength: float) -> None:
    """Long thin lights on the water, wider towards the viewer."""
    layer = Image.new("L", (WIDTH, HEIGHT - shore), 0)
    draw = ImageDraw.Draw(layer)
    for _ in range(number):
        near = rng.random() ** 1.4
        y = near * layer.height
        x = rng.uniform(-100, WIDTH)
        length = rng.uniform(20, 130) * (0.35 + near * 1.6)
        draw.ellipse((x, y, x + length, y + 1.5 + 3.5 * near), fill=int(rng.uniform(60, 255) * strength))
    canvas.add_light(image, layer, shade, (0, shore))


def glitter(image: Image.Image, rng: random.Random, shore: int, x: float, shade: Colour, width: float) -> None:
    """The path that a low sun or a moon lays on the water."""
    depth = HEIGHT - shore
    layer = Image.new("L", (WIDTH, depth), 0)
    draw = ImageDraw.Draw(layer)
    for _ in range(2600):
        near = rng.random() ** 1.5
        spread = width * (0.22 + 0.95 * near)
        centre = x + rng.gauss(0, spread * 0.5)
        length = rng.uniform(5, 26) * (0.35 + 2.3 * near)
        thick = 0.8 + 4.2 * near
        y = near * depth
        fall = math.exp(-(((centre - x) / (spread + 1)) ** 2))
        draw.ellipse(
            (centre - length, y - thick, centre + length, y + thick), fill=int(255 * fall * rng.random() ** 0.6)
        )
    halo = canvas.soft(layer, 22)
    canvas.add_light(image, ImageChops.add(layer, halo), shade, (0, shore))


def waves(image: Image.Image, rng: random.Random, shore: int, light: Colour, dark: Colour, strength: float) -> None:
    """A moving sea: bands of light and dark that grow towards the viewer."""
    depth = HEIGHT - shore
    y = float(shore)
    field = canvas.noise(rng, (10, 60), 4, (WIDTH, depth * 2), 0.6)
    strips = Image.new("L", (WIDTH, depth), 128)
    while y < HEIGHT:
        near = (y - shore) / depth
        thick = 2
        scale = 0.28 + 1.6 * near
        start = int((near / (0.22 + near)) * (depth * 2 - 40))
        part = field.crop((0, start, int(WIDTH / max(scale, 1)), start + 2)).resize((WIDTH, thick))
        strips.paste(part, (0, int(y - shore)))
        y += thick
    lit = canvas.curve(strips, canvas.smoothstep(0.55, 0.85))
    shaded = canvas.curve(ImageChops.invert(strips), canvas.smoothstep(0.5, 0.85))
    sea = image.crop((0, shore, WIDTH, HEIGHT))
    canvas.wash(sea, dark, shaded, strength)
    canvas.wash(sea, light, lit, strength)
    image.paste(sea, (0, shore))
