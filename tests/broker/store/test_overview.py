"""How integrations stand, a page at a time: the same as asked one by one, in the order and the parts that are asked for."""

from typing import Any

import pytest

from filled_broker import fill
from saga_broker.acts.standing import status_of_newest
from saga_broker.rows import Page
from saga_broker.store.database.engine import Database
from saga_broker.store.pacts import Which
from saga_broker.store.questions.overview import WORST_FIRST, Wish, overview

SORTS = ("consumer", "provider", "changed", "published", "verified", "status")


@pytest.fixture
def database(broker: Any) -> Database:
    fill(broker)
    return Database(broker.database_url)


def test_the_overview_says_of_each_integration_what_the_badge_says(database: Database) -> None:
    with database.read() as connection:
        rows, total = overview(connection, Wish(), Page(1, 100))
        assert total == len(rows) > 8
        for row in rows:
            assert row.status == status_of_newest(connection, Which(row.consumer, row.provider)), row
        assert {row.status for row in rows} == {"never", "success", "stale", "failed"}
        for sort in SORTS:
            _sorts_and_pages(connection, sort)
        failed, count = overview(connection, Wish(status="failed"), Page(1, 100))
        assert (count, {row.status for row in failed}) == (len(failed), {"failed"})
        found, _ = overview(connection, Wish(part="SHO", sort="consumer"), Page(1, 100))
        assert [(row.consumer, row.provider) for row in found] == [("app", "shop"), ("shop", "orders"), ("shop", "prices")]
        assert overview(connection, Wish(part="%"), Page(1, 100)) == ([], 0)
    database.close()


def _sorts_and_pages(connection: Any, sort: str) -> None:
    whole, total = overview(connection, Wish(sort=sort), Page(1, 100))
    parts = [row for number in range(1, total + 1) for row in overview(connection, Wish(sort=sort), Page(number, 1))[0]]
    assert parts == whole
    if sort == "status":
        places = [WORST_FIRST.index(row.status) for row in whole]
        assert places == sorted(places)
    if sort == "verified":
        times = [row.verified_at for row in whole if row.verified_at is not None]
        assert times == sorted(times)
        assert all(row.verified_at is None for row in whole[len(times) :])
