"""What went wrong, in words: one sentence that says it, one that says what to do next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Problem:
    """`code` is the machine's word (invalid_grant, 900908), `detail` what the other side wrote."""

    sentence: str
    advice: str
    code: str = ""
    detail: str = ""

    def scrubbed(self, hidden: list[str]) -> Problem:
        """The same without secrets that the other side may have echoed."""
        return replace(self, code=scrub(self.code, hidden), detail=scrub(self.detail, hidden))


class Refused(Exception):
    """A deed that could not be done; carries the problem to show."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.sentence)
        self.problem = problem


def scrub(text: str, hidden: list[str]) -> str:
    """Takes each secret out of a text; what is shorter than a secret should be would tear words apart."""
    for secret in hidden:
        if len(secret) >= 6:
            text = text.replace(secret, "•••")
    return text


ASK_AGAIN = "Ask again with the form."

# RFC 6749 4.1.2.1 (authorization) and 5.2 (token), RFC 7009 2.2.1, OpenID Connect Core 3.1.2.6
OAUTH_ERRORS: dict[str, tuple[str, str]] = {
    "access_denied": (
        "The request was denied: nobody approved it, so there is no code and no token.",
        "Ask again, and choose Approve on the consent page.",
    ),
    "invalid_request": (
        "The authorization server did not understand the request.",
        "Compare what was sent with its description, then ask again.",
    ),
    "invalid_client": (
        "The authorization server does not accept the client id and secret.",
        "Check the Client Secret against the consumer secret in the API Store, then try again.",
    ),
    "invalid_grant": (
        "The code, token or password is not valid any more, or was made for another request.",
        "A code works once and only for a few minutes. Ask again for a new one.",
    ),
    "unauthorized_client": (
        "The application may not use this grant type.",
        "Tick the grant type on the application's keys page in the API Store, press Update, then ask again.",
    ),
    "unsupported_response_type": (
        "The authorization server does not offer this response type.",
        "Choose another Authorization Grant Type.",
    ),
    "unsupported_grant_type": (
        "The token endpoint does not offer this grant type.",
        "Choose another Authorization Grant Type, or tick it on the keys page in the API Store.",
    ),
    "invalid_scope": (
        "A requested scope is unknown or not allowed for this application.",
        "Correct the Scope field and ask again.",
    ),
    "server_error": (
        "The authorization server failed while it worked on the request.",
        "Nothing is wrong with what was sent. Try again in a moment.",
    ),
    "temporarily_unavailable": (
        "The authorization server is too busy at the moment.",
        "Try again in a minute.",
    ),
    "login_required": ("The person is not signed in at the authorization server.", ASK_AGAIN),
    "consent_required": ("The person has not approved this application yet.", ASK_AGAIN),
    "unsupported_token_type": ("The server cannot revoke this kind of token.", "Let it expire, or start over."),
}

BAD_LOGIN = (
    "The user name or password is wrong, or this person may not use the grant type.",
    "Type both again.",
)


def of_oauth_error(code: str, description: str) -> Problem:
    """The problem for the error code of an authorization or token answer."""
    unknown = (f"The authorization server answered with the error “{code}”.", ASK_AGAIN)
    sentence, advice = OAUTH_ERRORS.get(code, unknown)
    return Problem(sentence, advice, code=code, detail=description)


def text_of(value: object, limit: int = 500) -> str:
    """A string from the other side, or nothing when it is something else."""
    return value[:limit] if isinstance(value, str) else ""


def of_resource_answer(status: int, body: dict[str, Any] | None, challenge: str) -> Problem:
    """The problem for an answer of the gateway or the API that is not 200 (RFC 6750 3.1, WSO2's fault body)."""
    code, detail = _code_and_detail(body or {})
    if status == 401:
        return Problem(
            "The access token is not accepted: it has expired or was revoked.",
            "Use Refresh when there is a refresh token, else ask again.",
            code=code,
            detail=detail,
        )
    if status == 403:
        return _forbidden(code, detail, challenge)
    unknown = (f"The API answered with status {status}.", "Try again in a moment.")
    sentence, advice = RESOURCE_STATUS.get(status, unknown)
    return Problem(sentence, advice, code=code, detail=detail)


RESOURCE_STATUS: dict[int, tuple[str, str]] = {
    404: (
        "The gateway knows no such API or picture.",
        "Check PLAYGROUND_RESOURCE_URL and that the API is published.",
    ),
    429: (
        "The application has used up its quota for the moment.",
        "Wait a minute, or subscribe under a higher tier in the API Store.",
    ),
    500: ("The photo service failed while it worked on the request.", "Try again in a moment."),
    502: ("The gateway answers, but the photo service behind it does not.", "Start the photo service, then try again."),
    503: ("The gateway answers, but the photo service behind it is down.", "Start the photo service, then try again."),
    504: ("The gateway waited too long for the photo service.", "Try again in a moment."),
}


def _forbidden(code: str, detail: str, challenge: str) -> Problem:
    if code == "insufficient_scope" or "insufficient_scope" in challenge or code == "900910":
        return Problem(
            "The access token does not carry the scope this needs.",
            "Ask again with the scope photos:read.",
            code=code or "insufficient_scope",
            detail=detail,
        )
    if code == "900908":
        return Problem(
            "The application is not subscribed to this API.",
            "Subscribe it on its Subscriptions tab in the API Store, then ask again for a new token.",
            code=code,
            detail=detail,
        )
    return Problem("The API refuses this request.", "Read its reason below, then ask again.", code=code, detail=detail)


def _code_and_detail(body: dict[str, Any]) -> tuple[str, str]:
    fault = body.get("fault")
    if isinstance(fault, dict):
        words = [text_of(fault.get("message")), text_of(fault.get("description"))]
        return str(fault.get("code", ""))[:40], " ".join(filter(None, words))
    return text_of(body.get("error"), 80), text_of(body.get("error_description"))
