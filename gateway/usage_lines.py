"""A line of the call log: how Envoy is told to write it, and what the figures make of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Protocol

from gateway import faults, filters
from store.usage import Group, Piece

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"})
BOUNDS = (10, 50, 100, 500, 1000, 5000)  # milliseconds, as HourlyUsage has them
CLAIMS = f"%DYNAMIC_METADATA({filters.JWT}:{filters.PAYLOAD}"

# Who called what and how it went. No token, no query string, no address. What a caller or a backend may have made up
# comes first: in JSON the later of two members of one name counts, so it cannot take the place of anything else.
FIELDS = {
    "path": "%PATH(NQ:ORIG_OR_PATH)%",
    "method": "%REQ(:METHOD)%",
    "request_id": "%REQ(X-REQUEST-ID)%",
    "fault": f"%RESP({faults.CODE_HEADER}):6%",
    "time": "%START_TIME%",
    "route": "%ROUTE_NAME%",
    "api": faults.API,
    "resource": "%METADATA(ROUTE:gateway:resource)%",
    "key_type": "%METADATA(ROUTE:gateway:key_type)%",
    "open_tier": "%METADATA(ROUTE:gateway:anonymous_tier)%",
    "status": "%RESPONSE_CODE%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "milliseconds": "%DURATION%",
    "backend_milliseconds": "%COMMON_DURATION(US_TX_BEG:US_RX_BEG:ms)%",
    "bytes_in": "%BYTES_RECEIVED%",
    "bytes_out": "%BYTES_SENT%",
    "client_id": f"{CLAIMS}:client_id)%",
    "user": f"{CLAIMS}:sub)%",
    "application_id": f"{CLAIMS}:application:id)%",
}
# One line of JSON a call. It is written as text, because that takes Envoy half the time; so nothing is escaped, and a
# quotation mark in a backend's own fault code, or in a path, which Envoy lets stand only where it refuses the call, may
# spoil what comes first. The rest is read all the same.
FORMAT = "{" + ",".join(f'"{name}":"{value}"' for name, value in FIELDS.items()) + "}\n"
NOTHING = "-"
MADE_UP = ("path", "method", "fault")
REST = b'"time":'


class Facts(Protocol):
    """What the store knows and Envoy does not tell."""

    def resource(self, api: str, path: str) -> str:
        """The resource of the API's definition that a path below the API is, /* for none."""

    def tier(self, application_id: str, api: str) -> str:
        """Under which calls of this application to the API are counted; the id is empty for a client of none."""


def piece_of(lines: Iterable[bytes], facts: Facts) -> Piece:
    piece = Piece()
    for text in lines:
        try:
            line = parsed(text)
            count(piece, line, group_of(line, facts))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            piece.unreadable += 1
    return piece


def parsed(text: bytes) -> dict[str, Any]:
    """An Envoy that was killed, or a disk that was full, leaves half a line, and the next one begins behind it."""
    try:
        line = json.loads(text)
    except ValueError:
        line = behind(text)
    told = {name: None if value == NOTHING else value for name, value in dict(line).items()}
    return {**dict.fromkeys(MADE_UP), **told}


def behind(text: bytes) -> Any:
    """The line behind half a one, or what is ours of a line that somebody has spoilt."""
    try:
        return json.loads(text[max(text.rfind(b'{"'), 0) :])
    except ValueError:
        return json.loads(b"{" + text[max(text.rfind(REST), 0) :])


def count(piece: Piece, line: dict[str, Any], group: Group) -> None:
    row = figures(line)
    sums = piece.figures.get(group)
    piece.figures[group] = [a + b for a, b in zip(sums, row, strict=True)] if sums else row
    piece.calls += 1
    if group.application_id and line["user"]:
        user = (group.hour.date(), group.application_id, str(line["user"]))
        piece.users[user] = piece.users.get(user, 0) + 1


def figures(line: dict[str, Any]) -> list[int]:
    took, backend = int(line["milliseconds"] or 0), line["backend_milliseconds"]
    answered = backend is not None and line["details"] == "via_upstream"
    return [
        1,
        took,
        int(answered),
        int(backend) if answered else 0,
        int(line["bytes_in"] or 0),
        int(line["bytes_out"] or 0),
        *(int(took <= bound) for bound in BOUNDS),
    ]


def group_of(line: dict[str, Any], facts: Facts) -> Group:
    api, application_id, client_id = (str(line[name] or "") for name in ("api", "application_id", "client_id"))
    context, _, version = api.rpartition("/")
    return Group(
        hour=hour_of(line["time"]),
        api=context,
        version=version,
        resource=line["resource"] or resource_of(line, api, facts.resource),
        method=line["method"] if line["method"] in METHODS else "OTHER",
        application_id=application_id,
        client_id=client_id,
        key_type=line["key_type"] or "",
        tier=facts.tier(application_id, api) if client_id and api else line.get("open_tier") or "",
        status=int(line["status"] or 0),
        fault_code=fault_code(line),
    )


def resource_of(line: dict[str, Any], api: str, known: Callable[[str, str], str]) -> str:
    """Of a call to no API: the name of the route, never a path that a caller made up."""
    return known(api, str(line["path"] or "").removeprefix(api)) if api else line["route"] or ""


def fault_code(line: dict[str, Any]) -> int:
    """0 where a backend, or the key manager, has answered by itself, or nobody had reason to complain: a caller may
    leave before the end of a good answer."""
    status = int(line["status"] or 0)
    return int(line["fault"] or status) if line["details"] != "via_upstream" and status >= 400 else 0


_hours: dict[str, datetime] = {}


def hour_of(time: str) -> datetime:
    """2026-11-24T04:30:36.123Z -> 2026-11-24 04:00; the same few hours are asked for over and over."""
    text = time[:13]
    if text not in _hours:
        if len(_hours) > 1000:
            _hours.clear()
        _hours[text] = datetime.strptime(text, "%Y-%m-%dT%H").replace(tzinfo=UTC)
    return _hours[text]
