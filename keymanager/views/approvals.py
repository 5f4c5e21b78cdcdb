"""The person's own pages at the key manager: which applications have access, and taking it away."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from keymanager import approvals
from keymanager.models import Client


@never_cache
@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Applications with access; where a person lands, too, who signed in here without an application waiting."""
    return render(request, "keymanager/approvals.html", {"approvals": approvals.of(person(request))})


@never_cache
@login_required
@require_safe
def download(request: HttpRequest) -> HttpResponse:
    """The same as a file."""
    headers = {"Content-Disposition": 'attachment; filename="applications-with-access.json"'}
    document = approvals.document(person(request))
    return JsonResponse(document, json_dumps_params={"indent": 2, "ensure_ascii": False}, headers=headers)


@never_cache
@require_POST
def withdraw(request: HttpRequest, client: int) -> HttpResponse:
    """Of the person signed in, nobody else: there is no name to send."""
    if not request.user.is_authenticated:
        return redirect("keymanager:home")
    found = get_object_or_404(Client, pk=client)
    if approvals.withdraw(person(request), found):
        messages.success(request, f"{found.name} gets nothing more from you. It has to ask you again.")
    else:
        # Its name is for those to know whom it asked.
        messages.info(request, "That application has no access; nothing was left to withdraw.")
    return redirect("keymanager:home")


def person(request: HttpRequest) -> User:
    """Whoever is signed in: each view has made sure that somebody is."""
    return cast("User", request.user)
