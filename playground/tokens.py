"""The token endpoint and the revocation endpoint, called from the server."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus

from django.conf import settings

from playground import calls, id_tokens
from playground.attempts import Attempt, Token
from playground.calls import Answer
from playground.problems import BAD_LOGIN, Problem, Refused, of_oauth_error, text_of
from playground.traces import Trace, of_call

USABLE = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750 2.1, b64token


def redeem(attempt: Attempt) -> None:
    """Exchange the code for a token (RFC 6749 4.1.3), leaving the token or a problem in the attempt."""
    fields = {"grant_type": "authorization_code", "code": attempt.code, "redirect_uri": attempt.callback_url}
    if attempt.code_verifier:
        fields["code_verifier"] = attempt.code_verifier
    problem = _ask(attempt, fields)
    # A server that answered about the code has seen it; one that did not, or that refused us, may be asked again.
    attempt.code_used = problem is None or problem.code == "invalid_grant"
    _forget_wrong_secret(attempt, problem)


def with_client_credentials(attempt: Attempt) -> None:
    """RFC 6749 4.4.2."""
    problem = _ask(attempt, {"grant_type": "client_credentials", **_scope(attempt)})
    _forget_wrong_secret(attempt, problem)


def with_password(attempt: Attempt, password: str) -> None:
    """RFC 6749 4.3.2; the password is used here and kept nowhere."""
    fields = {"grant_type": "password", "username": attempt.username, "password": password, **_scope(attempt)}
    problem = _ask(attempt, fields)
    _forget_wrong_secret(attempt, problem)
    if problem is not None and problem.code == "invalid_grant":
        attempt.fail(3, Problem(*BAD_LOGIN, code=problem.code, detail=problem.detail))


def refresh(attempt: Attempt) -> None:
    """RFC 6749 6; a new refresh token, when there is one, takes the place of the old."""
    if attempt.token is None or not attempt.token.refresh_token:
        attempt.fail(3, Problem("There is no refresh token, so the token cannot be refreshed.", "Ask again."))
        return
    _ask(attempt, {"grant_type": "refresh_token", "refresh_token": attempt.token.refresh_token})


def revoke(attempt: Attempt) -> None:
    """RFC 7009 2.1: the refresh token first, what it could still make goes with it; then forget everything."""
    token = attempt.token
    if token is None:
        attempt.fail(3, Problem("There is no token to revoke.", "Ask again with the form."))
        return
    kinds = [("refresh_token", token.refresh_token), ("access_token", token.access_token)]
    attempt.problem = None
    traces: list[Trace] = []
    for kind, value in kinds:
        if value and attempt.problem is None:
            traces.append(_revoke(attempt, kind, value))
    attempt.note(3, *traces)
    if attempt.problem is None:
        attempt.token, attempt.client_secret, attempt.revoked = None, "", True


def keep(attempt: Attempt, members: Mapping[str, Any]) -> None:
    """Take a token answer in (RFC 6749 5.1); raises Refused when it is not one."""
    access_token = members.get("access_token")
    if not isinstance(access_token, str) or not USABLE.fullmatch(access_token):
        raise Refused(
            Problem("The answer carries no usable access token.", "Check the Access Token Endpoint.", code="no token")
        )
    if str(members.get("token_type", "Bearer")).lower() != "bearer":
        raise Refused(
            Problem("The token is not a Bearer token, the only kind this site can use.", "Ask for another kind.")
        )
    previous, now = attempt.token, time.time()
    lifetime = _seconds(members.get("expires_in"))
    attempt.token = Token(
        access_token,
        # RFC 6749 5.1: left out means as asked
        scope=text_of(members.get("scope"), 2000) or (previous.scope if previous else attempt.scope),
        issued_at=now,
        expires_at=now + lifetime if lifetime else 0.0,
        refresh_token=text_of(members.get("refresh_token"), 8000) or (previous.refresh_token if previous else ""),
        id_token=text_of(members.get("id_token"), 16_000),
    )
    _identify(attempt, attempt.token, previous)


def _identify(attempt: Attempt, token: Token, previous: Token | None) -> None:
    if token.id_token:
        id_tokens.verify(attempt, token, previous)
    elif previous is not None:  # OpenID Connect Core 12.2: a refresh need not bring a new one
        token.id_token, token.identity = previous.id_token, previous.identity
        token.identity_problem = previous.identity_problem


def _ask(attempt: Attempt, fields: dict[str, str]) -> Problem | None:
    """One call to the token endpoint; the token or the problem is left in the attempt."""
    headers = _credentials(attempt, fields)
    hidden = [*attempt.hidden(), fields.get("password", ""), headers.get("Authorization", "").removeprefix("Basic ")]
    attempt.problem, answer = None, None
    try:
        answer = calls.post(attempt.token_endpoint, fields, headers)
        keep(attempt, _token_answer(answer))
    except Refused as refused:
        attempt.fail(3, refused.problem.scrubbed([*hidden, *map(quote_plus, hidden)]))
    line = f"POST {attempt.token_endpoint}"
    hidden = [*hidden, *attempt.hidden(), *map(quote_plus, hidden)]
    attempt.note(3, of_call("Token request", line, {**headers, **fields}, answer, hidden))
    return attempt.problem


def _forget_wrong_secret(attempt: Attempt, problem: Problem | None) -> None:
    """A secret the server has refused is not offered for the next try."""
    if problem is not None and problem.code == "invalid_client":
        attempt.client_secret = ""


def _token_answer(answer: Answer) -> dict[str, Any]:
    """The members of a good answer; Refused with its reason for any other (RFC 6749 5.2)."""
    members = answer.members()
    error = text_of((members or {}).get("error"), 80)
    if error:
        raise Refused(of_oauth_error(error, text_of((members or {}).get("error_description"))))
    if answer.status >= 500:
        raise Refused(
            Problem(
                f"The token endpoint failed with status {answer.status}.",
                "Nothing was used up as far as this site knows: try again in a moment.",
                code=str(answer.status),
            )
        )
    if answer.status != 200 or members is None:
        raise Refused(
            Problem(
                f"The token endpoint answered with status {answer.status} and no token in JSON.",
                "Check the Access Token Endpoint: it should end in /oauth2/token or /token.",
                code=str(answer.status),
            )
        )
    return members


def _credentials(attempt: Attempt, fields: dict[str, str]) -> dict[str, str]:
    """HTTP Basic with both parts form-urlencoded first (RFC 6749 2.3.1); a public client only names itself (3.2.1)."""
    if not attempt.client_secret:
        fields["client_id"] = attempt.client_id
        return {}
    pair = f"{quote_plus(attempt.client_id)}:{quote_plus(attempt.client_secret)}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _revoke(attempt: Attempt, kind: str, value: str) -> Trace:
    fields = {"token": value, "token_type_hint": kind}
    headers = _credentials(attempt, fields)
    answer = None
    try:
        answer = calls.post(settings.PLAYGROUND_REVOKE_ENDPOINT, fields, headers)
        if answer.status != 200:
            raise Refused(_not_revoked(answer))
    except Refused as refused:
        attempt.fail(3, refused.problem.scrubbed(attempt.hidden()))
    line = f"POST {settings.PLAYGROUND_REVOKE_ENDPOINT}"
    hidden = [*attempt.hidden(), value]
    return of_call(f"Revocation of the {kind}", line, {**headers, **fields, "token": "•••"}, answer, hidden)


def _not_revoked(answer: Answer) -> Problem:
    members = answer.members() or {}
    error = text_of(members.get("error"), 80)
    if error:
        return of_oauth_error(error, text_of(members.get("error_description")))
    return Problem(
        f"The token was not revoked: the server answered with status {answer.status}.",
        "The token is still held here and still works. Try Revoke again in a moment.",
        code=str(answer.status),
    )


def _scope(attempt: Attempt) -> dict[str, str]:
    return {"scope": attempt.scope} if attempt.scope else {}


def _seconds(value: object) -> float:
    """`expires_in` as a number; some servers write it as a string."""
    try:
        seconds = float(value) if isinstance(value, (int, float, str)) else 0.0
    except ValueError:
        return 0.0
    return seconds if 0 < seconds < 1e9 else 0.0
