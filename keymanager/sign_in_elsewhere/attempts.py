"""One attempt to sign in: what the browser takes along to the other server, and what its session remembers of it.

The session holds a checksum of `state`; the nonce and the PKCE verifier are made of `state`, so they stand nowhere.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from keymanager import authorize, checksums, codes
from keymanager.sign_in_elsewhere.providers import Provider

ATTEMPTS, ANSWERED = "sign_in_elsewhere", "signed_in_elsewhere"
STATE, NONCE, VERIFIER, WAY_BACK = ("sign-in elsewhere " + what for what in ("state", "nonce", "verifier", "way back"))
LIFETIME = 600.0  # seconds
# Tabs that wait in one browser; the oldest makes room.
MOST = 5
LONGEST = 32_000
SCOPES = ("openid", "profile", "email")
# Those that are about the person; `consent` is about our own client.
PROMPTS = ("login", "select_account", "create")


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """`next_path` is where the browser goes afterwards; the rest is what the waiting request demands of the sign-in.
    These come by way of the browser and are only for the other server: what the client demanded is looked at again,
    in the client's own request, when that goes on."""

    next_path: str
    started_at: float
    prompts: list[str]
    max_age: int | None
    acr_values: list[str]
    is_acr_essential: bool
    login_hint: str
    ui_locales: str

    @property
    def must_be_fresh(self) -> bool:
        return bool({"login", "create"} & set(self.prompts))


def wanted(query: QueryDict) -> Attempt:
    """From the address that the door or a detour made (`address`)."""
    max_age = query.get("max_age", "")
    return Attempt(
        next_path=own_path(query.get("next", "")),
        started_at=time.time(),
        prompts=[prompt for prompt in query.get("prompt", "").split() if prompt in PROMPTS],
        max_age=int(max_age) if max_age.isascii() and max_age.isdigit() and len(max_age) < 10 else None,
        acr_values=query.get("acr_values", "").split()[:20],
        is_acr_essential=query.get("acr") == "essential",
        login_hint=query.get("login_hint", "")[:500],
        ui_locales=query.get("ui_locales", "")[:200],
    )


def own_path(path: str) -> str:
    """A path at the key manager's door and nothing else: whatever else it is, nobody is sent there."""
    is_own = path.startswith("/oauth2/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    return path if is_own and len(path) <= LONGEST and path.isprintable() else reverse("keymanager:home")


def begin(request: HttpRequest, provider: Provider, attempt: Attempt) -> str:
    """The address to send the browser to. A request that was answered once in this session and comes again was not
    content with the answer: this time the person has to show who they are, and there is no third time."""
    if way_back(attempt) in request.session.get(ANSWERED, []):
        attempt = replace(attempt, prompts=list(dict.fromkeys(["login", *attempt.prompts])))
    state = checksums.random_value()
    live = [(key, kept) for key, kept in request.session.get(ATTEMPTS, []) if is_live(kept)]
    mine = (checksums.checksum(state, STATE), asdict(attempt))
    request.session[ATTEMPTS] = [*live, mine][-MOST:]
    return authorize.appended(
        provider.authorization_endpoint, urlencode(parameters(provider, attempt, state)), fragment=False
    )


def take(request: HttpRequest, state: str) -> Attempt | None:
    """The attempt that this browser began with `state`; once."""
    key = checksums.checksum(state.encode(errors="replace").decode(), STATE)
    kept = request.session.get(ATTEMPTS, [])
    request.session[ATTEMPTS] = [pair for pair in kept if pair[0] != key]
    mine = [values for name, values in kept if name == key and is_live(values)]
    return Attempt(**mine[0]) if mine else None


def is_live(kept: dict[str, Any]) -> bool:
    return time.time() - float(kept["started_at"]) < LIFETIME


def note_answered(request: HttpRequest, attempt: Attempt) -> None:
    request.session[ANSWERED] = [*request.session.get(ANSWERED, []), way_back(attempt)][-MOST:]


def way_back(attempt: Attempt) -> str:
    return checksums.checksum(attempt.next_path, WAY_BACK)


def nonce(state: str) -> str:
    return checksums.checksum(state, NONCE)


def verifier(state: str) -> str:
    return checksums.checksum(state, VERIFIER)


def redirect_uri() -> str:
    return f"{settings.PORTAL_URL}{reverse('keymanager:elsewhere-callback')}"


def parameters(provider: Provider, attempt: Attempt, state: str) -> dict[str, str]:
    """OpenID Connect Core 3.1.2.1, RFC 7636 4.3."""
    optional = {
        "prompt": " ".join(understood(attempt.prompts, provider)),
        "max_age": "" if attempt.max_age is None else str(attempt.max_age),
        "acr_values": " ".join(attempt.acr_values),
        "claims": essential_acr(provider, attempt),
        "login_hint": attempt.login_hint,
        "ui_locales": attempt.ui_locales,
    }
    return {
        "response_type": "code",
        "client_id": settings.AUTHENTICATION_CLIENT_ID,
        "redirect_uri": redirect_uri(),
        "scope": " ".join(name for name in SCOPES if name == "openid" or name in (provider.scopes or SCOPES)),
        "state": state,
        "nonce": nonce(state),
        "code_challenge": codes.challenge(verifier(state)),
        "code_challenge_method": "S256",
        **{name: value for name, value in optional.items() if value},
    }


def understood(prompts: Iterable[str], provider: Provider) -> list[str]:
    """`create` only where it is known (Initiating User Registration 1.0 4.2); elsewhere one signs in, or up, there."""
    known = ["login" if prompt == "create" and prompt not in provider.prompts else prompt for prompt in prompts]
    return list(dict.fromkeys(known))


def essential_acr(provider: Provider, attempt: Attempt) -> str:
    """OpenID Connect Core 5.5.1.1."""
    if not attempt.is_acr_essential or not attempt.acr_values or not provider.takes_claims:
        return ""
    return json.dumps({"id_token": {"acr": {"essential": True, "values": attempt.acr_values}}})
