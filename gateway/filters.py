"""The HTTP filters every call passes, in order: from which page (cors), from where (rbac), who calls (jwt_authn), may
they (rbac), how often (the limits), then the router.

All are ours to switch per route (gateway/routes.py). The rbac filters are closed by default or look only at verified
tokens: a route that forgets to say which permit it asks for is refused, not open.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings

from gateway import api_keys, node_key, quota_headers, token_memory

Config = dict[str, Any]

CORS = "envoy.filters.http.cors"
BUFFER = "envoy.filters.http.buffer"
EXCHANGE = "gateway.exchange"
JWT = "envoy.filters.http.jwt_authn"
# Tells those behind it which API the route is of and which permit it asks for (gateway/permits.py), by the names of the
# two filters that ask for these.
TELL, API, PERMIT = "gateway.tell", "gateway.api", "gateway.permit"
BLOCKED_PLACES, BLOCKED_CALLERS = "gateway.blocked_places", "gateway.blocked_callers"
LIMIT_RESOURCE, LIMIT_BURST = "gateway.limit_resource", "gateway.limit_burst"
LIMIT_SUBSCRIPTION, LIMIT_APPLICATION = "gateway.limit_subscription", "gateway.limit_application"
# The one that all callers share comes last: what is refused by a caller's own must not be taken from the others.
LIMITS = (LIMIT_BURST, LIMIT_SUBSCRIPTION, LIMIT_APPLICATION, LIMIT_RESOURCE)
REVOKED_EARLIER, REVOKED_LATELY = "gateway.revoked_earlier", "gateway.revoked_lately"
# Claims by which a token may be revoked, each with the header that tells it to these two filters and to nobody else.
REVOCABLE = {"jti": "x-gateway-jti", "grant_id": "x-gateway-grant-id", "client_id": "x-gateway-client-id"}
REQUIREMENT = "access_token"
# Schemes are the same in any case (RFC 9110 11.1), Envoy compares letters: these are the spellings seen in the field.
# A token by another one the portal tells in one of these.
SCHEMES = ("Bearer", "bearer")
# Where jwt_authn leaves what it has verified, for the later filters, the routes and the access log.
PAYLOAD, HEADER = "jwt", "jwt_header"
# The same of a token that the portal has told in place of the caller's, and the header it comes in.
EXCHANGED_HEADER, EXCHANGED = "exchanged_jwt_header", "x-gateway-token"
# Credentials by their form: with the scheme of RFC 9449 7.1, any bearer token, one that is no JWT.
DPOP, BEARER, OPAQUE = "(?i)dpop .*", "(?i)bearer .*", "(?i)bearer +[A-Za-z0-9_~+/-]+=*"
CERTIFICATE = "x-forwarded-client-cert"
EXTENSIONS = "type.googleapis.com/envoy.extensions.filters.http"
RBAC = f"{EXTENSIONS}.rbac.v3.RBAC"
JWT_AUTHN = f"{EXTENSIONS}.jwt_authn.v3.JwtAuthentication"
# A limit is counted in Envoy's own memory, or by a service that several Envoys share.
LIMITERS = (f"{EXTENSIONS}.local_ratelimit.v3.LocalRateLimit", f"{EXTENSIONS}.ratelimit.v3.RateLimit")


def chain(portal: str, source: Config, late: Sequence[Config] = ()) -> list[Config]:
    """`portal`: the name of the cluster that checks calls; `source`: whom to ask for the filters that the portal tells;
    `late`: filters that see only calls which may be made."""
    return [
        # Only where a route has a policy for it.
        {"name": CORS, "disabled": True, "typed_config": {"@type": f"{EXTENSIONS}.cors.v3.Cors"}},
        {"name": quota_headers.NEAREST, "typed_config": quota_headers.nearest()},
        {"name": quota_headers.NEXT_ACCESS, "typed_config": next_access()},
        discovered(BLOCKED_PLACES, source),
        {
            "name": token_memory.NAME,
            "typed_config": only_for(for_the_portal(), token_memory.NAME, token_memory.memory()),
        },
        {"name": EXCHANGE, "typed_config": only_for(for_the_portal(NOT_KNOWN), EXCHANGE, exchange(portal))},
        discovered(JWT, source, JWT_AUTHN),
        *(discovered(name, source) for name in (REVOKED_EARLIER, REVOKED_LATELY)),
        {"name": TELL, "typed_config": tell()},
        *(discovered(name, source) for name in (BLOCKED_CALLERS, API, PERMIT)),
        *(discovered(name, source, *LIMITERS) for name in LIMITS),
        *late,
        {"name": BUFFER, "disabled": True, "typed_config": {"@type": f"{EXTENSIONS}.buffer.v3.Buffer", **whole()}},
        {"name": "envoy.filters.http.router", "typed_config": {"@type": f"{EXTENSIONS}.router.v3.Router"}},
    ]


def next_access() -> Config:
    return only_for(quota_headers.refused(), quota_headers.NEXT_ACCESS, quota_headers.next_access())


def only_for(calls: Config, name: str, typed_config: Config) -> Config:
    """The filter of that name, past which go all calls but those that match."""
    skip = {"@type": "type.googleapis.com/envoy.extensions.filters.common.matcher.action.v3.SkipFilter"}
    others = {"predicate": {"not_matcher": calls}, "on_match": {"action": {"name": "skip", "typed_config": skip}}}
    return {
        "@type": "type.googleapis.com/envoy.extensions.common.matching.v3.ExtensionWithMatcher",
        "extension_config": {"name": name, "typed_config": typed_config},
        "xds_matcher": {"matcher_list": {"matchers": [others]}},
    }


def for_the_portal(*more: Config) -> Config:
    """Calls that only the portal can check. Without any of it a JWT is checked by Envoy, and asks nobody: that is seen
    by the first few letters, because it is nearly every call. `more`: what has to be so besides."""
    bound_to_certificate = every([credentials(BEARER), header(CERTIFICATE, ANYTHING)])
    shown = [header(name, ANYTHING) for name in api_keys.HEADERS]
    asking = [credentials(DPOP), credentials(OPAQUE), misspelt(), bound_to_certificate, *shown]
    return every([{"not_matcher": plain_jwt()}, *more, {"or_matcher": {"predicate": asking}}])


def misspelt() -> Config:
    """A bearer token by a spelling that Envoy does not know."""
    return every([credentials(BEARER), {"not_matcher": spelt(" ")}])


def spelt(beginning: str) -> Config:
    """Credentials of a usual scheme that go on like this."""
    return {"or_matcher": {"predicate": [header("authorization", {"prefix": f"{one}{beginning}"}) for one in SCHEMES]}}


def plain_jwt() -> Config:
    """With dots, in its usual spelling, and nothing beside it."""
    beside = [header(name, ANYTHING) for name in (CERTIFICATE, *api_keys.HEADERS)]
    alone = [{"not_matcher": one} for one in beside]
    return every([spelt(" ey"), header("authorization", {"contains": "."}), *alone])


def every(predicates: list[Config]) -> Config:
    return {"and_matcher": {"predicate": predicates}}


def credentials(pattern: str) -> Config:
    return header("authorization", regex(pattern))


def regex(pattern: str) -> Config:
    return {"safe_regex": {"google_re2": {}, "regex": pattern}}


def header(name: str, match: Config) -> Config:
    kind = "type.googleapis.com/envoy.type.matcher.v3.HttpRequestHeaderMatchInput"
    told = {"name": "header", "typed_config": {"@type": kind, "header_name": name}}
    return {"single_predicate": {"input": told, "value_match": match}}


ANYTHING = regex(".+")
# A call of which the filter before has recalled the answer.
NOT_KNOWN: Config = {"not_matcher": header(EXCHANGED, ANYTHING)}


def exchange(portal: str) -> Config:
    """Asks the portal (gateway/checks.py), which answers with the token as a self-contained one."""
    exact = [{"exact": name} for name in ("dpop", "x-forwarded-client-cert", *api_keys.HEADERS)]
    asked = {"x-gateway-proof": node_key.proof(), "x-original-uri": "%REQ(:PATH)%"}
    return {
        "@type": f"{EXTENSIONS}.ext_authz.v3.ExtAuthz",
        "transport_api_version": "V3",
        # Envoy's own count of what was asked: http.gateway.ext_authz.exchange.ok
        "stat_prefix": "exchange",
        "allowed_headers": {"patterns": exact},
        "status_on_error": {"code": "ServiceUnavailable"},
        "http_service": {
            "server_uri": {"uri": settings.PORTAL_URL, "cluster": portal, "timeout": "3s"},
            "path_override": "/gateway/exchange",
            "authorization_request": {"headers_to_add": [{"key": key, "value": asked[key]} for key in asked]},
            "authorization_response": {
                "allowed_upstream_headers": {"patterns": [{"exact": EXCHANGED}, {"exact": "authorization"}]},
                "allowed_client_headers": {"patterns": [{"exact": "www-authenticate"}, {"exact": "dpop-nonce"}]},
                "allowed_client_headers_on_success": {"patterns": [{"exact": "dpop-nonce"}]},
                "dynamic_metadata_from_headers": {"patterns": [{"exact": EXCHANGED}]},
            },
        },
    }


def discovered(name: str, source: Config, *types: str) -> Config:
    """A filter that the portal tells. Until it has, this Envoy does not open its door."""
    return {"name": name, "config_discovery": {"config_source": source, "type_urls": [*(types or (RBAC,))]}}


def tell() -> Config:
    """From the metadata of the route to where the next filters can look it up, and no caller can say it."""
    states = [state(API, "path"), state(PERMIT, "permit")]
    return {"@type": f"{EXTENSIONS}.set_filter_state.v3.Config", "on_request_headers": states}


def state(key: str, told: str) -> Config:
    text = {
        "text_format_source": {"inline_string": f"%METADATA(ROUTE:gateway:{told})%"},
        "omit_empty_values": True,
    }
    return {"object_key": key, "factory_key": "envoy.string", "format_string": text, "skip_if_empty": True}


def asking() -> Config:
    """For the virtual host: its routes ask for an access token, unless they say otherwise."""
    return {JWT: {"@type": f"{EXTENSIONS}.jwt_authn.v3.PerRouteConfig", "requirement_name": REQUIREMENT}}


def taken_in() -> Config:
    """For a route to the portal, whose threads are few: a request goes there when it is here as a whole, so that who
    sends slowly keeps nobody waiting."""
    return {BUFFER: {"@type": f"{EXTENSIONS}.buffer.v3.BufferPerRoute", "buffer": whole()}}


def whole() -> Config:
    """One more than the portal takes, which says so in its own words."""
    return {"max_request_bytes": settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1}


def unasked() -> Config:
    """For a route that asks for no access token, and looks at none."""
    nothing = {"@type": f"{EXTENSIONS}.rbac.v3.RBACPerRoute"}
    return {
        EXCHANGE: {"@type": f"{EXTENSIONS}.ext_authz.v3.ExtAuthzPerRoute", "disabled": True},
        JWT: {"@type": f"{EXTENSIONS}.jwt_authn.v3.PerRouteConfig", "disabled": True},
        API: nothing,
        PERMIT: nothing,
    }
