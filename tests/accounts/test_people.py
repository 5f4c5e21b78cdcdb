"""Those who run the portal shut people out, let them in again, and say who may do what."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Model
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from accounts import people
from accounts.models import Device, User
from keymanager.assertion_models import TrustedIssuer
from tests.accounts.conftest import LOGIN, SECURITY, kinds, sign_in

LIST = "/admin/accounts/user/"


@pytest.fixture
def admins(alice: User) -> Browser:
    User.objects.filter(pk=alice.pk).update(is_staff=True, is_superuser=True)
    return sign_in("alice", at="/accounts/login/")


def change(browser: Browser, user: User, **typed: Any) -> Any:
    """What is not typed is not ticked."""
    return browser.post(f"{LIST}{user.pk}/change/", opened(browser, user) | typed)


def opened(browser: Browser, user: User) -> dict[str, str]:
    """What the page knows of how the boxes were when it was opened."""
    page = browser.get(f"{LIST}{user.pk}/change/").content.decode()
    return dict(re.findall(r'name="(initial-\w+)" value="(\w+)"', page))


def may_sign_in(name: str) -> bool:
    browser = Browser()
    browser.post(LOGIN, {"login": name, "password": name})
    return browser.get(SECURITY).status_code == 200


def test_who_is_shut_out_is_signed_out_everywhere_and_cannot_come_back(bob: User, bobs: Browser) -> None:
    at_store = sign_in("bob", at="/accounts/login/")

    people.shut_out(bob)

    assert bobs.get(SECURITY).status_code == 302
    assert at_store.get("/store/applications/").status_code == 302
    assert not Device.objects.exists()
    assert not may_sign_in("bob")


def test_who_is_let_in_again_has_to_sign_in(bob: User, bobs: Browser) -> None:
    people.shut_out(bob)

    people.let_in(bob)

    assert bobs.get(SECURITY).status_code == 302
    assert may_sign_in("bob")


def test_page_shuts_out_and_lets_in(admins: Browser, bob: User, bobs: Browser) -> None:
    assert change(admins, bob).status_code == 302
    assert not may_sign_in("bob")
    assert bobs.get(SECURITY).status_code == 302

    change(admins, bob, is_active="on")
    assert may_sign_in("bob")


def test_page_stops_applications_by_themselves_and_has_them_go_on(admins: Browser, bob: User) -> None:
    change(admins, bob, is_active="on")

    assert not User.objects.get(pk=bob.pk).applications_may_call
    assert may_sign_in("bob")
    change(admins, bob, is_active="on", applications_may_call="on")
    assert User.objects.get(pk=bob.pk).applications_may_call


def test_page_says_what_goes_on_for_whom_is_shut_out(admins: Browser, bob: User) -> None:
    page = admins.get(f"{LIST}{bob.pk}/change/").content.decode()

    assert "the applications and the APIs they own go on" in page
    assert "also those that other people approved" in page


def test_list_says_who_is_other_than_most(admins: Browser, bob: User) -> None:
    people.shut_out(bob)
    people.stop_applications(bob)

    page = admins.get(LIST).content.decode()
    assert "shut out, applications stopped" in page
    assert "runs the portal, may do everything" in page
    assert "By may sign in" in page
    assert "shut out" not in admins.get(LIST, {"is_active__exact": "1"}).content.decode()


def test_page_makes_publishers(admins: Browser, bob: User) -> None:
    at_store = sign_in("bob", at="/accounts/login/")
    assert "Publish APIs" not in at_store.get("/store/").content.decode()

    change(admins, bob, is_active="on", user_permissions=[Permission.objects.get(codename="add_api").pk])

    assert "Publish APIs" in at_store.get("/store/").content.decode()
    assert at_store.get("/store/publisher/").status_code == 200


def test_page_shows_no_password_and_makes_and_removes_nobody(admins: Browser, bob: User) -> None:
    page = admins.get(f"{LIST}{bob.pk}/change/").content.decode()

    assert "bob@example.com" in page
    assert bob.password not in page
    assert 'name="password"' not in page
    assert admins.get(f"{LIST}add/").status_code == 403
    assert admins.post(f"{LIST}{bob.pk}/delete/", {"post": "yes"}).status_code == 403


def test_page_leaves_alone_what_it_does_not_show(admins: Browser, bob: User) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert change(admins, bob, is_active="on", is_staff="on").status_code == 302

    assert User.objects.get(pk=bob.pk).is_staff
    changes = [query["sql"] for query in queries if query["sql"].startswith('UPDATE "accounts_user"')]
    assert changes
    assert not any("password" in change for change in changes)


def test_page_that_was_open_for_long_lets_in_nobody_shut_out_meanwhile(admins: Browser, bob: User) -> None:
    was = opened(admins, bob)
    people.shut_out(bob)
    people.stop_applications(bob)

    assert change(admins, bob, **was, is_active="on", applications_may_call="on", is_staff="on").status_code == 302

    bob.refresh_from_db()
    assert (bob.is_active, bob.applications_may_call, bob.is_staff) == (False, False, True)


def test_nobody_changes_their_own_rights(admins: Browser, alice: User) -> None:
    assert change(admins, alice, is_active="on").status_code == 403

    alice.refresh_from_db()
    assert alice.is_superuser


def test_who_may_not_do_everything_gives_nobody_any_right(admins: Browser, alice: User, bob: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_superuser=False)
    alice.user_permissions.set(Permission.objects.filter(content_type__model="user"))

    assert admins.get(LIST).status_code == 200
    assert change(admins, bob, is_active="on", is_superuser="on").status_code == 403

    bob.refresh_from_db()
    assert not bob.is_superuser


def test_page_offers_only_what_changes_something(admins: Browser, bob: User) -> None:
    fields = admins.get(f"{LIST}{bob.pk}/change/").context["adminform"].form.fields
    offered = set(fields["user_permissions"].queryset.values_list("codename", flat=True))

    assert {"view_user", "add_api", "view_api", "change_throttlingpolicy", "delete_client", "add_scope"} <= offered
    nothing = {f"{action}_{model}" for action in ("add", "change", "delete") for model in ("user", "application")}
    assert not offered & (nothing | {"change_api", "delete_throttlingpolicy", "add_client", "change_accesstoken"})


@pytest.mark.parametrize("model", [EmailAddress, Authenticator, Group, TrustedIssuer])
def test_by_no_permission_one_becomes_somebody_else(
    admins: Browser, alice: User, bob: User, model: type[Model]
) -> None:
    permissions = Permission.objects.filter(content_type=ContentType.objects.get_for_model(model))
    choices = admins.get(f"{LIST}{bob.pk}/change/").context["adminform"].form.fields["user_permissions"].queryset
    User.objects.filter(pk=alice.pk).update(is_superuser=False)
    alice.user_permissions.set(permissions)

    assert permissions.exists()
    assert not permissions & choices
    at = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    assert [admins.get(path).status_code for path in (at, f"{at}add/")] == [403, 403]
    assert admins.post(at, {"action": "delete_selected", "_selected_action": "1"}).status_code == 403


def test_who_may_do_everything_removes_a_lost_second_factor(admins: Browser, bob: User, secret: str) -> None:
    row = Authenticator.objects.get(user=bob)
    at = f"/admin/mfa/authenticator/{row.pk}/"

    assert row.data["secret"] not in admins.get(f"{at}change/").content.decode()
    assert admins.post(f"{at}delete/", {"post": "yes"}).status_code == 302
    assert not kinds(bob)


def test_command_does_the_same(bob: User, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("shut_out", "bob")
    assert not may_sign_in("bob")
    assert User.objects.get(pk=bob.pk).applications_may_call

    call_command("shut_out", "bob", "--undo")
    assert may_sign_in("bob")
    assert capsys.readouterr().out.splitlines() == [
        "bob is shut out; applications of theirs go on (--with-applications stops them).",
        "bob may sign in again.",
    ]
    with pytest.raises(CommandError, match="There is no account mallory"):
        call_command("shut_out", "mallory")


def test_command_stops_applications_and_lets_all_go_on(bob: User, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("shut_out", "bob", "--with-applications")
    assert not may_sign_in("bob")
    assert not User.objects.get(pk=bob.pk).applications_may_call

    call_command("shut_out", "bob", "--undo")
    assert may_sign_in("bob")
    assert User.objects.get(pk=bob.pk).applications_may_call
    assert capsys.readouterr().out.splitlines() == [
        "bob is shut out, and applications of theirs are stopped.",
        "bob may sign in again, and applications of theirs call.",
    ]
