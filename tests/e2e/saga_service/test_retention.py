"""Sagas are forgotten in time, with their request ids, but none that somebody still has to look at."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from patience import PATIENCE_S
from postgres import on_both_databases
from saga_contracts.client import UsageError
from saga_service.limits import Limits

SHORT = {
    "SAGA_CHECK_AFTER_MS": "1",
    "SAGA_CHECK_EVERY_MS": "20",
    "SAGA_CHECK_PAUSE_MS": "1000000",
    "SAGA_KEEP_MS": "300",
    "SAGA_FORGET_EVERY_MS": "20",
    "SAGA_BATCH": "2",
}


@on_both_databases
def test_a_saga_is_forgotten_with_its_request_id_and_its_workflow_when_nobody_has_to_look_at_it(
    tmp_path: Path, start_service: Any, database: Any, new_run: Any, wait_until: Any
) -> None:
    urls = database(tmp_path)
    service = start_service(tmp_path, **urls, **SHORT)

    def is_forgotten(saga_id: str) -> bool:
        return bool(service.http.get(f"/sagas/{saga_id}").status_code == 404)

    running, running_run = new_run({("next", "do"): ["wait"]})
    silent, _ = new_run({("next", "status"): ["503"]})
    stuck, _ = new_run({("tell", "do"): ["503"]})
    kept = [service.create("polled", running), service.create("polled", silent), service.create("decided", stuck)]
    over = []
    for _ in range(5):  # more than a batch
        name, _ = new_run()
        body = {"saga": "polled", "request_id": name, "payload": {"run": name}}
        over.append(service.http.post("/sagas", json=body).json()["saga_id"])
    wait_until(lambda: all(map(is_forgotten, over)), PATIENCE_S)
    assert not any(map(is_forgotten, kept))
    again = service.http.post("/sagas", json=body)
    assert (again.status_code, again.json()["saga_id"] in over) == (201, False)
    wait_until(lambda: service.saga(kept[2])["state"] == "escalated", PATIENCE_S)
    service.http.post(f"/escalations/{kept[2]}/settle", json={"person": "Ada", "note": "told them by phone"})
    wait_until(lambda: is_forgotten(kept[2]), PATIENCE_S)
    running_run.gate.set()
    wait_until(lambda: is_forgotten(kept[0]), PATIENCE_S)
    assert service.saga(kept[1])["check"]["verdict"] == "unknown"
    if urls["SYSTEM_DATABASE_URL"].startswith("sqlite"):
        with sqlite3.connect(tmp_path / "system.sqlite") as connection:
            known = {row[0] for row in connection.execute("SELECT workflow_uuid FROM workflow_status")}
        assert known.isdisjoint([*over, kept[0], kept[2]])
        connection.close()


def test_sagas_are_kept_until_the_checker_has_looked() -> None:
    with pytest.raises(UsageError, match="SAGA_KEEP_MS is not longer than SAGA_CHECK_AFTER_MS"):
        Limits.from_environment({"SAGA_KEEP_MS": "1000", "SAGA_CHECK_AFTER_MS": "1000"})


@pytest.mark.parametrize("variable", ["SAGA_ESCALATION_HOOK", "SAGA_HEALTH"])
def test_a_wrong_limit_is_named_without_its_value(variable: str) -> None:
    with pytest.raises(UsageError, match=variable) as caught:
        Limits.from_environment({variable: "secret-token@host"})
    assert "secret" not in str(caught.value)
