"""One pushed request, answered twice at once. Real threads, real transactions; the database decides."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from keymanager.models import AuthorizationCode
from tests.keymanager.conftest import Registered, authorize, decide
from tests.keymanager.test_pushed_requests import open_request, pushed
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.mark.rfc("9126#4")
def test_of_many_answers_at_once_one_goes_out(bobs_browser: Browser, printer: Registered) -> None:
    decide(bobs_browser, authorize(bobs_browser, printer), "approve_always")
    reference = pushed(printer)

    def come() -> int:
        browser = Browser()
        browser.cookies = bobs_browser.cookies
        return int(open_request(browser, printer, reference).status_code)

    assert sorted(at_once(4, come)) == [302, 400, 400, 400]
    assert AuthorizationCode.objects.count() == 2
