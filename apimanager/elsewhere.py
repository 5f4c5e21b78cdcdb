"""Whether people sign in on another server: the settings say it whole, or the start stops with one sentence."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

NAMES = "APIM_AUTHENTICATION_CLIENT_ID and APIM_AUTHENTICATION_CLIENT_SECRET"


def is_configured(*, endpoint: str, issuer: str, client_id: str, client_secret: str, portal_url: str) -> bool:
    """A full URL of another server, or an issuer, and the name and secret that we have there."""
    names_server = is_foreign("APIM_AUTHENTICATION_ENDPOINT_URL", endpoint, portal_url)
    names_issuer = is_foreign("APIM_AUTHENTICATION_ISSUER", issuer, portal_url)
    if names_issuer and origin(endpoint) == origin(portal_url):
        raise ImproperlyConfigured("APIM_AUTHENTICATION_ISSUER is another server, APIM_AUTHENTICATION_ENDPOINT_URL us.")
    if not names_server and not names_issuer:
        if issuer or client_id or client_secret:
            raise ImproperlyConfigured(
                f"{NAMES} need the server they are for: set APIM_AUTHENTICATION_ENDPOINT_URL to its full URL, "
                "or APIM_AUTHENTICATION_ISSUER."
            )
        return False
    if not client_id or not client_secret:
        raise ImproperlyConfigured(f"To sign in on another server, set {NAMES}: what this installation has there.")
    return True


def is_foreign(name: str, value: str, portal_url: str) -> bool:
    """A path, or an address of our own, is not. What is not https is no address to send a person to."""
    if not value or value.startswith("/") or origin(value) == origin(portal_url):
        return False
    parts = urlsplit(value)
    if parts.scheme != "https" or not parts.hostname or parts.fragment or parts.username is not None:
        raise ImproperlyConfigured(f"{name} must be an https address, not {value!r}.")
    return True


def origin(address: str) -> tuple[str, str]:
    try:
        parts = urlsplit(address)
    except ValueError:
        raise ImproperlyConfigured(f"{address!r} is no address.") from None
    return parts.scheme.lower(), parts.netloc.lower()
