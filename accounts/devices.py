"""Signed-in devices: each session that somebody signed in to, where it was last seen, and ending it.

A line is written at sign-in, and anew at most every five minutes by a request that uses the session anyway; the mark in
the session says when, so the other requests cost nothing. allauth's usersessions writes at each request, and looks at
every session of a person at each sign-in.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.deprecation import MiddlewareMixin
from django.utils.module_loading import import_string

from accounts import realms
from accounts.models import Device, User

MARK = "device"
STEP = 300  # seconds
BROWSERS = [
    ("Edge", r"Edg(e|A|iOS)?/"),
    ("Opera", r"OPR/|Opera"),
    ("Samsung Internet", r"SamsungBrowser/"),
    ("Firefox", r"Firefox/|FxiOS/"),
    ("Chrome", r"Chrome/|Chromium/|CriOS/"),
    ("Safari", r"Safari/"),
    ("curl", r"^curl/"),
]
SYSTEMS = [
    ("Android", r"Android"),
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Windows", r"Windows"),
    ("macOS", r"Mac OS X|Macintosh"),
    ("ChromeOS", r"CrOS"),
    ("Linux", r"Linux"),
]


def arrive(request: HttpRequest, user: User) -> None:
    """Somebody signed in, or the session of somebody who did got a new key, or five minutes have passed."""
    key = request.session.session_key or ""
    seen = {"address": get_adapter(request).get_client_ip(request), "last_seen_at": timezone.now()}
    seen["user_agent"] = request.headers.get("User-Agent", "").replace("\x00", "")[:300]
    request.session[MARK] = {"key": key, "at": time.time()}
    if Device.objects.filter(session_id=key, user=user).update(**seen):
        return
    try:
        with transaction.atomic():
            Device.objects.create(session_id=key, user=user, at_key_manager=realms.is_keymanager(request), **seen)
    except IntegrityError:
        # Ended meanwhile, or another request of the same browser was quicker: either way there is nothing to add.
        return


class DeviceMiddleware(MiddlewareMixin):
    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        # Looking at a session that the view left alone would cost a statement.
        if request.session.accessed and (mark := request.session.get(MARK)):
            moved = mark["key"] != request.session.session_key
            if (moved or time.time() - mark["at"] > STEP) and isinstance(request.user, User):
                arrive(request, request.user)
        return response


def of(user: User) -> Iterable[Device]:
    """The last seen first."""
    return Device.objects.filter(user=user, session__expire_date__gt=timezone.now()).order_by("-last_seen_at", "-pk")


def is_this(request: HttpRequest, user: User, device_id: int) -> bool:
    return Device.objects.filter(user=user, pk=device_id, session_id=request.session.session_key).exists()


def end(user: User, device_id: int) -> bool:
    """Whether there was such a device of this person's."""
    return end_sessions(user, Session.objects.filter(device__user=user, device=device_id)) > 0


def end_others(user: User, current: str | None) -> int:
    """Every session of this person's but the current one; how many there were."""
    others = Device.objects.filter(user=user).exclude(session_id=current)
    return end_sessions(user, Session.objects.filter(device__in=others))


@transaction.atomic
def end_sessions(user: User, rows: QuerySet[Session]) -> int:
    """How many there were. What else hangs on each (settings.SESSION_ENDS) ends in the same transaction."""
    ended = list(rows)
    for row in ended:
        import_string(settings.SESSION_ENDS)(user, row.get_decoded())
    Session.objects.filter(pk__in=[row.pk for row in ended]).delete()
    return len(ended)


def named(user_agent: str) -> str:
    """In two words, for the person to know it again: "Firefox on Linux"."""
    browser = next((name for name, pattern in BROWSERS if re.search(pattern, user_agent)), "Unknown browser")
    system = next((name for name, pattern in SYSTEMS if re.search(pattern, user_agent)), "")
    return f"{browser} on {system}" if system else browser
