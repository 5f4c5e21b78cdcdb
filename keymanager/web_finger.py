"""Who answers for a person's address (OpenID Connect Discovery 1.0 2, RFC 7033)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

REL = "http://openid.net/specs/connect/1.0/issuer"


def document(resource: str, rels: list[str]) -> dict[str, Any] | None:
    """The issuer for every address of this host, whether or not it is anybody's: whose there is, is nobody's business.
    None for an address of elsewhere."""
    if not is_ours(resource):
        return None
    links = [{"rel": REL, "href": settings.ISSUER}] if not rels or REL in rels else []
    return {"subject": resource, "links": links}


def is_ours(resource: str) -> bool:
    issuer = urlsplit(settings.ISSUER)
    try:
        parts = urlsplit(resource)
        if parts.scheme == "acct":
            return parts.path.rpartition("@")[2].lower() in {issuer.hostname, issuer.netloc} and "@" in parts.path
        return parts.scheme == "https" and parts.netloc.rpartition("@")[2].lower() == issuer.netloc
    except ValueError:
        return False
