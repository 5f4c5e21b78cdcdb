"""Clients: registered, found, changed, removed; and whether an address is one of theirs."""

from __future__ import annotations

import secrets
import string
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import prefetch_related_objects
from django.utils import timezone

from keymanager import client_cache, client_secrets, redirect_uris, revoked
from keymanager.models import Authorization, Client, ClientURI

ALPHABET = string.ascii_letters + string.digits + "_"
CLIENT_ID_LENGTH = 28


@transaction.atomic
def register(
    *, public: bool, redirect_uris: Sequence[str], with_secret: bool = True, **fields: Any
) -> tuple[Client, str | None]:
    """A new client with these fields of Client, and its secret, which can be read only now; None if it is public, or
    proves itself in another way."""
    client = Client.objects.create(
        client_id="".join(secrets.choice(ALPHABET) for _ in range(CLIENT_ID_LENGTH)),
        client_type=Client.CLIENT_PUBLIC if public else Client.CLIENT_CONFIDENTIAL,
        **fields,
    )
    set_redirect_uris(client, redirect_uris)
    return client, client_secrets.add(client) if with_secret and not public else None


@transaction.atomic
def update(client: Client, *, redirect_uris: Sequence[str], **fields: Any) -> None:
    """Other settings from now on; tokens and sessions live on (the original logged people out, wso2-2.6.md)."""
    for name, value in fields.items():
        setattr(client, name, value)
    client.save(update_fields=[*fields, "updated"])
    client_cache.forget()
    set_redirect_uris(client, redirect_uris)


@transaction.atomic
def block(client: Client) -> None:
    """It and its tokens are refused from now on; twice is once."""
    Client.objects.filter(pk=client.pk, blocked_at=None).update(blocked_at=timezone.now())
    client_cache.forget()


@transaction.atomic
def unblock(client: Client) -> None:
    Client.objects.filter(pk=client.pk).update(blocked_at=None)
    client_cache.forget()


def set_redirect_uris(client: Client, uris: Sequence[str]) -> None:
    """A public client may be a page in a browser, which calls the token endpoint from where it lies (cors.py)."""
    set_uris(client, ClientURI.Kind.REDIRECT, uris)
    if client.is_public:
        origins = [redirect_uris.origin(uri) for uri in uris if redirect_uris.is_web(uri)]
        set_uris(client, ClientURI.Kind.ORIGIN, origins)


def set_post_logout_redirect_uris(client: Client, uris: Sequence[str]) -> None:
    set_uris(client, ClientURI.Kind.POST_LOGOUT, uris)


def set_uris(client: Client, kind: ClientURI.Kind, uris: Sequence[str]) -> None:
    """Exactly these, keeping the rows of those that stay: they remember when they were last used."""
    client.uris.filter(kind=kind).exclude(uri__in=uris).delete()
    rows = [ClientURI(client=client, kind=kind, uri=uri) for uri in uris]
    ClientURI.objects.bulk_create(rows, ignore_conflicts=True)
    client_cache.forget()


def find(client_id: str) -> Client | None:
    """The usable client with that identifier; for looking at (client_cache.py), not for changing."""
    known = client_cache.find(client_id)
    return known.client if known and not known.client.is_blocked else None


def with_uris(client: Client) -> Client:
    """The same with its addresses read, as `find` returns it; one statement."""
    prefetch_related_objects([client], "uris")
    return client


def has_redirect_uri(client: Client, uri: str) -> bool:
    """RFC 9700 2.1: "Authorization servers MUST utilize exact string matching except for port numbers in localhost
    redirection URIs of native apps"."""
    registered = [row.uri for row in client.uris.all() if row.kind == ClientURI.Kind.REDIRECT]
    if uri in registered:
        return True
    if not (client.is_public and redirect_uris.is_loopback(uri)):
        return False
    bare = redirect_uris.without_port(uri)
    return any(redirect_uris.without_port(known) == bare for known in registered if redirect_uris.is_loopback(known))


def is_impersonable(client: Client, redirect_uri: str) -> bool:
    """Whether any program beside the client may have asked in its name and get the answer: it proves nothing, and its
    address is a port or a scheme that is anybody's on the device (RFC 8252 8.6). An operator's word counts."""
    return client.is_public and not client.skip_authorization and not redirect_uri.startswith("https://")


def mark_redirect_uri_used(client: Client, uri: str) -> None:
    client.uris.filter(kind=ClientURI.Kind.REDIRECT, uri=uri).update(last_used_at=timezone.now())


@transaction.atomic
def remove(client_id: str) -> None:
    """The client and all that hangs on it; twice is once.

    Locked in the order of an exchange: authorizations first, then what hangs on them. The client's own row comes before
    the deletion, so that an exchange under way either has committed and is deleted too, or fails.
    """
    row = Client.objects.filter(client_id=client_id)
    exchanged = Authorization.objects.filter(root__client__in=row)
    list(Authorization.objects.select_for_update(of=("self",)).filter(client__in=row).order_by("pk").values_list("pk"))
    for client in row.select_for_update():
        revoked.remember_removed(client, exchanged.values_list("pk", flat=True))
    row.delete()
    client_cache.forget()
