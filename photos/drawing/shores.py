"""Pictures by the water: a mountain lake, a boat on the sea, a lighthouse."""

from __future__ import annotations

import math
import random

from PIL import Image, ImageDraw

from photos.drawing import canvas, land, sky, water
from photos.drawing.canvas import HEIGHT, WIDTH, Point
from photos.drawing.colour import Colour, colour, mix, stops

# sky from top to horizon | light | rock | water tint
LAKES = (
    (("#24406e", "#6f8fb8", "#f0c3a8", "#ffdcae"), "#ffd3a0", "#4f5876", "#16304a"),
    (("#2f7fc0", "#7cbbe0", "#c9e6f0", "#eef6f0"), "#fff6e0", "#5a6c80", "#0f4a63"),
    (("#35265e", "#8a4f86", "#e9858a", "#ffc39a"), "#ffb18f", "#574a70", "#2a1d4a"),
    (("#123a55", "#3f7f8c", "#a8cfb9", "#f3e6b8"), "#ffeeb8", "#42606a", "#0c3b44"),
)
# sky from top to horizon | sun | sea near | sail
SEAS = (
    (("#2b3a6b", "#8a5a8c", "#f0875f", "#ffcf87"), "#ffb25e", "#1c2750", "#fff1df"),
    (("#1d5f8f", "#56a3c2", "#b9dbd3", "#ffeec4"), "#ffe3a0", "#0d4a6b", "#ffffff"),
    (("#40275a", "#b04a78", "#ff8f7a", "#ffd6a5"), "#ffc07a", "#321d4f", "#ffe9e4"),
    (("#0f4c5c", "#4f9a94", "#e8c07d", "#ffe2a8"), "#ffd28a", "#0b3b48", "#fff6e6"),
)
# sky from top to horizon | beam | sea
COASTS = (
    (("#0d1b3a", "#27457a", "#8c7fae", "#f2b49a"), "#ffe6a6", "#10213f"),
    (("#161336", "#4b2f6e", "#b5597f", "#ffad86"), "#ffe0a0", "#1b1840"),
    (("#08303f", "#1f6470", "#7fb3a2", "#f5dfae"), "#fff0b8", "#082c3a"),
)


def lake(rng: random.Random) -> Image.Image:
    """Snow mountains and firs, mirrored in a still lake."""
    shades, light, rock, tint = rng.choice(LAKES)
    haze, shore = colour(shades[-2]), rng.randint(930, 1010)
    lean = rng.choice((-1, 1))
    image = canvas.gradient([(at * 0.62, shade) for at, shade in stops(*shades)] + [(1, colour(shades[-1]))])
    sky.streaks(image, rng, mix(colour(light), sky.WHITE, 0.5), 0.55)
    sky.clouds(image, rng, mix(colour(light), sky.WHITE, 0.35), mix(haze, colour(shades[0]), 0.35), 0.4, 0.7)
    canvas.glow(image, (WIDTH / 2 - lean * 1000, 700), 1500, colour(light), 0.6)
    far = land.peaks(rng, shore - 130, 360, 6)
    land.mountains(image, rng, far, mix(colour(rock), haze, 0.45), colour(light), haze, lean)
    near = land.peaks(rng, shore - 30, 600, 3)
    land.mountains(image, rng, near, colour(rock), colour(light), haze, lean)
    _mist(image, rng, shore, haze)
    woods = mix(colour(rock), (8, 28, 30), 0.72)
    slope = land.ridge(rng, shore - 70, 62, 0.45, 3)
    land.fill(image, slope, mix(woods, haze, 0.3), mix(woods, haze, 0.12), 240)
    land.firs(image, rng, slope, mix(woods, haze, 0.3), (40, 82), 1.2)
    bank = land.ridge(rng, shore - 16, 22, 0.4, 3)
    land.fill(image, bank, woods, woods, 120)
    land.firs(image, rng, bank, woods, (70, 150), 0.85)
    water.mirror(image, rng, shore, colour(tint), 0.26, 1.3)
    water.shimmer(image, rng, shore, mix(colour(light), sky.WHITE, 0.3), 120, 0.35)
    canvas.glow(image, (WIDTH / 2, shore), 1300, haze, 0.16)
    return image


def _mist(image: Image.Image, rng: random.Random, level: int, shade: Colour) -> None:
    field = canvas.curve(canvas.noise(rng, (4, 16), 4), canvas.smoothstep(0.3, 0.75))
    top, mid, end = (level - 330) / HEIGHT, (level - 90) / HEIGHT, (level + 20) / HEIGHT
    band = canvas.fade([(top, 0), (mid, 1), (end, 0.5)])
    canvas.wash(image, mix(shade, sky.WHITE, 0.35), Image.composite(field, Image.new("L", canvas.SIZE, 0), band), 0.8)


def sea(rng: random.Random) -> Image.Image:
    """A sailing boat on a glittering sea, the sun low behind it."""
    shades, light, deep, sail = rng.choice(SEAS)
    shore = rng.randint(900, 980)
    sun = (rng.uniform(0.3, 0.7) * WIDTH, shore - rng.uniform(90, 240))
    image = canvas.gradient([(at * shore / HEIGHT, shade) for at, shade in stops(*shades)] + [(1, colour(shades[-1]))])
    sky.streaks(image, rng, mix(colour(light), sky.WHITE, 0.3), 0.6)
    sky.clouds(
        image, rng, mix(colour(light), sky.WHITE, 0.25), mix(colour(shades[1]), colour(shades[0]), 0.4), 0.45, 0.85
    )
    sky.sun(image, sun, rng.uniform(58, 80), colour(light))
    for step in range(2):
        island = land.ridge(rng, shore + 12 - 30 * (1 - step), 95 - 30 * step, 0.45, 5)
        shade = mix(colour(deep), colour(shades[-2]), 0.62 - 0.24 * step)
        land.fill(image, island, shade, mix(shade, colour(shades[-1]), 0.3), 160)
    water.mirror(image, rng, shore, colour(deep), 0.34, 0.9)
    water.waves(image, rng, shore, mix(colour(light), colour(shades[2]), 0.4), colour(deep), 0.5)
    water.glitter(image, rng, shore, sun[0], mix(colour(light), sky.WHITE, 0.35), 110)
    side = -1 if sun[0] > WIDTH / 2 else 1
    _boat(
        image, rng, (sun[0] + side * rng.uniform(280, 520), shore + rng.uniform(120, 190)), colour(sail), colour(deep)
    )
    sky.birds(image, rng, mix(colour(deep), colour(shades[0]), 0.4), 9, (WIDTH / 2 - side * 420, 420), 210)
    return image


def _boat(image: Image.Image, rng: random.Random, foot: Point, sail: Colour, shade: Colour) -> None:
    """A sloop with main and jib, and its broken reflection."""
    x, y = foot
    tall = rng.uniform(330, 400)
    dark = mix(shade, (10, 8, 20), 0.55)
    draw = ImageDraw.Draw(image)
    for step in range(46):
        part = step / 46
        half = tall * (0.30 - 0.24 * part) * rng.uniform(0.55, 1.0)
        middle = x + rng.uniform(-14, 14) * (0.5 + part)
        depth = y + 10 + part * tall * 0.62
        draw.line((middle - half, depth, middle + half, depth), fill=mix(dark, sail, 0.3 + 0.2 * part), width=4)
    draw.line((x, y - tall, x, y - 12), fill=dark, width=6)
    main = [(x + 8, y - tall), *_belly((x + 8, y - tall), (x + tall * 0.36, y - 44), 34), (x + 8, y - 38)]
    jib = [(x - 6, y - tall * 0.9), *_belly((x - 6, y - tall * 0.9), (x - tall * 0.3, y - 34), -20), (x - 6, y - 48)]
    draw.polygon(main, fill=sail)
    draw.polygon(jib, fill=mix(sail, shade, 0.24))
    for part in (0.35, 0.58, 0.78):
        level = y - tall + part * (tall - 44)
        draw.line((x + 8, level, x + 10 + tall * 0.38 * part, level + 5), fill=mix(sail, shade, 0.16), width=3)
    half = tall * 0.34
    hull = [(x - half, y - 30), (x + half * 1.02, y - 26), (x + half * 0.82, y + 12), (x - half * 0.66, y + 12)]
    draw.polygon(hull, fill=dark)
    draw.line((x - half, y - 30, x + half, y - 26), fill=mix(sail, shade, 0.1), width=6)


def _belly(start: Point, end: Point, bulge: float) -> list[Point]:
    """The leech of a sail: a bulging line."""
    return [
        (
            start[0] + (end[0] - start[0]) * part + bulge * math.sin(part * math.pi),
            start[1] + (end[1] - start[1]) * part,
        )
        for part in (step / 14 for step in range(15))
    ]


def lighthouse(rng: random.Random) -> Image.Image:
    """A lighthouse on its rock at dusk, the beam turning over the sea."""
    shades, light, deep = rng.choice(COASTS)
    shore, side = rng.randint(1040, 1100), rng.choice((-1, 1))
    x = WIDTH / 2 + side * rng.uniform(420, 560)
    lamp = (x, 450.0)
    image = canvas.gradient([(at * shore / HEIGHT, shade) for at, shade in stops(*shades)] + [(1, colour(shades[-1]))])
    sky.stars(image, rng, 420, 0.42)
    sky.clouds(
        image, rng, mix(colour(shades[-1]), sky.WHITE, 0.1), mix(colour(shades[1]), colour(shades[0]), 0.5), 0.4, 0.8
    )
    coast = land.ridge(rng, shore + 5, 90, 0.5, 4)
    land.fill(image, coast, mix(colour(deep), colour(shades[2]), 0.5), mix(colour(deep), colour(shades[3]), 0.5), 150)
    water.mirror(image, rng, shore, colour(deep), 0.36, 0.8)
    water.waves(image, rng, shore, colour(shades[-1]), colour(deep), 0.55)
    water.glitter(image, rng, shore, x - side * rng.uniform(420, 620), colour(light), 60)
    _beam(image, lamp, -side, colour(light))
    rock = mix(colour(deep), (10, 12, 22), 0.5)
    _headland(image, rng, x, side, rock, colour(shades[-1]))
    _tower(image, lamp, rock, colour(light), mix(colour(shades[-1]), sky.WHITE, 0.45))
    sky.birds(image, rng, mix(rock, colour(shades[1]), 0.3), 7, (WIDTH / 2 - side * 300, 640), 170)
    return image


def _beam(image: Image.Image, lamp: Point, side: int, light: Colour) -> None:
    """Two cones of light that weaken with distance."""
    for way, spread, strength in ((side, 190, 0.7), (-side, 120, 0.4)):
        cone = canvas.polygon(
            [lamp, (lamp[0] + way * 2400, lamp[1] - 150 - spread), (lamp[0] + way * 2400, lamp[1] - 150 + spread)]
        )
        fall = Image.linear_gradient("L").rotate(90 if way > 0 else 270).resize((2400, HEIGHT))
        reach = Image.new("L", canvas.SIZE, 0)
        reach.paste(fall, (int(lamp[0]) if way > 0 else int(lamp[0]) - 2400, 0))
        cone = Image.composite(
            canvas.soft(cone, 14), Image.new("L", canvas.SIZE, 0), canvas.curve(reach, lambda v: v**1.5)
        )
        canvas.add_light(image, cone.point(lambda value, share=strength: value * share), light)


def _headland(image: Image.Image, rng: random.Random, x: float, side: int, rock: Colour, light: Colour) -> None:
    """The rock under the tower: high at the tower, falling to the sea."""
    rough = land.ridge(rng, 0, 34, 0.62, 8)
    line = []
    for at, wobble in rough:
        away = (x - at) * side / WIDTH
        rise = 420 * math.exp(-((max(away, 0) / 0.2) ** 2)) if away > 0 else 420 - 90 * min(-away / 0.3, 1)
        line.append((at, 1440 - rise + wobble))
    mask = land.below(line)
    body = Image.composite(
        Image.new("RGB", canvas.SIZE, mix(rock, light, 0.22)),
        Image.new("RGB", canvas.SIZE, rock),
        canvas.curve(land.rock(rng, (16, 14), -9 * side, 3), canvas.smoothstep(0.45, 0.9)),
    )
    image.paste(body, (0, 0), mask)
    land.rim(image, line, light, 7, 0.35)


def _tower(image: Image.Image, lamp: Point, dark: Colour, light: Colour, wall: Colour) -> None:
    """A banded tower, gallery, lantern and cap; shaded to look round."""
    x, y = lamp
    draw = ImageDraw.Draw(image)
    bands, foot = 7, 1060.0
    red = mix((190, 52, 48), dark, 0.3)
    for column in range(-70, 71):
        part = column / 70
        shade = 0.12 + 0.62 * ((part + 1) / 2) ** 1.4
        for band in range(bands):
            start, end = y + 62 + (foot - y - 62) * band / bands, y + 62 + (foot - y - 62) * (band + 1) / bands
            base = red if band % 2 else wall
            left, right = (x + part * (46 + 26 * (at - y) / (foot - y)) for at in (start, end))
            draw.line((left, start, right, end), fill=mix(base, dark, shade), width=3)
    draw.rectangle((x - 66, y + 50, x + 66, y + 64), fill=dark)
    for post in range(-60, 61, 20):
        draw.line((x + post, y + 26, x + post, y + 52), fill=dark, width=3)
    draw.line((x - 64, y + 26, x + 64, y + 26), fill=dark, width=4)
    draw.rectangle((x - 34, y - 34, x + 34, y + 50), fill=mix(light, sky.WHITE, 0.35))
    for post in (-34, 0, 34):
        draw.line((x + post, y - 34, x + post, y + 50), fill=dark, width=4)
    draw.polygon([(x - 46, y - 32), (x + 46, y - 32), (x, y - 92)], fill=dark)
    draw.line((x, y - 92, x, y - 122), fill=dark, width=4)
    canvas.glow(image, lamp, 420, light, 0.85, 2.4)
    canvas.glow(image, lamp, 110, sky.WHITE, 0.9, 1.6)
