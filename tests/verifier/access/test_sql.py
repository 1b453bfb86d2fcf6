"""A probe by SQL gives rows as JSON, takes values bound only, and cannot write."""

from pathlib import Path

import pytest
import sqlalchemy

from postgres import cluster_of
from saga_verifier.access import sql

TABLE = "CREATE TABLE holds (id TEXT, free INTEGER, price NUMERIC(8, 2), at TIMESTAMP)"
ROW = "INSERT INTO holds VALUES ('a', 5, 7.50, '2026-01-02 03:04:05')"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with one row, as a provider file names it."""
    file = tmp_path / "stock 100%.sqlite"
    address = f"sqlite:///{file}" if request.param == "sqlite" else cluster_of(request.config).database("probe")
    engine = sqlalchemy.create_engine(address)
    with engine.begin() as connection:
        connection.exec_driver_sql(TABLE)
        connection.exec_driver_sql(ROW)
    engine.dispose()
    return address.replace("+psycopg", "")


def test_rows_are_json_values_by_the_names_of_their_columns(url: str) -> None:
    (row,) = sql.rows(url, "SELECT free, CAST(price AS REAL) AS price, id FROM holds WHERE id = :id", {"id": "a"}, 20)
    assert row == {"free": 5, "price": 7.5, "id": "a"}


def test_no_row_is_an_empty_list(url: str) -> None:
    assert sql.rows(url, "SELECT * FROM holds WHERE id = :id", {"id": "' OR 1=1 --"}, 20) == []


@pytest.mark.parametrize(
    "statement", ["WITH a AS (SELECT 1) DELETE FROM holds", "DELETE FROM holds", "INSERT INTO holds (id) VALUES ('b')"]
)
def test_nothing_can_be_written(url: str, statement: str) -> None:
    with pytest.raises(sql.SqlError, match=r"(?i)read-?only"):
        sql.rows(url, statement, {}, 20)
    assert sql.rows(url, "SELECT count(*) AS n FROM holds", {}, 20) == [{"n": 1}]


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT "


def test_a_statement_that_takes_too_long_is_ended(url: str) -> None:
    with pytest.raises(sql.SqlError, match=r"interrupted|statement timeout"):
        sql.rows(url, ENDLESS + "max(i) FROM n", {}, 1)


def test_too_many_rows_are_refused(url: str) -> None:
    with pytest.raises(sql.SqlError, match="more than 1000 rows"):
        sql.rows(url, ENDLESS + "i FROM n LIMIT 2000", {}, 20)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("nonsense", "`url` is no address of a database"),
        ("sqlite:////nowhere/at/all.sqlite", "unable to open database file"),
        ("postgresql://nobody:hunter2@127.0.0.1:9/x", "Connection refused"),
        ("strange://x", "`url` is no address of a database"),
    ],
)
def test_a_database_that_is_not_there_is_told_without_its_password(address: str, told: str) -> None:
    with pytest.raises(sql.SqlError) as caught:
        sql.rows(address, "SELECT 1", {}, 5)
    assert told in str(caught.value)
    assert "hunter2" not in str(caught.value)
