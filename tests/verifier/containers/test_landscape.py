"""The reference landscape in containers: one participant verified alone, and all of them together running a saga."""

import datetime as dt
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from saga_contracts.slices import step_slice
from saga_e2e.containers import (
    SAGA_SERVICE,
    addresses_inside,
    broker_container,
    broker_spec,
    container_isolation,
    service_container,
)
from saga_e2e.images import Images
from saga_e2e.landscape import reference_landscape
from saga_verifier.isolation import Group, Health, Spec, start_all
from saga_verifier.isolation.container import ContainerIsolation
from saga_verifier.isolation.container_spec import ContainerSpec, inside_url
from saga_verifier.isolation.engine import Engine
from saga_verifier.provider_file import ProviderFile
from saga_verifier.run import Settings, verify_files
from saga_verifier.verdicts import Verdict

pytestmark = [pytest.mark.containers, pytest.mark.slow]
TODAY = dt.date(2026, 1, 1)
LAND = reference_landscape()
SAGA = LAND.saga()


@pytest.fixture(scope="session")
def services() -> Mapping[str, ProviderFile]:
    return LAND.services(SAGA)


@pytest.fixture
def isolation_of(image_of: Callable[[str], str], images: Images, tmp_path: Path) -> Callable[..., ContainerIsolation]:
    """Gives the backend for some services, with PostgreSQL."""

    def give(*names: str, **more: ContainerSpec) -> ContainerIsolation:
        image_of("postgres")
        landscape = image_of("landscape")
        containers = {**{name: service_container(name, landscape) for name in names}, **more}
        return container_isolation(images, containers, tmp_path / "logs")

    return give


@pytest.fixture(scope="session")
def pacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pacts that the owner's contract tests write."""
    folder = tmp_path_factory.mktemp("pacts")
    command = [sys.executable, "-m", "saga_e2e.contract_tests", str(os.getpid()), str(folder), str(LAND.sagas[SAGA.saga].parent)]
    path = os.pathsep.join(one for one in sys.path if one)
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=200, check=False, env={**os.environ, "PYTHONPATH": path}
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return folder


def test_billing_keeps_its_pact_and_deck_in_a_container_with_postgresql(
    pacts: Path, isolation_of: Callable[..., ContainerIsolation], services: Mapping[str, ProviderFile]
) -> None:
    (pact,) = (file for file in pacts.glob("**/*.json") if file.stem.endswith("billing"))

    with isolation_of("billing") as isolation:
        outcome = verify_files(services["billing"], [pact], isolation, Settings(faults=1, today=TODAY))

    (verified,) = outcome.pacts
    assert outcome.verdict == Verdict.KEPT
    assert len(verified.interactions) > 0
    assert sum(len(deck.histories) for deck in verified.decks) > 10


def test_billing_that_breaks_a_compensation_is_caught_in_a_container(
    pacts: Path,
    isolation_of: Callable[..., ContainerIsolation],
    services: Mapping[str, ProviderFile],
    image_of: Callable[[str], str],
) -> None:
    (pact,) = (file for file in pacts.glob("**/*.json") if file.stem.endswith("billing"))
    right = service_container("billing", image_of("landscape"))
    broken = replace(right, env={**right.env, "FAULT": "null_compensation_404"})

    outcome = verify_files(services["billing"], [pact], isolation_of(billing=broken), Settings(faults=1, today=TODAY))

    assert outcome.verdict == Verdict.BROKEN
    assert any(deck.obligations.get("O8") == Verdict.BROKEN for one in outcome.pacts for deck in one.decks)


def test_a_postgresql_that_goes_down_in_mid_run_is_said_and_taken_up_again(
    isolation_of: Callable[..., ContainerIsolation], services: Mapping[str, ProviderFile]
) -> None:
    isolation = isolation_of("billing")
    with (
        isolation.start(_patient(services["billing"].spec())) as running,
        httpx.Client(base_url=running.base_url, trust_env=False) as http,
    ):
        assert isolation.database_server is not None

        isolation.database_server.kill()
        said = running.ended()
        isolation.database_server.start()

        assert said == "it runs, but its PostgreSQL server has ended with signal SIGKILL"
        assert running.ended() is None
        assert _answers(lambda: http.get("/health").status_code == 200)


def test_each_program_has_a_database_that_no_other_can_open(
    isolation_of: Callable[..., ContainerIsolation], engine: Engine
) -> None:
    with isolation_of() as isolation:
        run = isolation._shared.run
        assert run is not None
        one, other = run.database("one"), run.database("other")
        assert run.server is not None

        psql = ["psql", "-h", "127.0.0.1", "-U", one.name, "-c", "SELECT 1", "-d"]
        own = engine.run_inside(run.server._id, [*psql, one.name])
        foreign = engine.run_inside(run.server._id, [*psql, other.name])

    assert own[0] == 0
    assert foreign[0] != 0
    assert "permission denied for database" in foreign[1]


@pytest.fixture
def together(
    isolation_of: Callable[..., ContainerIsolation], services: Mapping[str, ProviderFile], image_of: Callable[[str], str]
) -> Iterator[Group]:
    """Five participants, the saga service, the broker, and one PostgreSQL server with a database for each."""
    broker = broker_container(image_of("broker"))
    containers = {name: service_container(name, image_of("landscape")) for name in services}
    wiring = {
        "SAGA_PARTICIPANTS": addresses_inside(services, containers),
        "SAGA_CALLBACK_BASE": inside_url(SAGA_SERVICE, containers[SAGA_SERVICE]),
    }
    specs = [_patient(one.spec()) for one in services.values()]
    specs = [replace(one, env={**one.env, **wiring}) if one.name == SAGA_SERVICE else one for one in specs]
    with isolation_of(*services, broker=broker) as isolation, start_all(isolation, [*specs, broker_spec()]) as group:
        yield group


def test_a_saga_commits_in_eight_containers(together: Group, services: Mapping[str, ProviderFile]) -> None:
    states = {name: services[name].states_url(together[name].base_url) for name in services}
    payload = SAGA.payload.example
    with httpx.Client(base_url=together[SAGA_SERVICE].base_url, trust_env=False, timeout=30) as http:
        _prepare(http, states)
        http.put(f"/definitions/{SAGA.saga}", json=SAGA.model_dump(mode="json", by_alias=True)).raise_for_status()
        made = http.post("/sagas", json={"saga": SAGA.saga, "request_id": "r-1", "payload": payload}).raise_for_status().json()

        assert _answers(lambda: http.get(f"/sagas/{made['saga_id']}").json()["state"] == "committed")


def test_starting_eight_containers_together_is_quicker_than_one_after_the_other(
    isolation_of: Callable[..., ContainerIsolation],
    services: Mapping[str, ProviderFile],
    image_of: Callable[[str], str],
    record_testsuite_property: Callable[[str, object], None],
) -> None:
    isolation = isolation_of(*services, broker=broker_container(image_of("broker")))
    specs = [*(_patient(one.spec()) for one in services.values()), broker_spec()]

    alone, _ = _seconds_to_start(isolation, specs[:1])
    together, count = _seconds_to_start(isolation, specs)

    record_testsuite_property("eight containers healthy after s", round(together, 1))
    assert count == 7  # and the PostgreSQL server in both
    assert together < 7 * alone


def _seconds_to_start(isolation: ContainerIsolation, specs: list[Spec]) -> tuple[float, int]:
    began = time.monotonic()
    with start_all(isolation, specs) as group:
        assert isolation.database_server is not None
        return time.monotonic() - began, len(group)


def _patient(spec: Spec) -> Spec:
    return replace(spec, health=Health(spec.health.path, 60.0))


def _prepare(http: httpx.Client, states: Mapping[str, str | None]) -> None:
    """Bring about what the saga's example takes for granted."""
    for step in SAGA.steps:
        slice_ = step_slice(SAGA, step.step)
        for one in slice_.step.given.enough:
            body: dict[str, Any] = {"state": one.state, "params": _filled(one.params), "action": "setup"}
            http.post(str(states[step.participant]), json=body).raise_for_status()


def _filled(params: Mapping[str, Any]) -> dict[str, Any]:
    example = SAGA.payload.example
    return {
        name: example[value[9:-1]] if isinstance(value, str) and value.startswith("{payload.") else value
        for name, value in params.items()
    }


def _answers(question: Callable[[], bool], timeout_s: float = 30.0) -> bool:
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        if question():
            return True
        time.sleep(0.1)
    return False
