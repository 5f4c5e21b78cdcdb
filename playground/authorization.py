"""Asking the authorization server by way of the browser, and taking in what the browser brings back."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.conf import settings

from playground import tokens
from playground.attempts import Attempt
from playground.problems import ASK_AGAIN, Problem, Refused, of_oauth_error
from playground.traces import Trace, parameters

CODE = "authorization_code"
IMPLICIT = "implicit"
CLIENT_CREDENTIALS = "client_credentials"
PASSWORD = "password"


def prepare(attempt: Attempt) -> str:
    """Fresh state, verifier and nonce for this attempt; answers the address to send the browser to (RFC 6749 4.1.1)."""
    attempt.state = secrets.token_urlsafe(32)
    if attempt.grant_type == CODE and attempt.use_pkce:
        attempt.code_verifier = secrets.token_urlsafe(48)
    if asks_identity(attempt):
        attempt.nonce = secrets.token_urlsafe(24)
    query = _query(attempt)
    parts = urlsplit(attempt.authorize_endpoint)
    # RFC 6749 3.1: a query the endpoint already has must be kept.
    url = urlunsplit(parts._replace(query=urlencode([*parse_qsl(parts.query, keep_blank_values=True), *query])))
    line = f"GET {urlunsplit(parts._replace(query=''))}"
    attempt.note(1, Trace("The browser was sent to the authorize endpoint", line, parameters(query), "302"))
    return url


def asks_identity(attempt: Attempt) -> bool:
    """OpenID Connect Core 3.1.2.1: the scope openid makes it an authentication request."""
    return "openid" in attempt.scope.split()


def challenge(code_verifier: str) -> str:
    """RFC 7636 4.2, method S256."""
    digest = hashlib.sha256(code_verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def logout_address(client_id: str, id_token: str) -> str:
    """OpenID Connect RP-Initiated Logout 1.0 2: where the issuer signs the person out and sends the browser back."""
    parts = urlsplit(settings.PLAYGROUND_LOGOUT_ENDPOINT)
    query = [
        ("id_token_hint", id_token),
        ("client_id", client_id),
        ("post_logout_redirect_uri", settings.PLAYGROUND_URL),
    ]
    return urlunsplit(parts._replace(query=urlencode(query)))


def _query(attempt: Attempt) -> list[tuple[str, str]]:
    query = [
        ("response_type", _response_type(attempt)),
        ("client_id", attempt.client_id),
        ("scope", attempt.scope),
        ("redirect_uri", attempt.callback_url),
        ("state", attempt.state),
        ("nonce", attempt.nonce),
    ]
    if attempt.code_verifier:
        query += [("code_challenge", challenge(attempt.code_verifier)), ("code_challenge_method", "S256")]
    return [(name, value) for name, value in query if value]


def _response_type(attempt: Attempt) -> str:
    if attempt.grant_type == CODE:
        return "code"
    return "id_token token" if asks_identity(attempt) else "token"


def accept(attempt: Attempt, answer: Mapping[str, str]) -> None:
    """Take in the answer of the authorization server, once.

    Raises Refused, and keeps nothing, when the answer does not belong to this attempt (RFC 6749 10.12, RFC 9207 2.4).
    """
    _match_state(attempt, answer.get("state", ""))
    attempt.state_used = True
    attempt.problem = None
    request_line = f"GET {attempt.callback_url}"
    attempt.note(2, Trace("The browser came back", request_line, parameters(answer.items()), "state matched"))
    try:
        _match_issuer(answer)
        _take(attempt, answer)
    except Refused as refused:
        attempt.fail(2, refused.problem.scrubbed(attempt.hidden()))


def _match_state(attempt: Attempt, state: str) -> None:
    if not state:
        raise Refused(
            Problem(
                "The answer carries no state, so it cannot be told from a forged one.",
                "Nothing was kept. Ask again with the form.",
                code="state missing",
            )
        )
    if not attempt.state or not hmac.compare_digest(state.encode(), attempt.state.encode()):
        raise Refused(
            Problem(
                "The state of this answer is not the one this browser was given.",
                "The answer belongs to another attempt, another browser or to nobody. Nothing was kept.",
                code="state mismatch",
            )
        )
    if attempt.state_used:
        raise Refused(
            Problem(
                "This answer was taken in already; a state works once.",
                "Go on where you were, or ask again with the form.",
                code="state used",
            )
        )


def _match_issuer(answer: Mapping[str, str]) -> None:
    """RFC 9207 2.4: a client that knows the issuer compares it and must not go on when it differs."""
    issuer = answer.get("iss")
    if issuer is not None and issuer != settings.PLAYGROUND_ISSUER:
        raise Refused(
            Problem(
                f"The answer says it comes from {issuer[:200]}, but {settings.PLAYGROUND_ISSUER} was asked.",
                "The code was thrown away. Check PLAYGROUND_ISSUER, then ask again.",
                code="issuer mismatch",
            )
        )


def _take(attempt: Attempt, answer: Mapping[str, str]) -> None:
    if "error" in answer:
        raise Refused(of_oauth_error(answer["error"][:80], answer.get("error_description", "")[:500]))
    if attempt.grant_type == IMPLICIT and answer.get("access_token"):
        tokens.keep(attempt, dict(answer))
    elif attempt.grant_type == CODE and answer.get("code"):
        attempt.code = answer["code"][:2000]
    else:
        wanted = "a code" if attempt.grant_type == CODE else "an access token"
        raise Refused(Problem(f"The answer carries neither {wanted} nor an error.", ASK_AGAIN, code="incomplete"))
