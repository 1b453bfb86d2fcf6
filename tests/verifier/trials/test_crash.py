"""What a participant acknowledged survives `kill -9`; who forgets it is caught by O16, and nobody else is accused."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import lasting_participant
from foreign import FOREIGN, need
from saga_contracts.declare.saga import StepClass
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive import decks
from saga_contracts.derive.slices import step_slice
from saga_contracts.derive.trials import Trial, crash
from saga_contracts.sagafile import parse_saga
from saga_verifier.trials import crash as player
from small_participant import SAGA
from tried import Tried, Trying

TAKE = step_slice(parse_saga(SAGA, "small.yaml"), "take")
crashed = Trying(crash.trials, player.play)


@pytest.fixture
def lasting(tmp_path: Path) -> Callable[..., Tried]:
    """Kill the lasting participant, right or wrong in one way."""

    def tried(wrong: str = "", only: Callable[[Trial], bool] = lambda _: True) -> Tried:
        program = [sys.executable, lasting_participant.__file__, "{port}", "{workdir}/stock.sqlite", wrong or "nothing"]
        return crashed(tmp_path, program, TAKE, only=only)

    return tried


def test_who_writes_before_it_answers_keeps_all_over_every_kill(lasting: Callable[..., Tried]) -> None:
    tried = lasting()

    assert (tried.broken, tried.unproven) == ({}, {})
    assert any(one.how.startswith("8 kills -9, each with a start, in the reply") for one in tried.results.values())
    assert {one.verdict for one in tried.results.values()} == {Verdict.KEPT}
    assert {one.checks for one in tried.results.values()} == {("O16",)}


def test_one_kill_serves_all_histories_that_do_not_meet_and_its_cost_is_told(lasting: Callable[..., Tried]) -> None:
    tried = lasting("", lambda trial: not crash.in_reply(trial))

    [told] = {one.how for one in tried.results.values()}
    assert told.startswith(f"1 kill -9 and start, for {len(tried.results)} histories, ")


@pytest.mark.parametrize(
    ("wrong", "shortest"),
    [
        ("in memory", "C kill F"),
        ("null in memory", "C kill F"),
        ("refusals in memory", "R kill C"),
        ("keys in memory", "C kill F"),
    ],
)
def test_who_forgets_is_caught(wrong: str, shortest: str, lasting: Callable[..., Tried]) -> None:
    tried = lasting(wrong, lambda trial: not crash.in_reply(trial))

    assert set(tried.broken.values()) == {"O16"}
    assert next(iter(tried.broken)) == shortest
    assert "the same history is kept without the kill -9 after event 1" in tried.results[shortest].text


@pytest.mark.parametrize("late_ms", [5, 50, 500])
def test_who_acknowledges_before_it_writes_is_caught_however_soon_it_writes(late_ms: int, lasting: Callable[..., Tried]) -> None:
    some = ("F kill-in-reply F", "C kill-in-reply F", "R C kill-in-reply")
    tried = lasting(f"writes {late_ms} ms after its reply", lambda trial: trial.name in some)

    assert set(tried.broken.values()) == {"O16"}


def test_an_undoing_that_is_acknowledged_before_it_is_written_is_caught_alone(lasting: Callable[..., Tried]) -> None:
    some = ("F kill-in-reply F", "F kill-in-reply C", "F C kill-in-reply C")
    tried = lasting("its undoing 50 ms after its reply", lambda trial: trial.name in some)

    assert tried.broken == {"F C kill-in-reply C": "O16"}


def test_who_does_not_start_again_after_a_kill_is_caught(lasting: Callable[..., Tried]) -> None:
    tried = lasting("does not start again", lambda trial: trial.name == "C kill F")

    assert tried.broken == {"C kill F": "O16"}
    assert "it does not start again" in tried.results["C kill F"].text


@pytest.fixture
def bakery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Tried]:
    """Kill a service in Node that bakes for a while and calls back, right or with one fault planted."""
    need("node")
    folder = FOREIGN / "lasting_bakery"
    bake = step_slice(parse_saga((folder / "saga.yaml").read_text(encoding="utf-8"), "saga.yaml"), "bake")

    def tried(mutant: str = "", only: Callable[[Trial], bool] = lambda _: True) -> Tried:
        monkeypatch.setenv("MUTANT", mutant)
        program = ["node", str(folder / "bakery.js"), "{port}", "{workdir}/oven.log"]
        return crashed(tmp_path, program, bake, only=only, more={"start": {"command": program, "pass_env": ["PATH", "MUTANT"]}})

    return tried


def test_work_that_is_gone_on_with_after_the_kill_is_awaited_and_kept(bakery: Callable[..., Tried]) -> None:
    tried = bakery()

    assert (tried.broken, tried.unproven) == ({}, {})
    assert "F kill-in-reply D" in tried.results


@pytest.mark.parametrize(
    ("mutant", "shown"),
    [
        ("drops-work", "F kill-in-reply D"),
        ("forgets", "F D C kill F"),
        ("forgets-giving-up", "C kill F"),
        ("tells-first", "F D kill-in-reply F"),
    ],
)
def test_a_service_in_node_that_loses_work_or_memory_is_caught(mutant: str, shown: str, bakery: Callable[..., Tried]) -> None:
    tried = bakery(mutant, lambda trial: trial.name == shown)

    assert tried.broken == {shown: "O16"}, tried.unproven


def test_a_stub_with_a_database_finds_after_a_kill_what_was_looked_up_in_vain_before(tmp_path: Path) -> None:
    file = FOREIGN / "lookup_bookings" / "saga.yaml"
    book = step_slice(parse_saga(file.read_text(encoding="utf-8"), "saga.yaml"), "book_room")
    stub = ["-m", "saga_contracts", "stub", str(file), "--step", "book_room", "--database", "{workdir}/stub.sqlite"]

    tried = crashed(tmp_path, [sys.executable, *stub, "--port", "{port}"], book, only=lambda trial: trial.name == "F kill C C")

    assert (set(tried.results), tried.broken, tried.unproven) == ({"F kill C C"}, {}, {})


def test_where_histories_meet_each_has_a_kill_of_its_own(tmp_path: Path) -> None:
    meet = TAKE.model_copy(update={"payload": TAKE.payload.model_copy(update={"fresh": ()})})
    program = [sys.executable, lasting_participant.__file__, "{port}", "{workdir}/stock.sqlite", "nothing"]

    tried = crashed(tmp_path, program, meet, only=lambda trial: trial.name in ("F kill F C", "F F kill C", "C kill F"))

    assert (tried.broken, tried.unproven) == ({}, {})
    assert {one.how.rpartition(",")[0] for one in tried.results.values()} == {"1 kill -9 and start"}


def test_a_step_that_only_reads_is_not_killed() -> None:
    reads = TAKE.model_copy(update={"step": TAKE.step.model_copy(update={"step_class": StepClass.READ_ONLY})})
    assert list(crash.trials(reads, decks.derive(TAKE, 1))) == []
