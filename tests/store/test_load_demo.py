from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from accounts.details_form import DetailsForm
from accounts.models import PersonalDetails, User
from keymanager import personal_claims, scopes
from store.models import Api

DEFINITION = str(Path(__file__).parent / "photoshare.json")


def load(definition: str = DEFINITION) -> None:
    call_command("load_demo", "--definition", definition, verbosity=0)


def test_it_makes_the_cast(db: None) -> None:
    load()

    assert sorted(User.objects.filter(is_demo=True).values_list("username", flat=True)) == [
        "admin", "alice", "bob", "charlie",
    ]  # fmt: skip
    assert User.objects.get(username="admin").is_superuser
    assert not User.objects.get(username="alice").is_staff
    assert User.objects.get(username="bob").check_password("bob")


def test_bob_has_something_to_tell_for_every_standard_claim(db: None) -> None:
    load()

    told = personal_claims.values(User.objects.get(username="bob"), set(personal_claims.ALL))

    assert set(told) == set(personal_claims.ALL)


def test_bob_s_details_could_have_been_typed(db: None) -> None:
    load()
    row = PersonalDetails.objects.get(user__username="bob")

    form = DetailsForm({field: getattr(row, field, "") for field in DetailsForm.base_fields}, instance=row)

    assert form.is_valid(), form.errors


def test_it_publishes_photoshare(db: None) -> None:
    load()

    api = Api.objects.get()
    assert (str(api), api.path, api.status, api.provider.username) == (
        "PhotoShare 1.0", "/photos/1.0", "PUBLISHED", "admin",
    )  # fmt: skip
    assert api.tags == ["photos", "sample"]
    assert api.backend == {"authorization": True}


def test_the_key_manager_knows_the_words_of_each_scope(db: None) -> None:
    load()

    assert [row["title"] for row in scopes.described(["photos:read", "photos:write"])] == [
        "See your photos", "Add and delete photos",
    ]  # fmt: skip


def test_twice_is_once_and_keeps_what_people_changed(db: None) -> None:
    load()
    bob = User.objects.get(username="bob")
    bob.set_password("another")
    bob.save(update_fields=["password"])
    load()

    assert User.objects.count() == 4
    assert Api.objects.count() == 1
    assert User.objects.get(username="bob").check_password("another")


def test_outside_demo_mode_it_refuses(db: None, settings: Settings) -> None:
    settings.DEMO = False

    with pytest.raises(CommandError, match="demo mode only"):
        load()
    assert not User.objects.exists()


@pytest.mark.parametrize("content", ["", "{", "[]"])
def test_a_document_that_cannot_be_read_is_told(db: None, tmp_path: Path, content: str) -> None:
    document = tmp_path / "openapi.json"
    document.write_text(content)

    with pytest.raises(CommandError, match="The OpenAPI document"):
        load(str(document))
