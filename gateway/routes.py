"""Envoy's routes (RDS): the token API in front of the key manager, every published API, and 404 for the rest."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from gateway import clusters, faults, filters, node_key
from gateway.apis import Endpoint, PublishedApi

Resource = dict[str, Any]

NAME = "apis"
TYPE_URL = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"
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
# The caller's certificate, as Envoy tells it, and the header that shows that it was Envoy who told it.
CERTIFICATE, PROOF = "x-forwarded-client-cert", "x-gateway-proof"
# Nothing has reached the backend in these cases, so any method may be tried again.
RETRY = {"retry_on": "connect-failure,refused-stream,reset-before-request", "num_retries": 2}


def configuration(apis: tuple[PublishedApi, ...]) -> Resource:
    """The whole route table as a RouteConfiguration. The first route that matches is used: longer paths come first."""
    ordered = sorted(apis, key=lambda api: (-len(api.path), api.path))
    routes = [route for path, methods in TOKEN_API.items() for route in token_api(path, methods)]
    routes += [health(), *(described(api.path) for api in ordered), described("")]
    routes += [*(route for api in ordered for route in of_api(api)), nothing()]
    host = {"name": "gateway", "domains": ["*"], "routes": routes, "retry_policy": RETRY}
    hidden = ["x-envoy-upstream-service-time"]
    return {"@type": TYPE_URL, "name": NAME, "virtual_hosts": [host], "response_headers_to_remove": hidden}


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
        open_route(path[1:], {"path": path, "headers": [allowed]}, route=action, request_headers_to_add=[proof()]),
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
    disabled = {"@type": f"{filters.EXTENSIONS}.rbac.v3.RBACPerRoute"}
    unasked = {"@type": f"{filters.EXTENSIONS}.ext_authz.v3.ExtAuthzPerRoute", "disabled": True}
    overridden = {filters.SUBSCRIPTION: disabled, filters.EXCHANGE: unasked}
    return {"name": name, "match": match, "typed_per_filter_config": overridden, **action}


def of_api(api: PublishedApi) -> list[Resource]:
    """Sandbox keys to the sandbox endpoint, all others to the production endpoint."""
    endpoints = api.endpoints()
    sandbox_key = {
        "filter": filters.JWT,
        "path": [{"key": filters.PAYLOAD}, {"key": "key_type"}],
        "value": {"string_match": {"exact": "SANDBOX"}},
    }
    match = {"path_separated_prefix": api.path}
    return [
        api_route(api, "SANDBOX", {**match, "dynamic_metadata": [sandbox_key]}, endpoints["SANDBOX"]),
        api_route(api, "PRODUCTION", match, endpoints["PRODUCTION"]),
    ]


def api_route(api: PublishedApi, key_type: str, match: Resource, endpoint: Endpoint | None) -> Resource:
    action = {"route": to_backend(api, key_type, endpoint)} if endpoint else {"direct_response": no_endpoint(key_type)}
    return {
        "name": f"{api.path[1:]} {key_type}",
        "match": match,
        "metadata": {"filter_metadata": {"gateway": {"path": api.path, "key_type": key_type}}},
        "typed_per_filter_config": {
            filters.JWT: {
                "@type": f"{filters.EXTENSIONS}.jwt_authn.v3.PerRouteConfig",
                "requirement_name": filters.REQUIREMENT,
            },
            filters.TOKEN_TYPE: tokens_for(api),
            filters.SUBSCRIPTION: subscribers_only(api),
        },
        "request_headers_to_add": forwarded(api),
        # A certificate is between a client and the key manager.
        "request_headers_to_remove": [CERTIFICATE, *filters.REVOCABLE.values()],
        **action,
    }


def tokens_for(api: PublishedApi) -> Resource:
    """Those for the whole gateway, and those for this API alone (RFC 8707)."""
    addresses = [settings.ACCESS_TOKEN_AUDIENCE, f"{settings.GATEWAY_URL}{api.path}"]
    refusing = filters.refusing([*addresses, *(f"{address}/" for address in addresses)])
    return {"@type": f"{filters.EXTENSIONS}.rbac.v3.RBACPerRoute", "rbac": {"rules": refusing["rules"]}}


def subscribers_only(api: PublishedApi) -> Resource:
    """Lets a token pass whose application is subscribed: its claim `subscriptions` has this API and version."""
    subscribed = filters.metadata([filters.PAYLOAD, "subscriptions", api.path[1:]], {"present_match": True})
    rules = filters.rules("ALLOW", "subscribed", subscribed)
    return {"@type": f"{filters.EXTENSIONS}.rbac.v3.RBACPerRoute", "rbac": {"rules": rules}}


def to_backend(api: PublishedApi, key_type: str, endpoint: Endpoint) -> Resource:
    """Context and version leave the path, the endpoint's own path comes before it: /photos/1.0/albums -> /albums"""
    return {
        "cluster": clusters.name(api, key_type),
        "regex_rewrite": {"pattern": {"regex": f"^{re.escape(api.path)}/?"}, "substitution": f"{endpoint.path}/"},
        "host_rewrite_literal": endpoint.authority,
        "timeout": f"{settings.GATEWAY_BACKEND_TIMEOUT}s",
    }


def forwarded(api: PublishedApi) -> list[Resource]:
    """Where the caller sees the API, for a backend that writes absolute addresses."""
    values = {"x-forwarded-host": "%REQ(:AUTHORITY)%", "x-forwarded-prefix": api.path}
    return [
        {"header": {"key": key, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
        for key, value in values.items()
    ]


def no_endpoint(key_type: str) -> Resource:
    kind = key_type.lower()
    sentence = f"{kind.capitalize()} key offered to the API with no {kind} endpoint"
    return faults.direct_response(403, faults.NO_ENDPOINT, "Invalid Credentials", sentence)
