"""Steps 3 and 4: the token in hand, and what it opens."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from playground import attempts, authorization, cards, photos, responses, steps, tokens
from playground.attempts import Attempt, Token
from playground.problems import Refused
from playground.views import errors


@require_safe
@errors.or_ended
def token(request: HttpRequest) -> HttpResponseBase:
    """The token, and what can be done with it."""
    attempt = _attempt(request)
    if responses.page_of(attempt) != "playground:token":
        return responses.go_on(attempt)
    return _page(request, "token", attempt)


@require_POST
@errors.or_ended
def refresh(request: HttpRequest) -> HttpResponseBase:
    with attempts.claimed(request) as attempt:
        tokens.refresh(attempt)
    if attempt.problem is None:
        responses.notice(request, "There is a new access token; the old one is forgotten.")
    return responses.go_on(attempt)


@require_POST
@errors.or_ended
def revoke(request: HttpRequest) -> HttpResponseBase:
    with attempts.claimed(request) as attempt:
        tokens.revoke(attempt)
    return responses.go_on(attempt)


@require_POST
@errors.or_ended
def logout(request: HttpRequest) -> HttpResponseBase:
    """First here, where the session goes with everything in it, then at the issuer."""
    attempt = _attempt(request)
    if attempt.token is None or not attempt.token.identity:
        return responses.go_on(attempt)
    request.session.flush()
    return responses.SeeOther(authorization.logout_address(attempt.client_id, attempt.token.id_token))


@require_safe
@errors.or_ended
def import_photos(request: HttpRequest) -> HttpResponseBase:
    """The albums of the person who approved, asked for anew each time."""
    attempt = _attempt(request)
    if attempt.token is None:
        return responses.go_on(attempt)
    of_application = attempt.grant_type == authorization.CLIENT_CREDENTIALS
    return _page(request, "photos", attempt, photos.import_albums(attempt.token, of_application=of_application))


@require_safe
@errors.or_ended
def userinfo(request: HttpRequest) -> HttpResponseBase:
    attempt = _attempt(request)
    if attempt.token is None:
        return responses.go_on(attempt)
    return _page(request, "userinfo", attempt, photos.ask_userinfo(attempt.token))


@require_safe
def picture(request: HttpRequest, identifier: str, form: str) -> HttpResponseBase:
    """A picture by way of this server: the browser never holds the token, and nobody else's token is used."""
    attempt = attempts.current(request)
    if attempt is None or attempt.token is None:
        return _no_picture("There is no access token in this session. Import photos first.", 403)
    try:
        answer = photos.picture(attempt.token, identifier, form)
    except Refused as refused:
        return _no_picture(f"{refused.problem.sentence} {refused.problem.advice}", 502)
    return HttpResponse(answer.body, content_type=photos.media_type(answer))


def _no_picture(words: str, status: int) -> HttpResponse:
    return HttpResponse(words, content_type="text/plain; charset=utf-8", status=status)


def _attempt(request: HttpRequest) -> Attempt:
    attempt = attempts.current(request)
    if attempt is None:
        raise attempts.Lost
    return attempt


def _page(request: HttpRequest, name: str, attempt: Attempt, visit: photos.Visit | None = None) -> HttpResponse:
    """After a visit to the API only what came of it is told, not what a Refresh before it met with."""
    if visit is not None:
        attempt.problem = None
    context = {
        "attempt": attempt,
        "card": cards.of_token(attempt.token) if attempt.token else None,
        "visit": visit,
        "steps": steps.of_attempt(attempt, visit),
        "asked_identity": authorization.asks_identity(attempt) or _has_identity(attempt.token),
    }
    return render(request, f"playground/{name}.html", context)


def _has_identity(token: Token | None) -> bool:
    return token is not None and "openid" in token.scope.split()
