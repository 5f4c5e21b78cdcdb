"""The scopes that an API declares, in the words of its provider: what applications may ask people for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from store import definitions

if TYPE_CHECKING:
    from store.documents import Document

# RFC 6749 3.3
SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
# As the key manager keeps them.
LONGEST = 100
# Of the key manager itself and of the portal, which have words of their own. No provider may give them to the
# applications that subscribe, nor say what they mean: a person would approve more than is written there.
STANDARD = frozenset({"openid", "profile", "email", "address", "phone", "offline_access", "default"})
OURS = ("apim:", "claim:", "device_")


def declared(schemes: Any) -> dict[str, str]:
    """Of the `securitySchemes` of a definition (OpenAPI 3.1, 4.8.27), with their words."""
    flows = [
        flow
        for _, scheme in definitions.members(schemes)
        for _, flow in definitions.members(definitions.members_of(scheme).get("flows"))
    ]
    found = [one for flow in flows for one in definitions.members(definitions.members_of(flow).get("scopes"))]
    return {name: definitions.text(words) for name, words in found if not is_reserved(name)}


def is_name(text: str) -> bool:
    return bool(SCOPE.fullmatch(text)) and len(text) <= LONGEST


def is_reserved(name: str) -> bool:
    return name in STANDARD or name.startswith(OURS)


def check(document: Document) -> None:
    """documents.DefinitionError. The standard ones may stand in a document, and are not the API's."""
    schemes = ("components", "securitySchemes")
    for scheme in members(document, *schemes):
        flows = (*schemes, scheme, "flows")
        for flow in members(document, *flows):
            scopes = (*flows, flow, "scopes")
            for name, words in () if flow.startswith("x-") else members(document, *scopes).items():
                check_one(document, name, words, *scopes, name)


def members(document: Document, *path: str) -> dict[str, Any]:
    """Of the object there; of an empty one where there is none."""
    found: dict[str, Any] = document.definition
    for count, step in enumerate(path, 1):
        found = found.get(step, {})
        if not isinstance(found, dict):
            raise document.refused(f"{step} must be an object.", *path[:count])
    return found


def check_one(document: Document, name: str, words: Any, *place: str) -> None:
    if not is_name(name):
        raise document.refused(f"A scope cannot be called {name[:LONGEST]}.", *place)
    if not isinstance(words, str):
        raise document.refused(f"The description of the scope {name} must be a text.", *place)
    if name.startswith(OURS):
        raise document.refused(f"A scope of an API does not begin with {', '.join(OURS)}: {name}.", *place)
