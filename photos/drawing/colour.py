"""Colours, mixed in OKLab so that a gradient stays clean from one end to the other."""

from __future__ import annotations

import colorsys
import functools
import itertools
from collections.abc import Sequence

Colour = tuple[int, int, int]
Stops = Sequence[tuple[float, Colour]]
Lab = tuple[float, float, float]


def colour(text: str) -> Colour:
    """The colour written as `#rrggbb`."""
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def stops(*texts: str) -> Stops:
    """Evenly spread gradient stops, top to bottom."""
    return [(index / (len(texts) - 1), colour(text)) for index, text in enumerate(texts)]


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """`first` with `share` (0 to 1) of `second`."""
    one, two = _to_lab(first), _to_lab(second)
    lightness, green_red, blue_yellow = (a + (b - a) * share for a, b in zip(one, two, strict=True))
    return _from_lab((lightness, green_red, blue_yellow))


def turned(value: Colour, degrees: float) -> Colour:
    """The same colour with its hue turned on the colour wheel."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*(channel / 255 for channel in value))
    red, green, blue = colorsys.hls_to_rgb((hue + degrees / 360) % 1, lightness, saturation)
    return round(red * 255), round(green * 255), round(blue * 255)


def ramp(gradient: Stops, length: int) -> list[Colour]:
    """`length` colours along the gradient."""
    last = max(length - 1, 1)
    return [_at(gradient, index / last) for index in range(length)]


def _at(gradient: Stops, position: float) -> Colour:
    for (start, first), (end, second) in itertools.pairwise(gradient):
        if position <= end:
            return mix(first, second, (position - start) / (end - start))
    return gradient[-1][1]


# A gradient mixes the same two colours for every one of its rows.
@functools.lru_cache(maxsize=1024)
def _to_lab(value: Colour) -> Lab:
    red, green, blue = (_to_linear(channel / 255) for channel in value)
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    medium = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def _from_lab(value: Lab) -> Colour:
    lightness, green_red, blue_yellow = value
    long = (lightness + 0.3963377774 * green_red + 0.2158037573 * blue_yellow) ** 3
    medium = (lightness - 0.1055613458 * green_red - 0.0638541728 * blue_yellow) ** 3
    short = (lightness - 0.0894841775 * green_red - 1.2914855480 * blue_yellow) ** 3
    return (
        _to_byte(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short),
        _to_byte(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short),
        _to_byte(-0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short),
    )


def _to_linear(channel: float) -> float:
    return float(((channel + 0.055) / 1.055) ** 2.4) if channel > 0.04045 else channel / 12.92


def _to_byte(linear: float) -> int:
    inside = min(max(linear, 0.0), 1.0)
    encoded = 1.055 * inside ** (1 / 2.4) - 0.055 if inside > 0.0031308 else inside * 12.92
    return round(encoded * 255)
