"""A DiscoveryResponse as it goes over the wire."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

EXTENSION = "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig"


class Answer(NamedTuple):
    version: str
    content: bytes


def of(type_url: str, resources: Sequence[str]) -> Answer:
    """`resources`: as JSON. The version is their hash: the same in every portal process, and after a restart."""
    text = ", ".join(resources)
    version = hashlib.sha256(text.encode()).hexdigest()[:16]
    start: dict[str, Any] = {"version_info": version, "type_url": type_url}
    return Answer(version, f'{json.dumps(start)[:-1]}, "resources": [{text}]}}'.encode())


def extension(name: str, typed_config: str) -> Answer:
    """A filter by its name (ECDS), its configuration as JSON."""
    start = json.dumps({"@type": EXTENSION, "name": name})[:-1]
    return of(EXTENSION, [f'{start}, "typed_config": {typed_config}}}'])
