"""Step 2: the browser comes back from the authorization server."""

from __future__ import annotations

from urllib.parse import parse_qs

from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from playground import attempts, authorization, forms, responses, steps, tokens
from playground.problems import Problem, Refused
from playground.views import errors

REPEATED = Problem(
    "The answer names a parameter twice, so it cannot be trusted.",
    "Nothing was kept. Ask again with the form.",
    code="repeated parameter",
)


@require_safe
@errors.or_ended
def callback(request: HttpRequest) -> HttpResponseBase:
    """The redirection endpoint (RFC 6749 3.1.2). A fragment never reaches a server, so a script hands it in."""
    attempt = attempts.current(request)
    if not request.GET and attempt and attempt.grant_type == authorization.IMPLICIT and not attempt.state_used:
        return render(request, "playground/fragment.html", {"steps": steps.of_attempt(attempt)})
    return _take_in(request, {name: [str(value) for value in values] for name, values in request.GET.lists()})


@sensitive_post_parameters("fragment")
@require_POST
@errors.or_ended
def fragment(request: HttpRequest) -> HttpResponseBase:
    """The fragment of the implicit grant (RFC 6749 4.2.2), posted by our own page."""
    try:
        values = parse_qs(request.POST.get("fragment", "")[:20_000], keep_blank_values=True, max_num_fields=50)
    except ValueError:
        values = {}
    return _take_in(request, values)


@sensitive_post_parameters("client_secret")
@require_http_methods(["GET", "HEAD", "POST"])
@errors.or_ended
def code(request: HttpRequest) -> HttpResponseBase:
    """The code in hand, and the button that exchanges it."""
    attempt = attempts.current(request)
    if attempt is None:
        raise attempts.Lost
    if request.method == "POST":
        return _get_access_token(request, request.POST)
    if responses.page_of(attempt) != "playground:code":
        return responses.go_on(attempt)
    form = forms.ExchangeForm(initial={"token_endpoint": attempt.token_endpoint}, held_secret=attempt.client_secret)
    return _page(request, attempt, form)


def _take_in(request: HttpRequest, values: dict[str, list[str]]) -> HttpResponseBase:
    if any(len(several) > 1 for several in values.values()):  # RFC 6749 3.1
        return errors.refused(request, REPEATED)
    try:
        with attempts.claimed(request) as attempt:
            authorization.accept(attempt, {name: several[0] for name, several in values.items()})
    except Refused as refused:
        return errors.refused(request, refused.problem)
    return responses.go_on(attempt)


def _get_access_token(request: HttpRequest, typed: QueryDict) -> HttpResponseBase:
    """One exchange a code: a second click waits for the first and keeps what it brought."""
    with attempts.claimed(request) as attempt:
        form = forms.ExchangeForm(typed, held_secret=attempt.client_secret)
        if attempt.token is not None or attempt.revoked or attempt.code_used or not attempt.code:
            return _already(request, attempt)
        if not form.is_valid():
            attempt.client_secret = typed.get("client_secret", "")[:1000] or attempt.client_secret
            again = forms.ExchangeForm(typed, held_secret=attempt.client_secret)
            return _page(request, attempt, again, status=422)
        attempt.token_endpoint = form.cleaned_data["token_endpoint"]
        attempt.client_secret = form.cleaned_data["client_secret"]
        tokens.redeem(attempt)
    return responses.go_on(attempt)


def _already(request: HttpRequest, attempt: attempts.Attempt) -> HttpResponseBase:
    if attempt.token is not None:
        responses.notice(request, "This code was already used. A code works once; the first access token is kept.")
    elif attempt.code_used:
        responses.notice(request, "This code was already used, and a code works once. Ask again for a new one.")
    return responses.go_on(attempt)


def _page(request: HttpRequest, attempt: attempts.Attempt, form: forms.ExchangeForm, status: int = 200) -> HttpResponse:
    context = {
        "attempt": attempt,
        "form": form,
        "steps": steps.of_attempt(attempt),
        "ask_again_at": _ask_again_at(attempt),
    }
    return render(request, "playground/code.html", context, status=status)


def _ask_again_at(attempt: attempts.Attempt) -> int:
    """The step at which there is nothing left but to ask again; 0 when the code can still be exchanged."""
    if not attempt.code:
        return 2
    return 3 if attempt.code_used else 0
