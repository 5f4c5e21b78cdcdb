"""An administrator gives a local account to somebody who signs in on another server."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from accounts import linked_accounts
from accounts.models import User
from tests.races import at_once

ISSUER = "https://login.example"


def test_the_next_sign_in_is_that_account(alice: User) -> None:
    call_command("link_account", "alice", "alice-there", "--issuer", ISSUER)

    assert linked_accounts.find_or_create(ISSUER, "alice-there", {}).user == alice


def test_a_subject_has_one_account(alice: User, bob: User) -> None:
    call_command("link_account", "alice", "alice-there", "--issuer", ISSUER)

    with pytest.raises(CommandError, match="has an account here already"):
        call_command("link_account", "bob", "alice-there", "--issuer", ISSUER)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [(("nobody", "x", "--issuer", ISSUER), "There is no account nobody"), (("alice", "x"), "Name the issuer")],
)
def test_what_cannot_be_linked_is_said(alice: User, words: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("link_account", *words)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_first_sign_ins_at_once_get_one_account() -> None:
    accounts = at_once(4, lambda: linked_accounts.find_or_create(ISSUER, "x", {"preferred_username": "Bob"}))

    assert len({account.pk for account in accounts}) == 1
    assert User.objects.filter(username__istartswith="bob").count() == 1


def test_names_are_unique_whatever_their_case(bob: User) -> None:
    made = linked_accounts.find_or_create(ISSUER, "x", {"preferred_username": "BOB"})

    assert made.user.username == "BOB-2"
