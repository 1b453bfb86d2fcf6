"""Statements that are built once, compiled once for each kind of database, and then run by the driver itself.

Building a statement costs several times what SQLite needs to run it, so what is asked in every request is prepared when the
module is loaded. Values are given by name; lists of ids are one value (`among`), so that the text stays the same for any
length and the database's own plan stays prepared, too.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar, overload

import orjson
from sqlalchemy import ARRAY, Boolean, ColumnElement, Connection, Dialect, Integer, Table, bindparam, insert, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import UpdateBase
from sqlalchemy.sql.selectable import SelectBase
from sqlalchemy.types import Text, TypeDecorator, TypeEngine

from saga_broker.http.patience import PATIENCE

T = TypeVar("T")
Reader = Callable[[Any], Any]
MOST_SHOWN = 2000
_UNTRACED: AbstractContextManager[Any] = nullcontext()


class Prepared(Generic[T]):
    """A statement whose rows are read as records.

    Args:
        statement: A SELECT, or a statement that changes rows; every value that varies is a `bindparam`.
        record: Makes a record of a row's values, in the order of the statement's columns.
    """

    @overload
    def __init__(self: "Prepared[tuple[Any, ...]]", statement: SelectBase | UpdateBase) -> None: ...

    @overload
    def __init__(self, statement: SelectBase | UpdateBase, record: Callable[..., T]) -> None: ...

    def __init__(self, statement: SelectBase | UpdateBase, record: Callable[..., Any] = lambda *row: row) -> None:
        self._statement = statement
        self._record: Callable[..., T] = record
        self._compiled: dict[str, _Compiled] = {}

    def all(self, connection: Connection, **values: Any) -> list[T]:
        """Run it and read all rows."""
        record = self._record
        return [record(*row) for row in self._rows(connection, values)]

    def first(self, connection: Connection, **values: Any) -> T | None:
        """Run it and read the first row; None when there is none."""
        row = next(self._rows(connection, values), None)
        return None if row is None else self._record(*row)

    def scalar(self, connection: Connection, **values: Any) -> Any:
        """Run it and read the first value of the first row; None when there is none."""
        row = next(self._rows(connection, values), None)
        return None if row is None else row[0]

    def scalars(self, connection: Connection, **values: Any) -> list[Any]:
        """Run it and read the first value of each row."""
        return [row[0] for row in self._rows(connection, values)]

    def run(self, connection: Connection, **values: Any) -> int:
        """Run a statement without rows; tell how many rows it changed."""
        return int(self._execute(connection, values)[0].rowcount)

    def text(self, dialect: Dialect) -> tuple[str, tuple[str, ...]]:
        """Give the SQL for a kind of database, and the names of its values in their order."""
        compiled = self._for(dialect)
        return compiled.sql, compiled.names

    def _rows(self, connection: Connection, values: dict[str, Any]) -> Iterator[Any]:
        cursor, compiled = self._execute(connection, values)
        rows = cursor.fetchall()
        return compiled.read(rows) if compiled.readers else iter(rows)

    def _execute(self, connection: Connection, values: dict[str, Any]) -> tuple[Any, "_Compiled"]:
        compiled = self._for(connection.dialect)
        patience = PATIENCE.get()
        if patience is not None:
            patience.check()
        cursor = connection.connection.cursor()
        tracer = connection.get_execution_options().get("tracer")
        span = _UNTRACED if tracer is None else _span(tracer, connection.dialect, compiled.sql)
        try:
            with span:
                cursor.execute(compiled.sql, compiled.write(values))
        except connection.dialect.loaded_dbapi.Error as error:
            raise translated(connection, compiled.sql, error) from error
        return cursor, compiled

    def _for(self, dialect: Dialect) -> "_Compiled":
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = _compile(self._statement, dialect)
        return found


def _span(tracer: Any, dialect: Dialect, sql: str) -> AbstractContextManager[Any]:
    attributes = {"db.system.name": dialect.name, "db.query.text": sql[:MOST_SHOWN]}
    return tracer.start_as_current_span(sql.partition(" ")[0], attributes=attributes, record_exception=False)  # type: ignore[no-any-return]


def among(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Tell whether a column is one of a list of ids that is given by name."""
    return _Among(column, bindparam(name, type_=_Ids()))


def translated(connection: Connection, sql: str, error: Any) -> DBAPIError:
    """Give a driver's error as SQLAlchemy gives it; a connection that is lost is not used again."""
    dialect = connection.dialect
    is_lost = dialect.is_disconnect(error, connection.connection.dbapi_connection, None)
    if is_lost:
        connection.invalidate(error)
    found: DBAPIError = DBAPIError.instance(
        sql, None, error, dialect.loaded_dbapi.Error, hide_parameters=True, connection_invalidated=is_lost, dialect=dialect
    )
    return found


@cache
def insertion(table: Table, names: tuple[str, ...]) -> Prepared[Any]:
    """Prepare the INSERT of a row, which gives its id."""
    values = {name: bindparam(name, type_=table.c[name].type) for name in names}
    return Prepared(insert(table).values(values).returning(table.c.id))


@cache
def alteration(table: Table, names: tuple[str, ...]) -> Prepared[Any]:
    """Prepare the UPDATE of the row with the id `row_id`."""
    values = {name: bindparam(name, type_=table.c[name].type) for name in names}
    return Prepared(update(table).where(table.c.id == bindparam("row_id")).values(values))


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement's text for one kind of database, and how values are written and read."""

    sql: str
    names: tuple[str, ...]
    is_positional: bool
    fixed: dict[str, Any]
    writers: tuple[tuple[str, Reader], ...]
    readers: tuple[tuple[int, Reader], ...]

    def write(self, values: dict[str, Any]) -> Any:
        """Write the values as the driver takes them."""
        given = {**self.fixed, **values}
        for name, writer in self.writers:
            given[name] = writer(given[name])
        return tuple([given[name] for name in self.names]) if self.is_positional else given

    def read(self, rows: list[Any]) -> Iterator[list[Any]]:
        """Read the values of rows that the driver does not give as they are meant."""
        for row in rows:
            values = list(row)
            for place, reader in self.readers:
                values[place] = reader(values[place])
            yield values


def _compile(statement: SelectBase | UpdateBase, dialect: Dialect) -> _Compiled:
    compiled = statement.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)  # noqa: S101  (what a statement is compiled by)
    kinds = {name: bind.type for name, bind in compiled.binds.items()}
    writers = {name: kind.dialect_impl(dialect).bind_processor(dialect) for name, kind in kinds.items()}
    columns = statement.selected_columns if isinstance(statement, SelectBase) else statement.returning_column_descriptions
    types = [column["type"] if isinstance(column, dict) else column.type for column in columns]
    readers = [kind.dialect_impl(dialect).result_processor(dialect, None) for kind in types]
    return _Compiled(
        sql=compiled.string,
        names=tuple(compiled.positiontup or compiled.binds),
        is_positional=bool(compiled.positional),
        fixed={name: value for name, value in compiled.params.items() if value is not None},
        writers=tuple((name, writer) for name, writer in writers.items() if writer is not None),
        readers=tuple((place, reader) for place, reader in enumerate(readers) if reader is not None),
    )


class _Ids(TypeDecorator[list[int]]):
    """A list of ids as one value: JSON for SQLite, an array for PostgreSQL."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return Text() if dialect.name == "sqlite" else ARRAY(Integer())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return orjson.dumps(list(value)).decode() if dialect.name == "sqlite" else list(value)


class _Among(ColumnElement[bool]):
    type = Boolean()
    inherit_cache = False
    _is_implicitly_boolean = True  # it stands in a WHERE as it is

    def __init__(self, column: ColumnElement[Any], values: ColumnElement[Any]) -> None:
        self.column, self.values = column, values


@compiles(_Among, "sqlite")
def _among_in_sqlite(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(part, **options) for part in (element.column, element.values))
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608  (compiled parts)


@compiles(_Among, "postgresql")
def _among_in_postgresql(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(part, **options) for part in (element.column, element.values))
    return f"{column} = ANY({values})"
