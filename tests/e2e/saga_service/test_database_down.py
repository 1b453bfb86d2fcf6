"""PostgreSQL goes down under the running saga service and comes back: every saga comes to its end, and no effect is doubled."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from postgres import Cluster, new_cluster

SAGAS: dict[str, tuple[dict[tuple[str, str], list[str]], tuple[str, str], str]] = {
    # name: script, the call that has come when the database goes, and how the saga ends
    "first call answered while the database is down": ({("first", "do"): ["wait", "ok"]}, ("first", "do"), "committed"),
    "reply lost while the database is down": ({("left", "do"): ["hang", "ok"]}, ("left", "do"), "committed"),
    "callback awaited": ({("right", "do"): ["202"]}, ("right", "do"), "committed"),
    "refused while the database is down": (
        {("right", "do"): ["no"], ("left", "do"): ["wait", "ok"]},
        ("left", "do"),
        "compensated",
    ),
    "undoing answered while the database is down": (
        {("right", "do"): ["no"], ("left", "undo"): ["hang", "ok"]},
        ("left", "undo"),
        "compensated",
    ),
    "owner told while the database is down": (
        {("last", "do"): ["503"], ("last", "told"): ["hang", "ok"]},
        ("last", "told"),
        "escalated",
    ),
}


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL server that the test may stop."""
    cluster = new_cluster()
    yield cluster
    cluster.close()


@pytest.mark.slow
def test_every_saga_that_was_under_way_is_finished_when_the_database_is_back(
    cluster: Cluster, start_service: Any, new_run: Any, wait_until: Any, tmp_path: Path
) -> None:
    service = start_service(tmp_path, DATABASE_URL=cluster.database("sagas"), SYSTEM_DATABASE_URL=cluster.database("system"))
    begun = {}
    for name, (script, (step, role), _) in SAGAS.items():
        run_name, run = new_run(script)
        begun[name] = (service.create("diamond", run_name), run)
        wait_until(lambda run=run, step=step, role=role: run.count(step, role))
    waiting = begun["callback awaited"][0]
    key = f"{waiting}:right"
    wait_until(lambda: service.saga(waiting)["steps"]["right"]["tries"] == 1)

    with cluster.down():
        for _, run in begun.values():
            run.gate.set()
        new = {"saga": "diamond", "request_id": "new", "payload": {"run": "new"}}
        assert service.http.get("/health").status_code == 503
        assert service.http.get(f"/sagas/{waiting}").status_code == 503
        assert service.http.post("/sagas", json=new).status_code == 503
        assert service.call_back(key, {"key": key, "outcome": "done"}) == 503

    assert service.http.get("/health").status_code == 200
    assert service.call_back(key, {"key": key, "outcome": "done"}) == 204
    for name, (saga_id, run) in begun.items():
        saga = service.ended(saga_id)
        assert (name, saga["state"]) == (name, SAGAS[name][2])
        wanted = {"committed": 1, "compensated": 0}.get(saga["state"])
        for step in saga["steps"]:
            assert run.made[step] <= 1, name
            if wanted is not None:
                assert run.effects[step] == wanted, (name, step)
    assert service.process.poll() is None
