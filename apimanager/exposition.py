"""Prometheus' text format 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Sample(NamedTuple):
    labels: Mapping[str, str]
    value: float
    suffix: str = ""


class Family(NamedTuple):
    """`kind`: counter, gauge or histogram."""

    name: str
    kind: str
    help: str
    samples: Iterable[Sample]


def text(families: Iterable[Family]) -> str:
    return "".join(line for family in families for line in lines(family))


def lines(family: Family) -> Iterable[str]:
    yield f"# HELP {family.name} {family.help}\n"
    yield f"# TYPE {family.name} {family.kind}\n"
    for sample in family.samples:
        yield f"{family.name}{sample.suffix}{labelled(sample.labels)} {number(sample.value)}\n"


def labelled(labels: Mapping[str, str]) -> str:
    pairs = ",".join(f'{name}="{escaped(value)}"' for name, value in labels.items())
    return f"{{{pairs}}}" if pairs else ""


def escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(round(value, 3))
