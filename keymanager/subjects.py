"""As whom a client knows a person: the `sub` of its tokens (OpenID Connect Core 8).

It is computed, never looked up: a pairwise one is the same as long as the installation's secret is.
"""

from __future__ import annotations

from accounts.models import User
from keymanager import checksums, sector_identifiers
from keymanager.models import Client

TYPES = ("public", "pairwise")


def of(user: User, client: Client) -> str:
    """The same for all, or (8.1) the same for the clients of one sector only, and not to be turned back by them."""
    if client.registered("subject_type") != "pairwise":
        return str(user.subject)
    return checksums.checksum(f"{sector_identifiers.of(client)} {user.subject}", checksums.PAIRWISE_SUBJECT)
