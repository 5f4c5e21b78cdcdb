"""Is what a portal answered what was asked for? Whatever is not never reaches Envoy."""

from __future__ import annotations

import json
from typing import Any, NoReturn

LARGEST = 64 * 1024 * 1024
LONGEST_VERSION = 64
# All that is looked at here. The rest is read, so it is JSON, and forgotten: 100,000 revoked ids are much as objects.
SEEN = {"version_info", "type_url", "resources", "@type", "name"}


class UnusableError(Exception):
    """Why an answer is kept out, in a sentence."""


def version_of(content: bytes, type_url: str, names: list[str]) -> str:
    """The version of a DiscoveryResponse with resources of this type and, if there are any, of these names."""
    told = parsed(content, outline)
    if not isinstance(told, dict) or told.get("type_url") != type_url:
        raise UnusableError("It is no answer to this question.")
    version, resources = told.get("version_info"), told.get("resources")
    if not isinstance(version, str) or not 0 < len(version) <= LONGEST_VERSION:
        raise UnusableError("It has no version.")
    if not isinstance(resources, list) or not all(isinstance(one, dict) for one in resources):
        raise UnusableError("It has no resources.")
    if {one.get("@type") for one in resources} - {type_url}:
        raise UnusableError("It has resources of another type.")
    if names and sorted(str(one.get("name")) for one in resources) != sorted(names):
        raise UnusableError("It has other resources than were asked for.")
    return version


def outline(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value for name, value in pairs if name in SEEN}


def parsed(content: bytes, of_object: Any) -> Any:
    try:
        return json.loads(content, object_pairs_hook=of_object, parse_constant=no_number)
    except (ValueError, RecursionError) as error:
        raise UnusableError("It is no JSON.") from error


def no_number(name: str) -> NoReturn:
    raise ValueError(name)
