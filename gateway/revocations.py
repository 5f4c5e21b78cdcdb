"""The filters that refuse what was revoked, self-contained tokens too (ECDS): hash maps of claims, in constant time.

Two lists, so that a revocation costs as little as there are new ones and not as there are any: what was revoked before,
told anew once a minute, and what was revoked lately. They overlap by more than a minute: an Envoy that has just one of
them anew misses nothing, and a transaction that took a minute to commit is still seen.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.conf import settings

from gateway import filters, permits
from gateway.answers import Answer
from store import key_managers
from store.key_managers.base import Revocation

Resource = dict[str, Any]

TYPE_URL = "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig"
MATCHER = "type.googleapis.com/envoy.type.matcher.v3.HttpRequestHeaderMatchInput"
# Periods before this one began: the earlier list ends, the later one begins.
EARLIER_ENDS, LATELY_BEGINS = 1, 3

# The earlier list of this minute, once it is made.
_made: dict[int, Answer] = {}


def earlier_answer() -> Answer:
    number = period()
    answer = _made.get(number) or earlier(number)
    if number not in _made:
        forget()
        _made[number] = answer
    return answer


def is_earlier_made() -> bool:
    """It takes a second where 100,000 ids are revoked."""
    return period() in _made


def forget() -> None:
    _made.clear()


def period() -> int:
    """The number of this minute (or what the setting says), the same for every process."""
    return int(time.time()) // settings.GATEWAY_REVOCATION_PERIOD


def beginning(number: int) -> datetime:
    return datetime.fromtimestamp(number * settings.GATEWAY_REVOCATION_PERIOD, UTC)


# Every process makes the same of the same minute: the rows of so long ago no longer change.
def earlier(number: int) -> Answer:
    revoked = key_managers.current().revocations(until=beginning(number - EARLIER_ENDS))
    now = beginning(number)
    return answer(filters.REVOKED_EARLIER, (one for one in revoked if one.expires_at is None or one.expires_at > now))


def lately_answer() -> Answer:
    """One statement, and as many rows as were revoked in four minutes."""
    since = beginning(period() - LATELY_BEGINS)
    return answer(filters.REVOKED_LATELY, key_managers.current().revocations(since=since))


def answer(name: str, revoked: Iterable[Revocation]) -> Answer:
    return _answer(name, tuple(sorted({(one.claim, one.value) for one in revoked})))


@lru_cache(maxsize=2)
def _answer(name: str, revoked: tuple[tuple[str, str], ...]) -> Answer:
    """The version is the hash of what is revoked: the same in every portal process, and after a restart."""
    version = hashlib.sha256("\n".join(f"{claim} {value}" for claim, value in revoked).encode()).hexdigest()[:16]
    maps = {claim: as_json(value for of, value in revoked if of == claim) for claim in filters.REVOCABLE}
    resource = {"@type": TYPE_URL, "name": name, "typed_config": refusing([claim for claim in maps if maps[claim]])}
    text = json.dumps({"version_info": version, "type_url": TYPE_URL, "resources": [resource]})
    for claim, entries in maps.items():
        text = text.replace(json.dumps(place(claim)), f"{{{entries}}}")
    return Answer(version, text.encode())


def as_json(values: Iterable[str]) -> str:
    """The entries of a map. Written by hand, because the encoder would stop the process for a second at 100,000."""
    refuse = json.dumps({"action": permits.verdict("revoked", "DENY")})
    return ",".join(f"{json.dumps(value)}:{refuse}" for value in values)


def place(claim: str) -> dict[str, str]:
    return {claim: "here"}


def refusing(claims: Sequence[str]) -> Resource:
    """An rbac filter that looks each of these claims up in a map of its own, and lets pass what is in none. Where
    nothing is revoked it has no rules, and looks at nothing."""
    matcher: Resource = {"action": permits.verdict("not_revoked", "ALLOW")}
    for claim in claims:
        matcher = {"matcher": look_up(claim, otherwise=matcher)}
    rules = {"matcher": matcher["matcher"]} if claims else {}
    return {"@type": filters.RBAC, **rules}


def look_up(claim: str, otherwise: Resource) -> Resource:
    header = {"name": "header", "typed_config": {"@type": MATCHER, "header_name": filters.REVOCABLE[claim]}}
    return {"matcher_tree": {"input": header, "exact_match_map": {"map": place(claim)}}, "on_no_match": otherwise}
