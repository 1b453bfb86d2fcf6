"""Two instances on one database behave as one, or O34 is broken; who runs in one instance only says so."""

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from postgres import cluster_of
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive import trials as derived
from saga_contracts.derive.decks import derive
from saga_contracts.derive.slices import StepSlice, step_slice
from saga_contracts.derive.trials import instances as derived_instances
from saga_contracts.rim.sender import bounded_client
from saga_contracts.sagafile import load_saga, parse_saga
from saga_verifier import trials
from saga_verifier.isolation import ProcessIsolation
from saga_verifier.isolation.process.ports import Reservation
from saga_verifier.play.callbacks import CallbackReceiver
from saga_verifier.play.deck import play_deck
from saga_verifier.play.driver import Driver
from saga_verifier.provider_file import ProviderFile, load_provider_file
from saga_verifier.run import with_environment
from saga_verifier.trials import Ground
from saga_verifier.verdicts import HistoryResult
from small_participant import __file__ as in_memory
from stock_of_versions import SAGA_AT_4
from stock_of_versions import __file__ as in_sqlite

TODAY = dt.date(2026, 1, 1)
SLICE = step_slice(parse_saga(SAGA_AT_4, "saga.yaml"), "take")


IN_NODE = Path(in_sqlite).with_name("stock_on_files.mjs")
PARTICIPANTS = Path(__file__).parents[3] / "e2e" / "participants"
VAS = load_saga(Path(__file__).parents[3] / "contracts" / "sagas" / "vas_purchase" / "saga.yaml")
needs_node = pytest.mark.skipif(
    shutil.which("node") is None, reason="Node.js was not found; install it (Debian: apt-get install nodejs)."
)


def in_node(tmp_path: Path, *wrong: str) -> ProviderFile:
    path = tmp_path / "provider.yaml"
    command = json.dumps(["node", str(IN_NODE), "{port}", "{workdir}/files", *wrong])
    start = f"{{command: {command}, pass_env: [PATH]}}"
    path.write_text(f"format: 1\nprovider: stock\nstart: {start}\nstates: {{path: /_states}}\n")
    return load_provider_file(path)


def provider_of(tmp_path: Path, program: str, *wrong: str, more: str = "", file: str = "{workdir}/stock.sqlite") -> ProviderFile:
    command = json.dumps(["{python}", program, "{port}", *([file] if file else []), *wrong])
    path = tmp_path / "provider.yaml"
    path.write_text(f"format: 1\nprovider: stock\nstart: {{command: {command}}}\nstates: {{path: /_states}}\n{more}")
    return load_provider_file(path)


def tried(provider: ProviderFile, slice_: StepSlice = SLICE) -> dict[str, HistoryResult]:
    """Play a deck, and then with two instances."""
    deck = derive(slice_)
    isolation = ProcessIsolation()
    with isolation.start(provider.spec()) as running, CallbackReceiver() as callbacks, bounded_client() as http:
        driver = Driver(
            slice_,
            lambda: provider.calls_url(running.base_url),
            lambda: provider.states_url(running.base_url) or "",
            callbacks,
            http,
        )
        played = play_deck(driver, deck, TODAY)
        plain = {one.name: one for one in played.histories}
        ground = Ground(driver, running, isolation, provider, TODAY, 0, plain)
        found = {one.name: one for one in trials.play(ground, tuple(derived_instances.trials(slice_, deck)))}
        assert running.ended() is None
        assert list(plain) == [one.removesuffix(" (two instances)") for one in found]
        return found


def broken(found: dict[str, HistoryResult]) -> dict[str, Any]:
    return {name.removesuffix(" (two instances)"): one.broken for name, one in found.items() if one.verdict == Verdict.BROKEN}


def test_each_history_of_a_deck_is_derived_once_from_level_four_on() -> None:
    deck = derive(SLICE)
    asked = [one for one in derived.derive(SLICE, deck) if one.kind == derived.Kind.INSTANCES]
    assert [one.history for one in asked] == list(deck.histories)
    assert {one.obligations for one in asked} == {("O34",)}
    below = SLICE.model_copy(update={"level": 3})
    assert not [one for one in derived.derive(below, derive(below)) if one.kind == derived.Kind.INSTANCES]


def test_a_participant_with_one_database_keeps_every_history(tmp_path: Path) -> None:
    found = tried(provider_of(tmp_path, in_sqlite))
    assert {one.verdict for one in found.values()} == {Verdict.KEPT}, [one.text for one in found.values()]
    assert "second instance started in" in found["F C (two instances)"].how


@pytest.mark.parametrize(
    ("wrong", "shown"),
    [
        ("dedup in memory", "F F"),
        ("status from a copy", "F C"),
        ("locks in memory", "F C"),
    ],
)
def test_what_an_instance_keeps_to_itself_breaks_o34_and_is_kept_alone(tmp_path: Path, wrong: str, shown: str) -> None:
    found = broken(tried(provider_of(tmp_path, in_sqlite, wrong)))
    assert shown in found
    assert {one.obligation for breaks in found.values() for one in breaks} == {"O34"}
    assert "the same history is kept without a second instance" in found[shown][0].text


def test_one_with_everything_in_memory_is_not_one_truth(tmp_path: Path) -> None:
    assert "F" in broken(tried(provider_of(tmp_path, in_memory, file="")))


def test_what_is_wrong_in_one_instance_already_is_no_fault_of_a_second(tmp_path: Path) -> None:
    found = tried(provider_of(tmp_path, in_sqlite, "new ticket"))
    assert not broken(found)
    assert found["F F (two instances)"].verdict == Verdict.UNPROVEN
    assert "F F is broken without a second instance" in found["F F (two instances)"].trouble


@pytest.mark.parametrize("more", ["instances: 1\n", "instances: {most: 1, reason: an embedded store}\n"])
def test_who_runs_in_one_instance_only_says_so_and_it_does_not_apply(tmp_path: Path, more: str) -> None:
    found = tried(provider_of(tmp_path, in_memory, file="", more=more))
    assert {one.verdict for one in found.values()} == {Verdict.NOT_APPLICABLE}
    assert all(("an embedded store" if "reason" in more else "instances: 1") in one.inapplicable for one in found.values())


def test_a_second_instance_that_does_not_start_is_unproven_with_the_mend(tmp_path: Path) -> None:
    with Reservation() as reservation:
        port = reservation.port
    command = json.dumps(["{python}", in_sqlite, str(port), "{workdir}/stock.sqlite"])
    path = tmp_path / "provider.yaml"
    path.write_text(f"format: 1\nprovider: stock\nstart: {{command: {command}, port: {port}}}\nstates: {{path: /_states}}\n")
    found = tried(load_provider_file(path))
    assert {one.verdict for one in found.values()} == {Verdict.UNPROVEN}
    assert all(f"it is to listen on port {port}" in one.trouble and "`instances: 1`" in one.trouble for one in found.values())


@needs_node
def test_a_service_in_node_on_files_is_judged_alike(tmp_path: Path) -> None:
    assert {one.verdict for one in tried(in_node(tmp_path)).values()} == {Verdict.KEPT}
    found = broken(tried(in_node(tmp_path, "copy")))
    assert "F C" in found
    assert {one.obligation for breaks in found.values() for one in breaks} == {"O34"}


@pytest.mark.slow
def test_two_instances_that_work_off_one_list_and_call_back_are_kept() -> None:
    step = step_slice(VAS, "create_packages").model_copy(update={"level": 4})
    found = tried(load_provider_file(PARTICIPANTS / "vas_packages" / "provider.yaml"), step)
    assert {one.verdict for one in found.values()} == {Verdict.KEPT}, [one.text for one in found.values()]


@pytest.mark.slow
def test_one_of_the_landscape_that_keeps_its_keys_in_memory_breaks_o34() -> None:
    provider = load_provider_file(PARTICIPANTS / "user_service" / "provider.yaml")
    step = step_slice(VAS, "apply_vas").model_copy(update={"level": 4})
    found = broken(tried(with_environment(provider, {"FAULT": "memory_ledger"}), step))
    assert {one.obligation for breaks in found.values() for one in breaks} == {"O34"}


@pytest.mark.slow
def test_two_instances_on_one_database_of_postgresql_are_kept(request: pytest.FixtureRequest) -> None:
    url = cluster_of(request.config).database("two-instances")
    provider = with_environment(load_provider_file(PARTICIPANTS / "billing" / "provider.yaml"), {"DATABASE_URL": url})
    found = tried(provider, step_slice(VAS, "reserve_money").model_copy(update={"level": 4}))
    assert {one.verdict for one in found.values()} == {Verdict.KEPT}, [one.text for one in found.values()]
