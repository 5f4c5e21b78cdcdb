"""The filter that verifies access tokens (ECDS): issuer, signature, expiry (RFC 9068 4), without a call to the portal.

The keys stand in it, so that other keys make another filter. Envoy remembers what it has verified as long as a filter
lives (an ES256 signature costs it more than all the rest of a call), and asks no keys about that again: with the keys
beside the filter, tokens would outlive a key that was withdrawn.

The audience is looked at route by route (gateway/permits.py), because a token may be for one API only (RFC 8707).
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from django.conf import settings

from gateway import answers, filters
from gateway.answers import Answer
from store import key_managers

Config = dict[str, Any]

# Of each worker of an Envoy: some 6 kB a token. What is longer is verified anew each time.
MEMORY = {"jwt_cache_size": 5000, "jwt_max_token_size": 8192}


def answer() -> Answer:
    """No statement, most of the time: every portal process holds the keys."""
    return _answer(json.dumps(key_managers.current().public_keys()))


@lru_cache(maxsize=1)
def _answer(keys: str) -> Answer:
    return answers.extension(filters.JWT, json.dumps(jwt_authn(keys)))


def jwt_authn(keys: str) -> Config:
    either = [{"provider_name": "exchanged"}, {"provider_name": "keymanager"}]
    exchanged = {"from_headers": [{"name": filters.EXCHANGED}], "header_in_metadata": filters.EXCHANGED_HEADER}
    # The header only: RFC 6750 2.3 warns of tokens in addresses. It stays for the filters to come; whether the
    # backend sees it, the route says (gateway/passed_on.py).
    sent = {
        "from_headers": [{"name": "Authorization", "value_prefix": f"{scheme} "} for scheme in filters.SCHEMES],
        "forward": True,
        "header_in_metadata": filters.HEADER,
    }
    return {
        "@type": filters.JWT_AUTHN,
        "providers": {"exchanged": provider(keys, exchanged), "keymanager": provider(keys, sent)},
        "requirement_map": {filters.REQUIREMENT: {"requires_any": {"requirements": either}}},
    }


def provider(keys: str, place: Config) -> Config:
    """`place`: where the token is looked for, and what is made of it."""
    headers = [{"claim_name": claim, "header_name": header} for claim, header in filters.REVOCABLE.items()]
    return {
        "issuer": settings.ISSUER,
        "require_expiration": True,
        "clock_skew_seconds": 5,
        "payload_in_metadata": filters.PAYLOAD,
        "claim_to_headers": headers,
        # The key type in the token chooses the backend: the route is looked up again once it is known.
        "clear_route_cache": True,
        "local_jwks": {"inline_string": keys},
        "jwt_cache_config": MEMORY,
        **place,
    }
