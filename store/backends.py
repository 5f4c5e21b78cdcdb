"""How the gateway treats the backend of an API, and which pages of other sites may call it: Api.backend, Api.cors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from accounts import sealing

HEADER = re.compile(r"[A-Za-z0-9-]{1,60}")
# What the gateway itself says to a backend, or what makes a message.
TAKEN = frozenset(
    {"authorization", "host", "connection", "content-length", "transfer-encoding", "te", "upgrade", "x-jwt-assertion"}
)
VALUE = re.compile(r"[\x21-\x7e]{1,2000}")
PEM = re.compile(r"-----BEGIN [A-Z0-9 ]+-----[A-Za-z0-9+/=\s-]+-----END [A-Z0-9 ]+-----\s*", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Backend:
    """`timeout` in seconds, 0: what the settings say. `retries` of idempotent methods only (RFC 9110 9.2.2).
    `connections`, `waiting`, `requests`: where a circuit opens. The secrets are sealed, and never shown.
    `authorization`: the backend gets the access token, to verify it by itself; `assertion`: X-JWT-Assertion."""

    timeout: int = 0
    retries: int = 1
    health_path: str = ""
    connections: int = 1024
    waiting: int = 1024
    requests: int = 1024
    secret_header: str = ""
    sealed_secret: str = ""
    certificate: str = ""
    sealed_key: str = ""
    authorization: bool = False
    assertion: bool = False

    def kept(self) -> dict[str, Any]:
        """Only what differs from the rule."""
        return {name: value for name, value in asdict(self).items() if value != getattr(Backend, name)}


@dataclass(frozen=True, kw_only=True)
class Cors:
    origins: Sequence[str] = ()
    credentials: bool = False

    def kept(self) -> dict[str, Any]:
        return {"origins": list(self.origins), "credentials": self.credentials} if self.origins else {}


def sealed(secret: str) -> str:
    return sealing.seal(secret) if secret else ""


def check_secret(header: str, value: str) -> None:
    """ValueError with one sentence."""
    if not HEADER.fullmatch(header) or header.lower() in TAKEN or header.lower().startswith(("x-envoy-", "x-gateway-")):
        raise ValueError(f"The header {header} cannot carry a secret.")
    if value and not VALUE.fullmatch(value):
        raise ValueError("A secret has visible characters of ASCII only, without spaces.")


def check_pem(text: str) -> None:
    if not PEM.match(text):
        raise ValueError("This is not in PEM form (-----BEGIN …).")


def check_origin(origin: str) -> None:
    """RFC 6454 6.1: a scheme, a host and a port; or * for all."""
    if origin == "*":
        return
    parts = urlsplit(origin)
    if parts.scheme not in {"http", "https"} or not parts.hostname or origin != f"{parts.scheme}://{parts.netloc}":
        raise ValueError(f"{origin} is no origin: write it like https://app.example, or * for all.")
