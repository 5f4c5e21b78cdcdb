from __future__ import annotations

import uuid

import pytest
from django.test import Client as Browser

from accounts.models import User
from keymanager import subjects
from keymanager.models import Authorization, Client
from store import throttling
from store.models import Api, Application, BlockingCondition

URL = "/store/blocking/"


@pytest.fixture
def staffs(alices: Browser, alice: User) -> Browser:
    """alice runs the portal."""
    alice.is_staff = True
    alice.save(update_fields=["is_staff"])
    return alices


def kept() -> list[tuple[str, str]]:
    return list(BlockingCondition.objects.values_list("kind", "value"))


@pytest.mark.parametrize(
    ("kind", "typed", "value"),
    [
        ("api", "/photos", "/photos"),
        ("api", "photos/", "/photos"),
        ("user", "BOB", "bob"),
        ("address", "192.0.2.7", "192.0.2.7/32"),
        ("address", "192.0.2.7/24", "192.0.2.0/24"),
        ("address", "2001:DB8::1", "2001:db8::1/128"),
        ("address", "::ffff:192.0.2.7", "192.0.2.7/32"),
    ],
)
def test_it_works(staffs: Browser, photoshare: Api, kind: str, typed: str, value: str) -> None:
    assert staffs.post(URL, {"kind": kind, "value": typed}).status_code == 302

    assert kept() == [(kind, value)]


def test_application_is_kept_by_its_id_and_shown_by_its_name(staffs: Browser, printer: Application) -> None:
    staffs.post(URL, {"kind": "application", "value": "Alice:photo printer"})

    assert kept() == [("application", str(printer.pk))]
    assert "alice:Photo Printer" in staffs.get(URL).content.decode()
    printer.delete()
    assert "an application that was removed" in staffs.get(URL).content.decode()


@pytest.mark.parametrize(
    ("kind", "typed", "sentence"),
    [
        ("api", "/nothing", "No API has the context /nothing."),
        ("application", "Photo Printer", "Enter the owner&#x27;s username, a colon"),
        ("application", "alice:None", "alice has no application None."),
        ("user", "mallory", "There is no user mallory."),
        ("address", "somewhere", "Enter an address"),
        ("address", "192.0.2.0/33", "Enter an address"),
        ("address", "0.0.0.0/0", "is too much of the Internet"),
        ("address", "::ffff:0:0/96", "is too much of the Internet"),
        ("address", "fe80::1%eth0", "without the part behind the percent sign"),
        ("address", "", "Enter which one."),
        ("moon", "x", "Choose one of the four."),
        ("user", "a\0b", "Null characters"),
    ],
)
def test_nonsense_is_refused_in_a_sentence(
    staffs: Browser, photoshare: Api, kind: str, typed: str, sentence: str
) -> None:
    response = staffs.post(URL, {"kind": kind, "value": typed})

    assert response.status_code == 200
    assert sentence in response.content.decode()
    assert kept() == []


def test_twice_is_told(staffs: Browser, bob: User) -> None:
    staffs.post(URL, {"kind": "user", "value": "bob"})

    assert (
        "There is a condition for this user already"
        in staffs.post(URL, {"kind": "user", "value": "bob"}).content.decode()
    )


def test_it_is_switched_off_and_on_and_removed(staffs: Browser) -> None:
    condition = throttling.block(kind="address", value="192.0.2.7/32")

    staffs.post(f"{URL}{condition.pk}/switch/", {"enabled": "0"})
    assert throttling.blocked().networks == ()
    staffs.post(f"{URL}{condition.pk}/switch/", {"enabled": "1"})
    assert throttling.blocked().networks == ("192.0.2.7/32",)
    staffs.post(f"{URL}{condition.pk}/lift/")
    assert kept() == []


def test_empty_page_teaches(staffs: Browser) -> None:
    assert "Nothing is blocked" in staffs.get(URL).content.decode()


@pytest.mark.parametrize("is_superuser", [False, True])
def test_who_may_shut_people_out_is_told_where(staffs: Browser, alice: User, is_superuser: bool) -> None:
    User.objects.filter(pk=alice.pk).update(is_superuser=is_superuser)

    assert ("/admin/accounts/user/" in staffs.get(URL).content.decode()) == is_superuser


@pytest.mark.parametrize("page", ["", "{}/switch/", "{}/lift/"])
def test_for_all_but_staff_it_is_not_there(charlies: Browser, bob: User, page: str) -> None:
    condition = throttling.block(kind="user", value="bob")

    assert charlies.post(URL + page.format(condition.pk), {"enabled": "0"}).status_code == 404
    assert throttling.blocked().subjects


def test_unknown_condition_is_not_there(staffs: Browser) -> None:
    assert staffs.post(f"{URL}{uuid.uuid4()}/lift/").status_code == 404


def test_user_is_told_by_every_subject_of_theirs(bob: User, alice: User) -> None:
    """The public one, and (OpenID Connect Core 8.1) that of each sector."""
    client = Client.objects.create(user=alice, client_id="pairwise", metadata={"subject_type": "pairwise"})
    Authorization.objects.create(user=bob, client=client, auth_time="2026-11-24T04:30:00Z")

    throttling.block(kind="user", value="bob")

    assert set(throttling.blocked().subjects) == {str(bob.subject), subjects.of(bob, client)}
    assert len(throttling.blocked().subjects) == 2
