"""How often a client may fail to prove itself: per client and address, and per address.

Only failures are counted, and only a failure is answered 429, so a request that is right costs no look at the cache
and a stranger who names somebody's client_id locks nobody out: the right secret works from any address at any time.
What the limit is for is the flood itself; a secret has 256 random bits and is not guessed (docs/decisions/0004).
"""

from __future__ import annotations

import hashlib
import math
import time

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

from keymanager import client_authentication, errors
from keymanager.client_authentication import assertions

PERIOD = 60  # seconds
# Many clients may share an address: a gateway, a company's proxy.
CLIENTS_BEHIND_AN_ADDRESS = 5


def counted(request: HttpRequest, error: errors.OAuthError) -> errors.OAuthError:
    """`error` itself; TooManyFailures in its place once a client or an address has failed too often in this minute."""
    if not isinstance(error, errors.InvalidClient) or not settings.TOKEN_FAILURE_LIMIT:
        return error
    address = get_adapter(request).get_client_ip(request)
    of_client = failures(f"{address} {named_client(request)}")
    of_address = failures(address)
    limit = settings.TOKEN_FAILURE_LIMIT
    if of_client <= limit and of_address <= limit * CLIENTS_BEHIND_AN_ADDRESS:
        return error
    return errors.TooManyFailures(retry_after=seconds_left(), detail=f"{of_address} of {address} this minute")


def failures(of: str) -> int:
    """How many there were within this minute, this one with them."""
    digest = hashlib.sha256(of.encode(errors="replace")).hexdigest()
    key = f"client-authentication-failures:{int(time.time() // PERIOD)}:{digest}"
    cache.add(key, 0, PERIOD)
    try:
        return cache.incr(key)
    except ValueError:  # expired since the line above
        return 1


def seconds_left() -> int:
    """RFC 9110 10.2.3: whole seconds, at least one, after which the count begins anew."""
    return max(1, math.ceil(PERIOD - time.time() % PERIOD))


def named_client(request: HttpRequest) -> str:
    """The client that the request claims to come from, unproven; empty when it names none that can be read."""
    try:
        return client_authentication.basic_credentials(request.META["HTTP_AUTHORIZATION"])[0]
    except (KeyError, errors.InvalidClient):
        return request.POST.get("client_id") or assertions.claimed(request.POST.get("client_assertion", ""))
