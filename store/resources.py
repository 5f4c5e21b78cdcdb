"""The resources of an API: what its OpenAPI document lets callers do, one method of one path each."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any, TypedDict

from store import definitions, scopes
from store.documents import Document

# Of an operation: who may call it, as WSO2 writes it (x-auth-type), and what the gateway is told.
AUTH = {
    "none": "none",
    "application": "application",
    "application user": "user",
    "application & application user": "any",
    "any": "any",
}
METHODS = frozenset(method.upper() for method in definitions.METHODS)
# Steps of letters and {names}; /* at the end for all that is below.
PATH = re.compile(r"(/([A-Za-z0-9._~!$&'()+,;=:@-]|\{[A-Za-z0-9_.-]+\})*)*(/\*)?")
PARAMETER = re.compile(r"\{[^}]*\}")
# Envoy refuses all routes for one regular expression that is too large (gateway/agent/diagnosis.py).
LONGEST = 1000
MOST = 500
# Names of scopes that an operation may ask for: by references one list can be that of all operations.
MOST_SCOPES = 100


class Resource(TypedDict):
    """`scopes`: any one of these is enough, each a list as a token has it (RFC 6749 3.3). `auth`: none, application
    (tokens without a person), user, any. `tier`: a ThrottlingPolicy of level resource; empty: no limit."""

    method: str
    path: str
    scopes: list[str]
    auth: str
    tier: str


def check_resource(method: str, path: str) -> None:
    """ValueError with one sentence when no route could be made of it."""
    if method not in METHODS:
        raise ValueError(f"There is no method {method}.")
    if len(path) > LONGEST:
        raise ValueError(f"The path {path[:40]}… has {len(path)} characters; {LONGEST} are the most.")
    steps = set(path.split("/"))
    if not path or not PATH.fullmatch(path) or {".", ".."} & steps or "//" in path:
        raise ValueError(
            f"The path {path} must begin with a slash and have letters, digits, {{names}} and . _ ~ - between slashes; "
            "/* may be its end."
        )


def compiled(document: Document, tiers: Collection[str]) -> list[Resource]:
    """In the order of the document; `tiers`: those a resource may have. documents.DefinitionError."""
    check_version(document)
    paths = document.definition.get("paths")
    if not isinstance(paths, dict) or not paths:
        raise document.refused("The document has no paths, so there would be nothing to call.", "paths")
    check_ambiguity(document, paths)
    check_security(document, document.definition)
    scopes.check(document)
    found = [one for path in paths for one in of_path(document, path, tiers)]
    if not found:
        raise document.refused("None of the paths has an operation.", "paths")
    if len(found) > MOST:
        raise document.refused(f"The document has {len(found)} operations; an API may have {MOST}.", "paths")
    return found


def check_version(document: Document) -> None:
    if "swagger" in document.definition:
        raise document.refused("This is OpenAPI 2 (Swagger). Convert it to OpenAPI 3 first.", "swagger")
    version = document.definition.get("openapi")
    if not isinstance(version, str | float) or not str(version).startswith("3."):
        raise document.refused("The document does not say that it is OpenAPI 3 (openapi: 3.0.3).", "openapi")


def check_ambiguity(document: Document, paths: dict[str, Any]) -> None:
    """OpenAPI 3.0, Paths Object: "Templated paths with the same hierarchy but different templated names MUST NOT exist
    as they are identical"."""
    seen: dict[str, str] = {}
    for path in paths:
        same = PARAMETER.sub("{}", path)
        if same in seen:
            raise document.refused(f"The path {path} is the same as {seen[same]}.", "paths", path)
        seen[same] = path


def check_security(document: Document, described: dict[str, Any], *place: str) -> None:
    """OpenAPI 3.0, Security Requirement Object: a list of objects, each with lists of scopes. What is written another
    way must not come to ask for nothing."""
    security = described.get("security", [])
    named = [names for one in definitions.listed(security) for names in definitions.members_of(one).values()]
    if (
        not isinstance(security, list)
        or not all(isinstance(one, dict) for one in security)
        or not all(isinstance(names, list) and all(isinstance(name, str) for name in names) for names in named)
    ):
        raise document.refused("security is a list such as [{oauth: [photos:read]}].", *place, "security")


def of_path(document: Document, path: str, tiers: Collection[str]) -> Iterator[Resource]:
    if path.startswith("x-"):
        return
    item = document.definition["paths"][path]
    if not isinstance(item, dict):
        raise document.refused(f"The path {path} has no operations.", "paths", path)
    resolved = definitions.resolve(document.definition, item)
    if "$ref" in item and not resolved:
        raise document.refused(nowhere(str(item["$ref"])), "paths", path, "$ref")
    for method in definitions.METHODS:
        if method in resolved:
            yield checked(document, method.upper(), path, resolved[method], tiers)


def nowhere(reference: str) -> str:
    if reference.startswith("#/"):
        return f"The reference {reference} leads to nothing in the document."
    return "Only references within the document are followed (#/…)."


def checked(document: Document, method: str, path: str, operation: Any, tiers: Collection[str]) -> Resource:
    place = ("paths", path, method.lower())
    if not isinstance(operation, dict):
        raise document.refused(f"The operation {method} {path} is no object.", *place)
    if "$ref" in operation:
        # OpenAPI 3.0, Operation Object: it is none of those that may be referred to. What it asks for stands elsewhere.
        raise document.refused(f"The operation {method} {path} must be written out, not referred to.", *place, "$ref")
    try:
        check_resource(method, path)
    except ValueError as error:
        raise document.refused(str(error), *place[:2]) from None
    check_security(document, operation, *place)
    found = resource(document.definition, method, path, operation)
    if found["tier"] and found["tier"] not in tiers:
        raise document.refused(f"There is no tier {found['tier']}.", *place, "x-throttling-tier")
    if not found["auth"]:
        raise document.refused(f"x-auth-type is one of {', '.join(AUTH).title()}.", *place, "x-auth-type")
    asked = [name for one in found["scopes"] for name in one.split(" ")]
    if len(asked) > MOST_SCOPES:
        sentence = f"The operation {method} {path} asks for {len(asked)} scopes; {MOST_SCOPES} are the most."
        raise document.refused(sentence, *place, "security")
    if bad := next((name for name in asked if not scopes.is_name(name)), None):
        raise document.refused(f"A scope cannot be called {bad[: scopes.LONGEST]}.", *place, "security")
    return found


def resource(definition: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> Resource:
    tier = definitions.text(operation.get("x-throttling-tier"))
    return {
        "method": method,
        "path": path,
        "scopes": alternatives(operation.get("security", definition.get("security"))),
        "auth": auth(operation),
        "tier": "" if tier == "Unlimited" else tier,
    }


def alternatives(security: Any) -> list[str]:
    """Of each alternative (OpenAPI 3.0, Security Requirement Object: one of them is enough, all within one are)."""
    found = [
        " ".join(sorted({name for _, names in definitions.members(one) for name in definitions.listed(names)}))
        for one in definitions.listed(security)
    ]
    return list(dict.fromkeys(filter(None, found)))


def auth(operation: dict[str, Any]) -> str:
    """An operation is open only if it says so itself: by x-auth-type, or by an empty list of its own."""
    if "x-auth-type" in operation:
        return AUTH.get(str(operation["x-auth-type"]).strip().lower(), "")
    return "none" if operation.get("security") == [] else "any"
