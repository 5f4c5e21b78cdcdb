"""Every grant type is one file here, and one line in one of these two tables."""

from __future__ import annotations

from collections.abc import Callable

from keymanager.grants import authorization_code, client_credentials, device_code, implicit, password, refresh_token
from keymanager.grants.base import Answer, Approved, TokenRequest

EXCHANGES: dict[str, Callable[[TokenRequest], Answer]] = {
    "authorization_code": authorization_code.exchange,
    "refresh_token": refresh_token.exchange,
    "client_credentials": client_credentials.exchange,
    "password": password.exchange,
    device_code.GRANT_TYPE: device_code.exchange,
}
"""What the token endpoint does, by grant_type."""

RESPONSES: dict[str, tuple[str, Callable[[Approved], Answer]]] = {
    "code": ("authorization_code", authorization_code.respond),
    "token": ("implicit", implicit.respond),
    "id_token": ("implicit", implicit.respond),
    "id_token token": ("implicit", implicit.respond),
}
"""What the authorization endpoint does, by response_type (words sorted): the grant type it needs, and the answer."""
