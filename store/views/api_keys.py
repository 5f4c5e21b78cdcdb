"""The tab API Keys of an application. A key is shown on the page that answers the POST, as a secret is (views/keys.py);
sent again, the form finds its name taken."""

from __future__ import annotations

import shlex
import uuid

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts import reauthentication
from store import access, api_keys
from store.access import SignedInRequest
from store.api_keys import Generated
from store.errors import StoreError
from store.forms import bound
from store.forms.api_keys import ApiKeyForm
from store.models import Application
from store.views.keys import CONFLICT
from store.views.keys_page import readable_path

METHODS = ["GET", "HEAD", "POST"]


@require_http_methods(METHODS)
@access.signed_in
def application_api_keys(request: SignedInRequest, application_id: uuid.UUID) -> HttpResponse:
    """The tab; its POST is "Generate Key"."""
    application = access.application(request.user, application_id)
    if request.method == "POST":
        reauthentication.demand(request)
    form = ApiKeyForm(bound(request), application=application)
    if not form.is_valid():
        return show(request, application, form)
    try:
        generated = api_keys.generate(application=application, **form.settings)
    except StoreError as error:
        form.add_error(None, str(error))
        return show(request, application, form, status=CONFLICT)
    return show(request, application, ApiKeyForm(application=application), generated)


def show(
    request: SignedInRequest,
    application: Application,
    form: ApiKeyForm,
    generated: Generated | None = None,
    status: int = 200,
) -> HttpResponse:
    """`generated`: shown this once."""
    context = {
        "application": application,
        "form": form,
        "api_keys": api_keys.of(application=application),
        "generated": generated,
        "curl": curl(application, generated),
    }
    response = render(request, "store/application_api_keys.html", context, status=status)
    response.headers["Cache-Control"] = "no-store"
    return response


def curl(application: Application, generated: Generated | None) -> str:
    """A call that works when pasted, of the first API that the application is subscribed to."""
    if generated is None or not application.subscribed_apis:
        return ""
    trusted = f" --cacert {shlex.quote(readable_path(settings.TLS_CA_FILE))}" if settings.DEMO else ""
    address = f"{settings.GATEWAY_URL}{application.subscribed_apis[0].path}/"
    return f"curl{trusted} \\\n  -H {shlex.quote(f'apikey: {generated.value}')} \\\n  {address}"


@require_http_methods(METHODS)
@access.signed_in
def api_key_revoke(request: SignedInRequest, application_id: uuid.UUID, api_key_id: uuid.UUID) -> HttpResponse:
    """GET asks, POST does; pressed twice, it leads to the same page."""
    application = access.application(request.user, application_id)
    api_key = access.api_key(application, api_key_id)
    if request.method != "POST":
        return render(request, "store/api_key_revoke.html", {"application": application, "api_key": api_key})
    api_keys.revoke(api_key=api_key)
    messages.success(request, f"The key {api_key.name} is revoked.")
    return redirect("store:application-api-keys", application_id=application_id)
