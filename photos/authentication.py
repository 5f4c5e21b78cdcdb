"""The Authorization header (RFC 6750 2.1); no other way of sending a token is taken."""

from __future__ import annotations

import re

from django.conf import settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from photos import jwks, tokens
from photos.errors import MalformedToken, NoToken

B64TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")


class SignedToken(BaseAuthentication):
    """Bearer access tokens, verified here and not by whoever passed the request on."""

    def authenticate(self, request: Request) -> tuple[tokens.Caller, tokens.Caller]:
        """The caller, as the framework's user and auth; raises a refusal (RFC 6750 3.1)."""
        token = _bearer(request.META.get("HTTP_AUTHORIZATION", ""))
        keys = jwks.key_set(settings.PHOTOS_JWKS_URL, settings.PHOTOS_CA_FILE)
        audiences = [settings.PHOTOS_AUDIENCE, settings.PHOTOS_RESOURCE]
        caller = tokens.verify(token, keys, issuer=settings.PHOTOS_ISSUER, audiences=audiences)
        return caller, caller

    def authenticate_header(self, request: Request) -> str:
        """The challenge."""
        return "Bearer"


def caller_of(request: Request) -> tokens.Caller:
    """Who asks, once the token is verified."""
    if not isinstance(request.auth, tokens.Caller):
        raise TypeError("The address is not behind SignedToken.")
    return request.auth


def _bearer(header: str) -> str:
    scheme, _, token = header.strip().partition(" ")
    if scheme.lower() != "bearer":
        raise NoToken("Send an access token in the Authorization header: Bearer, a space, the token.")
    if not B64TOKEN.fullmatch(token.strip()):
        raise MalformedToken("The Authorization header must be Bearer, a space, and one access token.")
    return token.strip()
