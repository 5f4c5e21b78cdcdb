from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from store import access, life_cycle, paging, publishing
from store.access import SignedInRequest
from store.errors import StoreError
from store.forms.publishing import ApiForm
from store.models import Api


@require_safe
@access.provider
def api_list(request: SignedInRequest) -> HttpResponse:
    apis = access.provided_apis(request.user).defer(*Api.LARGE)
    page = paging.page_of(request, apis)
    return render(request, "store/publisher.html", {"apis": page.object_list, "page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@access.provider
def api_add(request: SignedInRequest) -> HttpResponse:
    form = ApiForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid() and form.read is not None:
        try:
            api = publishing.add(provider=request.user, document=form.read, description=form.described)
        except StoreError as error:
            form.refuse(error)
        else:
            messages.success(request, f"{api} is created. Next: publish it.")
            return redirect("store:publisher-api", api_id=api.pk)
    return render(request, "store/publisher_add.html", {"form": form})


@require_safe
@access.provider
def api(request: SignedInRequest, api_id: uuid.UUID) -> HttpResponse:
    return page(request, access.provided_api(request.user, api_id))


@require_http_methods(["GET", "HEAD", "POST"])
@access.provider
def api_edit(request: SignedInRequest, api_id: uuid.UUID) -> HttpResponse:
    shown = access.provided_api(request.user, api_id)
    form = ApiForm(request.POST or None, request.FILES or None, api=shown)
    if request.method == "POST" and form.is_valid():
        try:
            shown = publishing.change(api=shown, document=form.read, description=form.described)
        except StoreError as error:
            form.refuse(error)
        else:
            messages.success(request, f"{shown} is changed; every gateway has it within two seconds.")
            return redirect("store:publisher-api", api_id=shown.pk)
    return render(request, "store/publisher_edit.html", {"form": form, "api": shown})


@require_POST
@access.provider
def api_step(request: SignedInRequest, api_id: uuid.UUID) -> HttpResponse:
    shown = access.provided_api(request.user, api_id)
    try:
        shown = publishing.lead(api=shown, step=request.POST.get("step", ""))
    except StoreError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{shown} is in the state {shown.get_status_display()} now.")
    return redirect("store:publisher-api", api_id=shown.pk)


def page(request: SignedInRequest, shown: Api) -> HttpResponse:
    context = {
        "api": shown,
        "steps": life_cycle.steps(shown),
        "gateway_url": settings.GATEWAY_URL + shown.path,
        "default_url": settings.GATEWAY_URL + shown.context,
        "subscription_count": shown.subscriptions.count(),
    }
    return render(request, "store/publisher_api.html", context)
