"""Several databases behind one interface: each saga is in one, every route finds it, and lists show all."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patience import PATIENCE_S
from postgres import cluster_of
from saga_contracts.client import UsageError
from saga_service.front import number_of, shard_of
from saga_service.kept.shards import remember
from saga_service.tables import open_engine


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def databases(request: pytest.FixtureRequest, tmp_path_factory: Any) -> list[str]:
    """Two databases of the service, and one of the engine."""
    if request.param == "postgresql":
        return [cluster_of(request.config).database(name) for name in ("shard", "shard", "system")]
    folder = tmp_path_factory.mktemp("shards")
    return [f"sqlite:///{folder}/{name}.sqlite" for name in ("zero", "one", "system")]


@pytest.fixture(scope="module")
def service(databases: list[str], tmp_path_factory: Any, start_for_module: Any) -> Any:
    """A service on two databases."""
    shards = {"SAGA_SHARDS": json.dumps(databases[:2]), "SYSTEM_DATABASE_URL": databases[2]}
    return start_for_module(tmp_path_factory.mktemp("service"), **shards)


def test_sagas_are_spread_over_the_databases_and_each_route_finds_them(service: Any, new_run: Any, wait_until: Any) -> None:
    begun = {}
    for number in range(8):
        name, run = new_run({("last", "do"): ["503"]} if number % 4 < 2 else None)
        request_id = f"{name}-{number}"
        wanted = {"saga": "diamond", "request_id": request_id, "payload": {"run": name}}
        answers = [service.http.post("/sagas", json=wanted) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 200]
        saga_id = answers[0].json()["saga_id"]
        assert answers[1].json()["saga_id"] == saga_id
        assert saga_id.startswith(f"{number_of('diamond', request_id, 2):02x}")
        begun[saga_id] = run
    if len({one[:2] for one in begun}) == 1:  # by chance, once in 128 times
        pytest.skip("every saga fell into one database")
    ended = {saga_id: service.ended(saga_id) for saga_id in begun}
    assert {saga["state"] for saga in ended.values()} == {"committed", "escalated"}
    assert all(run.made["right"] == 1 for run in begun.values())
    listed = [one["saga_id"] for one in service.http.get("/sagas", params={"limit": 8}).json()["sagas"]]
    assert listed == list(begun)[::-1]
    escalated = [saga_id for saga_id, saga in ended.items() if saga["state"] == "escalated"]
    waiting = service.http.get("/escalations").json()["escalations"]
    assert {one["saga_id"] for one in waiting} == set(escalated)
    assert [one["since"] for one in waiting] == sorted(one["since"] for one in waiting)
    assert service.http.post(f"/escalations/{escalated[0]}/settle", json={"person": "A", "note": "n"}).status_code == 204
    committed = [saga_id for saga_id in begun if saga_id not in escalated]
    assert {service.http.post(f"/checker/{saga_id}").json()["verdict"] for saga_id in committed} == {"sound"}
    metrics = service.http.get("/metrics").text
    assert f'saga_service_sagas{{saga="diamond",state="committed"}} {len(committed)}.0' in metrics
    assert all(service.http.get(f"/pages/{saga_id}").status_code == 200 for saga_id in begun)
    assert service.http.get("/definitions/diamond").json()["versions"][0]["number"] == 1


def test_a_restart_takes_up_the_sagas_of_every_database(service: Any, new_run: Any, wait_until: Any) -> None:
    begun = {}
    for _ in range(6):
        name, run = new_run({("left", "do"): ["wait"]})
        begun[service.create("diamond", name)] = run
    wait_until(lambda: all(run.count("left", "do") for run in begun.values()), PATIENCE_S)
    service.kill()
    for run in begun.values():
        run.gate.set()
    service.start()
    assert {service.ended(saga_id)["state"] for saga_id in begun} == {"committed"}
    assert all(run.made["left"] == 1 for run in begun.values())


def test_the_number_and_order_of_databases_stay_as_they_were(tmp_path: Path) -> None:
    engines = [open_engine(f"sqlite:///{tmp_path}/{name}.sqlite") for name in ("zero", "one")]
    for number, engine in enumerate(engines):
        remember(engine, number, 2)
        remember(engine, number, 2)
    with pytest.raises(UsageError, match="The database of shard 0 of 3 was shard 0 of 2 before"):
        remember(engines[0], 0, 3)
    with pytest.raises(UsageError, match="shard 1 of 2 was shard 0 of 2 before"):
        remember(engines[0], 1, 2)
    for engine in engines:
        engine.dispose()


@given(st.text(max_size=63), st.text(max_size=200), st.integers(1, 256))
def test_a_request_finds_its_shard_and_so_does_the_id_that_it_gets(saga: str, request_id: str, shards: int) -> None:
    number = number_of(saga, request_id, shards)
    assert 0 <= number < shards
    assert number_of(saga, request_id, shards) == number
    assert shard_of(f"{number:02x}{'0' * 30}", shards) == number
