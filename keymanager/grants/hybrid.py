"""OpenID Connect Core 3.3: a code and tokens in one answer. Needs both Code and Implicit ticked."""

from __future__ import annotations

from keymanager.grants import authorization_code, implicit
from keymanager.grants.base import Answer, Approved


def respond(approved: Approved) -> Answer:
    """OpenID Connect Core 3.3.2.5; the ID token vouches for the code by `c_hash` (3.3.2.11)."""
    answer = authorization_code.respond(approved)
    return answer | implicit.respond(approved, code=answer["code"])
