"""As whom a client knows a person: the `sub` of its tokens (OpenID Connect Core 8)."""

from __future__ import annotations

from accounts.models import User
from keymanager.models import Client


def of(user: User, client: Client) -> str:
    return str(user.subject)
