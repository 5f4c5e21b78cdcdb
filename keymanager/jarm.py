"""The answer of the authorization endpoint as a signed JWT (JARM, JWT Secured Authorization Response Mode)."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings

from keymanager import profiles, signing
from keymanager.models import Client

RESPONSE_MODES = {"jwt": "", "query.jwt": "query", "fragment.jwt": "fragment", "form_post.jwt": "form_post"}
"""JARM 2.3: the mode that each travels by; none named is the one of the response type (2.3.4)."""

# JARM 2.1: "A maximum JWT lifetime of 10 minutes is RECOMMENDED."
LIFETIME = 300


def signed(client: Client, members: dict[str, Any]) -> dict[str, str]:
    """JARM 2.1: all of the answer is inside, errors too; `iss` stands there for that of RFC 9207 (its 2.4)."""
    claims = members | {"iss": settings.ISSUER, "aud": client.client_id, "exp": int(time.time()) + LIFETIME}
    algorithm = profiles.signing_algorithm(client, client.registered("authorization_signed_response_alg"))
    return {"response": signing.sign(claims, typ="JWT", algorithm=algorithm)}
