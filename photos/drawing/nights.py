"""Pictures of the night: a city on a river, northern lights, a tent under the Milky Way, a street in the rain."""

from __future__ import annotations

import math
import random

from PIL import Image, ImageChops, ImageDraw

from photos.drawing import canvas, land, sky, water
from photos.drawing.canvas import HEIGHT, SIZE, WIDTH, Point
from photos.drawing.colour import Colour, colour, mix, stops

# sky from top to horizon | windows
CITIES = (
    (("#0a1030", "#1d2a5e", "#5a4a86", "#d98a86"), ("#ffd98a", "#ffe9bf", "#ffb45e")),
    (("#050d24", "#0d2f55", "#1f6480", "#6fb7a8"), ("#ffe0a0", "#d9f2ff", "#ffc26e")),
    (("#150a2c", "#44205e", "#9a3f7c", "#ff9a76"), ("#ffd27a", "#ffe8d0", "#ff9d6e")),
)
# sky from top to horizon | lights, low to high
AURORAS = (
    (("#03091c", "#082038", "#0f3d4c"), ("#5cffb0", "#2fd6a8", "#7a5cff")),
    (("#070720", "#141a48", "#2b3a6e"), ("#7dffcf", "#56b8ff", "#c85cff")),
    (("#06101c", "#0d2a38", "#1d4a4c"), ("#c8ff7a", "#46e08a", "#ff6ea8")),
)
# sky from top to horizon | Milky Way
MILKY = (
    (("#050818", "#0f1c40", "#2b3f72", "#7a7a9c"), ("#a9b8f0", "#f2c8b0")),
    (("#080616", "#1c1440", "#46306e", "#a8708c"), ("#c8a8f0", "#ffc0a0")),
    (("#03101a", "#0a2c40", "#1f5568", "#79a39a"), ("#9ad8f0", "#f0e0b0")),
)
STREETS = (
    (("#0b1026", "#1a2350", "#2c2a5a"), ("#ffb347", "#ff6a5e", "#ffd98a", "#5ec8ff", "#ff8fb8")),
    (("#06161c", "#0f3a44", "#174a4a"), ("#ffe08a", "#4fe0c0", "#ff9b54", "#8ad0ff", "#f7f3d0")),
    (("#180a24", "#3a1650", "#5a2050"), ("#ff5fa2", "#ffa94d", "#8a7dff", "#ffdf8a", "#5fe0ff")),
)


def city(rng: random.Random) -> Image.Image:
    """A skyline at nightfall, its lights in the river."""
    shades, windows = rng.choice(CITIES)
    shore = rng.randint(1010, 1070)
    image = canvas.gradient([(at * shore / HEIGHT, shade) for at, shade in stops(*shades)] + [(1, colour(shades[-1]))])
    sky.stars(image, rng, 300, 0.35)
    sky.clouds(
        image,
        rng,
        mix(colour(shades[-1]), colour(shades[2]), 0.4),
        mix(colour(shades[0]), colour(shades[1]), 0.5),
        0.4,
        0.7,
    )
    sky.moon(image, rng, (rng.uniform(0.15, 0.85) * WIDTH, rng.uniform(220, 330)), rng.uniform(52, 70), (255, 240, 214))
    canvas.glow(image, (WIDTH / 2, shore), 1500, colour(shades[-1]), 0.5)
    lamps = [colour(text) for text in windows]
    for layer in range(3):
        part = layer / 2
        wall = mix(
            mix(colour(shades[2]), colour(shades[-1]), 0.25),
            mix(colour(shades[0]), (6, 8, 20), 0.4),
            0.25 + 0.72 * part,
        )
        _row(image, rng, shore, part, wall, lamps)
        canvas.wash(image, colour(shades[-1]), _haze(shore), 0.22 * (1 - part))
    _quay(image, rng, shore, lamps)
    water.mirror(image, rng, shore, mix(colour(shades[0]), (0, 4, 16), 0.3), 0.3, 0.55)
    water.shimmer(image, rng, shore, lamps[0], 260, 0.3)
    return image


def _haze(shore: int) -> Image.Image:
    return canvas.fade([((shore - 420) / HEIGHT, 0), (shore / HEIGHT, 1)])


def _row(image: Image.Image, rng: random.Random, shore: int, part: float, wall: Colour, lamps: list[Colour]) -> None:
    """One row of towers, tallest towards the middle of the town."""
    draw = ImageDraw.Draw(image)
    centre = WIDTH * rng.uniform(0.35, 0.65)
    x = -30.0
    while x < WIDTH:
        wide = rng.uniform(74, 150) * (0.75 + 0.35 * part)
        town = math.exp(-(((x - centre) / 760) ** 2))
        tall = (120 + 520 * town * rng.uniform(0.35, 1.0) + rng.uniform(0, 110)) * (1 - 0.24 * part)
        _tower(
            draw,
            rng,
            (x, shore - tall, x + wide, shore),
            mix(wall, (0, 0, 8), rng.random() * 0.22),
            lamps,
            0.35 + 0.65 * part,
        )
        x += wide * rng.uniform(0.86, 1.12)


def _tower(
    draw: ImageDraw.ImageDraw,
    rng: random.Random,
    box: tuple[float, float, float, float],
    wall: Colour,
    lamps: list[Colour],
    bright: float,
) -> None:
    """A tower with a crown of one of four kinds, and windows that are lit or not."""
    left, top, right, bottom = box
    wide = right - left
    draw.rectangle(box, fill=wall)
    draw.rectangle((left, top, left + wide * 0.12, bottom), fill=mix(wall, (255, 230, 220), 0.05))
    crown = rng.randrange(6)
    if crown == 0:
        draw.rectangle((left + wide * 0.22, top - 46, right - wide * 0.22, top), fill=wall)
        draw.line(((left + right) / 2, top - 140, (left + right) / 2, top - 40), fill=wall, width=5)
        draw.ellipse(((left + right) / 2 - 5, top - 145, (left + right) / 2 + 5, top - 135), fill=(255, 96, 84))
    elif crown == 1:
        draw.polygon([(left, top), (right, top), (right, top - wide * 0.5)], fill=wall)
    elif crown == 2:
        for step, narrow in enumerate((0.14, 0.26, 0.38)):
            draw.rectangle((left + wide * narrow, top - 26 * (step + 1), right - wide * narrow, top), fill=wall)
    elif crown == 3:
        draw.pieslice((left, top - wide * 0.3, right, top + wide * 0.3), 180, 360, fill=wall)
    across = max(int(wide / rng.uniform(15, 22)), 3)
    pitch, floor = wide / (across + 0.6), rng.uniform(19, 26)
    share = rng.uniform(0.22, 0.58)
    tone = rng.choice(lamps)
    y = top + 20
    while y < bottom - 26:
        for column in range(across):
            if rng.random() < share:
                start = left + pitch * (column + 0.5)
                shade = mix(wall, mix(tone, rng.choice(lamps), rng.random() * 0.6), bright * rng.uniform(0.45, 1))
                draw.rectangle((start, y, start + pitch * 0.52, y + floor * 0.5), fill=shade)
        y += floor


def _quay(image: Image.Image, rng: random.Random, shore: int, lamps: list[Colour]) -> None:
    """Trees and street lamps along the water."""
    bank = land.ridge(rng, shore - 26, 14, 0.6, 40)
    dark = (8, 10, 20)
    land.fill(image, bank, dark, dark, 60)
    for x in range(60, WIDTH, 152):
        at = (x + rng.uniform(-14, 14), shore - 34.0)
        canvas.glow(image, at, 74, rng.choice(lamps), 0.85, 2)
        sky.disc(image, at, 4, mix(rng.choice(lamps), sky.WHITE, 0.6), 1.5)


def aurora(rng: random.Random) -> Image.Image:
    """Northern lights over a frozen wood."""
    shades, lights = rng.choice(AURORAS)
    image = canvas.gradient([(at * 0.72, shade) for at, shade in stops(*shades)] + [(1, colour(shades[-1]))])
    sky.stars(image, rng, 1000, 0.72)
    for ribbon in range(3):
        _curtain(image, rng, lights, 0.7 + 0.3 * ribbon, 420 + 190 * ribbon + rng.uniform(-60, 60))
    snow = mix(colour(shades[-1]), (214, 232, 255), 0.42)
    for layer in range(3):
        part = layer / 2
        line = land.ridge(rng, 1090 + 190 * part, 110 - 50 * part, 0.46, 4)
        shade = mix(
            mix(colour(shades[-1]), colour(lights[1]), 0.18), mix(colour(shades[0]), (2, 6, 12), 0.4), 0.25 + 0.7 * part
        )
        land.fill(image, line, mix(shade, snow, 0.3 * (1 - part)), mix(shade, snow, 0.4), 420)
        land.firs(image, rng, line, shade, (34 + 90 * part, 74 + 200 * part), 0.95 - 0.2 * part)
    ground = land.swell(rng, 1470, 34, 3)
    land.fill(image, ground, mix(snow, colour(lights[0]), 0.14), mix(snow, colour(shades[0]), 0.62), 260)
    land.rim(image, ground, mix(colour(lights[0]), sky.WHITE, 0.5), 9, 0.4)
    land.firs(image, rng, ground, mix(colour(shades[0]), (2, 5, 10), 0.5), (120, 380), 0.22)
    return image


def _curtain(
    image: Image.Image, rng: random.Random, lights: tuple[str, str, str], strength: float, level: float
) -> None:
    """A ribbon of light: bright at its lower hem, rays rising and turning colour as they fade."""
    width, height = 480, 320
    layer = Image.new("RGB", (width, height), 0)
    waves = [(rng.uniform(0.5, 1.5) * (index + 1), rng.uniform(0, math.tau), 46 / (index + 1)) for index in range(4)]
    rays = canvas.noise(rng, (46, 1), 3, (width, 2), 0.7).tobytes()[:width]
    patches = canvas.noise(rng, (5, 1), 2, (width, 2)).tobytes()[:width]
    low, middle, high = (colour(text) for text in lights)
    shades = [
        mix(high, middle, min(part * 2, 1)) if part < 0.5 else mix(middle, low, part * 2 - 1)
        for part in (step / 63 for step in range(64))
    ]
    for x in range(width):
        hem = level / 5 + sum(size * math.sin(x / width * math.tau * pace + phase) for pace, phase, size in waves)
        power = strength * (0.25 + 0.75 * rays[x] / 255) * min(max((patches[x] / 255 - 0.28) * 2.6, 0), 1)
        column = bytearray()
        for step, shade in enumerate(shades):
            light = power * (step / 63) ** 2.1 * (1 if step < 59 else (63 - step) / 5)
            column += bytes(min(int(channel * light), 255) for channel in shade)
        tall = int(70 + 95 * rays[x] / 255)
        strip = Image.frombytes("RGB", (1, 64), bytes(column)).resize((1, tall), Image.Resampling.BILINEAR)
        layer.paste(strip, (x, int(hem - tall)))
    light = canvas.soft(layer, 1.6).resize(SIZE, Image.Resampling.BICUBIC)
    image.paste(ImageChops.screen(ImageChops.screen(image, light), canvas.soft(light, 70)))


def milkyway(rng: random.Random) -> Image.Image:
    """A lit tent on a ridge, the Milky Way over it."""
    shades, band = rng.choice(MILKY)
    image = canvas.gradient([(at * 0.85, shade) for at, shade in stops(*shades)] + [(1, colour(shades[-1]))])
    angle = rng.choice((-1, 1)) * rng.uniform(48, 66)
    _galaxy(image, rng, angle, colour(band[0]), colour(band[1]))
    sky.stars(image, rng, 1900, 0.86)
    for layer in range(4):
        part = layer / 3
        line = land.ridge(rng, 1110 + 150 * part, 150 - 70 * part, 0.52, 4)
        shade = mix(mix(colour(shades[-1]), colour(shades[1]), 0.45), (5, 7, 18), 0.12 + 0.72 * part)
        land.fill(image, line, shade, mix(shade, colour(shades[-1]), 0.34 * (1 - part)), 380)
        if layer == 2:
            land.firs(image, rng, line, shade, (26, 60), 0.9)
    ground = land.swell(rng, 1440, 36, 3)
    land.fill(image, ground, (9, 10, 20), (4, 5, 10), 200)
    spot = ground[len(ground) * rng.randint(30, 70) // 100]
    land.firs(image, rng, ground, (6, 8, 16), (90, 330), 0.16)
    _tent(image, (spot[0], spot[1] + 14))
    return image


def _galaxy(image: Image.Image, rng: random.Random, angle: float, cool: Colour, warm: Colour) -> None:
    """A band of stardust with dark lanes, laid across the sky."""
    side = 1500
    cloud = canvas.noise(rng, (7, 5), 7, (side, side), 0.62)
    profile = canvas.fade([(0.3, 0), (0.44, 0.62), (0.5, 1), (0.56, 0.62), (0.7, 0)], (side, side))
    lanes = canvas.curve(canvas.noise(rng, (5, 16), 6, (side, side), 0.6), canvas.smoothstep(0.4, 0.62))
    core = canvas.fade([(0.4, 0), (0.5, 1), (0.6, 0)], (side, side))
    dust = Image.composite(lanes, Image.new("L", (side, side), 255), core.point(lambda value: value * 0.85))
    bright = ImageChops.multiply(ImageChops.multiply(profile, canvas.curve(cloud, canvas.smoothstep(0.12, 0.7))), dust)
    bright = ImageChops.multiply(bright, canvas.curve(canvas.spot(), canvas.smoothstep(0, 0.5)).resize((side, side)))
    for shade, light in ((cool, bright), (warm, ImageChops.multiply(bright, core))):
        turned = light.rotate(angle, Image.Resampling.BILINEAR).resize((3100, 3100), Image.Resampling.BICUBIC)
        canvas.add_light(image, turned, shade, (WIDTH // 2 - 1550, 620 - 1550))


def _tent(image: Image.Image, foot: Point) -> None:
    """A small ridge tent, lit from inside."""
    x, y = foot
    canvas.glow(image, (x, y - 40), 420, (255, 170, 84), 0.55, 2.4)
    draw = ImageDraw.Draw(image)
    for step in range(40):
        part = step / 40
        shade = mix((255, 232, 170), (214, 96, 40), part**0.8)
        draw.line((x - 128 + 212 * part, y, x + 6 * part, y - 116), fill=shade, width=9)
    draw.polygon([(x + 84, y), (x, y - 118), (x + 62, y - 100), (x + 146, y - 6)], fill=(150, 62, 34))
    draw.polygon([(x - 42, y), (x - 4, y - 96), (x + 20, y)], fill=(255, 240, 200))
    draw.line((x, y - 118, x + 62, y - 100), fill=(90, 40, 30), width=4)
    canvas.glow(image, (x - 8, y - 40), 150, (255, 214, 140), 0.5, 1.8)


def rain(rng: random.Random) -> Image.Image:
    """Street lights out of focus, seen through a window in the rain."""
    shades, lamps = rng.choice(STREETS)
    image = canvas.gradient(stops(*shades))
    tones = [colour(text) for text in lamps]
    canvas.glow(image, (WIDTH / 2, 980), 1500, tones[0], 0.35)
    for _ in range(120):
        depth = rng.random()
        level = 960 - 560 * depth * rng.random() if rng.random() < 0.75 else rng.uniform(960, 1350)
        _bokeh(
            image,
            rng,
            (rng.uniform(-40, WIDTH + 40), level),
            26 + 92 * depth**1.6,
            rng.choice(tones),
            0.2 + 0.42 * rng.random(),
        )
    wet = image.crop((0, 560, WIDTH, 1020)).transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize((WIDTH, 580))
    canvas.add_light(
        image,
        ImageChops.multiply(canvas.soft(wet, 40).convert("L"), canvas.fade([(0, 0), (0.3, 0.6), (1, 0.5)], wet.size)),
        tones[1],
        (0, 1020),
    )
    source = image.transpose(Image.Transpose.ROTATE_180).reduce(6)
    for _ in range(360):
        _drop(image, rng, source, (rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT)), 4 + 27 * rng.random() ** 3.4)
    return image


def _bokeh(image: Image.Image, rng: random.Random, at: Point, radius: float, shade: Colour, strength: float) -> None:
    """A light out of focus: an even disc with a slightly brighter rim."""
    side = int(radius * 2 + 16)
    mask = Image.new("L", (side, side), 0)
    draw = ImageDraw.Draw(mask)
    draw.ellipse((8, 8, side - 8, side - 8), fill=int(255 * min(strength * 1.3, 1)))
    draw.ellipse((13, 13, side - 13, side - 13), fill=int(255 * strength))
    light = canvas.soft(mask, rng.uniform(1.5, 4))
    canvas.add_light(image, light, shade, (int(at[0] - side / 2), int(at[1] - side / 2)))


def _drop(image: Image.Image, rng: random.Random, source: Image.Image, at: Point, radius: float) -> None:
    """A drop on the glass: it shows the street upside down, dark above and bright below."""
    wide, tall = int(radius * 2), int(radius * rng.uniform(2.0, 2.7))
    if wide < 6:
        return
    x, y = int(at[0] / WIDTH * (source.width - 90)), int(at[1] / HEIGHT * (source.height - 70))
    inside = source.crop((x, y, x + 90, y + 70)).resize((wide, tall), Image.Resampling.BILINEAR)
    shade = canvas.fade([(0, 0.6), (0.45, 0.1), (1, 0)], (wide, tall))
    canvas.wash(inside, (4, 6, 18), shade)
    mask = Image.new("L", (wide * 2, tall * 2), 0)
    ImageDraw.Draw(mask).ellipse((1, 1, wide * 2 - 2, tall * 2 - 2), fill=235)
    corner = (int(at[0] - radius), int(at[1] - radius))
    image.paste(inside, corner, mask.reduce(2))
    draw = ImageDraw.Draw(image)
    spark = max(radius * 0.16, 1.2)
    centre = (at[0] - radius * 0.3, corner[1] + tall * 0.76)
    draw.ellipse((centre[0] - spark, centre[1] - spark, centre[0] + spark, centre[1] + spark), fill=(255, 250, 240))
