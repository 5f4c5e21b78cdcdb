"""Envoy's routes (RDS): the token API in front of the key manager, every published API, and 404 for the rest."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from gateway import api_routes, faults, filters, node_key, xml_faults
from gateway.apis import PublishedApi

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
# Nothing has reached the backend in these cases, so any method may be tried again.
RETRY = {"retry_on": "connect-failure,refused-stream,reset-before-request", "num_retries": 2}


def configuration(apis: tuple[PublishedApi, ...]) -> Resource:
    """The whole route table as a RouteConfiguration."""
    hidden = ["x-envoy-upstream-service-time"]
    host = {
        "name": "gateway",
        "domains": ["*"],
        "matcher": by_beginning(lists(apis)),
        "retry_policy": RETRY,
        "typed_per_filter_config": filters.asking(),
        "request_headers_to_add": forwarded(),
    }
    return {
        "@type": TYPE_URL,
        "name": NAME,
        "virtual_hosts": [host],
        "response_headers_to_remove": hidden,
        "most_specific_header_mutations_wins": True,
    }


def lists(apis: tuple[PublishedApi, ...]) -> dict[str, list[Resource]]:
    """The routes by how their paths begin. Envoy takes the list of the longest beginning, and looks nowhere else: what
    may be meant by a shorter one stands in it, too."""
    bases = {base: api_routes.of_api(api, base) for api in apis for base in api.bases}
    found = {"/": [nothing()], "/health": [health(), nothing()]}
    found |= {path: [*token_api(path, methods), nothing()] for path, methods in TOKEN_API.items()}
    found |= {f"{faults.DESCRIBED}{api.path}": [described(api.path), nothing()] for api in apis}
    found[faults.DESCRIBED] = [described(""), nothing()]
    for base, routes in bases.items():
        above = [of for shorter in shorter_paths(base) for of in bases.get(shorter, [])]
        found[base] = [*routes, *above, *found.get(base, [nothing()])]
    return found


def shorter_paths(path: str) -> list[str]:
    """/a/b/c -> /a/b, /a"""
    steps = path.split("/")
    return ["/".join(steps[:count]) for count in range(len(steps) - 1, 1, -1)]


def by_beginning(found: dict[str, list[Resource]]) -> Resource:
    """A tree over the letters of the path: as many APIs as there are, a call looks at the routes of one."""
    path = {"name": "path", "typed_config": {"@type": PATH_INPUT, "header_name": ":path"}}
    entries = {beginning: {"action": route_list(routes)} for beginning, routes in found.items()}
    return {"matcher_tree": {"input": path, "prefix_match_map": {"map": entries}}}


def route_list(routes: list[Resource]) -> Resource:
    both = [form for route in routes for form in xml_faults.both(route)]
    return {"name": "routes", "typed_config": {"@type": ROUTE_LIST, "routes": both}}


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
        ),
        open_route(path[1:], {"path": path}, direct_response=refused, response_headers_to_add=[allow]),
    ]


def proof() -> Resource:
    header = {"key": PROOF, "value": node_key.proof()}
    return {"header": header, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}


def health() -> Resource:
    return open_route("health", {"path": "/health"}, direct_response={"status": 200, "body": {"inline_string": "ok"}})


def described(path: str) -> Resource:
    """RFC 9728 3: where a client that was refused learns which authorization server to ask, and for what."""
    document = {
        "resource": f"{settings.GATEWAY_URL}{path}",
        "authorization_servers": [settings.ISSUER],
        "bearer_methods_supported": ["header"],
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
