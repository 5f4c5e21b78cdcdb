"""What a backend is told of who calls, by its API's settings (Api.backend): nothing unless it asks."""

from __future__ import annotations

import json
from typing import Any

from gateway import api_keys, assertion_filters, filters
from gateway.apis import PublishedApi

# Between a caller and the gateway or the key manager: the proof of a key, a certificate, an API key, and what our
# filters tell each other.
NEVER = ("dpop", "x-forwarded-client-cert", assertion_filters.API, *api_keys.HEADERS, *filters.REVOCABLE.values())


def withheld(api: PublishedApi) -> list[str]:
    """The headers that do not reach the backend."""
    return [*NEVER] if asks(api, "authorization") else [*NEVER, "authorization"]


def asked_for(api: PublishedApi) -> dict[str, Any]:
    """What a route says to the filters for what is passed on; most say nothing."""
    return {"typed_per_filter_config": assertion_filters.of_route(api.path)} if asks(api, "assertion") else {}


def asks(api: PublishedApi, what: str) -> bool:
    """`authorization`: the access token as it came, or the self-contained one in its place; `assertion`:
    X-JWT-Assertion."""
    return json.loads(api.backend).get(what) is True
