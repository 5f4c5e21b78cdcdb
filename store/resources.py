"""The resources of an API: what its OpenAPI document lets callers do, one method of one path each."""

from __future__ import annotations

from typing import Any, TypedDict

from store import definitions

# Of an operation: who may call it, as WSO2 writes it (x-auth-type), and what the gateway is told.
AUTH = {
    "none": "none",
    "application": "application",
    "application user": "user",
    "application & application user": "any",
    "any": "any",
}


class Resource(TypedDict):
    """`scopes`: any one of these is enough, each a list as a token has it (RFC 6749 3.3). `auth`: none, application
    (tokens without a person), user, any. `tier`: a ThrottlingPolicy of level resource; empty: no limit."""

    method: str
    path: str
    scopes: list[str]
    auth: str
    tier: str


def compiled(definition: dict[str, Any]) -> list[Resource]:
    """In the order of the document."""
    items = definitions.members(definition.get("paths"))
    found = [(path, definitions.resolve(definition, item)) for path, item in items]
    return [
        resource(definition, method, path, item[method])
        for path, item in found
        for method in definitions.METHODS
        if isinstance(item.get(method), dict)
    ]


def resource(definition: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> Resource:
    return {
        "method": method.upper(),
        "path": path,
        "scopes": scopes(operation.get("security", definition.get("security"))),
        "auth": auth(operation),
        "tier": definitions.text(operation.get("x-throttling-tier")),
    }


def scopes(security: Any) -> list[str]:
    """Of each alternative (OpenAPI 3.0, Security Requirement Object: one of them is enough, all within one are)."""
    alternatives = [
        " ".join(sorted({str(name) for _, names in definitions.members(one) for name in definitions.listed(names)}))
        for one in definitions.listed(security)
    ]
    return list(dict.fromkeys(filter(None, alternatives)))


def auth(operation: dict[str, Any]) -> str:
    """An operation is open only if it says so itself: by x-auth-type, or by an empty list of its own."""
    if "x-auth-type" in operation:
        return AUTH.get(str(operation["x-auth-type"]).strip().lower(), "any")
    return "none" if operation.get("security") == [] else "any"
