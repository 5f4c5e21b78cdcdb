from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest

from keymanager import client_documents, errors
from keymanager.models import Client


@dataclass(frozen=True)
class Method:
    """A way of proving to be a client, by its registered name (RFC 7591 2).

    `is_presented`: whether the request tries it. `client`: whose proof it is; InvalidClient when it is nobody's.
    """

    name: str
    is_presented: Callable[[HttpRequest, dict[str, str]], bool]
    client: Callable[[HttpRequest, dict[str, str]], Client]


def confirmed(client: Client | None, *, detail: str) -> Client:
    if client is None or client.is_blocked:
        raise errors.InvalidClient(detail=detail)
    return client


def named(client_id: str) -> Client:
    """The client that the request says it comes from, which is no proof yet."""
    return confirmed(client_documents.find_any(client_id) if client_id else None, detail="unknown or blocked client")
