"""Reads an OpenAPI 3 document for people: its operations with parameters, bodies, answers and scopes.

The document is a provider's, so anything may be missing or of another kind than it should be: what cannot be read is
left out, and the page still comes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

# Where the provider's backend is, as the original writes it.
ENDPOINTS = ("x-wso2-production-endpoints", "x-wso2-sandbox-endpoints")
METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "trace")
MAX_HOPS = 10


@dataclass(frozen=True, kw_only=True)
class Parameter:
    name: str
    place: str
    required: bool
    kind: str
    description: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: str
    description: str


@dataclass(frozen=True, kw_only=True)
class Operation:
    method: str
    path: str
    summary: str
    description: str
    body: str
    """Media types of the request body, or nothing."""
    parameters: list[Parameter] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    scopes: list[str] = field(default_factory=list)


def operations(definition: Any) -> list[Operation]:
    found = []
    for path, item in members(members_of(definition).get("paths")):
        item = resolve(definition, item)
        for method in METHODS:
            if isinstance(item.get(method), dict):
                found.append(operation(definition, path, method, item))
    return found


def operation(definition: Any, path: str, method: str, item: dict[str, Any]) -> Operation:
    described = item[method]
    return Operation(
        method=method.upper(),
        path=path,
        summary=text(described.get("summary")),
        description=text(described.get("description")),
        body=", ".join(members_of(resolve(definition, described.get("requestBody")).get("content"))),
        parameters=list(
            parameters(definition, [*listed(item.get("parameters")), *listed(described.get("parameters"))])
        ),
        answers=[
            Answer(status=str(status), description=text(resolve(definition, answer).get("description")))
            for status, answer in members(described.get("responses"))
        ],
        scopes=scopes(described.get("security", members_of(definition).get("security"))),
    )


def served_at(definition: dict[str, Any], address: str) -> dict[str, Any]:
    """The document as callers need it: a path or an operation may have servers of its own, which would lead them past
    the gateway (OpenAPI 3.0, Path Item Object and Operation Object)."""
    told = {name: value for name, value in definition.items() if name not in ENDPOINTS}
    told["paths"] = served_here(definition.get("paths"))
    if "pathItems" in members_of(definition.get("components")):
        told["components"] = {**told["components"], "pathItems": served_here(told["components"]["pathItems"])}
    return told | {"servers": [{"url": address}]}


def served_here(items: Any) -> Any:
    if not isinstance(items, dict):
        return items
    return {path: without_servers(item, METHODS) for path, item in items.items()}


def without_servers(value: Any, below: tuple[str, ...] = ()) -> Any:
    if not isinstance(value, dict):
        return value
    kept = {name: one for name, one in value.items() if name != "servers"}
    return {name: without_servers(one) if name in below else one for name, one in kept.items()}


def parameters(definition: Any, rows: list[Any]) -> Iterator[Parameter]:
    for row in (resolve(definition, row) for row in rows):
        schema = resolve(definition, row.get("schema"))
        if row:
            yield Parameter(
                name=text(row.get("name")),
                place=text(row.get("in")),
                required=row.get("required") is True,
                kind=" ".join(filter(None, [text(schema.get("type")), text(schema.get("format"))])),
                description=text(row.get("description")),
            )


def scopes(security: Any) -> list[str]:
    names = [str(name) for needed in listed(security) for _, rows in members(needed) for name in listed(rows)]
    return list(dict.fromkeys(names))


def resolve(definition: Any, value: Any) -> dict[str, Any]:
    """The object itself where `value` is a reference within the document (#/components/…); else an empty one."""
    for _ in range(MAX_HOPS):
        if not isinstance(value, dict):
            return {}
        reference = value.get("$ref")
        if not isinstance(reference, str):
            return value
        value = follow(definition, reference)
    return {}


def follow(definition: Any, reference: str) -> Any:
    """RFC 6901 4 and 6: a JSON Pointer as the fragment of an address, with the percent signs of one."""
    value = definition
    for step in unquote(reference.removeprefix("#/")).split("/"):
        value = below(value, step.replace("~1", "/").replace("~0", "~"))
    return value


def below(value: Any, step: str) -> Any:
    if isinstance(value, list):
        return value[int(step)] if step.isascii() and step.isdecimal() and int(step) < len(value) else None
    return members_of(value).get(step)


def members_of(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def members(value: Any) -> list[tuple[str, Any]]:
    return list(members_of(value).items())


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    return value if isinstance(value, str) else ""
