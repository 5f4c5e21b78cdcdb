from __future__ import annotations

import uuid
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.views.decorators.http import require_http_methods, require_safe

from store import access, api_keys, applications, paging
from store.access import SignedInRequest
from store.errors import StoreError
from store.forms import bound
from store.forms.applications import ApplicationForm
from store.models import Application


@require_safe
@access.signed_in
def application_list(request: SignedInRequest) -> HttpResponse:
    words = paging.words_of(request.GET)
    owned = Application.objects.owned_by(request.user).filter(name__icontains=words).select_related("policy")
    rows = owned.annotate(subscription_count=Count("subscriptions")).by_name()
    page = paging.page_of(request, rows)
    return render(request, "store/applications.html", {"applications": page.object_list, "page": page, "words": words})


@require_http_methods(["GET", "HEAD", "POST"])
@access.signed_in
def application_add(request: SignedInRequest) -> HttpResponse:
    """`?api=…&tier=…`: the API's page sent the developer here and gets them back, with the new application chosen."""
    form = ApplicationForm(bound(request), owner=request.user)
    if form.is_valid():
        try:
            application = applications.add(owner=request.user, **form.cleaned_data)
        except applications.NameTakenError as error:
            form.add_error("name", str(error))
        else:
            messages.success(request, f"{application} was added.")
            return redirect(after_adding(request, application))
    return render(request, "store/application_add.html", {"form": form})


def after_adding(request: SignedInRequest, application: Application) -> str:
    try:
        api = access.api(request.user, uuid.UUID(request.GET.get("api", "")))
    except ValueError:
        return resolve_url("store:application", application_id=application.pk)
    query = urlencode({"application": application.pk, "tier": request.GET.get("tier", "")})
    return f"{resolve_url('store:api', api_id=api.pk)}?{query}"


@require_safe
@access.signed_in
def application(request: SignedInRequest, application_id: uuid.UUID) -> HttpResponse:
    shown = access.application(request.user, application_id)
    return render(request, "store/application.html", {"application": shown, "keys": shown.keys.order_by("key_type")})


@require_http_methods(["GET", "HEAD", "POST"])
@access.signed_in
def application_edit(request: SignedInRequest, application_id: uuid.UUID) -> HttpResponse:
    shown = access.application(request.user, application_id)
    form = ApplicationForm(bound(request), owner=request.user, application=shown)
    if form.is_valid():
        try:
            applications.edit(application=access.application(request.user, application_id), **form.cleaned_data)
        except StoreError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "The changes are saved.")
            return redirect("store:application", application_id=application_id)
    return render(request, "store/application_edit.html", {"application": shown, "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@access.signed_in
def application_delete(request: SignedInRequest, application_id: uuid.UUID) -> HttpResponse:
    shown = access.application(request.user, application_id)
    if request.method == "POST":
        try:
            applications.delete(application=shown)
        except StoreError as error:
            messages.error(request, str(error))
            return redirect("store:application", application_id=application_id)
        messages.success(request, f"{shown.name} was deleted, with its keys and subscriptions.")
        return redirect("store:applications")
    context = {
        "application": shown,
        "key_count": shown.keys.count(),
        "api_key_count": api_keys.of(application=shown).count(),
        "subscription_count": shown.subscriptions.count(),
    }
    return render(request, "store/application_delete.html", context)
