"""Where a person says as whom an application is to know them (OpenID Connect Core 3.1.2.1, prompt=select_account)."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from keymanager import login


@never_cache
@login_required
@require_safe
def select_account(request: HttpRequest) -> HttpResponse:
    """Both ways lead back to the request in `next`, which says that it is answered (keymanager/detours.py)."""
    path = request.GET.get("next", "")
    client, return_host = login.waiting_client(path)
    if client is None or not path.startswith("/oauth2/authorize?"):
        return redirect("keymanager:home")
    context = {"client": client, "return_host": return_host, "next": path, "other": urlencode({"next": path})}
    return render(request, "keymanager/select_account.html", context)
