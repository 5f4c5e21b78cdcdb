"""Two doors, two sessions.

A developer signed in at the store must still be asked who they are at the key manager: the page this project implements
signs in again there, often as somebody else. So requests below /oauth2/ use a session cookie of their own and account
pages of their own; everything else is the store's.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse

KEYMANAGER_PREFIX = "/oauth2/"


def is_keymanager(request: HttpRequest) -> bool:
    return request.path_info.startswith(KEYMANAGER_PREFIX)


def portal() -> str:
    """The host, with its port, that people know both doors by, whichever name a request came by."""
    return urlsplit(settings.PORTAL_URL).netloc


class RealmMiddleware(SessionMiddleware):
    """Django's session middleware, with the key manager's cookie standing in for the store's below /oauth2/."""

    def process_request(self, request: HttpRequest) -> None:
        if is_keymanager(request):
            request.urlconf = "apimanager.urls_keymanager"
            request.COOKIES.pop(settings.SESSION_COOKIE_NAME, None)
            if key := request.COOKIES.get(settings.KEYMANAGER_SESSION_COOKIE_NAME):
                request.COOKIES[settings.SESSION_COOKIE_NAME] = key
        super().process_request(request)

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        response = super().process_response(request, response)
        if is_keymanager(request) and settings.SESSION_COOKIE_NAME in response.cookies:
            morsel = response.cookies.pop(settings.SESSION_COOKIE_NAME)
            name = settings.KEYMANAGER_SESSION_COOKIE_NAME
            response.cookies[name] = morsel.value
            response.cookies[name].update(morsel)
        return response
