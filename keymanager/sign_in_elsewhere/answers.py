"""The other server's answer at our callback: from a code to claims that are to be believed."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from django.conf import settings

from keymanager import errors
from keymanager.sign_in_elsewhere import attempts, id_tokens, wire
from keymanager.sign_in_elsewhere.attempts import Attempt
from keymanager.sign_in_elsewhere.failures import Declined, Failure, NotGoodEnough, Unreachable
from keymanager.sign_in_elsewhere.id_tokens import Claims
from keymanager.sign_in_elsewhere.providers import Provider

# OpenID Connect Core 3.1.2.6: the person is there, but the demand cannot be met. Our client made it, so it hears of it.
OF_THE_DEMAND: dict[str, type[errors.OAuthError]] = {
    "login_required": errors.LoginRequired,
    "interaction_required": errors.LoginRequired,
    "account_selection_required": errors.LoginRequired,
    "unmet_authentication_requirements": errors.UnmetAuthenticationRequirements,
}


@dataclass(frozen=True)
class Answer:
    claims: Claims
    id_token: str
    access_token: str


def check_issuer(provider: Provider, received: dict[str, str]) -> None:
    """RFC 9207 2.4: clients "MUST compare the result to the issuer identifier of the authorization server where the
    authorization request was sent to", and "MUST discard" what lacks it from a server that says it sends it."""
    issuer = received.get("iss")
    if (issuer is None and provider.sends_issuer) or issuer not in (None, provider.issuer):
        raise Failure(f"an answer of {issuer!r:.200}")


def check_error(received: dict[str, str]) -> None:
    """OpenID Connect Core 3.1.2.6 and RFC 6749 4.1.2.1."""
    error = received.get("error")
    if error is None:
        return
    told = f"{error!r:.60}: {received.get('error_description', '')!r:.200}"
    if error in OF_THE_DEMAND:
        raise NotGoodEnough(OF_THE_DEMAND[error](detail=told))
    if error == "access_denied":
        raise Declined(told)
    if error in ("temporarily_unavailable", "server_error"):
        raise Unreachable(told)
    raise Failure(told)


def exchange(provider: Provider, received: dict[str, str]) -> Answer:
    """The code for an ID token (OpenID Connect Core 3.1.3), which is then believed or not."""
    if "code" not in received:
        raise Failure("neither a code nor an error")
    form = {
        "grant_type": "authorization_code",
        "code": received["code"],
        "redirect_uri": attempts.redirect_uri(),
        "code_verifier": attempts.verifier(received["state"]),
    }
    answer = wire.post(provider.token_endpoint, *authenticated(provider, form))
    if not isinstance(answer, dict):
        raise Failure("the token answer is no object")
    id_token, access_token = answer.get("id_token"), answer.get("access_token")
    if not isinstance(access_token, str) or str(answer.get("token_type")).lower() != "bearer":
        raise Failure("no bearer token")
    nonce = attempts.nonce(received["state"])
    claims = id_tokens.read(id_token, provider, nonce=nonce, access_token=access_token)
    return Answer(claims=claims, id_token=str(id_token), access_token=access_token)


def authenticated(provider: Provider, form: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """RFC 6749 2.3.1: in the header both are "encoded using the "application/x-www-form-urlencoded" encoding
    algorithm" first."""
    name, secret = settings.AUTHENTICATION_CLIENT_ID, settings.AUTHENTICATION_CLIENT_SECRET
    if provider.authentication_method == "client_secret_post":
        return form | {"client_id": name, "client_secret": secret}, {}
    pair = f"{quote_plus(name)}:{quote_plus(secret)}".encode()
    return form, {"Authorization": "Basic " + base64.b64encode(pair).decode()}


def check_demands(attempt: Attempt, claims: Claims) -> None:
    """Rules 12 and 13 of OpenID Connect Core 3.1.3.7: what was asked for is looked at in the answer, so that a server
    that does not know the demand is not asked for ever."""
    at = claims.get("auth_time")
    earliest = 0.0
    if attempt.max_age is not None:
        # 2: with max_age "this Claim is REQUIRED".
        earliest = attempt.started_at - attempt.max_age
        if at is None:
            raise NotGoodEnough(errors.LoginRequired(detail="no auth_time although max_age was sent"))
    if attempt.must_be_fresh:
        earliest = attempt.started_at
    if at is not None and at < earliest - id_tokens.LEEWAY:
        raise NotGoodEnough(errors.LoginRequired(detail=f"signed in {earliest - at:.0f} s too early"))
    if attempt.is_acr_essential and claims.get("acr") not in attempt.acr_values:
        raise NotGoodEnough(errors.UnmetAuthenticationRequirements(detail=f"{claims.get('acr')!r:.200}"))


def with_details(provider: Provider, answer: Answer) -> dict[str, Any]:
    """For a first sign-in: what the ID token leaves out is asked for. OpenID Connect Core 5.3.2: "The sub Claim in the
    UserInfo Response MUST be verified to exactly match the sub Claim in the ID Token"."""
    if "preferred_username" in answer.claims or not provider.userinfo_endpoint:
        return answer.claims
    told = wire.get(provider.userinfo_endpoint, token=answer.access_token)
    if not isinstance(told, dict) or told.get("sub") != answer.claims["sub"]:
        raise Failure("the userinfo is somebody else's")
    return told | answer.claims
