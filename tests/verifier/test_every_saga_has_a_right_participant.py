"""For every saga that lint accepts there is a participant that is kept, and with one planted deviation it is not."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import naive_participant
import random_sagas
from outcomes import check_kept
from repetitions import times
from saga_contracts.declare.saga import Poll, Saga
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive import adoption, cases
from saga_contracts.derive.slices import StepSlice, step_slice
from saga_contracts.exercise.library import library_client
from saga_contracts.exercise.recording import Recording
from saga_contracts.exercise.turns import exercise
from saga_contracts.sagafile import SagaFileError, load_saga, parse_saga
from saga_contracts.stand_in.deviations import Deviation, at_hand, possible_at
from saga_contracts.stand_in.right import Choose, Right, first_of
from saga_verifier.play import deck
from saga_verifier.verdicts import DeckResult
from stand_ins import all_right, cannot_be_told_apart, played, played_at, played_in_pairs, verified

VAS = Path(__file__).parents[2] / "contracts" / "sagas" / "vas_purchase" / "saga.yaml"
CALLBACK_TIMEOUT_MS = 2000
TOLD_APART_BY_TIME = ("late", "dribbles", "works-on")
"""Deviations that need their time: the table of the reference sagas plays them."""
seeds = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module", autouse=True)
def waiting_shortly() -> Iterator[None]:
    """Wait for work that was undone as long as these participants need, not as long as any might."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deck, "SHORTEST_WAIT_S", 0.2)
        yield


def so_many(examples: int) -> settings:
    """Give the settings for so many examples; what fails is shown as it is, since making it smaller would take minutes."""
    return settings(
        max_examples=times(examples),
        deadline=None,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
    )


def chooses(seed: int) -> Choose:
    """Give who answers as usual, or now and then with another reply that is right: always the same one in the same place."""
    return (lambda names: random.Random(f"{seed} {names}").choice(names)) if seed % 2 else first_of


def shortened(slice_: StepSlice) -> StepSlice:
    """Give the slice with a shorter wait for outcomes that never come."""
    polls = Poll(interval_ms=10, timeout_ms=CALLBACK_TIMEOUT_MS) if slice_.step.polls else None
    shorter = {"callback_timeout_ms": CALLBACK_TIMEOUT_MS, "poll": polls}
    return slice_.model_copy(update={"step": slice_.step.model_copy(update=shorter)})


def check_right(saga: Saga, seed: int, *, faults: int) -> None:
    for step in saga.steps:
        rules = all_right(saga, step.participant, chooses(seed))
        if not cannot_be_told_apart(one.slice for one in rules):
            slice_ = step_slice(saga, step.step)
            check_kept(slice_, played(rules, slice_, faults=faults))


@given(saga=random_sagas.sagas(), seed=seeds)
@so_many(80)
def test_a_right_participant_from_the_file_keeps_its_decks(saga: Saga, seed: int) -> None:
    check_right(saga, seed, faults=1)


@given(saga=random_sagas.sagas(), seed=seeds)
@so_many(15)
def test_a_right_participant_from_the_file_keeps_its_pairs(saga: Saga, seed: int) -> None:
    at_one = saga.as_json() | {"steps": [step | {"participant": "one"} for step in saga.as_json()["steps"]]}
    try:
        saga = parse_saga(json.dumps(at_one), "one.json")
    except SagaFileError:  # the calls of its steps could not be told apart
        return
    if len(saga.steps) == 1 or cannot_be_told_apart(one.slice for one in all_right(saga, "one")):
        return
    for result in played_in_pairs(saga, "one", chooses(seed)):
        odd = [one for one in result.histories if one.name.endswith("(pair)") and (one.broken or one.trouble)]
        assert [(one.name, one.text) for one in odd] == [], saga.model_dump_json(exclude_none=True, by_alias=True)


@pytest.mark.slow
@given(saga=random_sagas.sagas(most_steps=1), seed=seeds)
@so_many(4)
def test_a_right_participant_from_the_file_keeps_its_decks_for_two_faults(saga: Saga, seed: int) -> None:
    check_right(saga, seed, faults=2)


@given(definition=naive_participant.definitions())
@so_many(30)
def test_a_participant_that_was_written_by_hand_from_the_guide_is_kept_as_well(definition: naive_participant.Json) -> None:
    try:
        slice_ = step_slice(parse_saga(json.dumps(definition), "small.json"), "take")
    except SagaFileError as error:
        pytest.fail(f"The guide would accept this file: {error}")
    with naive_participant.running(definition) as url:
        check_kept(slice_, played_at(url, slice_))


@pytest.mark.slow
@given(saga=random_sagas.sagas(), seed=seeds)
@so_many(6)
def test_a_right_participant_keeps_the_pacts_that_the_client_library_wrote(
    saga: Saga, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for file in written(saga, tmp_path_factory.mktemp("run")):
        check_pact(saga, file, seed)


@pytest.mark.slow
def test_a_participant_that_refuses_in_its_reply_keeps_the_contract_of_a_refusing_callback(tmp_path: Path) -> None:
    vas = load_saga(VAS)
    pact = next(file for file in written(vas, tmp_path) if "vas_packages" in file.name)
    at_once = [Right(step_slice(vas, "create_packages"), lambda names: names["refused" in names and names.index("refused")])]
    result = verified(at_once, "vas_packages", json.loads(pact.read_text(encoding="utf-8")))
    found = {one.key.removeprefix("vas_purchase/create_packages/"): one for one in result.interactions}
    assert {one.verdict for one in found.values()} == {Verdict.KEPT}
    assert "Refused in the reply, which is right here as well" in found["callback/refused"].text


def written(saga: Saga, folder: Path) -> tuple[Path, ...]:
    """Let the step client library meet every case of a saga, and give the pact files."""
    recording = Recording(folder / "recording")
    for case in cases.derive(saga):
        exercise(saga, case, library_client, recording, source="library")
    [outcome] = recording.finish(folder / "pacts")
    assert outcome.is_complete, outcome
    return outcome.files


def check_pact(saga: Saga, file: Path, seed: int) -> None:
    pact = json.loads(file.read_text(encoding="utf-8"))
    participant = pact["provider"]["name"]
    rules = all_right(saga, participant, chooses(seed))
    if cannot_be_told_apart(one.slice for one in rules):
        return
    result = verified(rules, participant, pact)
    assert result.troubles == ()
    assert {one.key: (one.mismatches, one.text) for one in result.interactions if one.verdict != Verdict.KEPT} == {}
    for one in result.decks:
        check_kept(one.slice, one)


def check_seen(slice_: StepSlice, deviation: Deviation, result: DeckResult) -> None:
    """A deviation is blamed on its own obligation where the file gives evidence of it; else on none, and not called kept."""
    broken = {one.obligation for history in result.histories for one in history.broken}
    broken -= adoption.declared_broken(slice_).keys() - {deviation.obligation}
    mine = {deviation.obligation, *deviation.follow}
    if deviation.seen(slice_):
        assert broken & mine, f"{deviation.kind} was not caught: {slice_.step.model_dump_json(exclude_none=True)}"
        assert broken <= mine, [
            (one.name, each) for one in result.histories for each in one.broken if each.obligation not in mine
        ]
        assert result.verdict == Verdict.BROKEN
        return
    assert broken <= adoption.declared_broken(slice_).keys()
    looked_for = adoption.looks_at(slice_.level) & set(deviation.evidence(slice_))
    if looked_for and deviation.obligation in adoption.asked(slice_):  # what would show it is asked for, and not declared
        assert looked_for.isdisjoint(at_hand(slice_))
        given_up = deviation.obligation in adoption.declared_broken(slice_)
        assert result.obligations[deviation.obligation] == (Verdict.BROKEN if given_up else Verdict.UNPROVEN)


@pytest.mark.slow
@given(saga=random_sagas.sagas(most_steps=1), seed=seeds)
@so_many(60)
def test_one_planted_deviation_is_blamed_on_its_obligation_or_unproven_where_the_file_shows_nothing(
    saga: Saga, seed: int
) -> None:
    slice_ = shortened(step_slice(saga, saga.steps[0].step))
    found = [one for one in possible_at(slice_) if one.kind not in TOLD_APART_BY_TIME]
    if cannot_be_told_apart([slice_]):
        return
    deviation = random.Random(seed).choice(found)
    check_seen(slice_, deviation, played([deviation.rules(slice_)], slice_))
