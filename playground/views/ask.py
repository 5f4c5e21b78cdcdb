"""Step 1: the form, and the way to the authorization server."""

from __future__ import annotations

from dataclasses import asdict

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from playground import attempts, authorization, forms, responses, steps, tokens
from playground.attempts import Attempt
from playground.responses import SeeOther

HELD = "held_secret"


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "playground/home.html", {"callback_url": forms.starting_values()["callback_url"]})


@require_safe
def health(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


@sensitive_post_parameters("client_secret", "password")
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponseBase:
    """The form; with good values the attempt begins and the browser goes to the authorize endpoint (RFC 6749 4.1.1)."""
    earlier = attempts.current(request)
    held = request.session.get(HELD) or (earlier.client_secret if earlier else "")
    if request.method != "POST":
        failed = earlier if earlier and responses.page_of(earlier) == "playground:ask" else None
        return _page(request, forms.AskForm(initial=_typed_before(earlier), held_secret=held), failed)
    form = forms.AskForm(request.POST, held_secret=held)
    if form.is_valid():
        return _begin(request, form)
    if request.POST.get("client_secret"):
        request.session[HELD] = request.POST["client_secret"][:1000]
    return _page(request, forms.AskForm(request.POST, held_secret=request.session.get(HELD, held)), None, status=422)


@require_POST
def start_over(request: HttpRequest) -> HttpResponse:
    """Forget everything: the session's row goes, so no token, code or secret of it is left."""
    request.session.flush()
    return SeeOther(reverse("playground:ask"))


def _begin(request: HttpRequest, form: forms.AskForm) -> HttpResponseBase:
    values = form.cleaned_data
    password = values.pop("password")
    attempt = Attempt(**values | {"use_pkce": bool(values["use_pkce"])})
    attempt.token_endpoint = attempt.token_endpoint or str(forms.starting_values()["token_endpoint"])
    if attempt.grant_type in {authorization.CODE, authorization.IMPLICIT}:
        url = authorization.prepare(attempt)
        attempts.begin(request, attempt)
        return HttpResponseRedirect(url)
    if attempt.grant_type == authorization.PASSWORD:
        tokens.with_password(attempt, password)
    else:
        tokens.with_client_credentials(attempt)
    attempts.begin(request, attempt)
    return responses.go_on(attempt)


def _page(request: HttpRequest, form: forms.AskForm, failed: Attempt | None, status: int = 200) -> HttpResponse:
    context = {"form": form, "steps": steps.at_the_start(failed)}
    return render(request, "playground/ask.html", context, status=status)


def _typed_before(attempt: Attempt | None) -> dict[str, object]:
    """What was typed in the last attempt, secrets left out, over the starting values."""
    starting: dict[str, object] = dict(forms.starting_values())
    if attempt is None:
        return starting
    values = {name: value for name, value in asdict(attempt).items() if name in forms.AskForm.base_fields}
    values.pop("client_secret", None)
    kept = {name: value for name, value in values.items() if value != ""}
    return starting | kept
