"""A prepared statement finds, changes and stores what Django's own would."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import IntegrityError, connection, transaction
from django.db.models import CharField, DateTimeField
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.prepared import Argument, Insert, Select, Update

pytestmark = pytest.mark.django_db
BY_NAME = Select(lambda: User.objects.filter(username=Argument("name", CharField())))
STORE = Insert(Session)


def test_it_finds_the_object_as_django_does(alice: User) -> None:
    found = BY_NAME.first(name="alice")

    assert found is not None
    assert {field.attname: getattr(found, field.attname) for field in User._meta.concrete_fields} == {
        field.attname: getattr(alice, field.attname) for field in User._meta.concrete_fields
    }


def test_it_finds_nothing_where_there_is_nothing(alice: User) -> None:
    assert BY_NAME.first(name="bob") is None
    assert BY_NAME.all(name="bob") == []


def test_an_argument_is_never_sql(alice: User) -> None:
    assert BY_NAME.all(name="' OR ''='") == []


def test_a_call_is_one_statement(alice: User, django_assert_num_queries: Callable[..., object]) -> None:
    with django_assert_num_queries(1):  # type: ignore[attr-defined]
        assert BY_NAME.all(name="alice") == [alice]


def test_what_it_finds_can_be_saved(alice: User) -> None:
    found = BY_NAME.first(name="alice")
    assert found is not None
    found.first_name = "Alice"
    found.save()

    assert User.objects.get(pk=alice.pk).first_name == "Alice"


def test_an_update_tells_how_many_rows_it_changed(alice: User) -> None:
    update = Update(
        lambda: User.objects.filter(username=Argument("name", CharField()), last_login=None),
        last_login=Argument("now", DateTimeField()),
    )

    assert [update(name=name, now=timezone.now()) for name in ("alice", "alice", "bob")] == [1, 0, 0]


def test_an_insert_stores_the_object() -> None:
    stored = STORE(session_key="key", session_data="data", expire_date=timezone.now() + timedelta(days=1))

    assert Session.objects.get(pk="key").expire_date == stored.expire_date
    assert not stored._state.adding


def test_an_insert_gives_the_object_its_key() -> None:
    user = Insert(User)(username="charlie")

    assert User.objects.get(username="charlie").pk == user.pk


def test_a_failed_insert_spoils_the_transaction_as_django_s_does() -> None:
    values = {"session_key": "key", "session_data": "data", "expire_date": timezone.now()}
    STORE(**values)

    with pytest.raises(IntegrityError), transaction.atomic():
        STORE(**values)

    assert Session.objects.count() == 1


def test_an_insert_takes_no_name_that_is_no_column() -> None:
    with pytest.raises(TypeError, match="colour"):
        STORE(session_key="key", colour="blue")


def test_it_finds_the_same_whether_or_not_anybody_listens(alice: User) -> None:
    """The driver's own cursor, which pytest's counting of statements would put aside."""
    assert not connection.queries_logged
    found = BY_NAME.first(name="alice")

    with CaptureQueriesContext(connection):
        assert vars(BY_NAME.first(name="alice")).keys() == vars(found).keys()


def test_a_broken_transaction_takes_no_statement(alice: User) -> None:
    with transaction.atomic():
        transaction.set_rollback(True)
        with pytest.raises(TransactionManagementError):
            BY_NAME.first(name="alice")
        transaction.set_rollback(False)
