"""When who takes the callbacks fails, is slow, loses its answer or is away, a right participant tells until it is taken."""

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from foreign import need
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive import decks
from saga_contracts.derive.slices import step_slice
from saga_contracts.derive.trials import receiver as derived
from saga_contracts.derive.trials.receiver import Receiver, manner
from saga_contracts.rim.sender import bounded_client
from saga_contracts.sagafile import parse_saga
from saga_verifier.isolation.process.backend import ProcessIsolation
from saga_verifier.play.callbacks import CallbackReceiver
from saga_verifier.play.deck import play
from saga_verifier.play.driver import Driver
from saga_verifier.provider_file import load_provider_file
from saga_verifier.trials import Ground, receiver
from saga_verifier.verdicts import HistoryResult
from telling_participant import SAGA
from telling_participant import __file__ as program

TODAY = dt.date(2026, 1, 1)
HURRIED = SAGA.replace("callback_timeout_ms: 20000", "callback_timeout_ms: 2500")
"""Where it is waited to the end. Who calls back has time, so that a busy machine makes no other fault of it."""


F, L, S, A = Receiver
PYTHON = ("{python}", program)
NODE = ("node", str(Path(program).with_suffix(".mjs")))


def tried(
    habit: str, folder: Path, text: str = SAGA, only: Iterable[Receiver] = Receiver, by: Sequence[str] = PYTHON
) -> dict[str, HistoryResult]:
    """Play the trials of the bakery's callback; gives their results by name."""
    return tried_at([*by, "{port}", "{workdir}/oven.db", *habit.split()], folder, text, only)


def tried_at(command: Sequence[str], folder: Path, text: str, only: Iterable[Receiver] = Receiver) -> dict[str, HistoryResult]:
    """Play the trials at whatever a command starts."""
    file = folder / "provider.yaml"
    file.write_text(f"format: 1\nprovider: oven\nstart: {{command: {json.dumps(command)}}}\nstates: {{path: /_states}}\n")
    provider, isolation = load_provider_file(file), ProcessIsolation()
    slice_ = step_slice(parse_saga(text, "bakery.yaml"), "bake").model_copy(update={"level": 4})
    asked = [one for one in derived.trials(slice_, decks.derive(slice_, 1)) if manner(one) in only]
    with isolation.start(provider.spec()) as running, CallbackReceiver() as callbacks, bounded_client() as http:
        driver = Driver(slice_, lambda: running.base_url, lambda: f"{running.base_url}/_states", callbacks, http)
        histories = {one.history.name: one.history for one in asked}
        plain = {name: play(driver, history, TODAY) for name, history in histories.items()}
        ground = Ground(driver, running, isolation, provider, TODAY, 0, plain)
        return {one.name: one for one in receiver.play(ground, asked)}


def said(results: dict[str, HistoryResult]) -> dict[str, str]:
    return {name: f"{one.verdict}: {one.text} [{one.how}]" for name, one in results.items()}


def test_who_tells_until_it_is_taken_is_right(tmp_path: Path) -> None:
    results = tried("", tmp_path)

    assert {one.verdict for one in results.values()} == {Verdict.KEPT}, said(results)
    assert list(results) == [
        "F D (receiver fails)",
        "F D (receiver loses its answer)",
        "F D (receiver is slow)",
        "F X (receiver fails)",
        "F D (receiver is away over a restart)",
        "F X (receiver is away over a restart)",
    ]
    assert "answers: 500, 503, none, 503" in results["F D (receiver fails)"].how
    assert "another key's callback came" in results["F D (receiver is slow)"].how
    assert "killed and started again" in results["F D (receiver is away over a restart)"].how


@pytest.mark.parametrize(("habit", "only"), [("one after the other", [F, S]), ("tells it twice", [F, L])])
def test_who_does_so_in_its_own_way_is_right_too(habit: str, only: list[Receiver], tmp_path: Path) -> None:
    results = tried(habit, tmp_path, only=only)

    assert {one.verdict for one in results.values()} == {Verdict.KEPT}, said(results)


def paced(first_ms: int) -> str:
    """The bakery with declared pauses between the tries of its callback."""
    backoff = f"    callback:\n      backoff: {{first_ms: {first_ms}, longest_ms: {max(first_ms, 1000)}}}\n"
    return SAGA.replace("    callback:\n", backoff)


def test_who_waits_as_the_file_declares_is_right_and_who_waits_less_is_caught(tmp_path: Path) -> None:
    right = tried("", tmp_path, paced(100), [F])
    hurried = tried("", tmp_path, paced(4000), [F])

    assert {one.verdict for one in right.values()} == {Verdict.KEPT}, said(right)
    broken = {one.obligation: one.text for result in hurried.values() for one in result.broken}
    assert set(broken) == {"O19"}
    assert "the pauses that the file declares (`callback.backoff`) are" in broken["O19"]


@pytest.mark.parametrize(("text", "only"), [(SAGA, [L, S, A]), (paced(400), [F])], ids=["as it chooses", "as declared"])
def test_the_stub_of_the_saga_file_is_right(text: str, only: list[Receiver], tmp_path: Path) -> None:
    (tmp_path / "bakery.yaml").write_text(text)
    stub = ("{python}", "-m", "saga_contracts", "stub", str(tmp_path / "bakery.yaml"), "--step", "bake", "--port", "{port}")

    results = tried_at([*stub, "--database", "{workdir}/bakery.sqlite"], tmp_path, text, only)

    assert {one.verdict for one in results.values()} == {Verdict.KEPT}, said(results)


def test_a_right_service_in_node_is_right_and_a_wrong_one_is_caught(tmp_path: Path) -> None:
    need("node")

    right = tried("", tmp_path, only=[F, A], by=NODE)
    forgetful = tried("forgets what is to be told over a restart", tmp_path, HURRIED, [A], NODE)
    hasty = tried("takes any answer for yes", tmp_path, HURRIED, [F], NODE)

    assert {one.verdict for one in right.values()} == {Verdict.KEPT}, said(right)
    for results in (forgetful, hasty):
        assert {one.obligation for result in results.values() for one in result.broken} == {"O19"}, said(results)


def test_who_refuses_in_its_reply_has_no_callback_of_it_to_repeat(tmp_path: Path) -> None:
    results = tried("refuses at once", tmp_path, only=[F])

    assert results["F D (receiver fails)"].verdict == Verdict.KEPT
    assert results["F X (receiver fails)"].inapplicable.startswith("the participant refuses in its reply")


def test_a_callback_that_is_wrong_already_when_it_is_taken_accuses_nobody(tmp_path: Path) -> None:
    results = tried("never tells anything declared", tmp_path, only=[F])

    assert {one.verdict for one in results.values()} == {Verdict.UNPROVEN}
    assert "mend that first" in results["F D (receiver fails)"].trouble


NEVER_COMES = (
    "tells once",
    "gives up after three tries",
    "takes any answer for yes",
    "takes 503 for yes",
    "takes no answer for yes",
    "takes a time-out for yes",
    "ends its courier at the first failure",
    "forgets what is to be told over a restart",
)


@pytest.mark.parametrize(
    ("habit", "only", "obligation", "told"),
    [
        ("tells once", [F], "O19", "the callback came once (answers: 500), and not again within 2500 ms"),
        ("gives up after three tries", [F], "O19", "the callback came 3 times (answers: 500, 503, none), and not again"),
        ("takes any answer for yes", [F], "O19", "the callback came once"),
        ("takes 503 for yes", [F], "O19", "the callback came 2 times (answers: 500, 503)"),
        ("takes no answer for yes", [L], "O19", "the callback came once (answers: none)"),
        ("takes a time-out for yes", [S], "O19", "the callback came once (answers: none)"),
        ("ends its courier at the first failure", [F], "O19", ""),
        ("forgets what is to be told over a restart", [A], "O19", "keep it in an outbox"),
        ("repeats without a pause", [F], "O19", "is a storm"),
        ("bakes again with each try", [F], "O19", "the probe reads"),
        ("keeps everything in memory", [A], "O16", "the same history is kept without the restart"),
        ("tells another outcome later", [F], "O18", "but the step came to"),
        ("tells no declared outcome later", [L], "O18", "which the step does not declare"),
        ("drops the correlation later", [L], "O31", "Saga-Id"),
        ("tells another shelf later", [F], "O33", "told again, the callback gave the outputs"),
    ],
)
def test_who_does_not_is_caught_by_its_obligation(
    habit: str, only: list[Receiver], obligation: str, told: str, tmp_path: Path
) -> None:
    results = tried(habit, tmp_path, HURRIED if habit in NEVER_COMES else SAGA, only)

    broken = {one.obligation: one.text for result in results.values() for one in result.broken}
    assert set(broken) == {obligation}, said(results)
    assert told in broken[obligation]
