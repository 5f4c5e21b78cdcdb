"""Signing out on a client's wish, and the frame by which clients notice that somebody has signed out."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.encoding import iri_to_uri
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from keymanager import errors, framing, login, parameters as wire, signing_out
from keymanager.sign_in_elsewhere import departures
from keymanager.views.answers import error_page

WAIT_SECONDS = 3
TITLE = "You cannot be signed out this way"


@csrf_exempt  # Without an ID token of this very session the person is asked, by a form that is protected.
@never_cache
@require_http_methods(["GET", "POST"])
def logout(request: HttpRequest) -> HttpResponse:
    """RP-Initiated Logout 1.0 2: "OpenID Providers MUST support the use of the HTTP GET and POST methods"."""
    try:
        received = wire.single_valued(request.POST if request.method == "POST" else request.GET)
        wish = signing_out.check(received)
    except errors.OAuthError as error:
        return error_page(request, error, {}, title=TITLE)
    if request.method == "POST" and settings.SESSION_COOKIE_NAME not in request.COOKIES:
        # Another site's form brings no SameSite=Lax cookie along; what it leads to does.
        return see_other(f"{reverse('keymanager:logout')}?{urlencode(received)}")
    session = login.browser_session(request)
    if session is not None and not wish.is_of(session):
        return render(request, "keymanager/sign_out.html", {"client": wish.client, "wish": wish})
    return signed_out(request, signing_out.sign_out(request), wish.location)


@never_cache
@require_POST
def confirmed(request: HttpRequest) -> HttpResponse:
    """The person said yes."""
    try:
        wish = signing_out.check(wire.single_valued(request.POST))
    except errors.OAuthError as error:
        return error_page(request, error, {}, title=TITLE)
    return signed_out(request, signing_out.sign_out(request), wish.location)


def signed_out(request: HttpRequest, frames: list[str], location: str) -> HttpResponse:
    """On to `location`; first through a page that opens `frames` (Front-Channel Logout 1.0 3), if there are any."""
    location = departures.way_out(request, location)
    if location and not frames:
        return see_other(location)
    page = render(request, "keymanager/signed_out.html", {"frames": frames, "location": location})
    if location:
        # What goes on without JavaScript; with it the page goes on as soon as the frames have loaded.
        page.headers["Refresh"] = f"{WAIT_SECONDS};url={iri_to_uri(location)}"
    return framing.may_show(page, frames) if frames else page


def see_other(location: str) -> HttpResponse:
    """Not HttpResponseRedirect: a native client's own scheme (RFC 8252 7.1) is allowed, it was registered. 303 makes a
    GET of a POST."""
    return HttpResponse(status=303, headers={"Location": iri_to_uri(location), "Cache-Control": "no-store"})


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def original(request: HttpRequest) -> HttpResponse:
    """Where the original has it; at the key manager's own door is the session (accounts/realms.py)."""
    query = request.META.get("QUERY_STRING", "")
    location = reverse("keymanager:logout") + (f"?{query}" if query else "")
    return HttpResponse(status=307, headers={"Location": location, "Cache-Control": "no-store"})


@require_safe
def check_session(request: HttpRequest) -> HttpResponse:
    """Session Management 1.0 3.2: the OP's frame. It is the same for everybody; the script reads the cookie."""
    page = framing.may_be_framed(render(request, "keymanager/check_session.html"))
    page.headers["Cache-Control"] = "public, max-age=300"
    return page
