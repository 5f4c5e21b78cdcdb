"""To which sector a client with pairwise subjects belongs (OpenID Connect Core 8.1, Registration 1.0 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from keymanager import errors, fetching
from keymanager.models import Client, ClientURI


def of(client: Client) -> str:
    """The host of `sector_identifier_uri`; without one that of the redirect URIs, which `check` has found to be one.

    A client whose redirect URIs have come to name several hosts since belongs to the first by name, and one without any
    stands alone.
    """
    if uri := client.registered("sector_identifier_uri"):
        return urlsplit(uri).hostname or client.client_id
    hosts = hosts_of([row.uri for row in client.uris.all() if row.kind == ClientURI.Kind.REDIRECT])
    return hosts[0] if hosts else client.client_id


def check(metadata: Mapping[str, Any], redirect_uris: Sequence[str]) -> None:
    """For whoever registers or changes a client. Fetches `sector_identifier_uri`; InvalidClientMetadata when it does
    not vouch for every redirect URI, and (8.1) when there is none although the redirect URIs name several hosts."""
    uri = metadata.get("sector_identifier_uri")
    if uri is not None:
        if not set(redirect_uris) <= vouched_for(uri):
            raise errors.InvalidClientMetadata("sector_identifier_uri does not name every redirect URI.")
    elif metadata.get("subject_type") == "pairwise" and len(hosts_of(redirect_uris)) > 1:
        raise errors.InvalidClientMetadata("Redirect URIs of several hosts need a sector_identifier_uri.")


def vouched_for(uri: str) -> set[str]:
    """Registration 1.0 5: the document is a JSON array of redirect URIs, fetched by https."""
    try:
        document = fetching.fetch_for_stranger(uri).value
    except fetching.NotFetched as fault:
        raise errors.InvalidClientMetadata("sector_identifier_uri cannot be read.", detail=str(fault)) from None
    if not isinstance(document, list) or not all(isinstance(item, str) for item in document):
        raise errors.InvalidClientMetadata("sector_identifier_uri is no JSON array of redirect URIs.")
    return set(document)


def hosts_of(uris: Sequence[str]) -> list[str]:
    """By name, each once; of an address of a native client's own (RFC 8252 7.1) the scheme."""
    return sorted({urlsplit(uri).hostname or urlsplit(uri).scheme for uri in uris})
