"""One proof used by many at once. Real threads, real transactions; the database decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser

from keymanager.models import AccessToken
from tests.keymanager.conftest import Registered, basic
from tests.keymanager.proofs import Holder
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.mark.rfc("9449#11.1")
def test_of_many_uses_of_one_proof_one_wins(register: Callable[..., Registered]) -> None:
    registered = register(access_token_format="OPAQUE")
    headers = basic(registered) | {"DPoP": Holder().proof()}

    def use() -> Any:
        return Browser().post("/oauth2/token", {"grant_type": "client_credentials"}, headers=headers)

    assert Counter(answer.status_code for answer in at_once(8, use)) == {200: 1, 400: 7}
    assert AccessToken.objects.count() == 1
