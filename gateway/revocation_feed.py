"""What is revoked, for gateways that check self-contained tokens by themselves and are not Envoy: JSON with an ETag.

The same two lists as Envoy's (gateway/revocations.py): the earlier one changes once a minute, the later one is as long
as there were revocations in the last minutes, and together they are everything.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import lru_cache

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from gateway import filters, revocations as lists
from gateway.answers import Answer
from gateway.checks import is_from_gateway, stranger
from store import key_managers
from store.key_managers.base import Revocation

Row = tuple[str, str, int | None]
# `lately` is for who asks each second and holds the rest; both are for who asks for the first time.
PARTS = ("", "earlier", "lately")


@require_safe
def revocations(request: HttpRequest) -> HttpResponse:
    """Every claim by which a token is refused, each value with the second in which it leaves the list (null: when it is
    unblocked). RFC 9110 13.1.2: 304 to who shows the ETag that still holds. One statement, one more a minute."""
    if not is_from_gateway(request):
        return stranger()
    part = request.GET.get("part", "")
    if part not in PARTS:
        return HttpResponse("part is earlier or lately.\n", status=400, content_type="text/plain")
    version, content = answer(part)
    etag = f'"{version}"'
    response = get_conditional_response(request, etag=etag, response=HttpResponse(content, "application/json"))
    assert response is not None  # noqa: S101  it was given one
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def answer(part: str) -> Answer:
    number = lists.period()
    if part == "earlier":
        return whole(number, frozenset())
    since = lists.beginning(number - lists.LATELY_BEGINS)
    revoked = rows(key_managers.current().revocations(since=since))
    return written(revoked) if part else whole(number, revoked)


@lru_cache(maxsize=1)
def earlier(number: int) -> frozenset[Row]:
    now = lists.beginning(number)
    revoked = key_managers.current().revocations(until=lists.beginning(number - lists.EARLIER_ENDS))
    return rows(one for one in revoked if one.expires_at is None or one.expires_at > now)


def rows(revoked: Iterable[Revocation]) -> frozenset[Row]:
    return frozenset(
        (one.claim, one.value, int(one.expires_at.timestamp()) if one.expires_at else None) for one in revoked
    )


# With and without what was revoked lately: who asks again while nothing was costs a comparison of a few rows.
@lru_cache(maxsize=2)
def whole(number: int, revoked: frozenset[Row]) -> Answer:
    return written(earlier(number) | revoked)


def written(revoked: frozenset[Row]) -> Answer:
    """The version is the hash of the content, so it is the same in every portal process."""
    claims: dict[str, dict[str, int | None]] = {claim: {} for claim in filters.REVOCABLE}
    for claim, value, expires_at in sorted(revoked, key=lambda row: (row[0], row[1], row[2] or 0)):
        claims[claim][value] = expires_at
    content = json.dumps(claims, separators=(",", ":")).encode() + b"\n"
    return Answer(hashlib.sha256(content).hexdigest()[:32], content)
