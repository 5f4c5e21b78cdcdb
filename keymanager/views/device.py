"""The endpoint a device asks (RFC 8628 3.1), and the page where a person answers for it (3.3)."""

from __future__ import annotations

import logging
from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from keymanager import (
    authorization_details,
    client_authentication,
    device_codes,
    errors,
    framing,
    login,
    parameters as wire,
    scopes,
)
from keymanager.device_forms import UserCodeForm
from keymanager.models import DeviceGrant
from keymanager.views.answers import NO_STORE, as_json, refused
from keymanager.views.programs import for_programs

log = logging.getLogger(__name__)

ANSWERS = {"approve": device_codes.approve, "deny": device_codes.deny}


@for_programs
@require_POST
def device_authorization(request: HttpRequest) -> HttpResponse:
    """RFC 8628 3.1 and 3.2."""
    try:
        received = wire.of_body(request)
        client = client_authentication.authenticate(request, received)
        if not client.has_grant_type(device_codes.GRANT_TYPE):
            raise errors.UnauthorizedClient(detail="the device grant is not ticked for this key set")
        codes = device_codes.issue(client, received)
    except errors.OAuthError as error:
        return refused(request, error)
    return as_json(codes)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def device(request: HttpRequest) -> HttpResponse:
    """RFC 8628 3.3: the code, then who asks for what, then the answer. A code in the address is only filled in
    (3.3.1): nobody approves by following a link."""
    form = UserCodeForm(
        request.POST if request.method == "POST" else None,
        initial={"user_code": device_codes.shown(request.GET.get("user_code", ""))},
        user=cast(User, request.user),
    )
    if not form.is_valid():
        return render(request, "keymanager/device.html", {"form": form}, status=429 if form.is_throttled else 200)
    if request.POST.get("decision") not in ANSWERS:
        return confirm_page(request, form.cleaned_data["user_code"])
    return decide(request, form)


def confirm_page(request: HttpRequest, row: DeviceGrant) -> HttpResponse:
    """RFC 8628 5.4: the code is shown again, to be compared with the device that one has in hand."""
    context = {
        "client": row.client,
        "user_code": device_codes.shown(request.POST["user_code"]),
        "scopes": scopes.described(row.scope.split()),
        "resources": row.resources,
        "details": authorization_details.in_words(row.authorization_details),
    }
    return framing.may_picture(render(request, "keymanager/device_confirm.html", context), row.client.logo)


def decide(request: HttpRequest, form: UserCodeForm) -> HttpResponse:
    """One answer a device: of two clicks at once one finds it answered."""
    row, decision, session = form.cleaned_data["user_code"], request.POST["decision"], login.browser_session(request)
    if session is None or not ANSWERS[decision](row, session):
        form.add_error("user_code", "This code was used already.")
        return render(request, "keymanager/device.html", {"form": form})
    log.info("device of %s: %s", row.client.client_id, decision)
    return render(request, "keymanager/device_done.html", {"client": row.client, "approved": decision == "approve"})


@require_safe
def qr(request: HttpRequest) -> HttpResponse:
    """RFC 8628 3.3.1: `verification_uri_complete` as a picture, for a device to show. Says nothing about whether such
    a code exists."""
    import qrcode
    from qrcode.image.svg import SvgPathFillImage

    code = device_codes.plain(request.GET.get("user_code", ""))
    if not device_codes.USER_CODE.match(code):
        raise Http404("no user code")
    picture = qrcode.make(device_codes.verification_uri(code), image_factory=SvgPathFillImage)
    return HttpResponse(picture.to_string(), content_type="image/svg+xml", headers=NO_STORE)
