"""What a client of the authorization endpoint signs, or proves with its keys."""

from __future__ import annotations

import time
from typing import Any

from django.test import Client as Browser

from tests.keymanager import keys
from tests.keymanager.conftest import CALLBACK, Registered
from tests.keymanager.proofs import Holder

ISSUER = "https://localhost:9443"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def request_object(registered: Registered, *, pair: keys.Pair | None = None, typ: str = "JWT", **changes: Any) -> str:
    """A good one; a change to None leaves that claim out."""
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": registered.id,
        "aud": ISSUER,
        "nbf": now,
        "exp": now + 60,
        "client_id": registered.id,
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": "photos:read",
        "state": "inside",
    }
    kept = {name: value for name, value in (claims | changes).items() if value is not None}
    return (pair or keys.pair()).sign(kept, typ=typ)


def post(registered: Registered, path: str, holder: Holder | None = None, /, **parameters: str) -> Any:
    """With an assertion of the client's own key and, of a holder, a proof of that one."""
    assertion = keys.pair().sign(keys.claims(registered.id))
    proof = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion, "client_id": registered.id}
    headers = {"DPoP": holder.proof(f"{ISSUER}{path}")} if holder else None
    return Browser().post(path, proof | parameters, headers=headers)
