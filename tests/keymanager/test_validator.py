"""The toolkit's own protection of a resource accepts our tokens, and only those."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from oauth2_provider.decorators import protected_resource

from keymanager.validator import Validator
from tests.keymanager.conftest import Registered, post_token

pytestmark = pytest.mark.django_db


@protected_resource(scopes=["photos:read"], validator_cls=Validator)  # type: ignore[untyped-decorator]
def resource(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


def call(token: str) -> Any:
    return resource(RequestFactory().get("/", headers={"Authorization": f"Bearer {token}"}))


def test_a_live_token_with_the_scope_passes(printer: Registered) -> None:
    token = post_token(printer, grant_type="client_credentials", scope="photos:read").json()["access_token"]

    assert call(token).status_code == 200


def test_a_token_without_the_scope_does_not(printer: Registered) -> None:
    token = post_token(printer, grant_type="client_credentials", scope="photos:write").json()["access_token"]

    assert call(token).status_code == 403


@pytest.mark.parametrize("token", ["nonsense", "a.b.c"])
def test_anything_else_does_not(db: None, token: str) -> None:
    assert call(token).status_code in {401, 403}
