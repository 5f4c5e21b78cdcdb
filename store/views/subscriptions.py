from __future__ import annotations

import uuid

from django.contrib import messages
from django.db.models.functions import Lower
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from store import access, applications, paging, subscriptions
from store.access import SignedInRequest
from store.errors import StoreError
from store.forms import bound
from store.forms.subscriptions import SubscribeApiForm, TierForm
from store.models import Subscription


@require_safe
@access.signed_in
def subscription_list(request: SignedInRequest) -> HttpResponse:
    rows = Subscription.objects.filter(application__owner=request.user).with_names()
    ordered = rows.order_by(Lower("application__name"), "api__name", "api__version")
    page = paging.page_of(request, ordered)
    return render(request, "store/subscriptions.html", {"subscriptions": page.object_list, "page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@access.signed_in
def application_subscriptions(request: SignedInRequest, application_id: uuid.UUID) -> HttpResponse:
    application = access.application(request.user, application_id)
    form = SubscribeApiForm(bound(request), application=application)
    if form.is_valid():
        api = form.cleaned_data["api"]
        try:
            subscriptions.subscribe(application=application, api=api, policy=form.cleaned_data["tier"])
        except StoreError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{application} is subscribed to {api}.")
            return redirect("store:application-subscriptions", application_id=application_id)
    rows = application.subscriptions.with_names().order_by("api__name", "api__version")
    context = {"application": application, "form": form, "subscriptions": rows}
    context["has_keys"] = applications.has_keys(application=application)
    return render(request, "store/application_subscriptions.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@access.signed_in
def subscription_edit(request: SignedInRequest, subscription_id: uuid.UUID) -> HttpResponse:
    subscription = access.subscription(request.user, subscription_id)
    form = TierForm(bound(request), initial={"tier": subscription.policy.name})
    if form.is_valid():
        try:
            subscriptions.change_tier(subscription=subscription, policy=form.cleaned_data["tier"])
        except StoreError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"{subscription.api} is now called under {subscription.policy}.")
        return redirect("store:application-subscriptions", application_id=subscription.application_id)
    return render(request, "store/subscription_edit.html", {"subscription": subscription, "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@access.signed_in
def subscription_delete(request: SignedInRequest, subscription_id: uuid.UUID) -> HttpResponse:
    subscription = access.subscription(request.user, subscription_id)
    if request.method != "POST":
        return render(request, "store/subscription_delete.html", {"subscription": subscription})
    try:
        subscriptions.unsubscribe(subscription=subscription)
    except StoreError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{subscription.application} is not subscribed to {subscription.api} any more.")
    return redirect("store:application-subscriptions", application_id=subscription.application_id)
