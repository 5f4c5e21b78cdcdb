"""The states of an API, and what leads from one to another: the words are the original's (wso2-2.6.md 2.4)."""

from __future__ import annotations

from store.models import Api

CREATED, PUBLISHED, BLOCKED, DEPRECATED, RETIRED = Api.Status
STEPS: dict[str, dict[str, str]] = {
    CREATED: {"Publish": PUBLISHED},
    PUBLISHED: {"Block": BLOCKED, "Deprecate": DEPRECATED, "Demote to Created": CREATED},
    BLOCKED: {"Re-Publish": PUBLISHED, "Deprecate": DEPRECATED},
    DEPRECATED: {"Retire": RETIRED},
    RETIRED: {},
}
WORDS = {
    "Publish": "The gateway serves it, and the API Store shows it.",
    "Re-Publish": "The gateway serves it again.",
    "Block": "The gateway answers 503 to every call until it is published again.",
    "Deprecate": "Calls go on; nobody can subscribe any more.",
    "Demote to Created": "The gateway and the API Store know it no more.",
    "Retire": "The gateway and the API Store know it no more, for good.",
}


def steps(api: Api) -> list[tuple[str, str]]:
    """What can be done now, with what comes of it."""
    return [(step, WORDS[step]) for step in STEPS[api.status]]
