"""The sign-out page at the key manager's door."""

from __future__ import annotations

from typing import Any

from allauth.account.views import LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache

from keymanager import signing_out
from keymanager.sign_in_elsewhere import departures
from keymanager.views.logout import signed_out


class SignOut(LogoutView):  # type: ignore[misc]
    """allauth's page; the clients of the session are told."""

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        location = departures.after_sign_out(self.get_redirect_url())
        frames = signing_out.sign_out(self.request, show_message=True)
        if frames or not location:
            return signed_out(self.request, frames, location)
        return redirect(departures.way_out(self.request, location))


@never_cache
def sign_out(request: HttpRequest) -> HttpResponse:
    page: HttpResponse = SignOut.as_view()(request)
    return page
