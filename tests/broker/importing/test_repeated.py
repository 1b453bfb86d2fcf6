"""A second import while both brokers are in use: order is by time, and nothing that ended or was left behind comes back."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, update

from saga_broker.importing import Source, import_all
from saga_broker.store.database.engine import Database
from saga_broker.store.database.tables import metadata


class Pair:
    """An old broker, a new one that imports from it, and moments that both can name: what happens is dated afterwards."""

    def __init__(self, old: Any, new: Any, run: Callable[[], Any]) -> None:
        self.old, self.new, self.run = old, new, run

    def at(self, hour: int, where: Any, event: Callable[[], Any]) -> Any:
        """Let something happen at an hour of one day: all rows that it writes or changes get that moment."""
        before = time.time()
        made = event()
        _date(where.database_url, datetime.fromtimestamp(before - 0.001, UTC), datetime(2026, 3, 1, hour, tzinfo=UTC))
        return made

    def verify(self, hour: int, where: Any, version: str, *, success: bool, number: str = "1") -> None:
        self.at(hour, where, lambda: where.verify("Foo", number, "Bar", version, success=success))

    def can_deploy(self) -> Any:
        asked = {"pacticipant": "Foo", "version": "1", "environment": "test"}
        return self.new.get("/can-i-deploy", **asked)["summary"]["deployable"]


DATES = ("created_at", "updated_at", "undeployed_at", "support_ended_at", "contract_data_updated_at")


def _date(database_url: str, since: datetime, moment: datetime) -> None:
    """Give another moment to every date that was written since one."""
    engine = _engine(database_url)
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            for column in (table.c[name] for name in DATES if name in table.c):
                connection.execute(update(table).where(column >= since).values({column.name: moment}))
    engine.dispose()


def _engine(database_url: str) -> Engine:
    return create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))


@pytest.fixture
def pair(serve: Any, tmp_path: Any, migrated: Any, make_pact: Any, database_url: str) -> Iterator[Pair]:
    """Foo 1 on main has a pact with Bar; Bar 10 is on main, kept it at 1 o'clock and is deployed; imported once."""
    path = tmp_path / "old.sqlite"
    path.write_bytes(migrated.read_bytes())
    old, new = serve(database_url=f"sqlite:///{path}"), serve()
    database = Database(database_url)

    def run() -> Any:
        with Source(old.url) as there:
            return import_all(there, database)

    made = Pair(old, new, run)

    def begin() -> None:
        old.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")), branch="main")
        old.put("/pacticipants/Bar/branches/main/versions/10", {})
        old.verify("Foo", "1", "Bar", "10")
        old.deploy("Bar", "10", "test")

    made.at(1, old, begin)
    run()
    assert made.can_deploy() is True
    yield made
    database.close()


def test_an_older_success_does_not_outrank_a_newer_failure(pair: Pair) -> None:
    pair.verify(2, pair.old, "10", success=True)
    pair.verify(3, pair.new, "10", success=False)
    pair.run()
    assert pair.can_deploy() is False


def test_a_newer_success_of_the_other_broker_counts(pair: Pair) -> None:
    pair.verify(2, pair.new, "10", success=False)
    pair.verify(3, pair.old, "10", success=True)
    pair.run()
    assert pair.can_deploy() is True


def test_results_that_were_put_in_order_keep_what_belongs_to_them(pair: Pair, rows: Any) -> None:
    pair.new.put("/pacticipants/Bar/versions/10/tags/dev", {})
    pair.verify(3, pair.new, "10", success=False)
    pair.verify(4, pair.new, "10", success=False)
    pair.verify(2, pair.old, "10", success=True)
    pair.run()

    found = rows(pair.new.database_url)
    tags = {one["verification_id"]: one["tag"] for one in found["verification_tags"]}
    results = [(one["success"], tags.get(one["id"])) for one in found["verifications"]]
    assert results == [(True, None), (True, None), (False, "dev"), (False, "dev")]
    latest = pair.new.get("/pacts/provider/Bar/consumer/Foo/latest/verification-results/latest")
    assert latest["success"] is False


def test_the_newest_version_stays_the_newest(pair: Pair, make_pact: Any) -> None:
    def publish(where: Any, number: str, text_: str, **fields: Any) -> Callable[[], Any]:
        return lambda: where.publish("Foo", number, ("Bar", make_pact("Foo", "Bar", text_)), **fields)

    pair.at(2, pair.old, publish(pair.old, "2", "b", branch="main", tags=["t"]))
    pair.at(3, pair.new, publish(pair.new, "3", "c", branch="main", tags=["t"]))
    pair.at(4, pair.new, publish(pair.new, "4", "d", branch="feat"))
    pair.verify(5, pair.new, "10", success=True, number="3")
    pair.run()

    numbers = [one["number"] for one in pair.new.get("/pacticipants/Foo/versions")["_embedded"]["versions"]]
    assert numbers == ["4", "3", "2", "1"]
    assert pair.new.get("/pacts/provider/Bar/consumer/Foo/latest")["interactions"][0]["description"] == "d"
    assert pair.new.get("/pacts/provider/Bar/consumer/Foo/latest/t")["interactions"][0]["description"] == "c"
    assert pair.new.get("/pacts/provider/Bar/consumer/Foo/branch/main/latest")["interactions"][0]["description"] == "c"
    for number, description in (("1", "a"), ("2", "b"), ("3", "c"), ("4", "d")):
        pact = pair.new.get(f"/pacts/provider/Bar/consumer/Foo/version/{number}")
        assert pact["interactions"][0]["description"] == description
    matrix = pair.new.get("/matrix", **{"q[][pacticipant]": "Foo", "q[][version]": "3", "latestby": "cvpv"})
    assert [row["verificationResult"]["success"] for row in matrix["matrix"] if row["verificationResult"]] == [True]


def test_a_branch_s_head_does_not_move_back(pair: Pair) -> None:
    pair.at(2, pair.old, lambda: pair.old.put("/pacticipants/Bar/branches/main/versions/11", {}))
    pair.at(3, pair.new, lambda: pair.new.put("/pacticipants/Bar/branches/main/versions/12", {}))
    pair.run()
    assert head(pair) == "12"
    pair.at(4, pair.old, lambda: pair.old.put("/pacticipants/Bar/branches/main/versions/13", {}))
    pair.run()
    assert head(pair) == "13"
    pair.new.delete("/pacticipants/Bar/branches/main/versions/13")
    assert head(pair) == "12", "the version that was added before becomes the head"
    pair.new.delete("/pacticipants/Bar/branches/main/versions/12")
    assert head(pair) == "11"


def head(pair: Pair) -> str:
    return str(pair.new.get("/pacticipants/Bar/branches/main/latest-version")["number"])


def test_what_was_undeployed_here_does_not_live_again(pair: Pair) -> None:
    pair.at(2, pair.new, lambda: pair.new.deploy("Bar", "10", "test"))
    (deployment,) = live(pair)
    pair.at(3, pair.new, lambda: pair.new.patch(f"/deployed-versions/{deployment['uuid']}", {"currentlyDeployed": False}))
    pair.run()
    assert live(pair) == []


def test_what_another_version_replaced_here_does_not_live_again(pair: Pair) -> None:
    pair.new.put("/pacticipants/Bar/versions/11", {})
    pair.at(3, pair.new, lambda: pair.new.deploy("Bar", "11", "test"))
    pair.run()
    assert numbers(pair) == ["11"]


def test_a_deployment_that_came_before_the_one_here_is_over(pair: Pair) -> None:
    for where in (pair.old, pair.new):
        where.put("/pacticipants/Bar/versions/11", {})
    pair.new.put("/pacticipants/Bar/versions/12", {})
    pair.at(2, pair.old, lambda: pair.old.deploy("Bar", "11", "test"))
    pair.at(3, pair.new, lambda: pair.new.deploy("Bar", "12", "test"))
    pair.run()
    assert numbers(pair) == ["12"]
    pair.at(4, pair.old, lambda: pair.old.deploy("Bar", "10", "test"))
    pair.at(5, pair.new, lambda: pair.new.deploy("Bar", "12", "test", applicationInstance="blue"))
    pair.run()
    assert numbers(pair) == ["10", "12"], "the later one of each instance is live"


def live(pair: Pair) -> list[Any]:
    uuid = pair.new.environment("test")
    found = pair.new.get(f"/environments/{uuid}/deployed-versions/currently-deployed")["_embedded"]["deployedVersions"]
    return list(found)


def numbers(pair: Pair) -> list[str]:
    return sorted(one["_embedded"]["version"]["number"] for one in live(pair))


def test_whoever_changed_a_release_last_is_right(pair: Pair) -> None:
    pair.old.put("/pacticipants/Bar/versions/11", {})
    for hour, number in ((2, "10"), (3, "11")):
        pair.at(hour, pair.old, partial(release, pair.old, number))
    pair.run()
    first, second = supported(pair)
    end = {"currentlySupported": False}
    pair.at(4, pair.new, lambda: pair.new.patch(f"/released-versions/{first['uuid']}", end))
    pair.at(5, pair.old, lambda: pair.old.patch(f"/released-versions/{second['uuid']}", end))
    pair.run()
    assert supported(pair) == []
    pair.at(6, pair.new, partial(release, pair.new, "11", status=200))
    pair.run()
    assert [one["_embedded"]["version"]["number"] for one in supported(pair)] == ["11"]


def release(where: Any, number: str, status: int = 201) -> None:
    where.post(f"/pacticipants/Bar/versions/{number}/released-versions/environment/{where.environment('test')}", {}, status)


def supported(pair: Pair) -> list[Any]:
    uuid = pair.new.environment("test")
    return list(pair.new.get(f"/environments/{uuid}/released-versions/currently-supported")["_embedded"]["releasedVersions"])


def test_what_was_changed_here_later_stays(pair: Pair) -> None:
    pair.at(2, pair.old, lambda: pair.old.patch("/pacticipants/Foo", {"mainBranch": "trunk", "displayName": "There"}))
    pair.at(3, pair.new, lambda: pair.new.patch("/pacticipants/Foo", {"mainBranch": "main"}))
    pair.run()
    found = pair.new.get("/pacticipants/Foo")
    assert found["mainBranch"] == "main"
    pair.at(4, pair.old, lambda: pair.old.patch("/pacticipants/Foo", {"mainBranch": "release"}))
    pair.run()
    assert pair.new.get("/pacticipants/Foo")["mainBranch"] == "release"


def test_importing_once_more_changes_nothing(pair: Pair, make_pact: Any, rows: Any) -> None:
    pair.at(2, pair.old, lambda: pair.old.publish("Foo", "2", ("Bar", make_pact("Foo", "Bar", "b")), branch="main", tags=["t"]))
    pair.verify(2, pair.old, "10", success=False)
    pair.at(3, pair.new, lambda: pair.new.publish("Foo", "3", ("Bar", make_pact("Foo", "Bar", "c")), branch="main"))
    pair.verify(3, pair.new, "11", success=True)
    pair.new.put("/pacticipants/Bar/versions/12", {})
    pair.at(4, pair.new, lambda: pair.new.deploy("Bar", "12", "test"))
    pair.run()
    before = rows(pair.new.database_url)
    done = pair.run()
    assert (done.pacts, done.results) == (0, 0)
    assert rows(pair.new.database_url) == before
