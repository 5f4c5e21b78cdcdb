"""Faults as XML, for callers who ask: WSO2's elements in its three namespaces (reference wso2-2.6.md section 10).

JSON is the answer unless `Accept` names XML and no JSON: WSO2 had it the other way round.
"""

from __future__ import annotations

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


def body(code: int | str, message: str, description: str, **more: str) -> str:
    return of_namespace(NAMESPACES.get(str(code)[:4], OTHERS), code, message, description, **more)


def of_namespace(named: tuple[str, str], code: int | str, message: str, description: str, **more: str) -> str:
    """`more`: further members of the fault."""
    prefix, namespace = named
    # What WSO2's faults of this namespace say besides.
    kind = [("type", "Status report")] if prefix == "am" else []
    told = [("code", str(code)), *kind, ("message", message), ("description", description), *more.items()]
    members = "".join(f"<{prefix}:{name}>{escape(text)}</{prefix}:{name}>" for name, text in told)
    return f'<{prefix}:fault xmlns:{prefix}="http://wso2.org/apimanager{namespace}">{members}</{prefix}:fault>\n'


def body_format(text: str) -> Config:
    """For a mapper of local replies."""
    return {"text_format_source": {"inline_string": text}, "content_type": MEDIA_TYPE}


def asked_for(*also: Config) -> Config:
    """A filter of mappers: the caller wants XML, and these apply. The header comes first, it is the cheaper look."""
    headers = [{"header_filter": {"header": header}} for header in (NAMED, NOT_NAMED)]
    return {"and_filter": {"filters": [*headers, *also]}}
