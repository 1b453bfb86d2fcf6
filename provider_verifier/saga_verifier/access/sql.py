"""Reads rows by SQL, over SQLAlchemy: with bound values only, bounded in time and size.

The connection cannot write where the database knows how to forbid it (SQLite, PostgreSQL); elsewhere all is rolled back.
SQLAlchemy and the drivers belong to the part `verifier`; they are loaded when the first such probe is read.
"""

import base64
import datetime as dt
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from saga_contracts.errors import SagapactError

MOST_ROWS = 1000
_WHAT = "SQL"


class SqlError(SagapactError):
    """A statement could not be carried out."""


def rows(url: str, sql: str, params: Mapping[str, Any], timeout_s: float) -> list[dict[str, Any]]:
    """Give the rows of a statement, as JSON values by the names of their columns.

    Args:
        url: The database as SQLAlchemy names it.
        sql: The statement, with `:name` for values.
        params: The values.
        timeout_s: How long it may take.

    Raises:
        SqlError: when it cannot be carried out, or gives more than `MOST_ROWS` rows.
    """
    try:
        import sqlalchemy as sa  # noqa: PLC0415  (see above)
    except ModuleNotFoundError:
        raise SqlError(
            f"{_WHAT}: SQLAlchemy is not installed, since it is part of the extra [verifier]. "
            "Install it with: pip install 'sagapact[verifier]'"
        ) from None
    try:
        address = sa.make_url(url)
        engine = sa.create_engine(_read_only(address), poolclass=sa.NullPool, **_options(address, timeout_s))
        with engine.connect() as connection, _bounded(connection, timeout_s):
            _forbid_writing(connection, timeout_s)
            found = connection.execute(sa.text(sql), dict(params))
            names, members = list(found.keys()), found.fetchmany(MOST_ROWS + 1)
            connection.rollback()
    except ModuleNotFoundError as error:
        raise SqlError(f"{_WHAT}: there is no driver {error.name} here. Install it, or name another one in `url`.") from None
    except sa.exc.ArgumentError:
        raise SqlError(f'{_WHAT}: `url` is no address of a database. Write it as "sqlite:///FILE" or "postgresql://…".') from None
    except sa.exc.SQLAlchemyError as error:
        said = getattr(error, "orig", None) or error
        raise SqlError(f"{_WHAT}: {str(said).strip()}. Mend the statement, or the address of the database.") from None
    if len(members) > MOST_ROWS:
        raise SqlError(f"{_WHAT}: the statement gives more than {MOST_ROWS} rows. Let it count, or name the step's own row.")
    return [{name: _json(value) for name, value in zip(names, row, strict=True)} for row in members]


def _read_only(address: Any) -> Any:
    """Give the address of a connection that cannot write; a file of SQLite that is not there is not made, either."""
    if address.drivername == "postgresql":
        return address.set(drivername="postgresql+psycopg")
    if address.get_backend_name() == "sqlite" and address.database not in (None, "", ":memory:"):
        return address.set(database=f"file:{quote(address.database)}").update_query_dict({"mode": "ro", "uri": "true"})
    return address


def _options(address: Any, timeout_s: float) -> dict[str, Any]:
    if address.get_backend_name() == "postgresql":
        return {"connect_args": {"connect_timeout": max(1, round(timeout_s))}, "execution_options": {"postgresql_readonly": True}}
    return {"connect_args": {"timeout": timeout_s}} if address.get_backend_name() == "sqlite" else {}


def _forbid_writing(connection: Any, timeout_s: float) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {round(timeout_s * 1000)}")
    elif connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA query_only = ON")


@contextmanager
def _bounded(connection: Any, timeout_s: float) -> Iterator[None]:
    """Interrupt what takes too long, where the driver can do that."""
    interrupt = getattr(connection.connection.driver_connection, "interrupt", None)
    timer = threading.Timer(timeout_s, interrupt) if interrupt is not None else None
    if timer is not None:
        timer.daemon = True
        timer.start()
    try:
        yield
    finally:
        if timer is not None:
            timer.cancel()
            timer.join()


def _json(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Mapping):
        return {str(name): _json(one) for name, one in value.items()}
    return [_json(one) for one in value] if isinstance(value, list | tuple) else _as_text(value)


def _as_text(value: Any) -> str:
    """Write what JSON does not know: moments as ISO 8601 has them, bytes in base64."""
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode()
    return str(value.isoformat()) if isinstance(value, dt.date | dt.time) else str(value)
