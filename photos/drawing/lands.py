"""Pictures of the land: misty hills, dunes, balloons over a valley, a tree in leaf, paper hills."""

from __future__ import annotations

import math
import random

from PIL import Image, ImageChops, ImageDraw

from photos.drawing import canvas, land, sky
from photos.drawing.canvas import HEIGHT, SIZE, WIDTH, Point
from photos.drawing.colour import Colour, colour, mix, stops, turned

# sky from top to horizon | sun | nearest hill
HILLS = (
    (("#3b4a7a", "#a87a9b", "#f7a97f", "#ffdca4"), "#ffc37a", "#1f2140"),
    (("#5e93b8", "#a9cfd6", "#e6ecd2", "#fff3cf"), "#ffeeb0", "#12414a"),
    (("#4a2b63", "#b0537f", "#f58f79", "#ffd09b"), "#ffbe85", "#2a1440"),
    (("#6f8fa6", "#b7c9c4", "#f0e2c2", "#ffefd0"), "#ffe2a6", "#2d4a35"),
)
# sky from top to horizon | sand in light | sand in shade
DUNES = (
    (("#2f6aa8", "#86b6d4", "#f0dcc0", "#ffe9c9"), "#f3b673", "#8a4a2c"),
    (("#3a2c5e", "#a4567c", "#f59a72", "#ffd29a"), "#e98a58", "#5a2540"),
    (("#1f4e6e", "#7fa8a8", "#f2c894", "#ffe3b0"), "#e8a45e", "#6b3526"),
    (("#574a86", "#c98fb0", "#ffc9b5", "#ffe6cf"), "#f2b59c", "#7a4560"),
)
# sky from top to horizon | light | hills
VALLEYS = (
    (("#4f86c0", "#9cc4e0", "#fbe3c4", "#ffeccc"), "#ffe0a8", "#2f5d58"),
    (("#5a4a8c", "#c486a8", "#ffc09a", "#ffe4b8"), "#ffcf94", "#3c3560"),
    (("#2f7f8c", "#93c9bd", "#f5ecc8", "#fff3d6"), "#ffefb8", "#1f5a48"),
)
BALLOONS = (
    "#e4572e",
    "#f3a712",
    "#2e86ab",
    "#a23b72",
    "#3d9970",
    "#f0c808",
    "#d64570",
    "#5f4bb6",
    "#f6f1e4",
    "#1b998b",
)
# sky from top to ground | leaves | grass
TREES = (
    (("#8fb8cf", "#cfe0da", "#f8ead0", "#ffeccb"), ("#d9481c", "#f08a24", "#f7b733", "#b8321a"), "#a8894a"),
    (("#a9b8dc", "#dfd3e6", "#fbe3e6", "#fff1ea"), ("#f7a8bf", "#fbd0db", "#ef83a6", "#ffe6ec"), "#86a86a"),
    (("#5fa8d8", "#a9d6ee", "#e4f4ee", "#f6fae8"), ("#3f8f3a", "#74b545", "#a9cf54", "#2a6e3a"), "#6fa64a"),
    (("#4b4a86", "#b585b5", "#fbb9a4", "#ffdfb8"), ("#8a2f5a", "#d2527a", "#f08a8a", "#5e2a5a"), "#6a4f70"),
)
PAPERS = (
    ("#fbeede", "#f6c9a0", "#ef9a76", "#d9626a", "#a23f6e", "#632c66", "#2f1f4f"),
    ("#f1f7ee", "#c7e6d6", "#8fcfbf", "#4fa9a8", "#2a7d92", "#1c5272", "#142b4c"),
    ("#fdf3d8", "#fbd98b", "#f3b04e", "#d97b3f", "#a34b3f", "#66303f", "#331d35"),
    ("#f4effb", "#d8cbf0", "#b09fe0", "#8474c9", "#5b54a8", "#3b3b80", "#202454"),
)


def hills(rng: random.Random) -> Image.Image:
    """Seven ridges, each a little clearer than the one behind it."""
    shades, light, near = rng.choice(HILLS)
    sun = (rng.uniform(0.25, 0.75) * WIDTH, rng.uniform(480, 620))
    image = canvas.gradient([(at * 0.6, shade) for at, shade in stops(*shades)] + [(1, colour(shades[-1]))])
    sky.streaks(image, rng, mix(colour(light), sky.WHITE, 0.4), 0.5)
    sky.sun(image, sun, rng.uniform(66, 92), colour(light))
    sky.birds(image, rng, mix(colour(near), colour(shades[0]), 0.4), 11, (sun[0] + rng.choice((-420, 420)), 380), 190)
    layers = 7
    for layer in range(layers):
        part = layer / (layers - 1)
        line = land.ridge(rng, 700 + 760 * part**1.25, 175 - 45 * part, 0.5 - 0.06 * part, 4)
        shade = mix(colour(shades[-2]), colour(near), 0.2 + 0.8 * part**1.15)
        mist = mix(shade, colour(shades[-1]), 0.62 - 0.5 * part)
        land.fill(image, line, shade, mist, 400)
        land.rim(image, line, colour(light), 10, 0.3 * (1 - part))
        if layer >= 3:
            land.firs(image, rng, line, shade, (16 + 44 * (part - 0.4), 34 + 150 * (part - 0.42)), 0.8 + 0.35 * part)
        if layer < 3:
            canvas.glow(image, (sun[0], sun[1] + 260), 1300, colour(light), 0.12 * (1 - part))
    return image


def dunes(rng: random.Random) -> Image.Image:
    """Dunes with one lit and one shaded flank, ripples in the sand."""
    shades, lit, shaded = rng.choice(DUNES)
    side = rng.choice((-1, 1))
    image = canvas.gradient([(at * 0.5, shade) for at, shade in stops(*shades)] + [(1, colour(shades[-1]))])
    sky.streaks(image, rng, sky.WHITE, 0.5)
    sky.sun(
        image, (WIDTH / 2 - side * rng.uniform(520, 800), rng.uniform(330, 520)), 64, mix(colour(lit), sky.WHITE, 0.45)
    )
    layers = 6
    for layer in range(layers):
        part = layer / (layers - 1)
        haze = 0.72 * (1 - part) ** 1.3
        bright, dark = (mix(colour(text), colour(shades[-2]), haze) for text in (lit, shaded))
        _dune(image, rng, part, side, bright, dark)
    return image


def _dune(image: Image.Image, rng: random.Random, part: float, side: int, bright: Colour, dark: Colour) -> None:
    """One dune, drawn in its own rows only."""
    line = land.swell(rng, 745 + 640 * part**1.2, 80 + 130 * part, 3)
    start = int(land.top(line))
    size = (WIDTH, HEIGHT - start)
    flank = Image.new("RGB", size, mix(bright, dark, 0.28))
    canvas.wash(flank, mix(bright, sky.WHITE, 0.12), _ripples(rng, part, size))
    canvas.wash(flank, mix(bright, dark, 0.5), canvas.fade([(0, 0), (min(500 / size[1], 1), 0.7)], size))
    canvas.wash(flank, dark, _lee(rng, line, side, 260 + 420 * part, start), 0.82)
    image.paste(flank, (0, start), canvas.polygon([*line, (WIDTH, HEIGHT), (0, HEIGHT)], start))
    land.rim(image, line, mix(bright, sky.WHITE, 0.45), 8, 0.5)


def _ripples(rng: random.Random, part: float, size: tuple[int, int]) -> Image.Image:
    """Wind ripples: stretched noise, finer in the distance."""
    small = (size[0] // 2, size[1] // 2)
    field = canvas.noise(rng, (5, int((110 - 60 * part) * size[1] / HEIGHT) + 2), 4, small, 0.6)
    leaned = field.transform(small, Image.Transform.AFFINE, (1, 0, 0, 0.16, 1, -95), Image.Resampling.BILINEAR)
    return canvas.curve(leaned, canvas.smoothstep(0.3, 0.7)).resize(size)


def _lee(rng: random.Random, line: land.Line, side: int, reach: float, start: int) -> Image.Image:
    """The flank away from the sun: under the skyline from each summit to the next gap, bounded by a winding crest."""
    mask = Image.new("L", (WIDTH, HEIGHT - start), 0)
    draw = ImageDraw.Draw(mask)
    skyline = line if side > 0 else line[::-1]
    for index in range(len(skyline)):
        near = skyline[max(index - 24, 0) : index + 25]
        if skyline[index][1] > min(y for _, y in near):
            continue
        end = index
        while end + 1 < len(skyline) and skyline[end + 1][1] >= skyline[end][1]:
            end += 1
        (x, y), (far, low) = skyline[index], skyline[end]
        bend, drift = rng.uniform(50, 120), (far - x) * rng.uniform(0.15, 0.5)
        crest = [
            (x + drift * part + side * bend * math.sin(part * 5.2), y + reach * part)
            for part in (step / 30 for step in range(31))
        ]
        shape = [*skyline[index : end + 1], (far + side * 60, low + reach * 0.8), *reversed(crest)]
        draw.polygon([(at[0], at[1] - start) for at in shape], fill=255)
    rows = HEIGHT - start
    depth = canvas.fade([(0, 1), (reach * 0.35 / rows, 0.85), (reach * 1.05 / rows, 0)], mask.size)
    return ImageChops.multiply(canvas.soft(mask, 4), depth)


def balloons(rng: random.Random) -> Image.Image:
    """Hot-air balloons rise over a valley in the morning."""
    shades, light, hill = rng.choice(VALLEYS)
    side = rng.choice((-1, 1))
    image = canvas.gradient([(at * 0.7, shade) for at, shade in stops(*shades)] + [(1, colour(shades[-1]))])
    sky.clouds(
        image, rng, mix(colour(light), sky.WHITE, 0.6), mix(colour(shades[1]), colour(shades[2]), 0.4), 0.55, 0.8
    )
    canvas.glow(image, (WIDTH / 2 - side * 900, 900), 1500, colour(light), 0.75)
    for layer in range(5):
        part = layer / 4
        line = land.ridge(rng, 1010 + 400 * part, 110, 0.46, 4)
        shade = mix(colour(shades[-2]), colour(hill), 0.22 + 0.78 * part)
        land.fill(image, line, shade, mix(shade, colour(shades[-1]), 0.6 - 0.45 * part), 330)
        if layer >= 2:
            land.firs(image, rng, line, shade, (14 + 26 * part, 26 + 60 * part), 0.7)
    for x, y, size in _places(rng):
        _balloon(image, rng, (x, y), size, side, colour(shades[-2]))
    return image


def _places(rng: random.Random) -> list[tuple[float, float, float]]:
    """Far ones first; nobody flies into another."""
    places: list[tuple[float, float, float]] = []
    for size in (185, 130, 96, 72, 56, 46, 36, 30):
        for _ in range(60):
            x, y = rng.uniform(220, WIDTH - 220), rng.uniform(240, 620 + (150 - size) * 2.2)
            if all(math.hypot(x - a, (y - b) * 0.75) > (size + other) * 1.5 for a, b, other in places):
                places.append((x, y, size))
                break
    return places[::-1]


def _balloon(image: Image.Image, rng: random.Random, at: Point, size: float, side: int, haze: Colour) -> None:
    """A striped envelope, shaded round, with its basket; the small ones sink into the haze."""
    box = int(size * 4)
    layer = Image.new("RGBA", (box, box), (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    tones = [mix(colour(text), haze, 0.55 * max(0.0, 1 - size / 110)) for text in rng.sample(BALLOONS, 3)]
    middle, gores = box / 2, 12
    pattern = rng.choice(((0, 1), (0, 1, 2, 1), (0, 0, 1, 2)))
    for gore in range(gores):
        first, second = (math.cos(math.pi * edge / gores) for edge in (gore, gore + 1))
        left = [_envelope(middle, size, first, step / 30) for step in range(31)]
        right = [_envelope(middle, size, second, step / 30) for step in range(31)]
        light = 0.5 + 0.5 * math.cos(math.pi * (gore + 0.5) / gores) * -side
        tone = tones[pattern[gore % len(pattern)]]
        tone = mix(mix(tone, (24, 16, 40), 0.42), mix(tone, (255, 246, 224), 0.22), light)
        draw.polygon([*left, *reversed(right)], fill=(*tone, 255))
    foot = middle + size * 1.28
    basket = mix((74, 48, 32), haze, 0.5 * max(0.0, 1 - size / 110))
    for rope in (-1, 1):
        draw.line(
            (middle + rope * size * 0.17, middle + size * 0.98, middle + rope * size * 0.1, foot),
            fill=(*basket, 255),
            width=max(int(size / 50), 1),
        )
    draw.rounded_rectangle(
        (middle - size * 0.12, foot, middle + size * 0.12, foot + size * 0.17), size * 0.03, fill=(*basket, 255)
    )
    image.paste(layer.convert("RGB"), (int(at[0] - middle), int(at[1] - middle)), layer.getchannel("A"))


def _envelope(middle: float, size: float, side: float, part: float) -> Point:
    """A point on the envelope: round above, drawn in below; `side` from -1 to 1, `part` from top to mouth."""
    angle = part * 0.86 * math.pi
    width = math.sin(angle) * size * (1 if part < 0.58 else 1 - 0.32 * ((part - 0.58) / 0.42) ** 1.3)
    height = -math.cos(angle) * size * (1.0 if part < 0.58 else 1.0 + 0.13 * (part - 0.58) / 0.42)
    return middle + side * max(width, size * 0.1 * part), middle + height


def tree(rng: random.Random) -> Image.Image:
    """One tree in full leaf on a meadow, leaves in the wind."""
    shades, leaves, grass = rng.choice(TREES)
    image = canvas.gradient([(at * 0.8, shade) for at, shade in stops(*shades)] + [(1, colour(shades[-1]))])
    side = rng.choice((-1, 1))
    sky.clouds(
        image, rng, mix(colour(shades[-1]), sky.WHITE, 0.7), mix(colour(shades[0]), colour(shades[1]), 0.6), 0.5, 0.65
    )
    canvas.glow(image, (WIDTH / 2 + side * 900, 560), 1300, mix(colour(shades[-1]), sky.WHITE, 0.3), 0.8)
    meadow = colour(grass)
    for part in (0.0, 0.5):
        far = land.swell(rng, 1130 + 90 * part, 46, 3)
        land.fill(
            image, far, mix(meadow, colour(shades[-2]), 0.66 - 0.4 * part), mix(meadow, colour(shades[-1]), 0.6), 260
        )
    hill = [(float(x), 1330 - 150 * math.exp(-(((x - WIDTH / 2) / 760) ** 2))) for x in range(0, WIDTH + 8, 8)]
    land.fill(image, hill, mix(meadow, (255, 248, 200), 0.12), mix(meadow, (16, 24, 16), 0.55), 480)
    _grass(image, rng, hill, meadow)
    tones = [colour(text) for text in leaves]
    foot = (WIDTH / 2 + rng.uniform(-90, 90), 1200.0)
    tips: list[Point] = []
    draw = ImageDraw.Draw(image)
    bark = mix((52, 38, 34), tones[0], 0.12)
    shadow = Image.new("L", SIZE, 0)
    ImageDraw.Draw(shadow).ellipse((foot[0] - 520 - side * 220, 1196, foot[0] + 520 - side * 220, 1316), fill=200)
    canvas.wash(image, mix(meadow, (20, 20, 40), 0.7), canvas.soft(shadow, 26), 0.6)
    _branch(draw, rng, foot, -math.pi / 2 + rng.uniform(-0.08, 0.08), 205, 62, tips, bark)
    _leaves(image, rng, tips, tones, side)
    return image


def _branch(
    draw: ImageDraw.ImageDraw,
    rng: random.Random,
    start: Point,
    angle: float,
    length: float,
    thick: float,
    tips: list[Point],
    bark: Colour,
) -> None:
    """A limb and, from its end, two or three thinner ones; their ends go to `tips`."""
    end = (start[0] + math.cos(angle) * length, start[1] + math.sin(angle) * length)
    across = (math.sin(angle), -math.cos(angle))
    a, b = thick / 2, thick * 0.36
    draw.polygon(
        [
            (start[0] + across[0] * a, start[1] + across[1] * a),
            (end[0] + across[0] * b, end[1] + across[1] * b),
            (end[0] - across[0] * b, end[1] - across[1] * b),
            (start[0] - across[0] * a, start[1] - across[1] * a),
        ],
        fill=bark,
    )
    draw.ellipse((end[0] - b, end[1] - b, end[0] + b, end[1] + b), fill=bark)
    if length < 60:
        tips.append(end)
        return
    if length < 130:
        tips.append(end)
    for turn in (-0.52, 0.5) if rng.random() < 0.5 else (-0.66, 0.02, 0.62):
        _branch(
            draw,
            rng,
            end,
            angle + turn + rng.uniform(-0.16, 0.16),
            length * rng.uniform(0.72, 0.86),
            thick * 0.66,
            tips,
            bark,
        )


def _leaves(image: Image.Image, rng: random.Random, tips: list[Point], tones: list[Colour], side: int) -> None:
    """Leaves around every tip: dark ones behind, lit ones in front; some fall."""
    draw = ImageDraw.Draw(image)
    left, right = min(x for x, _ in tips), max(x for x, _ in tips)
    high, low = min(y for _, y in tips), max(y for _, y in tips)
    rounds = (((20, 16, 40), 0.4, 62.0), ((20, 16, 40), 0.12, 60.0), (sky.WHITE, 0.1, 52.0), (sky.WHITE, 0.28, 44.0))
    palettes = [[mix(tone, toward, share) for tone in tones] for toward, share, _ in rounds]
    each = max(5200 // max(len(tips), 1), 6)
    for (_, _, spread), palette in zip(rounds, palettes, strict=True):
        for x, y in tips:
            lit = (
                0.5
                + 0.5 * ((x - left) / (right - left + 1) * 2 - 1) * side
                + 0.4 * (0.5 - (y - high) / (low - high + 1))
            )
            if palette is palettes[3] and rng.random() > lit:
                continue
            for _ in range(each):
                _leaf(draw, rng, (x + rng.gauss(0, spread), y + rng.gauss(-8, spread * 0.8)), rng.choice(palette))
    for _ in range(90):
        drift = rng.random() ** 1.6
        _leaf(
            draw,
            rng,
            (WIDTH / 2 - side * (200 + 900 * drift) + rng.gauss(0, 130), 640 + 700 * rng.random()),
            rng.choice(tones),
        )


def _leaf(draw: ImageDraw.ImageDraw, rng: random.Random, at: Point, tone: Colour) -> None:
    long, wide = rng.uniform(5, 10), rng.uniform(3.5, 7)
    draw.ellipse((at[0] - long, at[1] - wide, at[0] + long, at[1] + wide), fill=tone)


def _grass(image: Image.Image, rng: random.Random, line: land.Line, meadow: Colour) -> None:
    """Blades and a few flowers, larger towards the viewer."""
    draw = ImageDraw.Draw(image)
    flowers = [turned((250, 214, 120), rng.uniform(-60, 60)), (255, 250, 240)]
    blades = []
    for _ in range(5200):
        x = rng.uniform(0, WIDTH)
        floor = line[min(int(x / 8), len(line) - 1)][1]
        blades.append((floor + (HEIGHT + 30 - floor) * rng.random() ** 0.8, x))
    for y, x in sorted(blades):
        near = max((y - 1180) / 420, 0.05)
        tall = 8 + 52 * near * rng.uniform(0.6, 1.2)
        tone = mix(mix(meadow, (255, 244, 190), rng.random() * 0.35), (14, 26, 18), 0.62 * near * rng.random() + 0.12)
        lean = rng.uniform(-0.4, 0.4) * tall
        draw.line((x, y, x + lean, y - tall), fill=tone, width=1 + int(3 * near))
        if rng.random() < 0.035:
            size = 2 + 7 * near
            draw.ellipse((x + lean - size, y - tall - size, x + lean + size, y - tall + size), fill=rng.choice(flowers))


def paper(rng: random.Random) -> Image.Image:
    """Hills cut out of coloured paper, each sheet throwing a soft shadow on the one behind."""
    shades = [colour(text) for text in rng.choice(PAPERS)]
    image = canvas.gradient([(0, mix(shades[0], shades[1], 0.55)), (1, shades[0])])
    side = rng.choice((-1, 1))
    centre = (WIDTH / 2 + side * rng.uniform(150, 560), rng.uniform(420, 540))
    for ring in range(4):
        radius = 520 - ring * 110
        _sheet(image, _circle(centre, radius), mix(shades[1], mix(shades[0], sky.WHITE, 0.7), 0.25 + 0.24 * ring))
    for layer, shade in enumerate(shades[1:]):
        part = layer / (len(shades) - 2)
        line = land.swell(rng, 690 + 640 * part, 150 - 40 * part, 4)
        _sheet(image, [*line, (WIDTH, HEIGHT + 9), (0, HEIGHT + 9)], shade)
    texture = canvas.noise(rng, (300, 200), 3, gain=0.9)
    fibres = canvas.curve(texture, lambda v: 0.06 * max(v - 0.4, 0))
    canvas.wash(image, sky.WHITE, fibres, 1)
    return image


def _circle(centre: Point, radius: float) -> list[Point]:
    return [
        (centre[0] + math.cos(step / 90 * math.tau) * radius, centre[1] + math.sin(step / 90 * math.tau) * radius)
        for step in range(90)
    ]


def _sheet(image: Image.Image, points: list[Point], shade: Colour) -> None:
    """One sheet of paper with its shadow and its lit edge."""
    start, end = max(int(land.top(points)) - 110, 0), min(int(max(y for _, y in points)) + 110, HEIGHT)
    mask = canvas.polygon(points, start, end)
    shadow = ImageChops.subtract(ImageChops.offset(canvas.soft(mask, 34), 0, -12), mask)
    image.paste((18, 10, 34), (0, start), shadow.point([value // 2 for value in range(256)]))
    image.paste(shade, (0, start), mask)
    land.rim(image, points, mix(shade, sky.WHITE, 0.6), 7, 0.55, closed=True)
