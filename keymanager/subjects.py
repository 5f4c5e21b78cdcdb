"""As whom a client knows a person: the `sub` of its tokens (OpenID Connect Core 8).

It is computed, never looked up: a pairwise one is the same as long as the installation's secret is.
"""

from __future__ import annotations

from collections.abc import Collection

from accounts.models import User
from keymanager import checksums, sector_identifiers
from keymanager.models import Authorization, Client

TYPES = ("public", "pairwise")


def of(user: User, client: Client) -> str:
    """The same for all, or (8.1) the same for the clients of one sector only, and not to be turned back by them."""
    if client.registered("subject_type") != "pairwise":
        return str(user.subject)
    return checksums.checksum(f"{sector_identifiers.of(client)} {user.subject}", checksums.PAIRWISE_SUBJECT)


def all_of(usernames: Collection[str]) -> set[str]:
    """Every `sub` that tokens of these people have: the public one, and one for each sector they have been with.

    Two statements, and one more where clients have pairwise subjects.
    """
    public = User.objects.filter(username__in=usernames).values_list("subject", flat=True)
    pairwise = Authorization.objects.filter(user__username__in=usernames, client__metadata__subject_type="pairwise")
    rows = pairwise.select_related("user", "client").prefetch_related("client__uris")
    return {str(subject) for subject in public} | {of(row.user, row.client) for row in rows}
