"""The brushes: gradients, noise, glows, masks. Everything is drawn at twice the size and reduced at the end."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from photos.drawing.colour import Colour, Stops, ramp

WIDTH, HEIGHT = 2400, 1600
SIZE = (WIDTH, HEIGHT)
FINISHED = (1200, 800)

Point = tuple[float, float]


def gradient(shades: Stops, size: tuple[int, int] = SIZE) -> Image.Image:
    """A vertical gradient."""
    column = bytes(channel for shade in ramp(shades, size[1]) for channel in shade)
    return Image.frombytes("RGB", (1, size[1]), column).resize(size, Image.Resampling.NEAREST)


def noise(
    rng: random.Random, cells: tuple[int, int], octaves: int = 5, size: tuple[int, int] = SIZE, gain: float = 0.5
) -> Image.Image:
    """Fractal value noise as an L image around 128; `cells` are the blobs of the coarsest octave."""
    result = Image.frombytes("L", cells, rng.randbytes(cells[0] * cells[1]))
    share = total = 1.0
    for octave in range(1, octaves):
        share *= gain
        total += share
        grid = (min(cells[0] << octave, size[0]), min(cells[1] << octave, size[1]))
        finer = Image.frombytes("L", grid, rng.randbytes(grid[0] * grid[1]))
        result = Image.blend(result.resize(grid, Image.Resampling.BICUBIC), finer, share / total)
    return result.resize(size, Image.Resampling.BICUBIC)


def curve(image: Image.Image, shape: Callable[[float], float]) -> Image.Image:
    """An L image with every value (0 to 1) sent through `shape`."""
    return image.point([round(min(max(shape(value / 255), 0.0), 1.0) * 255) for value in range(256)])


def smoothstep(low: float, high: float) -> Callable[[float], float]:
    """0 below `low`, 1 above `high`, an S between."""

    def shape(value: float) -> float:
        part = min(max((value - low) / (high - low), 0.0), 1.0)
        return part * part * (3 - 2 * part)

    return shape


def polygon(points: Sequence[Point], start: int = 0, end: int = HEIGHT) -> Image.Image:
    """A mask, white inside the points, of the rows from `start` to `end`."""
    mask = Image.new("L", (WIDTH, end - start), 0)
    ImageDraw.Draw(mask).polygon([(x, y - start) for x, y in points], fill=255)
    return mask


def fade(shades: Sequence[tuple[float, float]], size: tuple[int, int] = SIZE) -> Image.Image:
    """A vertical mask from (position, opacity) pairs, both 0 to 1."""
    column = []
    for index in range(size[1]):
        position = index / max(size[1] - 1, 1)
        column.append(round(255 * _between(shades, position)))
    return Image.frombytes("L", (1, size[1]), bytes(column)).resize(size, Image.Resampling.NEAREST)


def _between(shades: Sequence[tuple[float, float]], position: float) -> float:
    if position <= shades[0][0]:
        return shades[0][1]
    for (start, first), (end, second) in itertools.pairwise(shades):
        if position <= end:
            return first + (second - first) * (position - start) / (end - start)
    return shades[-1][1]


def wash(image: Image.Image, shade: Colour, mask: Image.Image, strength: float = 1.0) -> None:
    """Lay a flat colour over the image through a mask."""
    image.paste(shade, (0, 0), mask if strength == 1 else mask.point(lambda value: value * strength))


def glow(
    image: Image.Image, centre: Point, radius: float, shade: Colour, strength: float = 1.0, falloff: float = 2.2
) -> None:
    """Add light around a point (a screen blend, so that it never burns out hard)."""
    x, y, side = int(centre[0] - radius), int(centre[1] - radius), max(int(radius * 2), 2)
    left, top = max(x, 0), max(y, 0)
    right, bottom = min(x + side, image.width), min(y + side, image.height)
    if right <= left or bottom <= top:
        return
    edges = (left - x, top - y, right - x, bottom - y)
    first, second, third, fourth = (min(edge * 256 / side, 256.0) for edge in edges)
    seen = (first, second, third, fourth)  # what lies outside the picture is not drawn
    light = curve(spot(), lambda value: strength * value**falloff)
    add_light(image, light.resize((right - left, bottom - top), Image.Resampling.BICUBIC, seen), shade, (left, top))


def spot() -> Image.Image:
    """A round light, 256 x 256: 255 in the middle, 0 from the edges on (Pillow's own gradient ends in the corners)."""
    return curve(Image.radial_gradient("L"), lambda value: max(1 - value * 255 / 180, 0))


def add_light(image: Image.Image, light: Image.Image, shade: Colour, at: tuple[int, int] = (0, 0)) -> None:
    """Screen a coloured light (an L image) onto the image; what lies outside is cut off."""
    left, top = max(at[0], 0), max(at[1], 0)
    right, bottom = min(at[0] + light.width, image.width), min(at[1] + light.height, image.height)
    if right <= left or bottom <= top:
        return
    part = light.crop((left - at[0], top - at[1], right - at[0], bottom - at[1]))
    bands = [part.point([value * channel // 255 for value in range(256)]) for channel in shade]
    box = (left, top, right, bottom)
    image.paste(ImageChops.screen(image.crop(box), Image.merge("RGB", bands)), box)


def shade_at(image: Image.Image, x: float, y: float) -> Colour:
    """The colour of one pixel of an RGB image."""
    pixel = image.getpixel((int(x), int(y)))
    red, green, blue = pixel if isinstance(pixel, tuple) else (0, 0, 0)
    return red, green, blue


def soft(mask: Image.Image, radius: float) -> Image.Image:
    """A blurred copy; large blurs are done small, where they cost little."""
    if radius < 2.5:
        return mask.filter(ImageFilter.GaussianBlur(radius))
    factor = max(int(radius / 2.5), 2)
    small = mask.reduce(factor).filter(ImageFilter.GaussianBlur(radius / factor))
    return small.resize(mask.size, Image.Resampling.BICUBIC)


def finish(image: Image.Image, rng: random.Random) -> Image.Image:
    """The finished picture: reduced, with a breath of vignette and of grain (which also hides banding)."""
    small = image.reduce(2)
    corners = curve(Image.radial_gradient("L"), lambda v: 0.34 * max(v - 0.45, 0) ** 1.6)
    small.paste((8, 8, 16), (0, 0), corners.resize(FINISHED, Image.Resampling.BICUBIC))
    grain = Image.frombytes("L", (600, 400), rng.randbytes(240_000)).resize(FINISHED, Image.Resampling.BILINEAR)
    grain = grain.point([round(value * 9 / 255) for value in range(256)])
    flecks = Image.merge("RGB", (grain, grain, grain))
    return ImageChops.subtract(ImageChops.add(small, flecks), Image.new("RGB", FINISHED, (4, 4, 4)))
