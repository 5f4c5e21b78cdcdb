"""What a backend is told of who calls, by its API's settings (Api.backend): nothing unless it asks."""

from __future__ import annotations

import json
from typing import Any

from gateway import api_keys, assertion_filters, filters
from gateway.apis import PublishedApi

# What stays at the gateway, whatever is called (gateway/routes.py): API keys, and what our filters tell each other.
KEPT = [assertion_filters.API, *api_keys.HEADERS, *filters.REVOCABLE.values()]
# Of these the key manager needs to see all; a backend never the certificate, and the others when it asks.
CERTIFICATE, CREDENTIALS = "x-forwarded-client-cert", ("authorization", "dpop")


def withheld(api: PublishedApi) -> list[str]:
    """The headers that do not reach the backend, besides those that stay at the gateway anyway."""
    return [CERTIFICATE] if asks(api, "authorization") else [CERTIFICATE, *CREDENTIALS]


def asked_for(api: PublishedApi) -> dict[str, Any]:
    """Of a route: the filters for what is passed on. A route that leads to no backend has them, too: Envoy makes up the
    filters of a call by the route that it finds first, before it has seen the type of the key."""
    return {"typed_per_filter_config": assertion_filters.of_route(api.path)} if asks(api, "assertion") else {}


def asks(api: PublishedApi, what: str) -> bool:
    """`authorization`: the access token as it came, or the self-contained one in its place; `assertion`:
    X-JWT-Assertion."""
    return json.loads(api.backend).get(what) is True
