"""The tabs Production Keys and Sandbox Keys: one page for both types.

A secret is shown on the page that answers the POST, and nowhere else. A redirect would have to keep it on the server
until the next page, where it would lie in the session table in a form that can be used. The price is that a reload
sends the form again, so a second POST is made harmless: keys are generated once (KeysExistError), and a secret is
replaced only if the form names the one that is in force (SecretReplacedError). Nothing of it is cached (no-store).
Who signed in a while ago is asked again first (accounts/reauthentication.py); what was sent is kept meanwhile.
"""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from accounts import reauthentication
from store import access, keys
from store.access import SignedInRequest
from store.errors import StoreError
from store.forms.keys import KeysForm
from store.views import keys_page

METHODS = ["GET", "HEAD", "POST"]
CONFLICT = 409


@require_http_methods(METHODS)
@access.signed_in
def application_keys(request: SignedInRequest, application_id: uuid.UUID, key_type: str) -> HttpResponse:
    """The tab; its POST is "Generate Keys"."""
    application = access.application(request.user, application_id)
    if request.method != "POST":
        return keys_page.show(request, application, key_type)
    reauthentication.demand(request)
    form = KeysForm(request.POST, scopes=keys.available_scopes(application=application))
    if not form.is_valid():
        return keys_page.show(request, application, key_type, form=form)
    try:
        credentials = keys.generate(application=application, key_type=key_type, settings=form.settings)
    except StoreError as error:
        return keys_page.show(request, application, key_type, form=form, problem=str(error), status=CONFLICT)
    return keys_page.show(request, application, key_type, secret=credentials.consumer_secret)


@require_http_methods(METHODS)
@access.signed_in
def application_keys_update(request: SignedInRequest, application_id: uuid.UUID, key_type: str) -> HttpResponse:
    application = access.application(request.user, application_id)
    key = keys_page.completed_key(application, key_type)
    if key is None or request.method != "POST":
        return redirect("store:application-keys", application_id=application_id, key_type=key_type)
    try:
        client = keys.describe(key=key)
        form = KeysForm(request.POST, scopes=keys_page.scopes_of(key), client=client)
        if not form.is_valid():
            return keys_page.show(request, application, key_type, form=form)
        keys.update(key=key, settings=form.settings)
    except StoreError as error:
        return keys_page.show(request, application, key_type, problem=str(error), status=CONFLICT)
    messages.success(request, "The settings are updated. Key and secret stay as they are.")
    return redirect("store:application-keys", application_id=application_id, key_type=key_type)


@require_http_methods(METHODS)
@access.signed_in
def application_keys_regenerate(request: SignedInRequest, application_id: uuid.UUID, key_type: str) -> HttpResponse:
    """GET asks and says what breaks; POST shows the new secret."""
    reauthentication.demand(request)
    application = access.application(request.user, application_id)
    key = keys_page.completed_key(application, key_type)
    if key is None:
        return redirect("store:application-keys", application_id=application_id, key_type=key_type)
    try:
        if request.method != "POST":
            return keys_page.confirm_regeneration(request, key)
        secret = keys.regenerate(key=key, replaces=request.POST.get("replaces", ""))
    except StoreError as error:
        return keys_page.show(request, application, key_type, problem=str(error), status=CONFLICT)
    return keys_page.show(request, application, key_type, secret=secret)


@require_http_methods(METHODS)
@access.signed_in
def application_keys_test_token(request: SignedInRequest, application_id: uuid.UUID, key_type: str) -> HttpResponse:
    application = access.application(request.user, application_id)
    key = keys_page.completed_key(application, key_type)
    if key is None or request.method != "POST":
        return redirect("store:application-keys", application_id=application_id, key_type=key_type)
    try:
        token = keys.issue_test_token(key=key)
    except StoreError as error:
        return keys_page.show(request, application, key_type, problem=str(error), status=CONFLICT)
    return keys_page.show(request, application, key_type, token=token)


@require_http_methods(METHODS)
@access.signed_in
def application_keys_clean_up(request: SignedInRequest, application_id: uuid.UUID, key_type: str) -> HttpResponse:
    """Pressed twice, it finds nothing the second time and leads to the same page."""
    application = access.application(request.user, application_id)
    key = keys.find(application=application, key_type=key_type)
    if request.method == "POST" and key is not None:
        try:
            keys.clean_up(key=key)
        except StoreError as error:
            return keys_page.show(request, application, key_type, problem=str(error), status=CONFLICT)
        messages.success(request, "Cleaned up. You can generate keys again.")
    return redirect("store:application-keys", application_id=application_id, key_type=key_type)
