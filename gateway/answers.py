"""A DiscoveryResponse as it goes over the wire."""

from __future__ import annotations

from typing import NamedTuple


class Answer(NamedTuple):
    version: str
    content: bytes
