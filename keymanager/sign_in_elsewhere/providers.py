"""The other server: what it says of itself (OpenID Connect Discovery 1.0 4) and its keys, kept for a while."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from keymanager import client_keys
from keymanager.sign_in_elsewhere import wire
from keymanager.sign_in_elsewhere.failures import Failure, Misconfigured

KEPT_SECONDS = 600.0
# After a failure, and for a `kid` that is not among the keys (OpenID Connect Core 10.1.1).
AGAIN_SECONDS = 5.0
# A server that is away for a moment is still the one that it was.
LONGEST_SECONDS = 24 * 3600.0
AUTHENTICATION_METHODS = ("client_secret_basic", "client_secret_post")


@dataclass(frozen=True, kw_only=True)
class Provider:
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str
    end_session_endpoint: str
    jwks_uri: str
    algorithms: frozenset[str]
    authentication_method: str
    scopes: frozenset[str]
    prompts: frozenset[str]
    sends_issuer: bool
    takes_claims: bool


@dataclass
class Kept:
    """One value, who asks for it anew, and when that was last tried."""

    value: Any = None
    fetched_at: float = float("-inf")
    tried_at: float = float("-inf")
    failure: Failure | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


_metadata, _keys = Kept(), Kept()


def provider() -> Provider:
    """Raises Failure when the other server cannot be reached, or is not the one that the settings name."""
    found: Provider = up_to_date(_metadata, discover, within=KEPT_SECONDS)
    return found


@dataclass(frozen=True)
class PublishedKeys:
    """A keymanager.client_keys.KeyHolder."""

    jwks: Any
    is_stranger = False

    def registered(self, name: str) -> Any:
        return self.jwks if name == "jwks" else None


def key_holder(known: Provider, kid: str | None) -> PublishedKeys:
    """Its keys, asked for again when they lack `kid`."""
    jwks = up_to_date(_keys, lambda: wire.get(known.jwks_uri), within=KEPT_SECONDS)
    if kid is not None and not has_kid(jwks, kid):
        jwks = up_to_date(_keys, lambda: wire.get(known.jwks_uri), within=AGAIN_SECONDS)
    return PublishedKeys(jwks)


def has_kid(jwks: Any, kid: str) -> bool:
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    return isinstance(keys, list) and any(isinstance(key, dict) and key.get("kid") == kid for key in keys)


def forget() -> None:
    """Ask again at the next use."""
    for kept in (_metadata, _keys):
        kept.value, kept.failure = None, None
        kept.fetched_at = kept.tried_at = float("-inf")


def up_to_date(kept: Kept, fetch: Any, *, within: float) -> Any:
    """The value, at most `within` seconds old where it can be had. One asks at a time, and not again at once after a
    failure: a server that hangs must not hold up everybody."""
    with kept.lock:
        now = time.monotonic()
        if now - kept.fetched_at > within and now - kept.tried_at > AGAIN_SECONDS:
            renew(kept, fetch, now)
        if kept.value is None or now - kept.fetched_at > LONGEST_SECONDS:
            raise kept.failure or Failure("nothing known of the other server")
        return kept.value


def renew(kept: Kept, fetch: Any, now: float) -> None:
    kept.tried_at = now
    try:
        kept.value, kept.fetched_at, kept.failure = fetch(), now, None
    except Failure as failure:
        kept.failure = failure


def discover() -> Provider:
    """4.3: "The issuer value returned MUST be identical to the Issuer URL that was used as the prefix"."""
    issuer = settings.AUTHENTICATION_ISSUER or origin(settings.AUTHENTICATION_ENDPOINT_URL)
    document = wire.get(issuer.removesuffix("/") + "/.well-known/openid-configuration")
    if not isinstance(document, dict) or document.get("issuer") != issuer:
        raise Misconfigured(f"the metadata of {issuer!r} is another's")
    found = read(document)
    configured = settings.AUTHENTICATION_ENDPOINT_URL
    if not configured.startswith("/") and found.authorization_endpoint != configured:
        raise Misconfigured(f"APIM_AUTHENTICATION_ENDPOINT_URL is not {found.authorization_endpoint!r}")
    return found


def origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def read(document: dict[str, Any]) -> Provider:
    offered = words(document, "token_endpoint_auth_methods_supported") or {"client_secret_basic"}
    method = next((name for name in AUTHENTICATION_METHODS if name in offered), None)
    if method is None:
        raise Misconfigured("no way of client authentication that needs a secret only")
    return Provider(
        issuer=document["issuer"],
        authorization_endpoint=address(document, "authorization_endpoint"),
        token_endpoint=address(document, "token_endpoint"),
        userinfo_endpoint=address(document, "userinfo_endpoint", needed=False),
        end_session_endpoint=address(document, "end_session_endpoint", needed=False),
        jwks_uri=address(document, "jwks_uri"),
        # Never `none`, and nothing that is made with a shared secret.
        algorithms=words(document, "id_token_signing_alg_values_supported") & set(client_keys.FITTING),
        authentication_method=method,
        scopes=words(document, "scopes_supported"),
        prompts=words(document, "prompt_values_supported"),
        sends_issuer=document.get("authorization_response_iss_parameter_supported") is True,
        takes_claims=document.get("claims_parameter_supported") is True,
    )


def address(document: dict[str, Any], name: str, *, needed: bool = True) -> str:
    value = document.get(name)
    if isinstance(value, str) and value.startswith("https://"):
        return value
    if needed:
        raise Misconfigured(f"the metadata has no usable {name}: {value!r:.200}")
    return ""


def words(document: dict[str, Any], name: str) -> frozenset[str]:
    value = document.get(name)
    return frozenset(word for word in value if isinstance(word, str)) if isinstance(value, list) else frozenset()
