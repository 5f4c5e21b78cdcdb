"""Calls with an API key in place of an access token. The answer is an access token that stands for the key during the
call, so that subscription, key type, scopes and the call log are as with any other.

What was found is remembered for a moment, no longer than a revocation may take, by a checksum.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

import jwt

from store import api_keys
from store.key_managers.base import CallRefusedError, CheckedCall

HEADERS = ("apikey", "x-api-key")
# Gateways may remember for as long again: together within the two seconds of a revocation.
REMEMBERED_SECONDS = 0.9
MOST = 10_000
# For the caller. Envoy makes a fault of each (gateway/faults.py), any other gateway passes it on.
UNKNOWN = 'Bearer error="invalid_token", error_description="The API key is not valid"'
TWO_WAYS = 'Bearer error="invalid_request", error_description="Send an API key or an access token, not both"'

_held: dict[str, tuple[str, float]] = {}


def shown(headers: Mapping[str, str]) -> list[str]:
    """The API keys of a call: one, as a rule, or none."""
    return [headers[name] for name in HEADERS if headers.get(name)]


def check(headers: Mapping[str, str]) -> CheckedCall:
    """CallRefusedError. RFC 6750 3.1: more than one way of proving oneself is an invalid request."""
    found = shown(headers)
    if len(set(found)) > 1 or "Authorization" in headers:
        raise CallRefusedError(401, TWO_WAYS, {})
    token = access_token(found[0])
    if token is None:
        raise CallRefusedError(401, UNKNOWN, {})
    # Our own, just made: there is nothing to verify.
    return CheckedCall(token=token, claims=jwt.decode(token, options={"verify_signature": False}), headers={})


def access_token(value: str) -> str | None:
    name = api_keys.checksum(value)
    held, read_at = _held.get(name, ("", 0.0))
    if held and time.monotonic() - read_at < REMEMBERED_SECONDS:
        return held
    read_at = time.monotonic()
    token = api_keys.access_token(value)
    if token is not None:
        if len(_held) >= MOST:
            _held.clear()
        _held[name] = token, read_at
    return token


def forget() -> None:
    _held.clear()
