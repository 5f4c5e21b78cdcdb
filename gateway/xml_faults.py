"""Faults as XML, for callers who ask: WSO2's elements in its three namespaces (reference wso2-2.6.md section 10).

JSON is the answer unless `Accept` names XML and no JSON: WSO2 had it the other way round.
"""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import escape

Config = dict[str, Any]

MEDIA_TYPE = "application/xml"
# The prefix and the namespace, by the first digits of the code.
SECURITY, THROTTLING = ("ams", "/security"), ("amt", "/throttling")
NAMESPACES = {"9009": SECURITY, "9008": THROTTLING}
OTHERS = ("am", "")
NAMED = {"name": "accept", "string_match": {"safe_regex": {"regex": r"(?i).*\b(application|text)/xml\b.*"}}}
NOT_NAMED = {
    "name": "accept",
    "string_match": {"safe_regex": {"regex": r"(?i).*\bapplication/json\b.*"}},
    "invert_match": True,
}


def body(code: int | str, message: str, description: str) -> str:
    prefix, namespace = NAMESPACES.get(str(code)[:4], OTHERS) if len(str(code)) == 6 else OTHERS
    # What WSO2's faults of this namespace say besides.
    kind = [("type", "Status report")] if prefix == "am" else []
    told = [("code", str(code)), *kind, ("message", message), ("description", description)]
    members = "".join(f"<{prefix}:{name}>{escape(text)}</{prefix}:{name}>" for name, text in told)
    return f'<{prefix}:fault xmlns:{prefix}="http://wso2.org/apimanager{namespace}">{members}</{prefix}:fault>\n'


def body_format(code: int | str, message: str, description: str) -> Config:
    """For a mapper of local replies."""
    return {
        "text_format_source": {"inline_string": body(code, message, description)},
        "content_type": MEDIA_TYPE,
    }


def asked_for(*also: Config) -> Config:
    """A filter of mappers: the caller wants XML, and these apply. The header comes first, it is the cheaper look."""
    return {
        "and_filter": {"filters": [*({"header_filter": {"header": header}} for header in (NAMED, NOT_NAMED)), *also]}
    }


def both(route: Config) -> list[Config]:
    """A route that answers with a fault by itself, in both forms; any other as it is."""
    fault = fault_of(route)
    if not fault:
        return [route]
    answer = {"status": route["direct_response"]["status"], "body": {"inline_string": body(**fault)}}
    as_xml = {"header": {"key": "content-type", "value": MEDIA_TYPE}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
    match = {**route["match"], "headers": [*route["match"].get("headers", []), NAMED, NOT_NAMED]}
    headers = [*route.get("response_headers_to_add", []), as_xml]
    return [{**route, "match": match, "direct_response": answer, "response_headers_to_add": headers}, route]


def fault_of(route: Config) -> Config:
    text = route.get("direct_response", {}).get("body", {}).get("inline_string", "")
    return json.loads(text).get("fault", {}) if text.startswith("{") else {}
