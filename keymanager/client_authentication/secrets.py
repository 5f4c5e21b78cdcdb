"""client_secret_basic and client_secret_post (RFC 6749 2.3.1)."""

from __future__ import annotations

import base64
from urllib.parse import unquote_plus

from django.http import HttpRequest

from keymanager import client_secrets, errors
from keymanager.client_authentication.base import Method, confirmed
from keymanager.models import Client


def has_header(request: HttpRequest, parameters: dict[str, str]) -> bool:
    return bool(request.META.get("HTTP_AUTHORIZATION"))


def by_header(request: HttpRequest, parameters: dict[str, str]) -> Client:
    """RFC 6749 2.3.1: identifier and secret are form-urlencoded before they are joined."""
    client_id, secret = basic_credentials(request.META["HTTP_AUTHORIZATION"])
    if parameters.get("client_id", client_id) != client_id:
        raise errors.InvalidRequest("client_id differs from the one in the Authorization header.")
    return confirmed(client_secrets.verify(client_id, secret), detail="wrong secret by Basic")


def has_parameter(request: HttpRequest, parameters: dict[str, str]) -> bool:
    return "client_secret" in parameters


def by_parameter(request: HttpRequest, parameters: dict[str, str]) -> Client:
    """RFC 6749 2.3.1: "The parameters can only be transmitted in the request-body"."""
    client = client_secrets.verify(parameters.get("client_id", ""), parameters["client_secret"])
    return confirmed(client, detail="wrong secret in the body")


def basic_credentials(header: str) -> tuple[str, str]:
    """RFC 7617 2; the scheme's name is compared without regard to case (RFC 9110 11.1)."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise errors.InvalidClient(detail=f"scheme {scheme[:20]!r}")
    try:
        client_id, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except ValueError:  # not ASCII, not base64, not UTF-8
        raise errors.InvalidClient(detail="Basic value is not base64 of UTF-8") from None
    client_id, secret = unquote_plus(client_id), unquote_plus(secret)
    if not colon or "\x00" in client_id + secret:
        raise errors.InvalidClient(detail="Basic value without a colon, or with a NUL")
    return client_id, secret


BASIC = Method("client_secret_basic", has_header, by_header)
POST = Method("client_secret_post", has_parameter, by_parameter)
