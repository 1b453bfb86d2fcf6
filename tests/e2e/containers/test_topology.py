"""The whole landscape in containers: eight of them, started together, with real databases and faults between them."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from saga_contracts.declare.saga import Saga
from saga_contracts.sagafile import load_saga
from saga_e2e.derive.faults import Kind
from saga_e2e.derive.scenarios import Scenario, derive, select
from saga_e2e.judge.records import ScenarioRecord
from saga_e2e.play import runner
from saga_e2e.play.runner import ScenarioEnded
from saga_e2e.stage.broker_program import broker_spec
from saga_e2e.stage.containers import container_isolation, containers_of
from saga_e2e.stage.landscape import reference_landscape
from saga_e2e.stage.topology import Topology
from saga_verifier.isolation.container.backend import ContainerIsolation
from saga_verifier.isolation.container.run import Run
from saga_verifier.provider_file import ProviderFile

pytestmark = [pytest.mark.containers, pytest.mark.slow, pytest.mark.xdist_group("landscape in containers")]
LAND = reference_landscape()


@pytest.fixture(scope="module")
def isolation(every_image: None) -> Iterator[ContainerIsolation]:
    with container_isolation(LAND.services(LAND.saga()), broker=True) as one:
        yield one


@pytest.fixture(scope="module")
def topology(isolation: ContainerIsolation) -> Iterator[Topology]:
    """Five participants, the saga service and a broker; PostgreSQL is the eighth container."""
    with Topology(LAND, LAND.saga(), isolation=isolation, beside=[broker_spec()]) as started:
        yield started


def test_eight_containers_run(topology: Topology, isolation: ContainerIsolation) -> None:
    assert len(topology.all_names) == 7
    assert isolation.database_server is not None


def test_every_service_has_a_database_of_its_own_on_postgresql(topology: Topology, isolation: ContainerIsolation) -> None:
    run = run_of(isolation)
    assert run.server is not None
    sql = "SELECT datname FROM pg_database WHERE NOT datistemplate"
    listed = run.engine.run_inside(run.server._id, ["psql", "-h", "127.0.0.1", "-U", "postgres", "-qtAc", sql])[1].split()

    used = {name: [one for one in listed if one.startswith(f"{name}_")] for name in topology.all_names}
    assert [name for name, databases in used.items() if not databases] == []


def test_the_saga_service_reaches_everybody_only_through_the_proxy(topology: Topology, isolation: ContainerIsolation) -> None:
    (service,) = (
        one for one, labels in run_of(isolation).engine.containers("sagapact.name=saga_service") if is_ours(labels, isolation)
    )
    told = dict(
        line.split("=", 1) for line in run_of(isolation).engine.run_inside(service, ["env"])[1].splitlines() if "=" in line
    )

    addresses = json.loads(told["SAGA_PARTICIPANTS"])
    assert addresses == {name: topology.proxy.url_of(name) for name in topology.names if name != "saga_service"}
    assert topology.proxy.base_url.startswith(f"http://{isolation.gateway}:")
    assert told["SAGA_CALLBACK_BASE"] == topology.proxy.url_of("saga_service")


def test_one_scenario_of_every_kind_of_fault_is_kept(topology: Topology) -> None:
    names = [
        "committed",
        "refused-at-create_packages",
        "reply-lost-at-create_packages",
        "request-lost-at-reserve_money",
        "duplicate-at-notify",
        "unreachable-at-apply_vas",
        "late-at-apply_vas",
        "callback-lost-at-create_packages",
        "undo-reply-lost-at-reserve_money",
        "undo-fails-at-apply_vas",
        "participant-dies-at-create_packages",
        "saga-service-dies-at-apply_vas",
        "saga-service-dies-before-at-reserve_money",
        "saga-service-dies-after-reply-at-create_packages",
        "saga-service-dies-after-record-at-notify",
        "participant-dies-before-at-apply_vas",
        "overlap-at-apply_vas",
        "fails-after-at-notify",
        "late-right-after-undo-at-reserve_money",
        "callback-early-at-create_packages",
        "callback-foreign-at-create_packages",
        "cut-at-apply_vas",
        "pause-at-reserve_money",
        "down-at-create_packages",
    ]
    chosen = select(derive(topology.saga), names=names)

    records = played(topology, *chosen)

    assert len(records) == len(names)
    assert [(record.name, record.error, record.broken) for record in records if record.verdict != "kept"] == []
    kinds = {fault.kind for one in derive(topology.saga) for fault in one.faults}
    assert not topology.takes_snapshots
    assert not topology.kills_at_once
    assert kinds - {Kind.EFFECT_LOST, Kind.RECEIVER_DIES_WITHIN} == {fault.kind for one in chosen for fault in one.faults}


def test_the_broker_beside_them_answers(topology: Topology) -> None:
    answer = httpx.get(f"{topology.url_of('broker')}/", headers={"Accept": "application/hal+json"}, trust_env=False)

    assert answer.status_code == 200
    assert "pb:latest-provider-pacts" in answer.json()["_links"]


def test_a_service_without_a_container_part_is_named_with_the_mend(tmp_path: Path) -> None:
    saga = LAND.saga()
    files: dict[str, ProviderFile] = {**LAND.services(saga)}
    files["billing"] = files["billing"].model_copy(update={"container": None})

    with pytest.raises(Exception, match=r"Cannot run billing in containers: .* Add `container: .*--isolation process"):
        containers_of(files)


def test_every_service_of_every_reference_saga_says_how_it_runs_in_a_container() -> None:
    called = [name for name, file in LAND.sagas.items() if load_saga(file).steps]
    for name in called:
        saga: Saga = LAND.saga(name)
        if all(step.participant in LAND.providers for step in saga.steps):
            assert set(containers_of(LAND.services(saga))) == set(LAND.services(saga))


def played(topology: Topology, *scenarios: Scenario) -> list[ScenarioRecord]:
    return [event.record for event in runner.play(topology, scenarios) if isinstance(event, ScenarioEnded)]


def run_of(isolation: ContainerIsolation) -> Run:
    run = isolation._shared.run
    assert run is not None
    return run


def is_ours(labels: object, isolation: ContainerIsolation) -> bool:
    assert isinstance(labels, dict)
    return bool(labels["sagapact.run"] == run_of(isolation).id)
