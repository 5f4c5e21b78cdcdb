from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client as Browser

from keymanager.models import Authorization, RefreshToken
from tests.keymanager.conftest import Registered
from tests.keymanager.test_device_code import GRANT_TYPE, asked, enter, poll
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.mark.rfc("8628#3.4")
def test_of_many_uses_of_one_device_code_one_wins(bobs_browser: Browser, register: Callable[..., Registered]) -> None:
    registered = register(public=True, grant_types=[GRANT_TYPE, "refresh_token"])
    codes = asked(registered)
    enter(bobs_browser, codes["user_code"], "approve")

    answers = at_once(8, lambda: poll(registered, codes))

    assert sorted(answer.status_code for answer in answers) == [200] + 7 * [400]
    assert {answer.json()["error"] for answer in answers if answer.status_code == 400} == {"invalid_grant"}
    assert (Authorization.objects.count(), RefreshToken.objects.count()) == (1, 1)
