"""Envoy's routes (RDS): the token API in front of the key manager, every published API, and 404 for the rest."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from gateway import api_routes, faults, filters, made, node_key, passed_on, shared_limits, throttling
from gateway.apis import REMEMBERED, PublishedApi
from store.documents import MOST_BYTES

Resource = dict[str, Any]

NAME = "apis"
TYPE_URL = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"
ROUTE_LIST = "type.googleapis.com/envoy.config.route.v3.RouteList"
PATH_INPUT = "type.googleapis.com/envoy.type.matcher.v3.HttpRequestHeaderMatchInput"
# The token API: what the key manager answers below /oauth2, and how it may be asked (wso2-2.6.md section 1).
TOKEN_API = {
    "/authorize": ("GET",),
    "/token": ("POST",),
    "/revoke": ("POST",),
    "/introspect": ("POST",),
    "/userinfo": ("GET", "POST"),
    "/device_authorization": ("POST",),
    "/par": ("POST",),
}
# The header that shows that it was Envoy who told of the caller's certificate.
PROOF = "x-gateway-proof"
FORWARDED = {"x-forwarded-host": "%REQ(:AUTHORITY)%", "x-forwarded-prefix": "%METADATA(ROUTE:gateway:prefix)%"}


def text(apis: tuple[PublishedApi, ...]) -> str:
    """The whole route table as a RouteConfiguration in JSON, put together of what each API has added to it."""
    entries = ", ".join(f"{json.dumps(beginning)}: {route_list(routes)}" for beginning, routes in lists(apis).items())
    return json.dumps(configuration()).replace(json.dumps({"entries": "here"}), f"{{{entries}}}")


def configuration() -> Resource:
    """All but the lists of routes. The tree goes over the letters of the path: as many APIs as there are, a call looks
    at the routes of one."""
    path = {"name": "path", "typed_config": {"@type": PATH_INPUT, "header_name": ":path"}}
    host = {
        "name": "gateway",
        "domains": ["*"],
        "matcher": {"matcher_tree": {"input": path, "prefix_match_map": {"map": {"entries": "here"}}}},
        "retry_policy": api_routes.usual_retry(),
        "typed_per_filter_config": {**filters.asking(), **shared_limits.of_host()},
        "request_headers_to_add": forwarded(),
        "request_headers_to_remove": passed_on.KEPT,
        "rate_limits": throttling.of_all(),
    }
    return {
        "@type": TYPE_URL,
        "name": NAME,
        "virtual_hosts": [host],
        "response_headers_to_remove": ["x-envoy-upstream-service-time"],
        # Of one that is larger Envoy would refuse all routes. Nothing we say is longer than what it is said of.
        "max_direct_response_body_size_bytes": 2 * MOST_BYTES,
        "most_specific_header_mutations_wins": True,
    }


def lists(apis: tuple[PublishedApi, ...]) -> dict[str, list[str]]:
    """The routes, as JSON, by how their paths begin. Envoy takes the list of the longest beginning, and looks nowhere
    else: what may be meant by a shorter one stands in it, too."""
    bases = {base: of_api(api, base) for api in apis for base in api.bases}
    found = {beginning: as_json(routes) for beginning, routes in own().items()}
    found |= {f"{faults.DESCRIBED}{api.path}": [of_description(api), *found["/"]] for api in apis}
    for base, routes in bases.items():
        above = [bases[shorter] for shorter in shorter_paths(base) if shorter in bases]
        found[base] = [routes, *above, *found.get(base, found["/"])]
    return found


def own() -> dict[str, list[Resource]]:
    """What the gateway answers by itself, or has the key manager answer."""
    found = {path: [*token_api(path, methods), nothing()] for path, methods in TOKEN_API.items()}
    described_itself = [described(""), nothing()]
    return {**found, "/": [nothing()], "/health": [health(), nothing()], faults.DESCRIBED: described_itself}


@made.of_each
def of_api(api: PublishedApi, base: str) -> str:
    return ",".join(as_json(api_routes.of_api(api, base)))


def as_json(found: list[Resource]) -> list[str]:
    return [compact(faults.told_by_metadata(route)) for route in found]


def compact(route: Resource) -> str:
    """There are thousands, and Envoy reads all of them whenever one has changed."""
    return json.dumps(route, separators=(",", ":"))


@lru_cache(maxsize=REMEMBERED)
def of_description(api: PublishedApi) -> str:
    return compact(described(api.path, api.scopes))


def shorter_paths(path: str) -> list[str]:
    """/a/b/c -> /a/b, /a"""
    steps = path.split("/")
    return ["/".join(steps[:count]) for count in range(len(steps) - 1, 1, -1)]


def route_list(routes: list[str]) -> str:
    start = json.dumps({"name": "routes", "typed_config": {"@type": ROUTE_LIST}})[:-2]
    return f'{{"action": {start}, "routes": [{", ".join(routes)}]}}}}}}'


def forwarded() -> list[Resource]:
    """Where the caller sees the API, for a backend that writes absolute addresses."""
    return [
        {"header": {"key": key, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
        for key, value in FORWARDED.items()
    ]


def portal() -> str:
    """The portal's host and port: the name of its cluster, since Envoy asks it for routes under that very Host."""
    return urlsplit(settings.PORTAL_URL).netloc


def token_api(path: str, methods: tuple[str, ...]) -> list[Resource]:
    """The key manager's own endpoint behind `path`, and 405 for every other method (RFC 9110 15.5.6)."""
    allowed = {"name": ":method", "string_match": {"safe_regex": {"regex": "|".join(methods)}}}
    action = {
        "cluster": portal(),
        "prefix_rewrite": f"/oauth2{path}",
        "host_rewrite_literal": portal(),
        "timeout": "60s",
        "retry_policy": {**api_routes.UNSENT, "num_retries": 2},
    }
    refused = faults.direct_response(405, 405, "Method Not Allowed", f"{path} is for {' and '.join(methods)} only.")
    allow = {"header": {"key": "allow", "value": ", ".join(methods)}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
    return [
        open_route(
            path[1:],
            {"path": path, "headers": [allowed]},
            route=action,
            request_headers_to_add=[proof()],
            request_headers_to_remove=list(FORWARDED),
            typed_per_filter_config={**filters.unasked(), **filters.taken_in()},
        ),
        open_route(path[1:], {"path": path}, direct_response=refused, response_headers_to_add=[allow]),
    ]


def proof() -> Resource:
    header = {"key": PROOF, "value": node_key.proof()}
    return {"header": header, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}


def health() -> Resource:
    return open_route("health", {"path": "/health"}, direct_response={"status": 200, "body": {"inline_string": "ok"}})


def described(path: str, scopes: tuple[str, ...] = ()) -> Resource:
    """RFC 9728 3: where a client that was refused learns which authorization server to ask, and for what. One of the
    Model Context Protocol asks for all the scopes that stand here, and for none where none do."""
    document = {
        "resource": f"{settings.GATEWAY_URL}{path}",
        "authorization_servers": [settings.ISSUER],
        "bearer_methods_supported": ["header"],
        "tls_client_certificate_bound_access_tokens": True,
        **({"scopes_supported": list(scopes)} if scopes else {}),
    }
    answer = {"status": 200, "body": {"inline_string": json.dumps(document) + "\n"}}
    anybody = {"header": {"key": "access-control-allow-origin", "value": "*"}}
    match = {"path": f"{faults.DESCRIBED}{path}"}
    return open_route("described", match, direct_response=answer, response_headers_to_add=[anybody])


def nothing() -> Resource:
    fault = faults.direct_response(404, 404, "Not Found", "The requested resource is not available.")
    return open_route("nothing", {"prefix": "/"}, direct_response=fault)


def open_route(name: str, match: Resource, **action: Any) -> Resource:
    """A route that asks for no access token."""
    return {"name": name, "match": match, "typed_per_filter_config": filters.unasked(), **action}
