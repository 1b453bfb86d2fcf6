"""The reference participants, each verified alone in a container with PostgreSQL: the same verdicts as with processes."""

import datetime as dt
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from patience import wait_until
from saga_contracts.declare.verdict import Verdict
from saga_verifier.backends import placed
from saga_verifier.isolation import IsolationError, ProcessIsolation
from saga_verifier.isolation.container.backend import ContainerIsolation
from saga_verifier.isolation.container.run import Settings as ContainerSettings
from saga_verifier.isolation.engine import Engine
from saga_verifier.isolation.interface import Isolation
from saga_verifier.provider_file import HealthCheck, ProbeForm, ProviderFile, load_provider_file
from saga_verifier.run import ProviderOutcome, Settings, verify_files, with_environment

pytestmark = [pytest.mark.containers, pytest.mark.slow, pytest.mark.xdist_group("landscape in containers")]
ROOT = Path(__file__).resolve().parents[3]
SETTINGS = Settings(faults=1, today=dt.date(2026, 1, 1))
STEPS = {
    "billing": "reserve_money",
    "user_service": "apply_vas",
    "vas_packages": "create_packages",
    "notifications": "notify",
}
BAD = {
    "billing": "null_compensation_404",
    "user_service": "undo_skips",
    "vas_packages": "callback_body_changed",
    "notifications": "applies_twice",
}


def participant(name: str) -> ProviderFile:
    """Read a provider file; on a busy machine it may take its time to start."""
    read = load_provider_file(ROOT / "e2e/participants" / name / "provider.yaml")
    return read.model_copy(update={"health": HealthCheck(timeout_s=60)})


@pytest.fixture(scope="module")
def containers(image_of: Callable[[str], str]) -> Iterator[ContainerIsolation]:
    """All participants as their provider files say; one network and one PostgreSQL server for all tests of this file."""
    image_of("landscape")
    postgres = image_of("postgres")
    found = {name: participant(name) for name in (*STEPS, "vas_owner")}
    specs = {name: file.container.spec(file.folder) for name, file in found.items() if file.container is not None}
    with ContainerIsolation(specs, ContainerSettings(postgres)) as isolation:
        yield isolation


def verified(provider: ProviderFile, pacts: Path, isolation: Isolation) -> ProviderOutcome:
    return verify_files(provider, [pacts / f"saga_service-{provider.provider}.json"], isolation, SETTINGS)


def verdicts(outcome: ProviderOutcome) -> dict[str, Verdict]:
    (one,) = outcome.pacts
    found = {interaction.key: interaction.verdict for interaction in one.interactions}
    return found | {f"{deck.deck.step} {history.name}": history.verdict for deck in one.decks for history in deck.histories}


@pytest.mark.parametrize("name", STEPS)
def test_a_participant_keeps_its_pact_and_deck_in_a_container(name: str, pacts: Path, containers: ContainerIsolation) -> None:
    outcome = verified(participant(name), pacts, containers)

    assert outcome.verdict == Verdict.KEPT
    assert set(verdicts(outcome).values()) == {Verdict.KEPT}
    assert [deck.deck.step for pact in outcome.pacts for deck in pact.decks] == [STEPS[name]]
    assert len(verdicts(outcome)) >= 9


@pytest.mark.parametrize("name", BAD)
def test_a_participant_that_breaks_its_word_is_found_broken_in_a_container_as_in_a_process(
    name: str, pacts: Path, containers: ContainerIsolation
) -> None:
    broken = with_environment(participant(name), {"FAULT": BAD[name]})

    in_a_container = verified(broken, pacts, containers)

    assert in_a_container.verdict == Verdict.BROKEN
    found, wanted = (verdicts(one) for one in (in_a_container, verified(broken, pacts, ProcessIsolation())))
    for one in (found, wanted) if name == "vas_packages" else ():  # of a compensation that comes while work goes on
        for history in ("F C", "F F C"):  # nobody can say which was first
            del one[f"{STEPS[name]} {history}"]
    assert found == wanted


@pytest.mark.parametrize(("fault", "verdict"), [("", Verdict.KEPT), ("null_compensation_404", Verdict.BROKEN)])
def test_an_effect_in_a_containers_own_database_is_read_by_sql(
    fault: str, verdict: Verdict, pacts: Path, containers: ContainerIsolation
) -> None:
    form = ProbeForm.model_validate(
        {
            "sql": "SELECT available_minor, held_minor FROM accounts WHERE account_id = :account",
            "url": "sqlite:///{workdir}/billing.sqlite",
            "container_url": "{database_url}",
            "params": {"account": "{payload.account_id}"},
        }
    )
    provider = participant("billing").model_copy(update={"probes": {"vas_purchase/reserve_money": form}})

    outcome = verified(placed("container", with_environment(provider, {"FAULT": fault})), pacts, containers)

    assert outcome.verdict == verdict, outcome
    histories = [one for pact in outcome.pacts for deck in pact.decks for one in deck.histories]
    asked = {call["request"]["method"] for one in histories for call in one.calls if call["letter"] == "probe"}
    assert asked == {"SQL"}
    assert not any(one.trouble for one in histories if "two sagas" not in one.name)  # of one saga alone each was judged


def test_what_needs_no_callbacks_is_verified_where_the_engine_is_not_this_machines(
    pacts: Path, containers: ContainerIsolation, base: str
) -> None:
    found = {name: participant(name) for name in ("vas_packages", "notifications")}
    specs = {name: file.container.spec(file.folder) for name, file in found.items() if file.container is not None}
    elsewhere = ContainerSettings(containers.settings.postgres_image, forwarder_image=base, reach="forwarder")

    with ContainerIsolation(specs, elsewhere) as isolation:
        assert verified(found["notifications"], pacts, isolation).verdict == Verdict.KEPT
        (told,) = (trouble for pact in verified(found["vas_packages"], pacts, isolation).pacts for trouble in pact.troubles)

    assert re.match(r"The containers cannot reach this machine: .*Use an engine of this machine", told)


def test_the_server_notices_that_the_containers_do_not_reach_the_harness(containers: ContainerIsolation) -> None:
    assert containers._shared.run is not None
    containers._shared.run.database("who asks")
    with socket.create_server((containers.listen_host, 0)) as ours:
        port = ours.getsockname()[1]
        containers.check_reached(port)
    with pytest.raises(IsolationError, match=r"cannot reach the harness at .* firewall"):
        containers.check_reached(port)


def test_the_owner_runs_in_a_container(containers: ContainerIsolation) -> None:
    with containers.start(participant("vas_owner").spec()) as running:
        assert httpx.get(running.base_url + "/health", trust_env=False).json() == {"status": "ok"}


def test_a_postgresql_that_goes_down_in_mid_run_is_said_and_taken_up_again(containers: ContainerIsolation) -> None:
    with (
        containers.start(participant("billing").spec()) as running,
        httpx.Client(base_url=running.base_url, trust_env=False) as http,
    ):
        assert containers.database_server is not None

        containers.database_server.kill()
        said, log = running.ended(), running.log_tail()
        containers.database_server.start()

        assert said == "it runs, but its PostgreSQL server has ended with signal SIGKILL"
        assert "The last lines of its PostgreSQL server:" in log
        assert running.ended() is None
        wait_until(lambda: http.get("/health").status_code == 200)


def test_each_program_has_a_database_that_no_other_can_open(containers: ContainerIsolation, engine: Engine) -> None:
    run = containers._shared.run
    assert run is not None
    one, other = run.database("one"), run.database("other")
    assert run.server is not None

    psql = ["psql", "-h", "127.0.0.1", "-U", one.name, "-c", "SELECT 1", "-d"]
    own = engine.run_inside(run.server._id, [*psql, one.name])
    foreign = engine.run_inside(run.server._id, [*psql, other.name])

    assert own[0] == 0
    assert foreign[0] != 0
    assert "permission denied for database" in foreign[1]
