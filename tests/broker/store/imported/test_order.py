"""Rows that come late get the place of their moment, and keep all that belongs to them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from saga_broker.store.database.engine import Database
from saga_broker.store.database.query import add
from saga_broker.store.database.schema import branch_heads, branch_versions, branches, pacticipants, tags, versions
from saga_broker.store.imported.order import place

START = datetime(2026, 1, 1, tzinfo=UTC)
HOURS = st.lists(st.integers(0, 12), max_size=6)


def moment(hour: int) -> datetime:
    return START + timedelta(hours=hour)


def make(connection: Connection, owner: int, number: str, hour: int) -> int:
    """Make a version with a tag and a place on a branch that bear its number."""
    made = add(connection, versions, pacticipant_id=owner, number=number, created_at=moment(hour))
    add(connection, tags, pacticipant_id=owner, version_id=made, name=f"tag {number}", created_at=START)
    branch = add(connection, branches, pacticipant_id=owner, name=f"branch {number}", created_at=START)
    add(connection, branch_versions, branch_id=branch, version_id=made, created_at=START)
    connection.execute(branch_heads.insert().values(branch_id=branch, version_id=made))
    return made


def told(connection: Connection, owner: int) -> list[tuple[str, str, str]]:
    """Give the numbers of the versions in the order of their ids, each with what refers to it."""
    query = (
        select(versions.c.number, tags.c.name, branches.c.name)
        .join(tags, tags.c.version_id == versions.c.id)
        .join(branch_versions, branch_versions.c.version_id == versions.c.id)
        .join(branches, branches.c.id == branch_versions.c.branch_id)
        .join(branch_heads, branch_heads.c.version_id == versions.c.id)
    )
    rows = connection.execute(query.where(versions.c.pacticipant_id == owner).order_by(versions.c.id))
    return [(row[0], row[1], row[2]) for row in rows]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(here=HOURS.map(sorted), late=HOURS, other=HOURS)
def test_the_order_of_ids_is_that_of_time(database_url: str, here: list[int], late: list[int], other: list[int]) -> None:
    database = Database(database_url)
    with database.write() as connection:
        connection.execute(pacticipants.delete())
        owner, stranger = (add(connection, pacticipants, name=name, created_at=START) for name in ("own", "other"))
        for place_, hour in enumerate(here):
            make(connection, owner, f"here {hour} {place_}", hour)
        for place_, hour in enumerate(other):
            make(connection, stranger, f"other {place_}", hour)
        coming = [(make(connection, owner, f"late {hour} {place_}", hour), moment(hour)) for place_, hour in enumerate(late)]

        place(connection, versions, versions.c.pacticipant_id == owner, coming)

        found = told(connection, owner)
        kinds: dict[str, int] = {"here": 0, "late": 1}
        wanted = sorted(
            (row[0] for row in found), key=lambda text: (int(text.split()[1]), kinds[text.split()[0]], int(text.split()[2]))
        )
        assert [row[0] for row in found] == wanted
        assert len(found) == len(here) + len(late)
        assert all((tag, branch) == (f"tag {number}", f"branch {number}") for number, tag, branch in found)
        assert [row[0] for row in told(connection, stranger)] == [f"other {place_}" for place_ in range(len(other))]
    database.close()


def test_rows_to_which_nothing_refers_are_put_in_order_too(database_url: str) -> None:
    database = Database(database_url)
    with database.write() as connection:
        owner = add(connection, pacticipants, name="own", created_at=START)
        branch = add(connection, branches, pacticipant_id=owner, name="main", created_at=START)
        numbers = [add(connection, versions, pacticipant_id=owner, number=str(one), created_at=START) for one in range(3)]
        for hour, version in ((1, numbers[0]), (3, numbers[2])):
            add(connection, branch_versions, branch_id=branch, version_id=version, created_at=moment(hour))
        late = add(connection, branch_versions, branch_id=branch, version_id=numbers[1], created_at=moment(2))

        place(connection, branch_versions, branch_versions.c.branch_id == branch, [(late, moment(2))])

        order: Any = connection.execute(select(branch_versions.c.version_id).order_by(branch_versions.c.id)).scalars().all()
    database.close()
    assert order == numbers
