"""The routes of a published API: one for each of its resources and key types; what is none of them is refused.

Kept small, because there are many: what all have in common stands at the virtual host (gateway/routes.py).
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from django.conf import settings

from gateway import clusters, faults, filters, passed_on, permits
from gateway.apis import Endpoint, PublishedApi, Resource

Route = dict[str, Any]

SANDBOX_KEY = {
    "filter": filters.JWT,
    "path": [{"key": filters.PAYLOAD}, {"key": "key_type"}],
    "value": {"string_match": {"exact": "SANDBOX"}},
}
# A step of a path that stands for anything, and what follows a path.
STEP, REST, QUERY = "[^/?]+", "(/[^?]*)?", r"(\?.*)?"


class Match(NamedTuple):
    """`lead`: what a RouteMatch finds at the beginning of a path below the API, and a rewrite puts back there."""

    condition: Route
    lead: str


def of_api(api: PublishedApi, base: str) -> list[Route]:
    """`base`: /photos/1.0, or /photos where this is the default version. The first route that matches is used."""
    ordered = sorted(api.resources, key=lambda resource: (resource.specificity, resource.method))
    served = [route for resource in ordered for route in of_resource(api, base, resource)]
    return [*missing(api, base), *served, no_resource(api, base)]


def of_resource(api: PublishedApi, base: str, resource: Resource) -> list[Route]:
    """Sandbox keys to the sandbox endpoint, all others to the production endpoint."""
    endpoints = api.endpoints()
    return [
        api_route(api, base, resource, key_type, match, endpoint)
        for match in matches(base, resource.path)
        for key_type in ("SANDBOX", "PRODUCTION")
        if (endpoint := endpoints[key_type])
    ]


def matches(base: str, path: str) -> list[Match]:
    """What is said letter by letter is compared so; a regular expression only where a step stands for anything."""
    lead, brace, _ = path.partition("{")
    if brace:
        regex = f"{re.escape(base)}{pattern(path)}{QUERY}"
        whole = {"name": ":path", "string_match": {"safe_regex": {"regex": regex}}}
        return [Match({"prefix": f"{base}{lead}", "headers": [whole]}, lead)]
    if path.endswith("/*"):
        below, itself = path.removesuffix("*"), path.removesuffix("/*")
        return [Match({"prefix": f"{base}{below}"}, below), Match({"path": f"{base}{itself}"}, itself or "/")]
    if path == "/":
        return [Match({"path": f"{base}/"}, "/"), Match({"path": base}, "/")]
    return [Match({"path": f"{base}{path}"}, path)]


def pattern(path: str) -> str:
    """/albums/{id} -> one step of a path; /albums/{id}/* -> it, and everything below."""
    parts = re.split(r"(\{[^}]*\}|/\*$)", path)
    return "".join({"{": STEP, "/*": REST}.get(part if part == "/*" else part[:1], re.escape(part)) for part in parts)


def api_route(
    api: PublishedApi, base: str, resource: Resource, key_type: str, match: Match, endpoint: Endpoint
) -> Route:
    condition = with_method(match.condition, resource.method)
    if key_type == "SANDBOX":
        condition["dynamic_metadata"] = [SANDBOX_KEY]
    route = {
        "name": f"{base[1:]} {resource.method} {resource.path} {key_type}",
        "match": condition,
        "request_headers_to_remove": passed_on.withheld(api),
        "route": to_backend(api, key_type, endpoint, match.lead),
    }
    names = {"resource": resource.path, "key_type": key_type}
    if resource.auth == "none":
        return {**route, "metadata": told(api, base, **names), "typed_per_filter_config": filters.unasked()}
    metadata = told(api, base, **names, permit=permits.of_resource(api, resource).key)
    return {**route, "metadata": metadata, **passed_on.asked_for(api)}


def with_method(condition: Route, method: str) -> Route:
    asked_for = {"name": ":method", "string_match": {"exact": method}}
    return {**condition, "headers": [asked_for, *condition.get("headers", [])]}


def told(api: PublishedApi, base: str, **more: str) -> Route:
    """For the filters, the faults and the call log."""
    return {"filter_metadata": {"gateway": {"path": api.path, "prefix": base, **more}}}


def to_backend(api: PublishedApi, key_type: str, endpoint: Endpoint, lead: str) -> Route:
    """Context and version leave the path, the endpoint's own path comes before it: /photos/1.0/albums -> /albums"""
    return {
        "cluster": clusters.name(api, key_type),
        "prefix_rewrite": f"{endpoint.path}{lead}",
        "host_rewrite_literal": endpoint.authority,
        "timeout": f"{settings.GATEWAY_BACKEND_TIMEOUT}s",
    }


def missing(api: PublishedApi, base: str) -> list[Route]:
    """An API may have no backend for one type of keys; who comes with such a key is told so, if the token is good."""
    endpoints = api.endpoints()
    below = {"path_separated_prefix": base}
    if not endpoints["SANDBOX"]:
        return [no_endpoint(api, base, "SANDBOX", {**below, "dynamic_metadata": [SANDBOX_KEY]})]
    if not endpoints["PRODUCTION"]:
        no_sandbox_key = {**SANDBOX_KEY, "invert": True}
        return [no_endpoint(api, base, "PRODUCTION", {**below, "dynamic_metadata": [no_sandbox_key]})]
    return []


def no_endpoint(api: PublishedApi, base: str, key_type: str, match: Route) -> Route:
    kind = key_type.lower()
    sentence = f"{kind.capitalize()} key offered to the API with no {kind} endpoint"
    return {
        "name": f"{base[1:]} {key_type}",
        "match": match,
        "metadata": told(api, base, key_type=key_type, permit=permits.of_api(api).key),
        # Envoy makes up its filters by the route that it finds first, before it has seen the type of the key.
        **passed_on.asked_for(api),
        **faults.direct(403, faults.NO_ENDPOINT, "Invalid Credentials", sentence),
    }


def no_resource(api: PublishedApi, base: str) -> Route:
    """Asks for no token, because none would help."""
    sentence = f"No matching resource found in the API {api.path} for the given request"
    return {
        "name": f"{base[1:]} nothing",
        "match": {"path_separated_prefix": base},
        "metadata": told(api, base),
        "typed_per_filter_config": filters.unasked(),
        **faults.direct(403, faults.NO_RESOURCE, "No matching resource", sentence),
    }
