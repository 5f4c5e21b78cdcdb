"""The API with the access token: albums, pictures, and who the person is. Nothing of it is stored."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings

from playground import calls
from playground.attempts import Token
from playground.calls import Answer
from playground.problems import Problem, Refused, of_resource_answer, text_of
from playground.traces import Trace, of_call

PICTURE_TYPES = {"image/png", "image/jpeg", "image/webp", "image/gif"}  # no SVG: it may carry script
IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,64}")
MOST_ALBUMS = 50
NO_PERSON = (
    "The access token stands for an application, and the photos belong to people.",
    "Ask again with a grant type in which somebody signs in, such as Authorization Code.",
)


@dataclass(frozen=True)
class Picture:
    """`width` and `height` in pixels, 0 when the API does not say."""

    id: str
    title: str
    width: int
    height: int


@dataclass(frozen=True)
class Album:
    title: str
    description: str
    pictures: list[Picture]


@dataclass
class Visit:
    """One look at the API: what it gave or what went wrong, and every call that was made."""

    albums: list[Album] = field(default_factory=list)
    profile: list[tuple[str, str]] = field(default_factory=list)
    problem: Problem | None = None
    traces: list[Trace] = field(default_factory=list)

    def picture_count(self) -> int:
        return sum(len(album.pictures) for album in self.albums)

    def outcome(self) -> str:
        """Status and time of the call that decided, for the chip beside the step's title."""
        return self.traces[-1].outcome if self.traces else ""


def import_albums(token: Token, *, of_application: bool = False) -> Visit:
    """All albums of the person the token stands for, with their pictures; a token of an application has none."""
    visit = Visit()
    try:
        listed = _members(visit, token, f"{settings.PLAYGROUND_RESOURCE_URL}/albums").get("list")
        for entry in _objects(listed)[:MOST_ALBUMS]:
            identifier = _identifier(entry.get("id"))
            members = _members(visit, token, f"{settings.PLAYGROUND_RESOURCE_URL}/albums/{identifier}")
            visit.albums.append(_album(members))
    except Refused as refused:
        visit.albums, visit.problem = [], refused.problem
        if of_application and refused.problem.code == "insufficient_scope":
            visit.problem = replace(refused.problem, sentence=NO_PERSON[0], advice=NO_PERSON[1])
    return visit


def ask_userinfo(token: Token) -> Visit:
    """OpenID Connect Core 5.3; the subject must be the one of the ID token (5.3.2)."""
    visit = Visit()
    try:
        claims = _members(visit, token, settings.PLAYGROUND_USERINFO_ENDPOINT)
        if token.identity and claims.get("sub") != token.identity["sub"]:
            raise Refused(
                Problem(
                    "The UserInfo answer is about somebody else than the ID token, so it was thrown away.",
                    "Ask again with the form.",
                    code="sub mismatch",
                )
            )
        visit.profile = [(name, as_sent(value)) for name, value in claims.items()]
    except Refused as refused:
        visit.problem = refused.problem
    return visit


def as_sent(value: Any) -> str:
    """A text as it is, everything else as the JSON that it was."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def picture(token: Token, identifier: str, form: str) -> Answer:
    """The bytes of a picture; `form` is image or thumbnail. Raises Refused when it cannot be had."""
    url = f"{settings.PLAYGROUND_RESOURCE_URL}/pictures/{identifier}/{form}"
    answer = calls.picture(url, _bearer(token))
    if answer.status != 200:
        raise Refused(_refusal(answer))
    if media_type(answer) not in PICTURE_TYPES:
        raise Refused(Problem("The photo service sent something that is not a picture.", "Try again in a moment."))
    return answer


def media_type(answer: Answer) -> str:
    return answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _members(visit: Visit, token: Token, url: str) -> dict[str, Any]:
    """One GET with the token; the JSON object, or Refused with the reason in words."""
    answer = None
    try:
        answer = calls.get(url, _bearer(token))
    finally:
        visit.traces.append(of_call("Call to the API", f"GET {url}", _bearer(token), answer, [token.access_token]))
    if answer.status != 200:
        raise Refused(_refusal(answer))
    members = answer.members()
    if members is None:
        raise Refused(_not_understood())
    return members


def _refusal(answer: Answer) -> Problem:
    return of_resource_answer(answer.status, answer.members(), answer.headers.get("WWW-Authenticate", ""))


def _bearer(token: Token) -> dict[str, str]:
    """RFC 6750 2.1."""
    return {"Authorization": f"Bearer {token.access_token}"}


def _album(members: dict[str, Any]) -> Album:
    return Album(
        text_of(members.get("title"), 200) or "Untitled album",
        text_of(members.get("description"), 1000),
        [_picture(entry) for entry in _objects(members.get("pictures"))],
    )


def _picture(entry: dict[str, Any]) -> Picture:
    width, height = (entry[side] if isinstance(entry.get(side), int) else 0 for side in ("width", "height"))
    return Picture(_identifier(entry.get("id")), text_of(entry.get("title"), 200) or "Untitled", width, height)


def _identifier(value: object) -> str:
    """An id that is safe in a path of ours: the API is somebody else's."""
    if isinstance(value, (str, int)) and IDENTIFIER.fullmatch(str(value)):
        return str(value)
    raise Refused(_not_understood())


def _objects(value: object) -> list[dict[str, Any]]:
    if isinstance(value, list) and all(isinstance(entry, dict) for entry in value):
        return value
    raise Refused(_not_understood())


def _not_understood() -> Problem:
    return Problem(
        "The API answered, but not with the albums and pictures this site expects.",
        "Check that PLAYGROUND_RESOURCE_URL is the address of the photo API.",
        code="unexpected answer",
    )
