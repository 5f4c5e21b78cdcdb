"""The `claims` parameter: claims asked for one by one (OpenID Connect Core 5.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keymanager import errors, json_parameters, personal_claims, scopes

Request = dict[str, Any]
"""What is asked of one claim: `essential`, `value`, `values` (5.5.1); nothing when the client sent null."""
Claims = dict[str, dict[str, Request]]
"""By where they are to be told, `userinfo` or `id_token`, and by name."""

PLACES = ("userinfo", "id_token")
# What an ID token says in any case, and whose value may be asked for.
OF_SIGN_IN = frozenset({"sub", "acr", "amr", "auth_time"})
WRONG = "The claims parameter is a JSON object as OpenID Connect Core 5.5 describes it."


def check(parameters: Mapping[str, str], scope: str, response_type: str) -> Claims:
    """What is understood of the parameter; the rest of it is checked and left out (5.5: "MUST be ignored").

    Empty without the scope openid: the parameter is one of OpenID Connect's.
    """
    if "claims" not in parameters:
        return {}
    try:
        document = json_parameters.parsed(parameters["claims"])
    except ValueError as error:
        raise errors.InvalidRequest(WRONG, detail=str(error)) from None
    if not isinstance(document, dict):
        raise errors.InvalidRequest(WRONG, detail="not an object")
    claims = {place: of_place(document[place]) for place in PLACES if document.get(place) is not None}
    check_response_type(claims, response_type)
    return claims if scopes.OPENID in scope.split() else {}


def of_place(asked: Any) -> dict[str, Request]:
    if not isinstance(asked, dict):
        raise errors.InvalidRequest(WRONG, detail="a place that is not an object")
    requests = {name: of_claim(name, value) for name, value in asked.items()}
    known = OF_SIGN_IN | set(personal_claims.ALL)
    return {name: request for name, request in requests.items() if name in known}


def of_claim(name: str, asked: Any) -> Request:
    """5.5.1: null, or an object; members that are not understood are ignored."""
    if asked is None:
        return {}
    if not isinstance(asked, dict):
        raise errors.InvalidRequest(WRONG, detail=f"{name[:100]} is neither null nor an object")
    if not isinstance(asked.get("essential", False), bool):
        raise errors.InvalidRequest(WRONG, detail=f"essential of {name[:100]}")
    if "values" in asked and not (isinstance(asked["values"], list) and asked["values"]):
        raise errors.InvalidRequest(WRONG, detail=f"values of {name[:100]}")
    if "value" in asked and "values" in asked:
        raise errors.InvalidRequest(WRONG, detail=f"value and values of {name[:100]}")
    if name in {"sub", "acr"} and not all(isinstance(value, str) for value in wanted(asked)):
        raise errors.InvalidRequest(WRONG, detail=f"{name} is a text")
    return {member: asked[member] for member in ("essential", "value", "values") if member in asked}


def check_response_type(claims: Claims, response_type: str) -> None:
    """5.5: with `userinfo` "the request MUST also use a response_type value that results in an Access Token being
    issued"; and an ID token has to be issued for `id_token`."""
    if "userinfo" in claims and response_type == "id_token":
        raise errors.InvalidRequest("claims asks for userinfo, and response_type for no access token.")
    if "id_token" in claims and response_type == "token":
        raise errors.InvalidRequest("claims asks for an ID token, and response_type for none.")


def wanted(request: Request) -> list[Any]:
    """The values that would do; any, when there is none."""
    return [request["value"]] if "value" in request else list(request.get("values", []))


def personal(claims: Claims) -> list[str]:
    """The claims about the person, wherever they are to be told, in the order of 5.1."""
    asked = {name for requests in claims.values() for name in requests}
    return [name for name in personal_claims.ALL if name in asked]


def beyond(claims: Claims, scope: str) -> list[str]:
    """Those that no scope asks for, as names of consents: the person is asked for each."""
    included = personal_claims.of_scopes(scope.split())
    return [personal_claims.PREFIX + name for name in personal(claims) if name not in included]


def subjects(claims: Claims) -> list[str]:
    """5.5.1: the persons of whom one is wanted, as the client knows them; empty when anybody will do."""
    return [value for place in PLACES for value in wanted(claims.get(place, {}).get("sub", {}))]


def told(claims: Claims, place: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Of the known `values` those asked for there; one that is not the value asked for is left out."""
    asked = claims.get(place, {})
    return {
        name: value for name, value in values.items() if name in asked and value in (wanted(asked[name]) or [value])
    }
