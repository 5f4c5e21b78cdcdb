"""What a gateway other than Envoy is told of a call whose token is good: 204, or a refusal with WSO2's fault code.

Envoy looks at the same things by itself (gateway/routes.py); the order and the codes are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.conf import settings

from gateway import faults, permits
from gateway.apis import Resource
from gateway.called import Called, blocked, find, is_over, plain

# By a blocking condition.
BLOCKED = 900805


class Refused(Exception):
    """`code` is WSO2's (reference wso2-2.6.md section 10), `challenge` what the caller is told (RFC 6750 3)."""

    def __init__(self, status: int, code: int, challenge: str = "") -> None:
        super().__init__(code)
        self.status, self.code, self.challenge = status, code, challenge


class Asked(NamedTuple):
    """The call: its method, and its path as it was sent, without the query. `key_type`: whose backend it is for, when
    the gateway has one of a kind."""

    method: str
    path: str
    key_type: str = ""


def check(asked: Asked, claims: Mapping[str, Any]) -> None:
    """Whether this token may make this call. Refused."""
    path = plain(asked.path)
    if path is None:
        raise Refused(403, 400)
    called = find(path)
    if called is None:
        raise Refused(403, 404)
    if called.is_blocked:
        raise Refused(403, faults.API_BLOCKED)
    check_conditions(path, claims)
    check_audience(called, claims)
    check_key_type(called, claims, asked.key_type)
    check_subscription(called, claims)
    check_resource(called, asked.method, path.removeprefix(called.base) or "/", claims)


def check_conditions(path: str, claims: Mapping[str, Any]) -> None:
    """The blocking conditions, but for those of addresses: where the call comes from, the gateway knows."""
    conditions = blocked()
    application = claims.get("application")
    of_application = application.get("id") if isinstance(application, dict) else ""
    to_context = any(f"{path}/".startswith(f"{context}/") for context in conditions.contexts)
    if to_context or claims.get("sub") in conditions.subjects or of_application in conditions.applications:
        raise Refused(403, BLOCKED)


def check_audience(called: Called, claims: Mapping[str, Any]) -> None:
    """RFC 9068 4: a token for the whole gateway, or for this API alone (RFC 8707)."""
    if not is_for(claims, settings.ACCESS_TOKEN_AUDIENCE, f"{settings.GATEWAY_URL}{called.path}"):
        raise Refused(401, 900901, invalid_token(called))


def is_for(claims: Mapping[str, Any], *addresses: str) -> bool:
    audience = claims.get("aud", [])
    meant_for = [audience] if isinstance(audience, str) else audience
    return any(one in {address, f"{address}/"} for one in meant_for for address in addresses)


def challenge(called: Called) -> str:
    return f'Bearer realm="{faults.REALM}", {described(called.path)}'


def described(path: str = "") -> str:
    """RFC 9728 5.1. `path`: of an API; the gateway as a whole without."""
    return f'resource_metadata="{settings.GATEWAY_URL}{faults.DESCRIBED}{path}"'


def challenge_of_key_manager(asked: Asked, told: str) -> str:
    """What the key manager has told of a token, with the place where the caller learns whom to ask for another one."""
    path = plain(asked.path)
    called = find(path) if path else None
    scheme, _, rest = told.partition(" ")
    return f"{scheme} {described(called.path if called else '')}, {rest}"


def invalid_token(called: Called) -> str:
    return f'{challenge(called)}, error="invalid_token", error_description="Invalid token"'


def check_key_type(called: Called, claims: Mapping[str, Any], wanted: str) -> None:
    key_type = "SANDBOX" if claims.get("key_type") == "SANDBOX" else "PRODUCTION"
    if key_type not in called.key_types or wanted not in {"", key_type}:
        raise Refused(403, faults.NO_ENDPOINT)


def check_subscription(called: Called, claims: Mapping[str, Any]) -> None:
    """An API may do without, for a token that a person has approved for this very API (docs/decisions/0026)."""
    if called.path[1:] in claims.get("subscriptions", {}):
        if is_over(str(claims.get("client_id", "")), called.path):
            raise Refused(403, 900908)
        return
    approved = permits.OF_A_PERSON in claims and is_for(claims, f"{settings.GATEWAY_URL}{called.path}")
    if not (called.subscriptionless_tier and approved):
        raise Refused(403, 900908)


def check_resource(called: Called, method: str, path: str, claims: Mapping[str, Any]) -> None:
    """Also one that asks for no token is checked with the token that the call has."""
    resource = called.resource(method, path)
    if resource is None:
        raise Refused(403, 900906)
    of_a_person = permits.OF_A_PERSON in claims
    if (resource.auth, of_a_person) in {("user", False), ("application", True)}:
        raise Refused(401, 900905, invalid_token(called))
    held = set(claims.get("scope", "").split())
    if resource.scopes and not any(set(scopes.split()) <= held for scopes in resource.scopes):
        raise Refused(403, 900910, insufficient_scope(called, resource))


def insufficient_scope(called: Called, resource: Resource) -> str:
    """RFC 6750 3.1."""
    return f'{challenge(called)}, error="insufficient_scope", scope="{resource.scopes[0]}"'
