"""Whether it is long ago that the person in this session proved who they are."""

from __future__ import annotations

import time

from allauth.account.internal.flows.login import get_authentication_records
from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.http import HttpRequest


def demand(request: HttpRequest) -> None:
    """Goes on, or interrupts the view: the person is asked who they are, and then the same request is made again with
    what it carried (allauth's middleware sees to it)."""
    if is_due(request):
        raise ReauthenticationRequired


def is_due(request: HttpRequest) -> bool:
    """Before secrets are shown or changed. Signing in counts, too: who just did is not asked twice."""
    records = get_authentication_records(request, request.user)
    last = max((record["at"] for record in records), default=0)
    return bool(time.time() - last > settings.ACCOUNT_REAUTHENTICATION_TIMEOUT)
