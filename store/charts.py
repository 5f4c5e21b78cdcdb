"""Charts as numbers that a template draws: an inline SVG with presentation attributes, no style and no script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

ROW = 52
# The longest bar leaves room for a number of millions on a telephone, too.
LONGEST = 72.0


@dataclass(frozen=True, kw_only=True)
class Bar:
    label: str
    value: int
    label_y: int
    bar_y: int
    value_y: int
    width: str
    """Percent of the chart's width."""


@dataclass(frozen=True, kw_only=True)
class Chart:
    height: int
    bars: list[Bar]


def bars(values: Sequence[tuple[str, int]]) -> Chart:
    """Horizontal bars that begin at zero, one below the other, each with its label above and its number behind it."""
    longest = max((value for _, value in values), default=0) or 1
    drawn = [
        Bar(
            label=label,
            value=value,
            label_y=row * ROW + 14,
            bar_y=row * ROW + 22,
            value_y=row * ROW + 35,
            width=f"{value / longest * LONGEST:.2f}%",
        )
        for row, (label, value) in enumerate(values)
    ]
    return Chart(height=ROW * len(values), bars=drawn)
