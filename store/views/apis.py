from __future__ import annotations

import uuid
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render, resolve_url
from django.views.decorators.http import require_http_methods, require_safe

from store import access, catalogue, definitions, developers, paging, subscriptions
from store.access import SignedInRequest
from store.errors import StoreError
from store.forms.subscriptions import SubscribeApplicationForm
from store.models import Api


@require_safe
def apis(request: HttpRequest) -> HttpResponse:
    words, tag = paging.words_of(request.GET), request.GET.get("tag", "")
    known = catalogue.entries()
    page = paging.page_of(request, catalogue.search(known, words=words, tag=tag))
    context = {
        "apis": catalogue.cards(list(page)),
        "page": page,
        "tags": catalogue.tags(known),
        "words": words,
        "tag": tag,
        "demo": settings.DEMO,
    }
    return render(request, "store/apis.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def api(request: HttpRequest, api_id: uuid.UUID) -> HttpResponse:
    if request.method == "POST":
        return subscribe(request, api_id)
    shown = access.api(request.user, api_id)
    form = None
    if request.user.is_authenticated:
        developers.arrive(user=request.user)
        words = paging.words_of(request.GET)
        form = SubscribeApplicationForm(owner=request.user, api=shown, words=words, initial=preselection(request))
    return page(request, shown, form)


@access.signed_in
def subscribe(request: SignedInRequest, api_id: uuid.UUID) -> HttpResponse:
    """The POST of an API's page."""
    shown = access.api(request.user, api_id)
    form = SubscribeApplicationForm(request.POST, owner=request.user, api=shown, words=paging.words_of(request.GET))
    if not form.is_valid():
        return page(request, shown, form)
    if form.wants_new_application:
        query = urlencode({"api": shown.pk, "tier": form.cleaned_data["tier"].name})
        return redirect(f"{resolve_url('store:application-add')}?{query}")
    try:
        subscriptions.subscribe(application=form.chosen, api=shown, policy=form.cleaned_data["tier"])
    except StoreError as error:
        form.add_error(None, str(error))
        return page(request, shown, form)
    messages.success(request, f"{form.chosen} is subscribed to {shown}.")
    return redirect("store:application-subscriptions", application_id=form.chosen.pk)


def preselection(request: HttpRequest) -> dict[str, str]:
    """What the page that led here asks to be selected: an application, a tier."""
    return {name: request.GET[name] for name in ("application", "tier") if name in request.GET}


def page(request: HttpRequest, shown: Api, form: SubscribeApplicationForm | None) -> HttpResponse:
    owned = shown.subscriptions.filter(application__owner_id=request.user.pk).select_related("application", "policy")
    subscribed = owned.order_by(Lower("application__name"))[: paging.ROWS + 1]
    context = {
        "api": shown,
        "form": form,
        "gateway_url": settings.GATEWAY_URL + shown.path,
        "default_url": settings.GATEWAY_URL + shown.context,
        "subscriptions": subscribed,
        "most": paging.ROWS,
    }
    return render(request, "store/api.html", context)


@require_safe
def api_definition(request: HttpRequest, api_id: uuid.UUID) -> HttpResponse:
    shown = access.api(request.user, api_id)
    context = {
        "api": shown,
        "operations": definitions.operations(shown.definition),
        "gateway_url": settings.GATEWAY_URL + shown.path,
    }
    return render(request, "store/api_definition.html", context)


@require_safe
def api_openapi(request: HttpRequest, api_id: uuid.UUID) -> HttpResponse:
    """The document itself, to download; its server is this gateway, whatever the provider's copy says."""
    shown = access.api(request.user, api_id)
    document = definitions.served_at(shown.definition, settings.GATEWAY_URL + shown.path)
    disposition = f'attachment; filename="{shown.name}-{shown.version}.openapi.json"'
    return JsonResponse(document, json_dumps_params={"indent": 2}, headers={"Content-Disposition": disposition})
