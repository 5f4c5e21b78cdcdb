"""An assertion is used once (RFC 7523 3: "The authorization server MAY ensure that JWTs are not replayed")."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db import IntegrityError, transaction

from keymanager import checksums
from keymanager.assertion_models import AssertionUse
from keymanager.json_web_tokens import Refused, text

# Names an assertion of one issuer for one use, whoever else has an equal `jti`.
ASSERTION = "assertion"


def use(claims: dict[str, Any], *, purpose: str) -> None:
    """Notes that an assertion with these verified claims was used; raises Refused when it was before. One statement."""
    name = f"{purpose}\n{text(claims, 'iss')}\n{text(claims, 'jti')}"
    row = AssertionUse(
        checksum=checksums.checksum(name, ASSERTION), expires_at=datetime.fromtimestamp(claims["exp"], UTC)
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise Refused("used before") from None
