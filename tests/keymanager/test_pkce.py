from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client as Browser

from tests.keymanager.conftest import VERIFIER, Registered, authorize, challenge, code_for, exchange, query_of

pytestmark = pytest.mark.django_db
PLAIN = {"code_challenge": VERIFIER, "code_challenge_method": "plain"}


@pytest.fixture
def old_printer(register: Callable[..., Registered]) -> Registered:
    """A confidential client that cannot hash."""
    return register(metadata={"allow_plain_code_challenge": True})


@pytest.mark.rfc("7636#4.3")
@pytest.mark.parametrize("method", ["plain", None])
def test_plain_is_for_clients_that_may(bobs_browser: Browser, old_printer: Registered, method: str | None) -> None:
    code = code_for(bobs_browser, old_printer, code_challenge=VERIFIER, code_challenge_method=method)

    wrong = exchange(old_printer, code, code_verifier=VERIFIER[::-1])

    assert wrong.json()["error_description"] == "PKCE validation failed"
    assert exchange(old_printer, code, code_verifier=VERIFIER).status_code == 200


@pytest.mark.rfc("7636#4.6")
def test_a_challenge_is_not_its_own_verifier(bobs_browser: Browser, old_printer: Registered) -> None:
    code = code_for(bobs_browser, old_printer, **challenge())

    assert exchange(old_printer, code, code_verifier=str(challenge()["code_challenge"])).status_code == 400
    assert exchange(old_printer, code, code_verifier=VERIFIER).status_code == 200


@pytest.mark.rfc("7636#4.6")
def test_a_plain_challenge_is_not_dropped(bobs_browser: Browser, old_printer: Registered) -> None:
    response = exchange(old_printer, code_for(bobs_browser, old_printer, **PLAIN))

    assert response.json()["error"] == "invalid_grant"
    assert response.json()["error_description"] == "Empty PKCE code_verifier sent."


@pytest.mark.rfc("7636#4.2")
@pytest.mark.parametrize("text", ["short", "x" * 129, "x" * 42 + " ", "x" * 42 + "é", "x" * 43 + "\n"])
def test_a_plain_challenge_has_the_form_of_a_verifier(
    bobs_browser: Browser, old_printer: Registered, text: str
) -> None:
    answer = query_of(authorize(bobs_browser, old_printer, code_challenge=text, code_challenge_method="plain"))

    assert answer["error"] == "invalid_request"


@pytest.mark.rfc("9700#2.1.1")
@pytest.mark.parametrize(
    "changes",
    [{"public": True}, {"metadata": {}}, {"metadata": {"security_profile": "oauth-2.1"}}],
)
def test_nobody_else_may_use_plain(
    bobs_browser: Browser, register: Callable[..., Registered], changes: dict[str, object]
) -> None:
    allowed = {"allow_plain_code_challenge": True}
    metadata = changes.get("metadata", allowed)
    registered = register(**changes | {"metadata": metadata and {**allowed, **metadata}})  # type: ignore[dict-item]

    assert query_of(authorize(bobs_browser, registered, **PLAIN))["error"] == "invalid_request"


@pytest.mark.rfc("7636#4.4.1")
@pytest.mark.parametrize("method", ["S512", "s256", "PLAIN", "S256 plain"])
def test_another_method_is_refused(bobs_browser: Browser, old_printer: Registered, method: str) -> None:
    answer = query_of(authorize(bobs_browser, old_printer, code_challenge=VERIFIER, code_challenge_method=method))

    assert answer["error"] == "invalid_request"
    assert answer["error_description"] == "Unsupported PKCE Challenge Method: only S256 is accepted."


@pytest.mark.rfc("9700#2.1.1")
def test_a_confidential_client_may_have_to(bobs_browser: Browser, register: Callable[..., Registered]) -> None:
    registered = register(require_pkce=True)

    assert "PKCE is mandatory" in query_of(authorize(bobs_browser, registered))["error_description"]
    assert exchange(registered, code_for(bobs_browser, registered, **challenge())).status_code == 400
