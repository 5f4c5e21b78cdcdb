"""What a backend is told of who calls, by its API's settings (Api.backend): nothing unless it asks."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from gateway import api_keys, assertion_filters, filters
from gateway.apis import PublishedApi

# What stays at the gateway, whatever is called (gateway/routes.py): API keys, and what our filters tell each other.
KEPT = [assertion_filters.API, *api_keys.HEADERS, *filters.REVOCABLE.values()]
# Between a caller and the key manager: the proof of a key, a certificate.
NEVER = ("x-forwarded-client-cert", "dpop")


def withheld(api: PublishedApi) -> list[str]:
    """The headers that do not reach the backend, besides those that stay at the gateway anyway."""
    kept = [*NEVER, *(["cookie"] if has_cookies_of_the_portal() else [])]
    return kept if api.backend.authorization else [*kept, "authorization"]


def held_back() -> dict[str, list[str]]:
    """Of a backend's answer: it would sign people in at the portal, as whom it likes, or out."""
    return {"response_headers_to_remove": ["set-cookie", "clear-site-data"]} if has_cookies_of_the_portal() else {}


def has_cookies_of_the_portal() -> bool:
    """RFC 6265 8.5: cookies are of a host, whatever its port. Who follows a link to an API would show its provider the
    session at the portal."""
    return urlsplit(settings.GATEWAY_URL).hostname == urlsplit(settings.PORTAL_URL).hostname


def asked_for(api: PublishedApi) -> dict[str, Any]:
    """The filters of a route for what is passed on. A route that leads to no backend has them, too: Envoy makes up the
    filters of a call by the route that it finds first, before it has seen the type of the key."""
    return assertion_filters.of_route(api.path) if api.backend.assertion else {}
