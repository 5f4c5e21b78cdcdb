"""What the gateways refuse: for those who run the portal."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from store import access, throttling
from store.access import SignedInRequest
from store.errors import StoreError
from store.forms import bound
from store.forms.throttling import BlockForm


@require_http_methods(["GET", "HEAD", "POST"])
@access.staff
def blocking(request: SignedInRequest) -> HttpResponse:
    form = BlockForm(bound(request))
    if form.is_valid():
        try:
            throttling.block(**form.cleaned_data)
        except StoreError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Blocked: every gateway refuses it within two seconds.")
            return redirect("store:blocking")
    return render(request, "store/blocking.html", {"form": form, "conditions": throttling.shown()})


@require_POST
@access.staff
def blocking_switch(request: SignedInRequest, condition_id: uuid.UUID) -> HttpResponse:
    """Off when it is on, and back."""
    condition = access.blocking_condition(condition_id)
    throttling.switch(condition=condition, enabled=request.POST.get("enabled") == "1")
    messages.success(request, "Blocked again." if condition.is_enabled else "Switched off: calls pass again.")
    return redirect("store:blocking")


@require_POST
@access.staff
def blocking_lift(request: SignedInRequest, condition_id: uuid.UUID) -> HttpResponse:
    throttling.lift(condition=access.blocking_condition(condition_id))
    messages.success(request, "Removed: calls pass again.")
    return redirect("store:blocking")
