"""Keys that rotate by themselves, seen over HTTP by clients that keep copies of the JWKS."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import jwt
import pytest
import time_machine
from django.core.management import call_command
from django.test import Client as Browser
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from keymanager import oidc, signing, signing_keys, tokens
from keymanager.models import SigningKey
from tests.keymanager.conftest import Registered, code_for, exchange, post_token
from tests.races import at_once

pytestmark = pytest.mark.django_db
DAY = 24 * 3600
LIFETIME, LEAD = 90 * DAY, DAY
Later = Callable[[int], None]


@pytest.fixture
def later() -> Iterator[Later]:
    """Moves the clock to so many seconds after the first keys were made; nothing read before is remembered."""
    with time_machine.travel(int(time.time()), tick=False) as traveller:
        start = time.time()
        rotate_keys()

        def move(seconds: int) -> None:
            traveller.move_to(start + seconds)
            signing.forget()

        yield move


def jwks() -> list[dict[str, Any]]:
    keys: list[dict[str, Any]] = Browser().get("/oauth2/jwks").json()["keys"]
    return keys


def published(algorithm: str = "ES256") -> list[str]:
    return [key["kid"] for key in jwks() if key["alg"] == algorithm]


def access_token(registered: Registered, **parameters: str) -> str:
    token: str = post_token(registered, grant_type="client_credentials", **parameters).json()["access_token"]
    return token


def kid_of(token: str) -> str:
    kid: str = jwt.get_unverified_header(token)["kid"]
    return kid


def verifies(token: str, copy: list[dict[str, Any]]) -> bool:
    """Whether a client that has this copy of the JWKS accepts the token."""
    found = [jwt.PyJWK(key) for key in copy if key["kid"] == kid_of(token)]
    return bool(found) and bool(jwt.decode(token, found[0], algorithms=["ES256"], audience="https://localhost:8243"))


def rotate_keys(*words: str) -> str:
    output = StringIO()
    call_command("rotate_keys", *words, stdout=output)
    return output.getvalue()


def test_the_first_key_signs_at_once(printer: Registered) -> None:
    token = access_token(printer)

    assert published() == [kid_of(token)]
    assert len(published("RS256")) == 1


def test_nothing_changes_before_the_lead(printer: Registered, later: Later) -> None:
    before = jwks()

    later(LIFETIME - LEAD - 1)

    assert jwks() == before


def test_within_the_lead_the_next_key_is_published_and_does_not_sign(printer: Registered, later: Later) -> None:
    first = published()

    later(LIFETIME - LEAD)

    assert published()[:1] == first
    assert len(published()) == 2
    assert kid_of(access_token(printer)) == first[0]


def test_when_its_time_comes_the_next_key_signs_and_old_tokens_stay_good(printer: Registered, later: Later) -> None:
    later(LIFETIME - LEAD)
    old, new = published()
    later(LIFETIME - 1)
    token = access_token(printer)

    later(LIFETIME)

    assert published() == [new, old]
    assert kid_of(access_token(printer)) == new
    assert kid_of(token) == old
    assert tokens.find(token) is not None


def test_a_client_with_an_old_copy_of_the_jwks_verifies_throughout(printer: Registered, later: Later) -> None:
    later(LIFETIME - LEAD)
    copy = jwks()
    later(LIFETIME - 1)
    before = access_token(printer)

    later(LIFETIME)
    after = access_token(printer)

    assert kid_of(before) != kid_of(after)
    assert all(verifies(token, keys) for token in (before, after) for keys in (copy, jwks()))


def test_a_retired_key_goes_when_its_last_token_has_expired(printer: Registered, later: Later) -> None:
    later(LIFETIME - LEAD)
    old, new = published()
    later(LIFETIME)
    published()

    later(LIFETIME + 3600)
    assert published() == [new, old]
    later(LIFETIME + 3600 + 121)

    assert published() == [new]
    assert not SigningKey.objects.filter(kid=old).exists()


def test_a_retired_key_waits_for_the_longest_token_it_signed(printer: Registered, later: Later) -> None:
    token = access_token(printer, validity_period=str(200 * DAY))
    later(LIFETIME - LEAD)
    published()
    later(LIFETIME)
    published()

    later(200 * DAY - 1)
    assert tokens.find(token) is not None
    later(LIFETIME + 200 * DAY + 121)

    assert kid_of(token) not in published()


def test_a_portal_that_slept_too_long_still_publishes_before_it_signs(printer: Registered, later: Later) -> None:
    first = kid_of(access_token(printer))

    later(2 * LIFETIME)
    assert kid_of(access_token(printer)) == first
    later(2 * LIFETIME + LEAD)

    assert kid_of(access_token(printer)) != first


def test_over_a_year_few_keys_are_kept(later: Later) -> None:
    seen = set()
    for day in range(0, 365, 10):
        later(day * DAY)
        seen.add(published()[0])

    assert len(seen) == 4
    assert SigningKey.objects.filter(algorithm="ES256").count() <= 2


@pytest.mark.parametrize(("lead", "age"), [(60, 15), (120, 30), (DAY, 60)])
@pytest.mark.rfc("9111#5.2.2.1")
def test_a_copy_of_the_jwks_is_fresh_for_much_less_than_the_lead(
    db: None, settings: Settings, lead: int, age: int
) -> None:
    settings.SIGNING_KEY_LEAD = lead

    assert Browser().get("/oauth2/jwks")["Cache-Control"] == f"public, max-age={age}"


@pytest.mark.rfc("7518#6.3.1")
def test_an_rsa_key_is_published_without_its_private_half(db: None) -> None:
    key = next(key for key in jwks() if key["alg"] == "RS256")

    assert set(key) == {"kty", "n", "e", "kid", "alg", "use"}
    assert jwt.PyJWK(key).key.key_size == 2048


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
@pytest.mark.rfc("oidc-core#2")
def test_an_id_token_is_signed_as_its_client_asked(
    bobs_browser: Browser, register: Callable[..., Registered], algorithm: str
) -> None:
    registered = register(id_token_signed_response_alg=algorithm)
    answer = exchange(registered, code_for(bobs_browser, registered, scope="openid")).json()

    key = next(jwt.PyJWK(key) for key in jwks() if key["kid"] == kid_of(answer["id_token"]))
    claims = jwt.decode(answer["id_token"], key, algorithms=[algorithm], audience=registered.id)

    assert claims["at_hash"] == oidc.half_hash(answer["access_token"])
    assert jwt.get_unverified_header(answer["access_token"])["alg"] == "ES256"


@pytest.mark.rfc("8725#3.1")
def test_an_rsa_key_verifies_no_access_token(printer: Registered) -> None:
    claims = jwt.decode(access_token(printer), options={"verify_signature": False})
    rsa = signing.keys("RS256")
    header = {"typ": "at+jwt", "kid": rsa.kid}

    assert tokens.find(jwt.encode(claims, rsa.private_key, algorithm="RS256", headers=header)) is None


@pytest.mark.rfc("oidc-discovery#3")
def test_the_metadata_names_both_algorithms(db: None) -> None:
    document = Browser().get("/.well-known/openid-configuration").json()

    assert document["id_token_signing_alg_values_supported"] == ["ES256", "RS256"]


def test_the_emergency_withdraws_every_older_key_and_their_tokens_die(printer: Registered, later: Later) -> None:
    later(LIFETIME - LEAD)
    older = published() + published("RS256")
    token = access_token(printer)

    said = rotate_keys("--emergency")

    assert not {key["kid"] for key in jwks()} & set(older)
    assert tokens.find(token) is None
    assert tokens.find(access_token(printer)) is not None
    assert "signs at once" in said
    assert "is dead from now on" in said
    assert all(f"{kid} is withdrawn" in said for kid in older)


def test_after_an_emergency_the_calendar_begins_anew(printer: Registered, later: Later) -> None:
    later(LIFETIME - LEAD)
    rotate_keys("--emergency")
    new = published()

    later(2 * LIFETIME - 2 * LEAD - 1)
    assert published() == new
    later(2 * LIFETIME - 2 * LEAD)

    assert len(published()) == 2


def test_the_command_tells_what_it_did_and_twice_is_once(db: None, later: Later) -> None:
    assert rotate_keys() == "ES256: nothing is due.\nRS256: nothing is due.\n"
    later(LIFETIME - LEAD)
    assert rotate_keys().count("is new and published.") == 2
    later(LIFETIME)
    assert rotate_keys().count("is retired") == 2
    later(LIFETIME + DAY)
    assert rotate_keys().count("is removed") == 2


def test_while_the_keys_are_held_signing_costs_no_statement(
    printer: Registered, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    claims = {"iat": 0, "exp": 3600}
    for algorithm in ("ES256", "RS256"):
        signing.sign(claims, typ="JWT", algorithm=algorithm)

    with django_assert_num_queries(0):
        signing.sign(claims, typ="JWT")
        signing.sign(claims, typ="JWT", algorithm="RS256")


def test_to_look_at_the_keys_again_costs_one_statement(
    printer: Registered, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    signing.keys("RS256")

    with django_assert_num_queries(1):
        signing.read("RS256")


def test_a_private_key_is_loaded_once_however_often_the_keys_are_looked_at(db: None) -> None:
    first = signing.read("RS256")

    assert signing.read("RS256").private_key is first.private_key


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_many_first_starts_at_once_make_one_key(algorithm: str) -> None:
    kids = at_once(6, lambda: signing.read(algorithm).kid)

    assert len(set(kids)) == 1
    assert SigningKey.objects.filter(algorithm=algorithm).count() == 1


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_many_rotations_at_once_make_one_key(later: Later) -> None:
    later(LIFETIME - LEAD)

    changes = at_once(6, lambda: signing_keys.rotate("ES256"))

    assert sum(len(change.made) for change in changes) == 1
    assert SigningKey.objects.filter(algorithm="ES256").count() == 2


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_of_emergencies_at_once_one_key_is_left() -> None:
    signing.read()

    at_once(4, lambda: signing_keys.replace_at_once("ES256"))

    assert SigningKey.objects.count() == 1
