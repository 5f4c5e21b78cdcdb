"""Who is calling: RFC 6749 2.3. One method a request, never two; each is a file here, and a line in METHODS."""

from __future__ import annotations

from django.http import HttpRequest

from keymanager import errors, profiles
from keymanager.client_authentication import assertions, certificates, none, secrets
from keymanager.client_authentication.base import named
from keymanager.client_authentication.secrets import basic_credentials
from keymanager.models import Client

__all__ = ["authenticate", "basic_credentials", "certificates", "supported"]

METHODS = (secrets.BASIC, secrets.POST, assertions.METHOD)
"""Those that a request shows. A certificate shows only once it is known whether its client is registered for one."""
SECRETS = frozenset({secrets.BASIC.name, secrets.POST.name})
TWICE = "The client MUST NOT use more than one authentication method in each request."


def authenticate(request: HttpRequest, parameters: dict[str, str]) -> Client:
    """The client that made this request; InvalidClient when it cannot be told, InvalidRequest when told twice."""
    presented = [method for method in METHODS if method.is_presented(request, parameters)]
    if len(presented) > 1:
        raise errors.InvalidRequest(TWICE)
    if not presented:
        return by_name(request, parameters)
    client = presented[0].client(request, parameters)
    if certificates.is_second(request, client):
        raise errors.InvalidRequest(TWICE)
    return permitted(client, presented[0].name)


def by_name(request: HttpRequest, parameters: dict[str, str]) -> Client:
    """One that only names itself: its certificate proves it (RFC 8705 2), or it is public."""
    client = named(parameters.get("client_id", ""))
    method = client.authentication_method
    if method in certificates.METHODS:
        certificates.check(request, client)
        return permitted(client, method)
    none.check(client)
    return permitted(client, none.NAME)


def permitted(client: Client, method: str) -> Client:
    """RFC 7591 2: the registered method is the only one. One that proves less would be everybody's way around it."""
    profiles.check_authentication(client, method)
    if method not in allowed(client) or client.is_public != (method == none.NAME):
        raise errors.InvalidClient(detail=f"{method} by a client of {client.authentication_method}")
    return client


def allowed(client: Client) -> frozenset[str]:
    registered = client.authentication_method
    unregistered = frozenset({none.NAME}) if client.is_public else SECRETS
    return unregistered if registered is None else frozenset({registered})


def supported(*, public: bool = True) -> list[str]:
    """RFC 8414 2: `token_endpoint_auth_methods_supported`, and without `none` for an endpoint that is not public."""
    return [*(method.name for method in METHODS), *certificates.supported(), *([none.NAME] if public else [])]
