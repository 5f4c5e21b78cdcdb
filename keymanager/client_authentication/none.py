"""none: a public client, which only names itself (RFC 6749 2.1 and 3.2.1)."""

from __future__ import annotations

from keymanager import errors
from keymanager.models import Client

NAME = "none"


def check(client: Client) -> None:
    if not client.is_public:
        raise errors.InvalidClient(detail="no authentication, and not a public client")
