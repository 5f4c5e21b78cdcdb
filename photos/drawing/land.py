"""What stands on the ground: ridges, mountains, firs."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence

from PIL import Image, ImageChops, ImageDraw

from photos.drawing import canvas
from photos.drawing.canvas import HEIGHT, SIZE, WIDTH, Point
from photos.drawing.colour import Colour, mix

Line = list[Point]


def ridge(rng: random.Random, level: float, height: float, roughness: float = 0.5, bumps: int = 4) -> Line:
    """A skyline across the picture: `level` and `height` in canvas pixels, rough at 0.6, rounded at 0.3."""
    heights = [rng.uniform(-1, 1) for _ in range(bumps + 1)]
    swing = 1.0
    while len(heights) < 640:
        swing *= roughness
        between = [(left + right) / 2 + rng.uniform(-swing, swing) for left, right in itertools.pairwise(heights)]
        heights = [value for pair in zip(heights, between, strict=False) for value in pair] + heights[-1:]
    step = WIDTH / (len(heights) - 1)
    return [(index * step, level - value * height) for index, value in enumerate(heights)]


def swell(rng: random.Random, level: float, height: float, waves: int = 3) -> Line:
    """A smooth rolling skyline made of a few sines."""
    parts = [(rng.uniform(0.5, 1) * (index + 1), rng.uniform(0, math.tau), 1 / (index + 1)) for index in range(waves)]
    scale = sum(share for _, _, share in parts)
    line = []
    for x in range(0, WIDTH + 8, 8):
        value = sum(share * math.sin(x / WIDTH * math.tau * pace + phase) for pace, phase, share in parts)
        line.append((float(x), level - value / scale * height))
    return line


def below(line: Sequence[Point], floor: float = HEIGHT) -> Image.Image:
    """The mask of everything under a skyline."""
    return canvas.polygon([*line, (WIDTH, floor), (0, floor)])


def top(line: Sequence[Point]) -> float:
    """The highest point of a skyline (the smallest y)."""
    return min(y for _, y in line)


def fill(image: Image.Image, line: Sequence[Point], crest: Colour, foot: Colour, depth: float) -> None:
    """Fill under a skyline from `crest` to `foot` over `depth` pixels: mist gathers at the foot."""
    start = max(int(top(line)), 0)
    rows = HEIGHT - start
    share = min(depth / rows, 1.0)
    shades = [(0.0, crest), (share * 0.55, mix(crest, foot, 0.45)), (share, foot), (1.0, foot)]
    body = canvas.gradient(shades if share < 1 else shades[:3], (WIDTH, rows))
    image.paste(body, (0, start), canvas.polygon([*line, (WIDTH, HEIGHT), (0, HEIGHT)], start))


def rim(
    image: Image.Image, line: Sequence[Point], shade: Colour, reach: int, strength: float, closed: bool = False
) -> None:
    """Light along the upper edge of what stands under a skyline, or of a closed shape."""
    start = max(int(top(line)) - 2, 0)
    end = min(int(max(y for _, y in line)) + reach * 2, HEIGHT)
    mask = canvas.polygon(line if closed else [*line, (WIDTH, HEIGHT), (0, HEIGHT)], start, end)
    edge = canvas.soft(ImageChops.subtract(mask, ImageChops.offset(mask, 0, reach)), reach / 2)
    light = ImageChops.multiply(edge, mask).point([round(value * strength) for value in range(256)])
    image.paste(shade, (0, start), light)


def rock(rng: random.Random, cells: tuple[int, int], lean: int, contrast: float) -> Image.Image:
    """Relief of rock as an L image around 128, lit from the left (`lean` > 0) or from the right."""
    field = canvas.noise(rng, cells, 7, gain=0.6)
    return ImageChops.subtract(field, ImageChops.offset(field, lean, 7), 1 / contrast, 128)


def mountains(
    image: Image.Image, rng: random.Random, line: Line, rock_colour: Colour, light: Colour, haze: Colour, lean: int
) -> None:
    """Mountains with lit flanks, snow near the tops, and haze at the foot."""
    mask = below(line)
    high, low = top(line), max(y for _, y in line)
    relief = ImageChops.add(flanks(rng, line, lean), rock(rng, (16, 10), 7 * lean, 3.4), 1, -128)
    body = Image.composite(
        Image.new("RGB", SIZE, mix(rock_colour, light, 0.42)),
        Image.new("RGB", SIZE, mix(rock_colour, (14, 18, 44), 0.36)),
        canvas.curve(relief, canvas.smoothstep(0.15, 0.85)),
    )
    snow = Image.composite(
        Image.new("RGB", SIZE, mix(light, (255, 255, 255), 0.45)),
        Image.new("RGB", SIZE, mix(rock_colour, (206, 218, 246), 0.62)),
        canvas.curve(relief, canvas.smoothstep(0.25, 0.75)),
    )
    body.paste(snow, (0, 0), _snow(rng, line, high + (low - high) * 0.62))
    bottom = (low + 240) / HEIGHT
    misty = canvas.fade([(high / HEIGHT, 0.0), ((high + low) / 2 / HEIGHT, 0.12), (bottom, 0.92)])
    canvas.wash(body, haze, misty)
    image.paste(body, (0, 0), mask)


def peaks(rng: random.Random, level: float, height: float, number: int) -> Line:
    """A skyline of sharp mountains: the tallest of `number` jagged cones at every place."""
    cones = []
    for index in range(number):
        x = WIDTH * (index + rng.uniform(0.15, 0.85)) / number
        cones.append((x, height * rng.uniform(0.45, 1.0), height * rng.uniform(1.2, 1.9)))
    rough = ridge(rng, 0, 1, 0.58, 12)
    line = []
    for x, wobble in rough:
        rise = max(tall - abs(x - at) / wide * height * (1 + 0.25 * abs(x - at) / wide) for at, tall, wide in cones)
        line.append((x, level - max(rise, height * 0.08) + wobble * height * 0.085))
    return line


def flanks(rng: random.Random, line: Line, lean: int) -> Image.Image:
    """Which slopes look away from the light: dark between a spur that winds down from each summit and the next gap."""
    mask = Image.new("L", SIZE, 186)
    draw = ImageDraw.Draw(mask)
    skyline = line if lean > 0 else line[::-1]
    for window, shade in ((26, 64), (8, 104)):
        for index in range(window, len(skyline) - window):
            near = [y for _, y in skyline[index - window : index + window + 1]]
            if skyline[index][1] <= min(near):
                draw.polygon(_facet(rng, skyline, index, window, lean), fill=shade)
    return canvas.soft(mask, 3)


def _facet(rng: random.Random, skyline: Line, summit: int, window: int, lean: int) -> Line:
    end = summit + window // 2
    while end + 1 < len(skyline) and (skyline[end + 1][1] >= skyline[end][1] or end < summit + window):
        end += 1
    (x, y), (far, low) = skyline[summit], skyline[end]
    depth = (low - y) * 1.5 + window * 9
    spur = [(x, y)]
    for step in range(1, 15):
        part = step / 14
        wander = rng.uniform(-1, 1) * depth * 0.055 + lean * depth * 0.34 * part**1.3
        spur.append((x + wander, y + depth * part))
    foot = (max if lean > 0 else min)(far, spur[-1][0])
    return [*skyline[summit : end + 1], (foot, y + depth), *reversed(spur)]


def _snow(rng: random.Random, line: Line, limit: float) -> Image.Image:
    """Snow lies from the skyline down to a ragged line near `limit`; steep tongues reach lower."""
    ragged = ridge(rng, 0, 1, 0.72, 9)
    lower = []
    for (x, y), (_, tongue) in zip(line, ragged, strict=False):
        lower.append((x, max(y - 4, min(y + (limit - y) * (0.62 + 0.45 * tongue), limit + 160 * tongue))))
    mask = canvas.polygon([*line, *reversed(lower)])
    patches = canvas.curve(canvas.noise(rng, (20, 12), 5, gain=0.62), canvas.smoothstep(0.36, 0.5))
    return ImageChops.multiply(mask, patches)


def firs(
    image: Image.Image, rng: random.Random, line: Line, shade: Colour, size: tuple[float, float], density: float
) -> None:
    """A row of firs standing on a skyline; `size` is the shortest and the tallest, `density` trees per tree width."""
    draw = ImageDraw.Draw(image)
    x = -20.0
    while x < WIDTH + 20:
        index = min(max(int(x / WIDTH * (len(line) - 1)), 0), len(line) - 1)
        tall = rng.uniform(*size) * (0.72 + 0.28 * math.sin(x / 170))
        fir(draw, rng, (x, line[index][1] + tall * 0.12), tall, mix(shade, (255, 255, 255), rng.random() * 0.035))
        x += tall * 0.3 * rng.uniform(0.5, 1.5) / density


def fir(draw: ImageDraw.ImageDraw, rng: random.Random, foot: Point, tall: float, shade: Colour) -> None:
    """One fir: a ragged spire of drooping boughs."""
    tiers = max(int(tall / 11), 6)
    left, right = [], []
    for tier in range(tiers + 1):
        part = tier / tiers
        reach = tall * 0.2 * part**0.85 * rng.uniform(0.7, 1.12)
        y = foot[1] - tall * (1 - part * 0.93)
        droop = tall * 0.018 * (1 + part)
        left += [(foot[0] - reach, y + droop), (foot[0] - reach * 0.42, y)]
        right += [(foot[0] + reach * rng.uniform(0.85, 1.1), y + droop), (foot[0] + reach * 0.42, y)]
    draw.polygon([(foot[0], foot[1] - tall), *left, *reversed(right)], fill=shade)
    draw.rectangle((foot[0] - tall * 0.014, foot[1] - tall * 0.08, foot[0] + tall * 0.014, foot[1]), fill=shade)
