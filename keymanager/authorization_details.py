"""Rich authorization requests (RFC 9396): what is asked for in structure, where a scope's one word says too little."""

from __future__ import annotations

import json
from typing import Any

from keymanager import errors, json_parameters
from keymanager.models import AuthorizationDetailsType, Client

MOST = 20
Details = list[dict[str, Any]]

# RFC 9396 2.2; those beside `identifier` are lists of texts.
COMMON = ("locations", "actions", "datatypes", "privileges")


def check(client: Client, parameters: dict[str, str]) -> Details:
    """The details asked for; one statement when there are any.

    RFC 9396 5: "The AS MUST refuse to process any unknown authorization details type or authorization details not
    conforming to the respective type definition."
    """
    details = parsed(parameters.get("authorization_details", ""))
    if not details:
        return []
    known = {
        row.name: row for row in AuthorizationDetailsType.objects.filter(name__in={one["type"] for one in details})
    }
    for one in details:
        if one["type"] not in known or one["type"] not in client.registered("authorization_details_types"):
            raise errors.InvalidAuthorizationDetails(detail=f"type {one['type'][:50]!r} unknown, or not this client's")
        check_members(known[one["type"]], one)
    return details


def parsed(text: str) -> Details:
    """RFC 9396 2: "a JSON array of JSON objects", each with a `type`."""
    if not text:
        return []
    try:
        details = json_parameters.parsed(text)
    except ValueError as fault:
        raise errors.InvalidAuthorizationDetails(detail=str(fault)) from None
    if not isinstance(details, list) or not 0 < len(details) <= MOST or not all(map(is_typed, details)):
        raise errors.InvalidAuthorizationDetails(detail="not an array of objects, each with a type")
    return details


def is_typed(one: Any) -> bool:
    return isinstance(one, dict) and isinstance(one.get("type"), str)


def check_members(known: AuthorizationDetailsType, one: dict[str, Any]) -> None:
    allowed = {"type", "identifier", *COMMON, *known.required, *known.optional}
    well_formed = (
        one.keys() <= allowed
        and set(known.required) <= one.keys()
        and isinstance(one.get("identifier", ""), str)
        and all(is_texts(one.get(name, [])) for name in COMMON)
    )
    if not well_formed:
        raise errors.InvalidAuthorizationDetails(detail=f"does not conform to the type {known.name}")


def is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def narrowed(authorized: Details, parameters: dict[str, str]) -> Details:
    """RFC 9396 6: what this token carries, each object one of those authorized; without the parameter all of them."""
    asked = parsed(parameters.get("authorization_details", ""))
    if not all(one in authorized for one in asked):
        raise errors.InvalidAuthorizationDetails(detail="more than was authorized")
    return asked or authorized


def in_words(details: Details) -> list[dict[str, Any]]:
    """For the person who is asked: each object as its type's title and its other members, one line each."""
    titles = dict(
        AuthorizationDetailsType.objects.filter(name__in={one["type"] for one in details}).values_list("name", "title")
    )
    return [
        {
            "title": titles.get(one["type"], one["type"]),
            "lines": [(name.replace("_", " "), line(value)) for name, value in one.items() if name != "type"],
        }
        for one in details
    ]


def line(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    if isinstance(value, dict) and not any(isinstance(item, (dict, list)) for item in value.values()):
        return ", ".join(f"{name} {item}" for name, item in value.items())
    return json.dumps(value, ensure_ascii=False)


def types() -> list[str]:
    return sorted(AuthorizationDetailsType.objects.values_list("name", flat=True))
