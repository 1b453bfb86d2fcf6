"""What a participant's database promises to its store, on both databases."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, func, insert, select
from sqlalchemy.exc import DBAPIError

from participants.common.database import Database
from postgres import on_both_databases

pytestmark = on_both_databases

METADATA = MetaData()
numbers = Table("numbers", METADATA, Column("number", Integer, primary_key=True))
COUNT = select(func.count()).select_from(numbers)


@pytest.fixture
def url(database: Callable[[Path], dict[str, str]], tmp_path: Path) -> str:
    return database(tmp_path).get("DATABASE_URL", f"sqlite:///{tmp_path}/own.sqlite")


@pytest.fixture
def own(url: str) -> Iterator[Database]:
    own = Database(url.replace("+psycopg", ""), METADATA)  # the driver need not be named
    yield own
    own.close()


def test_a_reading_transaction_sees_one_state_of_the_data(own: Database) -> None:
    with own.reading() as reader:
        before = reader.execute(COUNT).scalar_one()
        with own.writing() as writer:
            writer.execute(insert(numbers).values(number=1))
        assert reader.execute(COUNT).scalar_one() == before == 0
    with own.reading() as reader:
        assert reader.execute(COUNT).scalar_one() == 1


def test_what_raises_within_a_writing_transaction_leaves_nothing(own: Database) -> None:
    with pytest.raises(DBAPIError):
        write_twice(own)
    with own.reading() as reader:
        assert reader.execute(COUNT).scalar_one() == 0


def write_twice(own: Database) -> None:
    with own.writing() as writer:
        for _ in range(2):
            writer.execute(insert(numbers).values(number=1))


def test_several_instances_that_open_a_new_database_at_once_all_find_its_tables(
    url: str, together: Callable[..., list[Any]]
) -> None:
    for own in together(*[lambda: Database(url, METADATA)] * 4):
        own.check()
        own.close()
