"""Who may see or change what: the only permission code. What is not yours does not exist (404)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, resolve_url

from accounts.models import User
from store import developers
from store.models import Api, ApiKey, Application, BlockingCondition, Person, Subscription

P = ParamSpec("P")


class SignedInRequest(HttpRequest):
    user: User


def signed_in(
    view: Callable[Concatenate[SignedInRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """The view is for people who signed in; others sign in first and come back to it."""

    @wraps(view)
    def inner(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path(), resolve_url("account_login"))
        developers.arrive(user=request.user)
        return view(cast("SignedInRequest", request), *args, **kwargs)

    return inner


def staff(
    view: Callable[Concatenate[SignedInRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """The view is for those who run the portal; to others it is not there."""

    @signed_in
    @wraps(view)
    def inner(request: SignedInRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_staff:
            raise Http404
        return view(request, *args, **kwargs)

    return inner


def is_provider(user: User) -> bool:
    """Those who run the portal, and whoever they let publish (Django's permission to add an API)."""
    return user.is_active and (user.is_staff or user.has_perm("store.add_api"))


def provider(
    view: Callable[Concatenate[SignedInRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """The view is for those who publish APIs; to others it is not there."""

    @signed_in
    @wraps(view)
    def inner(request: SignedInRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not is_provider(request.user):
            raise Http404
        return view(request, *args, **kwargs)

    return inner


def provided_apis(user: User) -> QuerySet[Api]:
    """A provider's own; all, for those who run the portal."""
    apis = Api.objects.select_related("provider").order_by("name", "version")
    return apis if user.is_staff else apis.filter(provider_id=user.pk)


def provided_api(user: User, api_id: uuid.UUID) -> Api:
    return get_object_or_404(provided_apis(user), pk=api_id)


def api(user: Person, api_id: uuid.UUID) -> Api:
    """A published API, for everybody; one that is not published, for its provider."""
    visible = Q(status__in=Api.VISIBLE) | Q(provider_id=user.pk)
    return get_object_or_404(Api.objects.select_related("provider").defer("backend", "cors").filter(visible), pk=api_id)


def application(user: Person, application_id: uuid.UUID) -> Application:
    owned = Application.objects.owned_by(user).select_related("owner", "policy")
    return get_object_or_404(owned, pk=application_id)


def subscription(user: Person, subscription_id: uuid.UUID) -> Subscription:
    owned = Subscription.objects.filter(application__owner_id=user.pk)
    return get_object_or_404(owned.with_names().select_related("application__owner"), pk=subscription_id)


def blocking_condition(condition_id: uuid.UUID) -> BlockingCondition:
    """For the views of `staff`."""
    return get_object_or_404(BlockingCondition, pk=condition_id)


def api_key(application: Application, api_key_id: uuid.UUID) -> ApiKey:
    """Of an application that came from here."""
    return get_object_or_404(application.api_keys, pk=api_key_id)
