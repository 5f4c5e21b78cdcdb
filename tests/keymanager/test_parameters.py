"""The parameters of a form are what Django reads from it, whichever way they were read."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest
from hypothesis import given, strategies as st

from keymanager import errors, parameters
from tests.keymanager import hostile

PIECES = st.sampled_from(
    ["token", "scope", "resource", "=", "=", "&", "&", "+", "%20", "%00", "%C3%A9", "%FF", "%", "a", "é", ";", "%26"]
)


def request_with(body: bytes, content_type: str = parameters.FORM) -> HttpRequest:
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/oauth2/token",
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
    }
    return WSGIRequest(environ)


def outcome(read: Callable[[], dict[str, str]]) -> object:
    try:
        return read()
    except errors.InvalidRequest as fault:
        return fault.detail


def both_ways(body: bytes) -> tuple[object, object]:
    ours, django = request_with(body), request_with(body)
    return outcome(lambda: parameters.of_body(ours)), outcome(lambda: parameters.single_valued(django.POST))


@given(body=st.lists(PIECES, max_size=12).map("".join))
@hostile.examples(200)
def test_an_ordinary_form_says_what_django_reads(body: str) -> None:
    ours, django = both_ways(body.encode())

    assert ours == django


@pytest.mark.parametrize("body", [b"token=\xff", b"token=a&token=b", b"token=&token=b", b"resource=a&resource=b", b""])
def test_so_does_one_that_is_not(body: bytes) -> None:
    ours, django = both_ways(body)

    assert ours == django


def test_a_form_may_say_that_it_is_in_utf_8() -> None:
    request = request_with(b"token=%C3%A9", f"{parameters.FORM}; charset=UTF-8")

    assert parameters.of_body(request) == {"token": "é"}
