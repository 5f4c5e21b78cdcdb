"""Which tests stay together in one process of a run with several: those on the gateway's real parts.

They wait more than they work, so they are in several lanes, each with parts of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

GATEWAY = "tests/gateway/"
# About as long as each other.
LANES = (
    ("backends", "backend_names", "blocking", "resources", "api_key_calls"),
    ("publishing", "throttling", "agent"),
    ("revocation", "assertions", "shared_limits", "other_gateways"),
    ("counting", "tracing", "checks"),
)
# Whatever is not named is in one more lane, except for what needs no running part.
IN_PROCESS = (
    "agent_files",
    "agent_in_any_order",
    "assertion_endpoint",
    "bootstrap",
    "check_endpoint",
    "clusters",
    "discovery",
    "nodes",
    "ports",
    "revocation_feed",
    "revocation_lists",
    "routes",
    "usage",
    "verdicts",
)
# So many tests of a file that may be anywhere stay together.
PIECE = 25


def divided(nodeids: Sequence[str]) -> tuple[list[list[int]], list[list[int]]]:
    """The places of those that stay together: the lanes; and the others in pieces and as they were ordered, because
    pytest-django puts those last that leave an empty database."""
    lanes: dict[str, list[int]] = {}
    pieces: list[list[int]] = []
    for (name, _), run in groupby(enumerate(nodeids), key=lambda numbered: place_of(numbered[1])):
        places = [place for place, _ in run]
        if name:
            lanes.setdefault(name, []).extend(places)
        else:
            pieces += [places[begin : begin + PIECE] for begin in range(0, len(places), PIECE)]
    return [*lanes.values()], pieces


def place_of(nodeid: str) -> tuple[str, str]:
    """Its lane, and its file."""
    return lane(nodeid), nodeid.partition("::")[0]


def lane(nodeid: str) -> str:
    """Empty for a test that may be anywhere."""
    file = nodeid.partition("::")[0]
    name = file.removeprefix(GATEWAY).removeprefix("test_").removesuffix(".py")
    if not file.startswith(GATEWAY) or name in IN_PROCESS:
        return ""
    return next((f"gateway {names[0]}" for names in LANES if name in names), "gateway")
