"""tls_client_auth and self_signed_tls_client_auth (RFC 8705 2), and tokens bound to a certificate (3)."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest

from keymanager import certificate_names, client_certificates, client_keys, dpop, errors, profiles
from keymanager.client_certificates import Presented
from keymanager.models import Client

CONFIRMATION = "x5t#S256"


def is_issued(presented: Presented, client: Client) -> bool:
    """RFC 8705 2.1: a chain to a certificate authority of ours, and the name that the client registered."""
    return client_certificates.is_trusted(presented) and certificate_names.matches(presented.certificate, client)


def is_registered(presented: Presented, client: Client) -> bool:
    """RFC 8705 2.2: the certificate, or its key, is one of the client's JWK Set; by whom it is signed is no matter."""
    try:
        keys = client_keys.all_keys(client)
    except client_keys.UnusableKeys as fault:
        raise errors.InvalidClient(detail=f"self-signed certificate: {fault}") from None
    return client_certificates.is_one_of(presented.certificate, keys)


METHODS: dict[str, Callable[[Presented, Client], bool]] = {
    "tls_client_auth": is_issued,
    "self_signed_tls_client_auth": is_registered,
}


def supported() -> list[str]:
    return [name for name in METHODS if name != "tls_client_auth" or settings.CLIENT_CA_FILE]


def is_second(request: HttpRequest, client: Client) -> bool:
    """Whether a certificate proves this client too. To others it is only what their tokens are bound to."""
    return client.authentication_method in METHODS and client_certificates.presented(request) is not None


def check(request: HttpRequest, client: Client) -> None:
    """That the caller's certificate is the client's. RFC 8705 2: else "invalid_client"."""
    presented = client_certificates.presented(request)
    if presented is None:
        raise errors.InvalidClient(detail="no client certificate")
    if not client_certificates.is_current(presented.certificate):
        raise errors.InvalidClient(detail="client certificate expired, or not valid yet")
    if not METHODS[str(client.authentication_method)](presented, client):
        raise errors.InvalidClient(detail="client certificate of another, or of no known authority")


def confirmation(request: HttpRequest, client: Client) -> dict[str, str]:
    """RFC 8705 3: what a token that is issued now is bound to; empty for a client that has not asked for it.

    A client whose profile wants its tokens bound, and who has not shown a DPoP key, has its certificate for that.
    """
    is_asked = client.registered("tls_client_certificate_bound_access_tokens")
    if not is_asked and (dpop.is_sent(request) or not profiles.requires_sender_constraint(client)):
        return {}
    presented = client_certificates.presented(request)
    if presented is not None and client_certificates.is_current(presented.certificate):
        return {CONFIRMATION: presented.thumbprint}
    if is_asked:
        raise errors.InvalidRequest("This application must present its client certificate.")
    return {}


def thumbprint(request: HttpRequest) -> str:
    """RFC 8705 3: "the hash of the certificate" that the caller of a resource presents; empty when there is none."""
    presented = client_certificates.presented(request)
    return presented.thumbprint if presented else ""
