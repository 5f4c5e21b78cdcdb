from __future__ import annotations

from django.http import HttpRequest, QueryDict


def bound(request: HttpRequest) -> QueryDict | None:
    """What a form is made from: the sent data, empty or not, of a POST; nothing otherwise."""
    return request.POST if request.method == "POST" else None
