"""What the gateway says when it answers by itself: WSO2's fault codes (reference wso2-2.6.md section 10) as JSON, or
as XML (gateway/xml_faults.py).

An expired token is 900903, as WSO2 documents it, though it sent 900901: a caller can tell "refresh" from "wrong".
"""

from __future__ import annotations

from typing import Any, NamedTuple

from django.conf import settings

from gateway import quota_headers, xml_faults

Config = dict[str, Any]

REALM = "API Gateway"
API = "%METADATA(ROUTE:gateway:path)%"
# Of several of which each would do, the first.
SCOPE = "%METADATA(ROUTE:gateway:scope)%"
# RFC 9728 3.1 and 5.1: the path-inserted address, named in every challenge.
DESCRIBED = "/.well-known/oauth-protected-resource"
WHERE = f'resource_metadata="{settings.GATEWAY_URL}{DESCRIBED}{API}"'
BEARER = f'Bearer realm="{REALM}", {WHERE}'
INVALID = f'{BEARER}, error="invalid_token", error_description='
REFUSED = "response.code_details.startsWith('ext_authz_denied') && response.code == 401"
CHALLENGE = "response.headers['www-authenticate']"
DIRECT = "response.code_details == 'direct_response'"
# Tells the fault code once more, for the call log and for whoever does not want to read the body.
CODE_HEADER = "x-fault-code"
REFUSAL = {
    "status_code_filter": {
        "comparison": {"op": "GE", "value": {"default_value": 400, "runtime_key": "gateway.refusal"}}
    }
}
# The fault of a route that answers by itself, among its metadata.
FAULT = "fault"
# What an API's own direct responses say (gateway/api_routes.py).
NO_ENDPOINT, NO_RESOURCE, API_BLOCKED = 900901, 900906, 700700


class Fault(NamedTuple):
    """`when`: a CEL expression over response.code_details, where Envoy says why it answered by itself."""

    when: str
    status: int
    code: int
    message: str
    description: str
    headers: dict[str, str] = {}  # noqa: RUF012
    more: dict[str, str] = {}  # noqa: RUF012  # further members of the fault


def jwt(reason: str) -> str:
    return f"response.code_details == 'jwt_authn_access_denied{{{reason}}}'"


def throttled(code: int, who: str) -> Fault:
    """Either filter of limits, Envoy's own or that of the service, which says its code in a header already."""
    details = "(response.code_details == 'local_rate_limited' || response.code_details == 'request_rate_limited')"
    sentence = f"You have exceeded your quota: {who}. Please try again after the time in Retry-After."
    when = f"{details} && response.headers['{CODE_HEADER}'] == '{code}'"
    return Fault(when, 429, code, "Message throttled out", sentence, more={"nextAccessTime": quota_headers.PLACEHOLDER})


# The first that applies is used.
FAULTS = [
    throttled(900800, "the API takes no more calls for now"),
    throttled(900802, "this resource, or its API, takes no more calls for now"),
    throttled(900803, "the Per Token Quota of your application"),
    throttled(900804, "the tier of your subscription"),
    throttled(900807, "too many calls within a second"),
    Fault(
        "response.code_details.contains('[blocked_')", 403, 900805, "Message blocked",
        "You have been blocked from accessing the resource.",
    ),
    Fault(
        "response.code_details == 'ext_authz_error'", 503, 101503, "Runtime Error",
        "The gateway cannot have your access token checked right now. Please try again in a moment.",
        {"retry-after": "1"},
    ),
    # Two ways at once (gateway/api_keys.py): RFC 6750 3.1 makes that 400.
    Fault(
        f"{REFUSED} && {CHALLENGE}.contains('not both')", 400, 900901, "Invalid Credentials",
        f"Access failure for API: {API}. Send an API key or an access token, not both.",
        {"www-authenticate": f'{BEARER}, error="invalid_request", '
                             'error_description="Send an API key or an access token, not both"'},
    ),
    Fault(
        f"{REFUSED} && {CHALLENGE}.contains('API key')", 401, 900901, "Invalid Credentials",
        f"Access failure for API: {API}. Make sure you have given the correct API key.",
        {"www-authenticate": f'{INVALID}"The API key is not valid"'},
    ),
    # The portal's own challenge says what is wrong with the proof.
    Fault(
        f"{REFUSED} && {CHALLENGE}.startsWith('DPoP')", 401, 900901, "Invalid Credentials",
        f"Access failure for API: {API}. Make sure you have given the correct access token and a proof for this call.",
    ),
    Fault(
        REFUSED, 401, 900901, "Invalid Credentials",
        f"Access failure for API: {API}. Make sure you have given the correct access token.",
        {"www-authenticate": f'{INVALID}"The access token is not valid"'},
    ),
    Fault(
        jwt("Jwt_is_missing"), 401, 900902, "Missing Credentials",
        "Required OAuth credentials not provided. Make sure your API invocation call has a header: "
        '"Authorization: Bearer ACCESS_TOKEN"',
        {"www-authenticate": BEARER},
    ),
    Fault(
        jwt("Jwt_is_expired"), 401, 900903, "Access Token Expired",
        f"Access failure for API: {API}. The access token has expired; refresh it or get a new one.",
        {"www-authenticate": f'{INVALID}"The access token expired"'},
    ),
    Fault(
        "response.code_details.startsWith('jwt_authn_access_denied') "
        "|| response.code_details.contains('[not_an_access_token]') "
        "|| response.code_details.contains('[other_audience]')", 401, 900901, "Invalid Credentials",
        f"Access failure for API: {API}. Make sure you have given the correct access token.",
        {"www-authenticate": f'{INVALID}"The access token is not valid"'},
    ),
    Fault(
        "response.code_details.contains('[revoked]')", 401, 900901, "Invalid Credentials",
        f"Access failure for API: {API}. The access token was revoked; get a new one.",
        {"www-authenticate": f'{INVALID}"The access token was revoked"'},
    ),
    Fault(
        "response.code_details.contains('[other_kind_of_token]')", 401, 900905,
        "Incorrect Access Token Type is provided",
        f"Access failure for API: {API}. This resource asks for another kind of access token: one of a person who has "
        "signed in, or one of the application itself.",
        {"www-authenticate": f'{INVALID}"The access token is of another kind"'},
    ),
    # RFC 6750 3.1: the scope is what a client has to ask for next.
    Fault(
        "response.code_details.contains('[other_scope]')", 403, 900910,
        "The access token does not allow you to access the requested resource",
        f"Access failure for API: {API}. This resource asks for an access token with the scope {SCOPE}.",
        {"www-authenticate": f'{BEARER}, error="insufficient_scope", scope="{SCOPE}"'},
    ),
    Fault(
        "response.code_details.contains('[not_known_yet]')", 503, 101503, "Runtime Error",
        "This API is just being published. Please try again in a moment.", {"retry-after": "1"},
    ),
    Fault(
        "response.code_details.startsWith('rbac_access_denied')", 403, 900908, "Resource forbidden",
        f"The application of this access token is not subscribed to the API {API}. Subscribe to it in the API Store. "
        "If you subscribed after this token was issued, get a new one.",
    ),
    Fault(
        "response.code_details == 'cluster_not_found'", 503, 101503, "Runtime Error",
        "This API is just being published. Please try again in a moment.", {"retry-after": "1"},
    ),
    Fault(
        "response.code == 503", 503, 101503, "Runtime Error",
        "The server behind this address cannot be reached. Please try again later.",
    ),
    Fault(
        "response.code == 504", 504, 101504, "Runtime Error",
        "The server behind this address did not answer in time. Please try again later.",
    ),
    Fault(
        "response.code == 502", 502, 101500, "Runtime Error",
        "The server behind this address gave an answer that cannot be read.",
    ),
    Fault(
        "response.code_details == 'path_normalization_failed'", 400, 400, "Bad Request",
        "The path of this address cannot be read: it must not have encoded slashes, backslashes or a fragment.",
    ),
]  # fmt: skip


def says(code: int | str) -> Config:
    return {"header": {"key": CODE_HEADER, "value": str(code)}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}


def body(code: int | str, message: str, description: str, more: dict[str, str] | None = None) -> Config:
    return {"fault": {"code": code, "message": message, "description": description, **(more or {})}}


def direct_response(status: int, code: int, message: str, description: str) -> Config:
    """A route's answer without a backend, for `told_by_metadata` to make one of."""
    return {"status": status, FAULT: {"code": code, "message": message, "description": description}}


def direct(status: int, code: int, message: str, description: str) -> Config:
    """The same as a part of a route."""
    return {"direct_response": direct_response(status, code, message, description)}


def told_by_metadata(route: Config) -> Config:
    """The fault of a direct response moves into the metadata of its route, from where it is told in either form, and
    its code into a header, for the call log. Other routes stay as they are."""
    fault = route.get("direct_response", {}).get(FAULT)
    if fault is None:
        return route
    metadata = {**route.get("metadata", {}).get("filter_metadata", {}), FAULT: fault}
    return {
        **route,
        "metadata": {"filter_metadata": metadata},
        "direct_response": {"status": route["direct_response"]["status"]},
        "response_headers_to_add": [*route.get("response_headers_to_add", []), says(fault["code"])],
    }


def local_reply_config() -> Config:
    other = "The gateway cannot pass this request on (%RESPONSE_CODE_DETAILS%)."
    # A number by itself stays a number, within a sentence it is text.
    anything = ("%RESPONSE_CODE%", "Status %RESPONSE_CODE%", other)
    xml = xml_faults.body(*anything[:2], "The gateway cannot pass this request on.")
    code = {"headers_to_add": [says(anything[0])]}
    return {
        "mappers": [
            *direct_mappers(),
            *(form for fault in FAULTS for form in (xml_mapper(fault), mapper(fault))),
            {"filter": xml_faults.asked_for(REFUSAL), "body_format_override": xml_faults.body_format(xml), **code},
            {"filter": REFUSAL, "body_format_override": {"json_format": body(*anything)}, **code},
        ],
        "body_format": {"json_format": body(*anything)},
    }


def direct_mappers() -> list[Config]:
    """Of what routes answer by themselves: a fault, or a body of their own."""
    told = [f"%METADATA(ROUTE:{FAULT}:{member})%" for member in ("code", "message", "description")]
    is_fault = f"{DIRECT} && '{CODE_HEADER}' in response.headers"
    code = f"response.headers['{CODE_HEADER}']"
    by_code = {f"{code}.startsWith('{start}')": name for start, name in xml_faults.NAMESPACES.items()}
    forms = [(f"{is_fault} && {when}", name) for when, name in by_code.items()] + [(is_fault, xml_faults.OTHERS)]
    xml = [
        {
            "filter": xml_faults.asked_for(cel(when)),
            "body_format_override": xml_faults.body_format(xml_faults.of_namespace(name, *told)),
        }
        for when, name in forms
    ]
    return [
        passed_on(f"{DIRECT} && request.url_path == '/health'", "text/plain"),
        *xml,
        {"filter": cel(is_fault), "body_format_override": {"json_format": body(told[0], told[1], told[2])}},
        passed_on(DIRECT, "application/json"),
    ]


def passed_on(when: str, content_type: str) -> Config:
    """A direct response keeps the body its route gave it."""
    body_format = {"text_format_source": {"inline_string": "%LOCAL_REPLY_BODY%"}, "content_type": content_type}
    return {"filter": cel(when), "body_format_override": body_format}


def xml_mapper(fault: Fault) -> Config:
    text = xml_faults.body(fault.code, fault.message, fault.description, **fault.more)
    # A scope may have & and < in it (RFC 6749 3.3), and Envoy puts it there as it is.
    answer = xml_faults.body_format(text.replace(SCOPE, f"<![CDATA[{SCOPE}]]>"))
    return {**mapper(fault), "filter": xml_faults.asked_for(cel(fault.when)), "body_format_override": answer}


def mapper(fault: Fault) -> Config:
    headers = [
        {"header": {"key": key, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
        for key, value in {**fault.headers, CODE_HEADER: str(fault.code)}.items()
    ]
    return {
        "filter": cel(fault.when),
        "status_code": fault.status,
        "body_format_override": {"json_format": body(fault.code, fault.message, fault.description, fault.more)},
        "headers_to_add": headers,
    }


def cel(expression: str) -> Config:
    kind = "type.googleapis.com/envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter"
    config = {"@type": kind, "expression": expression}
    return {"extension_filter": {"name": "envoy.access_loggers.extension_filters.cel", "typed_config": config}}
