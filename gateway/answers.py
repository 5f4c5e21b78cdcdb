"""A DiscoveryResponse as it goes over the wire."""

from __future__ import annotations

import hashlib
import json
from typing import Any, NamedTuple

EXTENSION = "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig"


class Answer(NamedTuple):
    version: str
    content: bytes


def of(type_url: str, resources: list[dict[str, Any]]) -> Answer:
    """The version is the hash of the resources: the same in every portal process, and after a restart."""
    version = hashlib.sha256(json.dumps(resources, sort_keys=True).encode()).hexdigest()[:16]
    response = {"version_info": version, "type_url": type_url, "resources": resources}
    return Answer(version, json.dumps(response).encode())


def extension(name: str, typed_config: dict[str, Any]) -> Answer:
    """A filter, by its name (ECDS)."""
    return of(EXTENSION, [{"@type": EXTENSION, "name": name, "typed_config": typed_config}])
