"""The portal's own door, as strangers find it; what stands between it and Django: tests/apimanager/test_door.py."""

from __future__ import annotations

import http.client
import os
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests.gateway.conftest import Live
from tests.gateway.parts import REPOSITORY, trust

FORM = "application/x-www-form-urlencoded"
TOO_LARGE = settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1


def asked(
    live: Live, method: str, path: str, body: bytes = b"", **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    context = trust(live.portal.var / "tls" / "ca.pem")
    connection = http.client.HTTPSConnection("localhost", live.portal.port, timeout=20, context=context)
    try:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body or None, names)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def test_a_static_file_is_whole(live: Live) -> None:
    response, content = asked(live, "GET", "/static/portal/portal.css")

    assert response.status == 200
    assert content == (REPOSITORY / "static/portal/portal.css").read_bytes()


def test_a_page_s_head_has_its_length_alone(live: Live) -> None:
    response, content = asked(live, "HEAD", "/accounts/login/")
    page = asked(live, "GET", "/accounts/login/")[1]

    assert (response.status, content) == (200, b"")
    assert response.headers["Content-Length"] == str(len(page))


@pytest.mark.parametrize("length", [TOO_LARGE, TOO_LARGE + 1_000_000])
def test_a_body_that_is_too_large_is_refused(live: Live, length: int) -> None:
    """No more is sent than is read: a connection that is closed with something unread is reset, and the answer may be
    lost."""
    form = b"grant_type=" + b"x" * (TOO_LARGE - len("grant_type="))

    response, content = asked(live, "POST", "/oauth2/token", form, Content_Type=FORM, Content_Length=str(length))

    assert response.status == 413
    assert b"invalid_request" in content


@pytest.mark.skipif(sys.platform != "linux", reason="scheduling policies are Linux's")
def test_no_thread_of_the_portal_interrupts_another(live: Live) -> None:
    assert live.portal.process
    server = live.portal.process.pid
    workers = Path(f"/proc/{server}/task/{server}/children").read_text().split()

    policies = {
        os.sched_getscheduler(int(thread.name)) for pid in workers for thread in Path(f"/proc/{pid}/task").iterdir()
    }

    assert policies == {os.SCHED_BATCH}
