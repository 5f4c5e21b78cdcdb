"""Every grant type is one file here, and one line in one of these two tables."""

from __future__ import annotations

from collections.abc import Callable

from keymanager.grants import (
    authorization_code,
    client_credentials,
    device_code,
    hybrid,
    implicit,
    jwt_bearer,
    password,
    refresh_token,
    token_exchange,
)
from keymanager.grants.base import Answer, ResponseType, TokenRequest

EXCHANGES: dict[str, Callable[[TokenRequest], Answer]] = {
    "authorization_code": authorization_code.exchange,
    "refresh_token": refresh_token.exchange,
    "client_credentials": client_credentials.exchange,
    "password": password.exchange,
    device_code.GRANT_TYPE: device_code.exchange,
    jwt_bearer.GRANT_TYPE: jwt_bearer.exchange,
    token_exchange.GRANT_TYPE: token_exchange.exchange,
}
"""What the token endpoint does, by grant_type."""

CODE = ResponseType(
    name="authorization_code", grant_types=frozenset({"authorization_code"}), respond=authorization_code.respond
)
IMPLICIT = ResponseType(name="implicit", grant_types=frozenset({"implicit"}), respond=implicit.respond)
HYBRID = ResponseType(name="hybrid", grant_types=frozenset({"authorization_code", "implicit"}), respond=hybrid.respond)

RESPONSES: dict[str, ResponseType] = {
    "code": CODE,
    "token": IMPLICIT,
    "id_token": IMPLICIT,
    "id_token token": IMPLICIT,
    "code id_token": HYBRID,
    "code token": HYBRID,
    "code id_token token": HYBRID,
}
"""What the authorization endpoint does, by response_type (words sorted)."""


def in_order(response_type: str) -> str:
    """RFC 6749 3.1.1: "a space-delimited list of values, where the order of values does not matter"."""
    return " ".join(sorted(response_type.split()))
