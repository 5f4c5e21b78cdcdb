"""Who is calling: RFC 6749 2.3. One method a request, never two."""

from __future__ import annotations

import base64
from urllib.parse import unquote_plus

from django.http import HttpRequest

from keymanager import client_secrets, errors
from keymanager.models import Client


def authenticate(request: HttpRequest, parameters: dict[str, str]) -> Client:
    """The client that made this request; InvalidClient when it cannot be told, InvalidRequest when told twice."""
    header = request.headers.get("Authorization", "")
    if not header:
        return from_body(parameters)
    if "client_secret" in parameters:
        raise errors.InvalidRequest("The client MUST NOT use more than one authentication method in each request.")
    return from_header(header, parameters)


def from_header(header: str, parameters: dict[str, str]) -> Client:
    """client_secret_basic. RFC 6749 2.3.1: identifier and secret are form-urlencoded before they are joined."""
    client_id, secret = basic_credentials(header)
    if parameters.get("client_id", client_id) != client_id:
        raise errors.InvalidRequest("client_id differs from the one in the Authorization header.")
    return confirmed(client_secrets.verify(client_id, secret), detail="wrong secret by Basic")


def from_body(parameters: dict[str, str]) -> Client:
    """client_secret_post, or none for a public client, which only names itself."""
    client_id = parameters.get("client_id", "")
    if secret := parameters.get("client_secret"):
        return confirmed(client_secrets.verify(client_id, secret), detail="wrong secret in the body")
    client = Client.objects.filter(client_id=client_id, client_type=Client.CLIENT_PUBLIC).first()
    return confirmed(client, detail="no authentication, and not a public client")


def confirmed(client: Client | None, *, detail: str) -> Client:
    if client is None or client.blocked_at is not None:
        raise errors.InvalidClient(detail=detail)
    return client


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
