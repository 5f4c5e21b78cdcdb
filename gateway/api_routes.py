"""The routes of a published API: one for each of its resources and key types; what is none of them is refused.

Kept small, because there are many: what all have in common stands at the virtual host (gateway/routes.py).
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from django.conf import settings

from accounts import sealing
from gateway import clusters, faults, filters, passed_on, permits, throttling
from gateway.apis import PublishedApi, Resource
from store.backends import Backend
from store.endpoints import Endpoint
from store.models import Api

Route = dict[str, Any]

SANDBOX_KEY = {
    "filter": filters.JWT,
    "path": [{"key": filters.PAYLOAD}, {"key": "key_type"}],
    "value": {"string_match": {"exact": "SANDBOX"}},
}
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"})
OTHER_HOST = {
    "name": "envoy.retry_host_predicates.previous_hosts",
    "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
    },
}
USUAL = Backend()
# Nothing has reached the backend in these cases, so any method may be tried again.
UNSENT = {"retry_on": "connect-failure,refused-stream,reset-before-request"}
REPEATED = {
    "retry_on": "connect-failure,refused-stream,reset,retriable-status-codes",
    "retriable_status_codes": [502, 503],
    "retry_host_predicate": [OTHER_HOST],
    "host_selection_retry_max_attempts": 3,
}
CORS_HEADERS = "authorization,content-type,accept,dpop,apikey,x-api-key,x-requested-with"
# What a page has to be able to read: why it was refused, and when it may come again (RFC 9449 8 for the nonce).
CORS_EXPOSED = (
    "x-fault-code,x-request-id,www-authenticate,dpop-nonce,retry-after,ratelimit,ratelimit-policy,"
    "x-ratelimit-limit,x-ratelimit-remaining,x-ratelimit-reset,etag,link,location"
)
# Fetch standard, CORS protocol and HTTP caches: the answer to one page must not be kept for another.
BY_ORIGIN = {"header": {"key": "vary", "value": "origin"}, "append_action": "APPEND_IF_EXISTS_OR_ADD"}
RESERVED = "!$&'()+,;=:@"
# The beginning of a path that can be said in one way only.
PLAIN = re.compile(f"[^{{{RESERVED}]*")
# A step of a path that stands for anything, and what follows a path.
STEP, REST, QUERY = "[^/?]+", "(/[^?]*)?", r"(\?.*)?"


class Match(NamedTuple):
    """`lead`: what a RouteMatch finds at the beginning of a path below the API, and a rewrite puts back there."""

    condition: Route
    lead: str


def of_api(api: PublishedApi, base: str) -> list[Route]:
    """`base`: /photos/1.0, or /photos where this is the default version. The first route that matches is used."""
    found = [blocked(api, base)] if api.status == Api.Status.BLOCKED else served(api, base)
    return [{**route, "response_headers_to_add": [BY_ORIGIN]} for route in found] if api.cors.origins else found


def served(api: PublishedApi, base: str) -> list[Route]:
    ordered = sorted(api.resources, key=lambda resource: (resource.specificity, resource.method))
    found = [route for resource in ordered for route in of_resource(api, base, resource)]
    return [*preflight(api, base), *missing(api, base), *found, no_resource(api, base)]


def of_resource(api: PublishedApi, base: str, resource: Resource) -> list[Route]:
    """Sandbox keys to the sandbox endpoint, all others to the production endpoint."""
    endpoints = api.endpoints()
    return [
        api_route(api, base, resource, key_type, match, hosts[0])
        for match in matches(base, resource.path)
        for key_type in ("SANDBOX", "PRODUCTION")
        if (hosts := endpoints[key_type])
    ]


def matches(base: str, path: str) -> list[Match]:
    """What is said letter by letter is compared so; a regular expression only where a step stands for anything, or a
    mark may be written in two ways."""
    lead = PLAIN.match(path)[0]  # type: ignore[index]  # an empty one at least
    if lead not in {path, path.removesuffix("*")}:
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
    return "".join({"{": STEP, "/*": REST}.get(part if part == "/*" else part[:1], letters(part)) for part in parts)


def letters(text: str) -> str:
    """RFC 3986 2.2: a mark that is reserved may come encoded, and to most backends it is the same then. Envoy decodes
    all others."""
    return "".join(f"({re.escape(one)}|(?i:%{ord(one):02x}))" if one in RESERVED else re.escape(one) for one in text)


def api_route(
    api: PublishedApi, base: str, resource: Resource, key_type: str, match: Match, endpoint: Endpoint
) -> Route:
    condition = with_methods(match.condition, api.methods(resource))
    if key_type == "SANDBOX":
        condition["dynamic_metadata"] = [SANDBOX_KEY]
    route = {
        "name": f"{base[1:]} {resource.method} {resource.path} {key_type}",
        "match": condition,
        "request_headers_to_remove": passed_on.withheld(api),
        **passed_on.held_back(),
        "route": to_backend(api, key_type, endpoint, match.lead) | tried_again(api, resource),
        **secret(api),
    }
    names = {"resource": resource.path, "key_type": key_type, **throttling.told(api, resource)}
    config = cors(api)
    if resource.auth == "none":
        config = {**config, **filters.unasked()}
    else:
        names |= {"permit": permits.of_resource(resource).key, **scope(resource)}
        config = {**config, **passed_on.asked_for(api)}
    return {**route, "metadata": told(api, base, **names), "typed_per_filter_config": config}


def scope(resource: Resource) -> dict[str, str]:
    return {"scope": resource.scopes[0]} if resource.scopes else {}


def with_methods(condition: Route, methods: tuple[str, ...]) -> Route:
    """By one route, whichever of these it is: every further one would be copied for each API and type of keys."""
    value = {"safe_regex": {"regex": "|".join(methods)}} if methods[1:] else {"exact": methods[0]}
    asked_for = {"name": ":method", "string_match": value}
    return {**condition, "headers": [asked_for, *condition.get("headers", [])]}


def told(api: PublishedApi, base: str, **more: str) -> Route:
    """For the filters, the faults and the call log."""
    return {"filter_metadata": {"gateway": {"path": api.path, "prefix": base, **more}}}


def to_backend(api: PublishedApi, key_type: str, endpoint: Endpoint, lead: str) -> Route:
    """Context and version leave the path, the endpoint's own path comes before it: /photos/1.0/albums -> /albums"""
    return {
        "cluster": clusters.name(api, key_type),
        "prefix_rewrite": f"{endpoint.path}{lead}",
        "auto_host_rewrite": True,
        # An answer that never ends, as of server-sent events, may go on: how long the backend may be silent is limited.
        "timeout": "0s",
        "rate_limits": throttling.of_subscription(api),
    }


def tried_again(api: PublishedApi, resource: Resource) -> Route:
    """RFC 9110 9.2.2: what is idempotent may be sent again even if it has reached the backend, the rest only if it has
    not. The virtual host has the policy of what is usual, because a route of its own costs."""
    chosen = (api.backend.timeout, api.backend.retries)
    if resource.method not in IDEMPOTENT:
        return {"retry_policy": retry(UNSENT, api.backend.timeout, 2)}
    return {} if chosen == (USUAL.timeout, USUAL.retries) else {"retry_policy": retry(REPEATED, *chosen)}


def retry(policy: Route, timeout: int, retries: int) -> Route:
    silence = f"{timeout or settings.GATEWAY_BACKEND_TIMEOUT}s"
    return {**(policy if retries else {}), "per_try_idle_timeout": silence, "num_retries": retries}


def usual_retry() -> Route:
    """Whoever comes to a route of no method of its own, as the token API's, is held by its method, too."""
    methods = {"name": ":method", "string_match": {"safe_regex": {"regex": "|".join(sorted(IDEMPOTENT))}}}
    return retry({**REPEATED, "retriable_request_headers": [methods]}, USUAL.timeout, USUAL.retries)


def secret(api: PublishedApi) -> Route:
    """By which the backend knows the gateway; opened here, and told to the gateways only."""
    if not api.backend.secret_header:
        return {}
    header = {"key": api.backend.secret_header, "value": literal(sealing.unseal(api.backend.sealed_secret))}
    return {"request_headers_to_add": [{"header": header, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}]}


def literal(text: str) -> str:
    """A percent sign begins a command to Envoy, and two of them are one."""
    return text.replace("%", "%%")


def cors(api: PublishedApi) -> Route:
    """Fetch standard, CORS protocol: the filter answers a preflight by itself, before anybody asks for a token. Without
    cookies, * stands for all headers but Authorization."""
    if not api.cors.origins:
        return {}
    every = "*" in api.cors.origins
    with_cookies = api.cors.credentials and not every
    others = "" if with_cookies else ",*"
    origins = [{"safe_regex": {"regex": ".*"}} if every else {"exact": origin} for origin in api.cors.origins]
    policy = {
        "@type": f"{filters.EXTENSIONS}.cors.v3.CorsPolicy",
        "allow_origin_string_match": origins,
        "allow_methods": ",".join(sorted({resource.method for resource in api.resources})),
        "allow_headers": CORS_HEADERS + others,
        "expose_headers": CORS_EXPOSED + others,
        "max_age": "600",
        "allow_credentials": with_cookies,
    }
    return {filters.CORS: policy}


def preflight(api: PublishedApi, base: str) -> list[Route]:
    """The question of a page before it calls. The filter for it answers only where there is a route to a backend; what
    it does not answer gets no further: the route names no permit."""
    hosts = [hosts[0] for hosts in api.endpoints().values() if hosts]
    if not api.cors.origins or not hosts:
        return []
    asked = [{"name": name, "present_match": True} for name in ("origin", "access-control-request-method")]
    key_type = next(key_type for key_type, hosts in api.endpoints().items() if hosts)
    return [
        {
            "name": f"{base[1:]} preflight",
            "match": with_methods({"path_separated_prefix": base, "headers": asked}, ("OPTIONS",)),
            "metadata": told(api, base),
            "typed_per_filter_config": cors(api),
            "route": {"cluster": clusters.name(api, key_type)},
        }
    ]


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
        "metadata": told(api, base, key_type=key_type, permit=permits.ANY.key),
        "typed_per_filter_config": {**cors(api), **passed_on.asked_for(api)},
        **faults.direct(403, faults.NO_ENDPOINT, "Invalid Credentials", sentence),
    }


def no_resource(api: PublishedApi, base: str) -> Route:
    """Asks for no token, because none would help."""
    sentence = f"No matching resource found in the API {api.path} for the given request"
    return {
        "name": f"{base[1:]} nothing",
        "match": {"path_separated_prefix": base},
        "metadata": told(api, base),
        "typed_per_filter_config": {**cors(api), **filters.unasked()},
        **faults.direct(403, faults.NO_RESOURCE, "No matching resource", sentence),
    }


def blocked(api: PublishedApi, base: str) -> Route:
    """By its life cycle, until it is published again."""
    return {
        "name": f"{base[1:]} blocked",
        "match": {"path_separated_prefix": base},
        "metadata": told(api, base),
        "typed_per_filter_config": {**cors(api), **filters.unasked()},
        **faults.direct(503, faults.API_BLOCKED, "API blocked", f"This API has been blocked temporarily: {api.path}"),
    }
