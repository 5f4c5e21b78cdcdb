"""Statements of the hot paths, written in Django's words and turned into SQL once instead of at every call.

Turning a queryset into SQL takes ten times as long as SQLite takes to answer it (docs/performance.md). What varies is
an Argument; all else is part of the statement. Rows come back as the model's own objects.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, Expression, Field, ForeignKey, IntegerField, Model, QuerySet, TextField
from django.db.models.query import get_related_populators
from django.db.models.sql import UpdateQuery
from django.db.models.sql.compiler import SQLCompiler

M = TypeVar("M", bound=Model)
# Whose texts, numbers and nulls go to any database as they are.
PLAIN_FIELDS = (CharField, TextField, IntegerField, ForeignKey)
PLAIN_VALUES = frozenset({str, int, type(None)})
Values = tuple[Any, ...]


@dataclass(frozen=True)
class Slot:
    """The place of an argument among a statement's parameters."""

    name: str
    field: Field[Any, Any]


class Argument(Expression):
    """Stands in a queryset for a value that each call gives by this name."""

    def __init__(self, name: str, field: Field[Any, Any]) -> None:
        super().__init__(output_field=field)
        self.name = name

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        return "%s", (Slot(self.name, self.output_field),)


class Statement:
    """SQL and its parameters, made at the first call: only then is it known of which database."""

    def __init__(self) -> None:
        self._sql = ""
        self._parameters: Values = ()

    def _values(self, database: BaseDatabaseWrapper, arguments: dict[str, Any]) -> list[Any]:
        return [
            one.field.get_db_prep_value(arguments[one.name], database) if one.__class__ is Slot else one
            for one in self._parameters
        ]


class Select(Statement, Generic[M]):
    """`Select(lambda: Row.objects.filter(pk=Argument("pk", …)))`; the rows come by `all`, one of them by `first`."""

    def __init__(self, describe: Callable[[], QuerySet[M]]) -> None:
        super().__init__()
        self._describe = describe
        self._read: Callable[[BaseDatabaseWrapper, Values], M]

    def all(self, **arguments: Any) -> list[M]:
        database = connections[DEFAULT_DB_ALIAS]
        if not self._sql:
            self._compile(database)
        with database.cursor() as cursor:
            cursor.execute(self._sql, self._values(database, arguments))
            rows = cursor.fetchall()
        return [self._read(database, row) for row in rows]

    def first(self, **arguments: Any) -> M | None:
        database = connections[DEFAULT_DB_ALIAS]
        if not self._sql:
            self._compile(database)
        with database.cursor() as cursor:
            cursor.execute(self._sql, self._values(database, arguments))
            row = cursor.fetchone()
        return None if row is None else self._read(database, row)

    def _compile(self, database: BaseDatabaseWrapper) -> None:
        compiler = self._describe().query.get_compiler(connection=database)
        sql, parameters = compiler.as_sql()
        self._read = reader(compiler)
        self._parameters, self._sql = tuple(parameters), sql


def reader(compiler: SQLCompiler) -> Callable[[BaseDatabaseWrapper, Values], Any]:
    """From a row to the object that Django would make of it, with those of `select_related` in their places."""
    columns = [column for column, _, _ in compiler.select]
    conversions = [
        (place, converter, column)
        for place, (converters, column) in compiler.get_converters(columns).items()
        for converter in converters
    ]
    described: dict[str, Any] = compiler.klass_info
    model, places = described["model"], described["select_fields"]
    own = slice(places[0], places[-1] + 1)
    names = [column.target.attname for column in columns[own]]
    # The stubs are of the next version, which wants one argument more.
    populators = get_related_populators(described, compiler.select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]

    def read(database: BaseDatabaseWrapper, row: Values) -> Any:
        values = list(row)
        for place, converter, column in conversions:
            if values[place] is not None:
                values[place] = converter(values[place], column, database)
        made = model.from_db(DEFAULT_DB_ALIAS, names, values[own])
        for populator in populators:
            populator.populate(values, made)
        return made

    return read


class Update(Statement):
    """`Update(lambda: Row.objects.filter(pk=Argument(…)), used_at=Argument(…))`; a call tells how many rows changed."""

    def __init__(self, describe: Callable[[], QuerySet[Any]], **changes: Argument) -> None:
        super().__init__()
        self._describe = describe
        self._changes = changes

    def __call__(self, **arguments: Any) -> int:
        database = connections[DEFAULT_DB_ALIAS]
        if not self._sql:
            self._compile(database)
        with transaction.mark_for_rollback_on_error(DEFAULT_DB_ALIAS), database.cursor() as cursor:
            cursor.execute(self._sql, self._values(database, arguments))
            changed: int = cursor.rowcount
        return changed

    def _compile(self, database: BaseDatabaseWrapper) -> None:
        query = cast(UpdateQuery, self._describe().query.chain(UpdateQuery))
        query.add_update_values(self._changes)
        sql, parameters = query.get_compiler(connection=database).as_sql()
        self._parameters, self._sql = tuple(parameters), sql


class Insert(Generic[M]):
    """`Insert(Row)(Row(…))` stores the object, which then has its key, as `save` would; no signal is sent."""

    def __init__(self, model: type[M]) -> None:
        self._model = model
        self._fields: list[tuple[Field[Any, Any], bool]] = []
        self._sql = ""

    def __call__(self, row: M) -> M:
        database = connections[DEFAULT_DB_ALIAS]
        if not self._sql:
            self._compile(database)
        values = []
        for field, is_plain in self._fields:
            value = field.pre_save(row, add=True)
            plain = is_plain and value.__class__ in PLAIN_VALUES
            values.append(value if plain else field.get_db_prep_save(value, database))
        with transaction.mark_for_rollback_on_error(DEFAULT_DB_ALIAS), database.cursor() as cursor:
            cursor.execute(self._sql, values)
            (key,) = cursor.fetchone()
        row.pk = self._model._meta.pk.to_python(key)
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS
        return row

    def _compile(self, database: BaseDatabaseWrapper) -> None:
        described, quoted = self._model._meta, database.ops.quote_name
        fields = [field for field in described.concrete_fields if field != described.auto_field]
        names = ", ".join(quoted(str(field.column)) for field in fields)
        places = ", ".join(["%s"] * len(fields))
        table, key = quoted(described.db_table), quoted(str(described.pk.column))
        self._fields = [(field, isinstance(field, PLAIN_FIELDS)) for field in fields]
        # Names of our own tables and columns; the values are parameters.
        self._sql = f"INSERT INTO {table} ({names}) VALUES ({places}) RETURNING {key}"  # noqa: S608
