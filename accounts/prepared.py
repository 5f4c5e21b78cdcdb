"""Statements of the hot paths, written in Django's words and turned into SQL once instead of at every call.

Turning a queryset into SQL takes ten times as long as SQLite takes to answer it (docs/performance.md). What varies is
an Argument; all else is part of the statement. Rows come back as the model's own objects; of a queryset with `only`
they know the rest when asked, as Django's do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from operator import attrgetter, methodcaller
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar, cast

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import (
    CharField,
    DateTimeField,
    Expression,
    Field,
    ForeignKey,
    IntegerField,
    JSONField,
    Model,
    QuerySet,
    TextField,
)
from django.db.models.base import ModelState
from django.db.models.expressions import Col
from django.db.models.sql import UpdateQuery
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone

if TYPE_CHECKING:
    import psycopg

M = TypeVar("M", bound=Model)
# Whose texts, numbers and nulls go to any database as they are.
PLAIN_FIELDS = (CharField, TextField, IntegerField, ForeignKey)
PLAIN_VALUES = frozenset({str, int, type(None)})
Values = tuple[Any, ...]
Read = Callable[[BaseDatabaseWrapper, Values], Any]
Prepare = Callable[[Any, BaseDatabaseWrapper], Any]
ONE_ROW, ALL_ROWS, HOW_MANY = methodcaller("fetchone"), methodcaller("fetchall"), attrgetter("rowcount")


class Argument(Expression):
    """Stands in a queryset for a value that each call gives by this name."""

    def __init__(self, name: str, field: Field[Any, Any]) -> None:
        super().__init__(output_field=field)
        self.name = name

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        return "%s", (self,)


class Slot(NamedTuple):
    """The place of an argument among a statement's parameters, and how its value becomes what the database takes."""

    place: int
    name: str
    is_plain: bool
    prepare: Prepare


def slot(place: int, name: str, field: Field[Any, Any], database: BaseDatabaseWrapper) -> Slot:
    prepare: Prepare = field.get_db_prep_save
    if is_text_in_utc(field, database):
        prepare = moment
    elif field.__class__ is JSONField and not field.encoder:
        prepare = document
    return Slot(place, name, isinstance(field, PLAIN_FIELDS), prepare)


def is_text_in_utc(field: Field[Any, Any], database: Any) -> bool:
    """Whether it holds moments as SQLite has them: text that does not say that it is in UTC."""
    return field.__class__ is DateTimeField and database.vendor == "sqlite" and database.timezone is UTC


def moment(value: datetime | None, database: BaseDatabaseWrapper) -> str | None:
    if value and value.tzinfo is UTC:
        return str(value).removesuffix("+00:00")
    return cast("str | None", MOMENT.get_db_prep_save(value, database))


def moment_of(value: datetime, column: Expression, database: BaseDatabaseWrapper) -> datetime:
    """The other way round: the driver knows from a column's type that it is a moment."""
    return value.replace(tzinfo=UTC)


def is_moment(column: Expression, database: BaseDatabaseWrapper) -> bool:
    return isinstance(column, Col) and is_text_in_utc(column.output_field, database)


def document(value: Any, database: BaseDatabaseWrapper) -> Any:
    return None if value is None else database.ops.adapt_json_value(value, None)


MOMENT: DateTimeField[Any, Any] = DateTimeField()


class Statement:
    """SQL and its parameters, made at the first call: only then is it known of which database."""

    def __init__(self) -> None:
        self._sql = ""
        self._native = ""
        self._parameters: list[Any] = []
        self._slots: list[Slot] = []

    def _keep(self, database: BaseDatabaseWrapper, sql: str, parameters: Iterable[Any]) -> None:
        self._parameters = list(parameters)
        self._slots = [
            slot(place, one.name, one.output_field, database)
            for place, one in enumerate(self._parameters)
            if isinstance(one, Argument)
        ]
        self._native = sql.replace("%s", "?").replace("%%", "%") if database.vendor == "sqlite" else sql
        self._sql = sql

    def _run(self, database: BaseDatabaseWrapper, arguments: dict[str, Any], take: Callable[[Any], Any]) -> Any:
        """What `take` gets of the cursor."""
        values = self._parameters.copy()
        for place, name, is_plain, prepare in self._slots:
            value = arguments[name]
            values[place] = value if is_plain and value.__class__ in PLAIN_VALUES else prepare(value, database)
        return self._execute(database, values, take)

    def _execute(self, database: BaseDatabaseWrapper, values: list[Any], take: Callable[[Any], Any]) -> Any:
        """Who listens to statements (tests, tools) is told by Django's own cursor."""
        if database.execute_wrappers or database.queries_logged:
            with self._failing(), database.cursor() as cursor:
                cursor.execute(self._sql, values)
                return take(cursor)
        # What Django's own looks at before each statement.
        if not is_looked_at(database):
            database.close_if_health_check_failed()
            database.ensure_connection()
        if database.needs_rollback:
            database.validate_no_broken_transaction()
        try:
            return take(executed(database, self._native, values))
        except Exception:
            with self._failing(), database.wrap_database_errors:
                raise

    def _failing(self) -> AbstractContextManager[None]:
        """What a failure means for the transaction."""
        return nullcontext()


def is_looked_at(database: Any) -> bool:
    """Whether there is a connection, and this request has seen that it is alive."""
    return database.connection is not None and (database.health_check_done or not database.health_check_enabled)


def executed(database: BaseDatabaseWrapper, sql: str, values: list[Any]) -> Any:
    """A cursor of the driver's own. PostgreSQL keeps the statement's plan, where OPTIONS have a prepare_threshold."""
    if database.vendor == "postgresql":
        return cursor_of(database).execute(sql, values, prepare=True)
    return database.connection.execute(sql, values)


def cursor_of(database: Any) -> psycopg.Cursor[Any]:
    """One for each connection: to make it costs a fifth of a statement. Its rows are taken before the next one."""
    cursor: psycopg.Cursor[Any] | None = vars(database).get("cursor_of_prepared")
    if cursor is None or cursor.connection is not database.connection:
        import psycopg  # a fifteenth of the start, for nothing where the database is SQLite

        cursor = database.cursor_of_prepared = psycopg.Cursor(database.connection)
    return cursor


class Select(Statement, Generic[M]):
    """`Select(lambda: Row.objects.filter(pk=Argument("pk", …)))`; the rows come by `all`, one of them by `first`."""

    def __init__(self, describe: Callable[[], QuerySet[M]]) -> None:
        super().__init__()
        self._describe = describe
        self._read: Read

    def all(self, **arguments: Any) -> list[M]:
        database = self._database()
        return [self._read(database, row) for row in self._run(database, arguments, ALL_ROWS)]

    def first(self, **arguments: Any) -> M | None:
        database = self._database()
        row = self._run(database, arguments, ONE_ROW)
        return None if row is None else self._read(database, row)

    def _database(self) -> BaseDatabaseWrapper:
        database = connections[DEFAULT_DB_ALIAS]
        if not self._sql:
            compiler = self._describe().query.get_compiler(connection=database)
            sql, parameters = compiler.as_sql()
            self._read = reader(compiler)
            self._keep(database, sql, parameters)
        return database


def reader(compiler: SQLCompiler) -> Read:
    """From a row to the object that Django would make of it, with those of `select_related` in their places."""
    columns = [column for column, _, _ in compiler.select]
    conversions = [
        (place, converter, column)
        for place, (converters, column) in compiler.get_converters(columns).items()
        for converter in ([moment_of] if is_moment(column, compiler.connection) else converters)
    ]
    make = maker(cast(dict[str, Any], compiler.klass_info), columns)

    def read(database: BaseDatabaseWrapper, row: Values) -> Any:
        values = list(row)
        for place, converter, column in conversions:
            if values[place] is not None:
                values[place] = converter(values[place], column, database)
        return make(values)

    return read


def maker(described: dict[str, Any], columns: list[Any]) -> Callable[[list[Any]], Any]:
    """`described` is what the compiler says of a model: which columns are its own, and what is related to it."""
    model, places = described["model"], described["select_fields"]
    own = slice(places[0], places[-1] + 1)
    names = [column.target.attname for column in columns[own]]
    key = places[names.index(model._meta.pk.attname)]
    related = [(one["local_setter"], maker(one, columns)) for one in described.get("related_klass_infos", ())]

    def make(values: list[Any]) -> Any:
        if values[key] is None:
            return None
        made = stored(model, zip(names, values[own], strict=True))
        for put, make_related in related:
            put(made, make_related(values))
        return made

    return make


def stored(model: type[M], values: Iterable[tuple[str, Any]]) -> M:
    """The object of a row, made as Django unpickles one: `__init__` would ask of each value where it comes from."""
    made = model.__new__(model)
    made.__dict__.update(values)
    made._state = state = ModelState()
    state.adding, state.db = False, DEFAULT_DB_ALIAS
    return made


class Change(Statement):
    """A statement whose failure spoils the transaction, as Django's own does."""

    def _failing(self) -> AbstractContextManager[None]:
        return transaction.mark_for_rollback_on_error(DEFAULT_DB_ALIAS)


class Update(Change):
    """`Update(lambda: Row.objects.filter(pk=Argument(…)), used_at=Argument(…))`; a call tells how many rows changed."""

    def __init__(self, describe: Callable[[], QuerySet[Any]], **changes: Argument) -> None:
        super().__init__()
        self._describe = describe
        self._changes = changes

    def __call__(self, **arguments: Any) -> int:
        database = connections[DEFAULT_DB_ALIAS]
        if not self._sql:
            query = cast(UpdateQuery, self._describe().query.chain(UpdateQuery))
            query.add_update_values(self._changes)
            self._keep(database, *query.get_compiler(connection=database).as_sql())
        changed: int = self._run(database, arguments, HOW_MANY)
        return changed


class Insert(Change, Generic[M]):
    """`Insert(Row)(name="…", owner_id=…)` stores a row and gives its object, as `create` would; no signal is sent.

    Values are named as the object's attributes are; what is left out gets its field's default.
    """

    def __init__(self, model: type[M]) -> None:
        super().__init__()
        self._model = model
        self._by_name: dict[str, Slot] = {}
        self._defaults: dict[str, Any] = {}
        self._makers: dict[str, Callable[[], Any]] = {}

    def __call__(self, **values: Any) -> M:
        database = connections[DEFAULT_DB_ALIAS]
        if not self._sql:
            self._compile(database)
        made = {name: make() for name, make in self._makers.items() if name not in values}
        parameters = self._parameters.copy()
        for name, value in (made | values).items():
            if name not in self._by_name:
                raise TypeError(f"{self._model.__name__} has no {name}")
            place, _, is_plain, prepare = self._by_name[name]
            parameters[place] = value if is_plain and value.__class__ in PLAIN_VALUES else prepare(value, database)
        (key,) = self._execute(database, parameters, ONE_ROW)
        row = stored(self._model, (self._defaults | made | values).items())
        row.pk = self._model._meta.pk.to_python(key)
        return row

    def _compile(self, database: BaseDatabaseWrapper) -> None:
        described, quoted = self._model._meta, database.ops.quote_name
        fields = [field for field in described.concrete_fields if field != described.auto_field]
        names = ", ".join(quoted(str(field.column)) for field in fields)
        places = ", ".join(["%s"] * len(fields))
        table, key = quoted(described.db_table), quoted(str(described.pk.column))
        slots = [slot(place, str(field.attname), field, database) for place, field in enumerate(fields)]
        self._by_name = {one.name: one for one in slots}
        self._makers = {str(field.attname): make for field in fields if (make := maker_of(field))}
        self._defaults = {str(field.attname): field.get_default() for field in fields if not maker_of(field)}
        defaults = [one.prepare(self._defaults.get(one.name), database) for one in slots]
        # Names of our own tables and columns; the values are parameters.
        sql = f"INSERT INTO {table} ({names}) VALUES ({places}) RETURNING {key}"  # noqa: S608
        self._keep(database, sql, defaults)


def maker_of(field: Field[Any, Any]) -> Callable[[], Any] | None:
    """What gives each row a default of its own; None where all have the same."""
    if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
        return timezone.now
    return field.default if field.has_default() and callable(field.default) else None
