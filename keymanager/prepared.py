"""Statements of the hot paths, written in Django's words and turned into SQL once instead of at every call.

Turning a queryset into SQL takes ten times as long as SQLite takes to answer it (docs/performance.md). What varies is
an Argument; all else is part of the statement. Rows come back as the model's own objects.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import connection, transaction
from django.db.models import Expression, Field, Model, QuerySet
from django.db.models.query import get_related_populators
from django.db.models.sql import UpdateQuery
from django.db.models.sql.compiler import SQLCompiler

M = TypeVar("M", bound=Model)
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

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, list[Any]]:
        return "%s", [Slot(self.name, self.output_field)]


class Statement:
    """SQL and its parameters, made at the first call: only then is it known of which database."""

    def __init__(self) -> None:
        self._sql = ""
        self._parameters: Values = ()

    def _compile(self) -> None:
        raise NotImplementedError

    def _execute(self, cursor: Any, arguments: dict[str, Any]) -> None:
        cursor.execute(
            self._sql,
            [
                one.field.get_db_prep_value(arguments[one.name], connection) if isinstance(one, Slot) else one
                for one in self._parameters
            ],
        )


class Select(Statement, Generic[M]):
    """`Select(lambda: Row.objects.filter(pk=Argument("pk", …)))`; the rows come by `all`, one of them by `first`."""

    def __init__(self, describe: Callable[[], QuerySet[M]]) -> None:
        super().__init__()
        self._describe = describe
        self._read: Callable[[Values], M]

    def all(self, **arguments: Any) -> list[M]:
        if not self._sql:
            self._compile()
        with connection.cursor() as cursor:
            self._execute(cursor, arguments)
            rows = cursor.fetchall()
        return [self._read(row) for row in rows]

    def first(self, **arguments: Any) -> M | None:
        if not self._sql:
            self._compile()
        with connection.cursor() as cursor:
            self._execute(cursor, arguments)
            row = cursor.fetchone()
        return None if row is None else self._read(row)

    def _compile(self) -> None:
        compiler = self._describe().query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        self._read = reader(compiler)
        self._parameters, self._sql = tuple(parameters), sql


def reader(compiler: SQLCompiler) -> Callable[[Values], Any]:
    """From a row to the object that Django would make of it, with those of `select_related` in their places."""
    columns = [column for column, _, _ in compiler.select]
    conversions = [(place, *found) for place, found in compiler.get_converters(columns).items()]
    described: dict[str, Any] = compiler.klass_info  # type: ignore[assignment]  # None only without a model
    model, places = described["model"], described["select_fields"]
    own = slice(places[0], places[-1] + 1)
    names = [column.target.attname for column in columns[own]]
    populators = get_related_populators(described, compiler.select, connection.alias)

    def read(row: Values) -> Any:
        values = list(row)
        for place, converters, column in conversions:
            for converter in converters:
                values[place] = converter(values[place], column, connection)
        made = model.from_db(connection.alias, names, values[own])
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
        if not self._sql:
            self._compile()
        with transaction.mark_for_rollback_on_error(connection.alias), connection.cursor() as cursor:
            self._execute(cursor, arguments)
            changed: int = cursor.rowcount
        return changed

    def _compile(self) -> None:
        query = self._describe().query.chain(UpdateQuery)
        query.add_update_values(self._changes)
        sql, parameters = query.get_compiler(connection=connection).as_sql()
        self._parameters, self._sql = tuple(parameters), sql


class Insert(Generic[M]):
    """`Insert(Row)(Row(…))` stores the object, which then has its key, as `save` would; no signal is sent."""

    def __init__(self, model: type[M]) -> None:
        self._model = model
        self._fields: list[Field[Any, Any]] = []
        self._sql = ""

    def __call__(self, row: M) -> M:
        if not self._sql:
            self._compile()
        values = [field.get_db_prep_save(field.pre_save(row, add=True), connection) for field in self._fields]
        with transaction.mark_for_rollback_on_error(connection.alias), connection.cursor() as cursor:
            cursor.execute(self._sql, values)
            (row.pk,) = self._read_key(cursor.fetchone())
        row._state.adding, row._state.db = False, connection.alias
        return row

    def _compile(self) -> None:
        described = self._model._meta
        self._fields = [field for field in described.concrete_fields if field != described.auto_field]
        names = ", ".join(connection.ops.quote_name(str(field.column)) for field in self._fields)
        table, key = connection.ops.quote_name(described.db_table), connection.ops.quote_name(described.pk.column)
        places = ", ".join(["%s"] * len(self._fields))
        # Names of our own tables and columns; the values are parameters.
        self._sql = f"INSERT INTO {table} ({names}) VALUES ({places}) RETURNING {key}"  # noqa: S608

    def _read_key(self, row: Values) -> Values:
        return (self._model._meta.pk.to_python(row[0]),)
