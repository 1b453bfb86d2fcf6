"""A broker's database, made older, and the command that cleans it, run as an operator runs it."""

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, select, update

from command_line import Done, here
from saga_broker.store.database.tables import metadata
from saga_broker.store.database.types import UtcDateTime

BIN = Path(sys.executable).parent
Run = Callable[..., Done]


def engine_of(database_url: str) -> Engine:
    return create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))


def command(database_url: str, *words: str) -> tuple[list[str], dict[str, str]]:
    env = {"PATH": os.environ["PATH"], "SAGAPACT_DATABASE_URL": database_url}
    return [str(BIN / "sagapact"), "broker", "clean", *words], env


@pytest.fixture
def cleaning(database_url: str) -> Callable[..., tuple[list[str], dict[str, str]]]:
    """The command's words and its environment."""
    return lambda *words: command(database_url, *words)


@pytest.fixture
def run(database_url: str) -> Run:
    """Run the command in this process and give what it did."""

    def start(*words: str) -> Done:
        return here("broker", "clean", *words, SAGAPACT_DATABASE_URL=database_url)

    return start


@pytest.fixture
def clean(run: Run) -> Callable[..., list[str]]:
    """Clean, which must work, and give the lines that were told, but for the first."""

    def start(*words: str) -> list[str]:
        done = run(*words)
        assert (done.status, done.err) == (0, ""), done.out
        assert done.out.startswith("kept: ")
        return done.out.splitlines()[1:]

    return start


@pytest.fixture
def set_clock(database_url: str) -> Callable[[Callable[[datetime], datetime]], None]:
    """Change every moment in the database."""

    def start(new: Callable[[datetime], datetime]) -> None:
        engine = engine_of(database_url)
        with engine.begin() as connection:
            for table in metadata.sorted_tables:
                moments = [column for column in table.columns if isinstance(column.type, UtcDateTime)]
                keys = list(table.primary_key)
                for row in connection.execute(select(*keys, *moments)).all() if moments else ():
                    known = row._mapping
                    same = (key == known[key] for key in keys)
                    values = {one.name: new(known[one]) for one in moments if known[one] is not None}
                    connection.execute(update(table).where(*same).values(**values))
        engine.dispose()

    return start


@pytest.fixture
def stretch(set_clock: Any) -> Callable[[float], None]:
    """Let everything have happened over so many days, in the order and with the pauses in which it did.

    What was there before the test began, such as the environments of a new broker, counts as made at its beginning.
    """
    began = datetime.now(UTC)

    def start(days: float) -> None:
        now = datetime.now(UTC)
        factor = days * 86400 / (now - began).total_seconds()
        set_clock(lambda moment: now - (now - max(moment, began)) * factor if moment <= now else moment)

    return start


@pytest.fixture
def rows(database_url: str) -> Callable[[], dict[str, list[dict[str, Any]]]]:
    """Give the rows of all tables."""

    def read() -> dict[str, list[dict[str, Any]]]:
        engine = engine_of(database_url)
        with engine.connect() as connection:
            found = {
                table.name: [dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()]
                for table in metadata.sorted_tables
            }
        engine.dispose()
        return found

    return read
