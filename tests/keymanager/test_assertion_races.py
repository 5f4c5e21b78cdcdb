"""One assertion many times at once: as a client's proof, and as a grant."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import User
from keymanager import trusted_issuers
from keymanager.assertion_models import AssertionUse
from keymanager.models import Authorization
from tests.keymanager.conftest import Registered, post_token
from tests.keymanager.keys import claims, pair
from tests.keymanager.test_client_assertions import post
from tests.keymanager.test_jwt_bearer import GRANT_TYPE, ISSUER
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
THREADS = 8


def test_of_many_uses_of_one_client_assertion_one_gets_in(register: Callable[..., Registered]) -> None:
    scanner = register(metadata={"token_endpoint_auth_method": "private_key_jwt", "jwks": pair().jwks})
    assertion = pair().sign(claims(scanner.id))

    answers = at_once(THREADS, lambda: post(assertion))

    assert sorted(answer.status_code for answer in answers) == [200] + [401] * (THREADS - 1)


def test_of_many_uses_of_one_grant_one_wins(register: Callable[..., Registered], bob: User) -> None:
    scanner = register(grant_types=[GRANT_TYPE])
    trusted_issuers.trust(issuer=ISSUER, clients=[scanner.client], jwks=pair().jwks)
    assertion = pair().sign(claims(ISSUER, sub=str(bob.subject)))

    answers = at_once(THREADS, lambda: post_token(scanner, grant_type=GRANT_TYPE, assertion=assertion))

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * (THREADS - 1)
    assert (Authorization.objects.count(), AssertionUse.objects.count()) == (1, 1)
