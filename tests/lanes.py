"""Which tests stay together in one process of a run with several: those on the gateway's real parts.

They wait more than they work, so they are in several lanes, each with parts of its own. Told by name: the groups of
pytest-xdist 3.8 do nothing with pytest 9.2, which does not look where they rename tests.
"""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

GATEWAY = "tests/gateway/"
# About as long as each other.
LANES = (
    ("agent", "survival", "publishing", "api_key_calls", "blocking"),
    ("revocation", "shared_limits", "assertions"),
    ("throttling", "checks", "backends", "resources"),
    ("counting", "tracing", "other_gateways"),
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
    "revocation_feed",
    "revocation_lists",
    "routes",
    "usage",
    "verdicts",
)


class Lanes(LoadScopeScheduling):  # type: ignore[misc]
    """The largest first, so the lanes before all."""

    def _split_scope(self, nodeid: str) -> str:
        return lane(nodeid) or nodeid


def lane(nodeid: str) -> str:
    """Empty for a test that may be anywhere."""
    file = nodeid.partition("::")[0]
    name = file.removeprefix(GATEWAY).removeprefix("test_").removesuffix(".py")
    if not file.startswith(GATEWAY) or name in IN_PROCESS:
        return ""
    return next((f"gateway {names[0]}" for names in LANES if name in names), "gateway")
