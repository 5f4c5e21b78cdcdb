"""The grant urn:ietf:params:oauth:grant-type:jwt-bearer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client as Browser

from accounts.models import User
from keymanager import tokens, trusted_issuers
from keymanager.assertion_models import TrustedIssuer
from keymanager.models import Authorization, TokenHolder
from tests.keymanager.conftest import ALL, Registered, post_token
from tests.keymanager.keys import claims, pair

pytestmark = pytest.mark.django_db
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ISSUER = "https://people.example"
NOW = int(time.time())
INVALID_GRANT = {"error": "invalid_grant", "error_description": "Provided Authorization Grant is invalid"}


@pytest.fixture
def scanner(register: Callable[..., Registered]) -> Registered:
    return register(grant_types=[*ALL, GRANT_TYPE])


@pytest.fixture
def issuer(scanner: Registered) -> TrustedIssuer:
    return trusted_issuers.trust(issuer=ISSUER, clients=[scanner.client], jwks=pair().jwks)


def assertion(user: User, **changes: Any) -> str:
    return pair().sign(claims(ISSUER, **{"sub": str(user.subject), **changes}))


def post(registered: Registered, text: str, **parameters: str) -> Any:
    return post_token(registered, grant_type=GRANT_TYPE, assertion=text, **parameters)


@pytest.mark.rfc("7523#2.1")
def test_an_assertion_of_a_trusted_issuer_is_a_grant(scanner: Registered, issuer: TrustedIssuer, bob: User) -> None:
    answer = post(scanner, assertion(bob), scope="photos:read photos:delete").json()

    bearer = tokens.find(answer["access_token"])
    assert bearer is not None
    assert (bearer.user, bearer.scope) == (bob, "photos:read")
    assert Authorization.objects.get().grant_type == GRANT_TYPE
    assert TokenHolder.objects.get().user == bob


@pytest.mark.rfc("7523#3")
@pytest.mark.parametrize("audience", ["https://localhost:9443/oauth2/token", "https://localhost:8243/token"])
def test_an_assertion_may_be_for_the_token_endpoint(
    scanner: Registered, issuer: TrustedIssuer, bob: User, audience: str
) -> None:
    assert post(scanner, assertion(bob, aud=audience)).status_code == 200


@pytest.mark.rfc("7521#4.1")
def test_there_is_no_refresh_token(scanner: Registered, issuer: TrustedIssuer, bob: User) -> None:
    answer = post(scanner, assertion(bob), scope="openid").json()

    assert set(answer) == {"access_token", "expires_in", "scope", "token_type"}


@pytest.mark.rfc("7523#3.1")
@pytest.mark.parametrize(
    "changes",
    [
        *({"aud": aud} for aud in ("https://evil.example", None, [ISSUER], ["https://localhost:9443", "x"])),
        *({"exp": exp} for exp in (None, NOW - 1, NOW + 9000, "x")),
        *({"sub": sub} for sub in (None, "bob", 1, "\x00", "{00000000-0000-0000-0000-000000000000}")),
        *({"iss": iss} for iss in (None, "https://other.example", 1, "\x00")),
        *({"jti": None}, {"iat": NOW + 3000}, {"nbf": NOW + 3000}),
    ],
)
def test_whatever_is_wrong_with_it_is_invalid_grant(
    scanner: Registered, issuer: TrustedIssuer, bob: User, changes: dict[str, Any]
) -> None:
    response = post(scanner, pair().sign(claims(ISSUER, **{"sub": str(bob.subject)} | changes)))

    assert (response.status_code, response.json()) == (400, INVALID_GRANT)
    assert not Authorization.objects.exists()


@pytest.mark.parametrize("text", ["x", "a.b.c", "x" * 20000, "é.é.é"])
def test_what_is_no_token_is_invalid_grant(scanner: Registered, issuer: TrustedIssuer, text: str) -> None:
    assert post(scanner, text).json() == INVALID_GRANT


def test_without_one_the_request_is_invalid(scanner: Registered) -> None:
    assert post_token(scanner, grant_type=GRANT_TYPE).json()["error"] == "invalid_request"


def test_another_key_is_refused(scanner: Registered, issuer: TrustedIssuer, bob: User) -> None:
    forged = pair("ES256", "forged").sign(claims(ISSUER, sub=str(bob.subject)), kid="one")

    assert post(scanner, forged).json() == INVALID_GRANT


def test_it_is_used_once(scanner: Registered, issuer: TrustedIssuer, bob: User) -> None:
    text = assertion(bob)

    assert post(scanner, text).status_code == 200
    assert post(scanner, text).json() == INVALID_GRANT


def test_only_clients_that_the_operator_named_may_use_it(
    scanner: Registered, issuer: TrustedIssuer, register: Callable[..., Registered], bob: User
) -> None:
    other, unticked = register(grant_types=[GRANT_TYPE]), register()
    issuer.clients.add(unticked.client)

    assert post(other, assertion(bob)).json() == INVALID_GRANT
    assert post(unticked, assertion(bob)).json()["error"] == "unauthorized_client"


def test_an_issuer_that_is_switched_off_is_not_believed(scanner: Registered, issuer: TrustedIssuer, bob: User) -> None:
    TrustedIssuer.objects.update(is_enabled=False)

    assert post(scanner, assertion(bob)).json() == INVALID_GRANT


def test_a_person_who_is_switched_off_gets_nothing(scanner: Registered, issuer: TrustedIssuer, bob: User) -> None:
    bob.is_active = False
    bob.save(update_fields=["is_active"])

    assert post(scanner, assertion(bob)).json() == INVALID_GRANT


def test_its_assertions_may_be_good_as_long_as_the_operator_said(
    scanner: Registered, issuer: TrustedIssuer, bob: User
) -> None:
    TrustedIssuer.objects.update(longest_lifetime=10)

    assert post(scanner, assertion(bob, exp=int(time.time()) + 120)).json() == INVALID_GRANT
    assert post(scanner, assertion(bob, exp=int(time.time()) + 10)).status_code == 200


def test_an_account_can_be_linked_to_a_name_elsewhere(scanner: Registered, bob: User, charlie: User) -> None:
    linked = TrustedIssuer.Accounts.LINKED
    issuer = trusted_issuers.trust(
        issuer=ISSUER, clients=[scanner.client], jwks=pair().jwks, accounts=linked, user_claim="email"
    )
    trusted_issuers.link(issuer, subject="robert@people.example", user=bob)

    answer = post(scanner, assertion(charlie, email="robert@people.example")).json()

    assert tokens.find(answer["access_token"]).user == bob  # type: ignore[union-attr]
    assert post(scanner, assertion(charlie, email="other@people.example")).json() == INVALID_GRANT
    assert post(scanner, assertion(charlie)).json() == INVALID_GRANT


def test_a_client_speaks_for_people_only_when_the_operator_registered_it(scanner: Registered, bob: User) -> None:
    text = pair().sign(claims(scanner.id, sub=str(bob.subject)))
    again = pair().sign(claims(scanner.id, sub=str(bob.subject)))

    assert post(scanner, text).json() == INVALID_GRANT
    trusted_issuers.trust(issuer=scanner.id, clients=[scanner.client], jwks=pair().jwks)

    assert post(scanner, again).status_code == 200


def test_the_command_trusts_and_forgets(scanner: Registered, bob: User, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "keys.json").write_text(json.dumps(pair().jwks))
    call_command(
        "trust_issuer", ISSUER, "--jwks", str(tmp_path / "keys.json"), "--client", scanner.id, "--link", "robert=bob"
    )

    assert post(scanner, assertion(bob, sub="robert")).status_code == 200
    call_command("trust_issuer", ISSUER, "--remove")

    assert post(scanner, assertion(bob, sub="robert")).json() == INVALID_GRANT


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--jwks-uri", "http://people.example/jwks"], "no jwks_uri"),
        (["--jwks-uri", "https://people.example/jwks", "--client", "nobody"], "No such client: nobody"),
        (["--jwks-uri", "https://people.example/jwks", "--link", "x=nobody"], "No such account: nobody"),
        (["--jwks-uri", "https://people.example/jwks", "--link", "bob"], "Write --link SUBJECT=USERNAME, not bob"),
        (["--jwks", "/nowhere"], "cannot be read"),
    ],
)
def test_the_command_says_what_cannot_be_used(db: None, options: list[str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("trust_issuer", ISSUER, *options)

    assert not TrustedIssuer.objects.exists()


def test_the_metadata_names_the_grant() -> None:
    assert GRANT_TYPE in Browser().get("/.well-known/openid-configuration").json()["grant_types_supported"]


@pytest.mark.parametrize(
    ("jwks", "jwks_uri", "is_kept"),
    [("", "https://people.example/jwks", True), ('{"keys": []}', "", True), ("", "", False), ("7", "", False)],
)
def test_an_operator_trusts_an_issuer_in_the_administration(
    admin_client: Browser, jwks: str, jwks_uri: str, is_kept: bool
) -> None:
    form = {"issuer": ISSUER, "jwks": jwks, "jwks_uri": jwks_uri, "user_claim": "sub", "accounts": "subject"}
    form |= {"longest_lifetime": "60", "is_enabled": "on", "created_at_0": "2026-01-01", "created_at_1": "12:00"}
    form |= {"subjects-TOTAL_FORMS": "0", "subjects-INITIAL_FORMS": "0"}

    response = admin_client.post("/admin/keymanager/trustedissuer/add/", form)

    assert response.status_code == (302 if is_kept else 200)
    assert TrustedIssuer.objects.exists() is is_kept
