"""What holds of every saga with a right participant: the client library writes its pacts, and decks and pacts are kept."""

import json
from pathlib import Path

from saga_contracts.declare.saga import Saga
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive import adoption, cases, client_cases
from saga_contracts.derive.cases import Case
from saga_contracts.derive.client_cases import ClientCase
from saga_contracts.derive.slices import StepSlice, step_slice
from saga_contracts.exercise.library import library_client
from saga_contracts.exercise.recording import Recording
from saga_contracts.exercise.turns import exercise
from saga_contracts.stand_in.right import Choose, first_of
from saga_verifier.verdicts import DeckResult
from stand_ins import all_right, not_shown, played, verified


def check_kept(slice_: StepSlice, result: DeckResult) -> None:
    """Nothing is broken but what the file itself gives up, and nothing is unproven but what it cannot show."""
    given_up = set(adoption.declared_broken(slice_))
    odd = {one.name: one.text for one in result.histories if not {each.obligation for each in one.broken} <= given_up}
    assert not odd, (odd, slice_.step.model_dump(exclude_none=True))
    assert [one.name for one in result.histories if one.verdict == Verdict.UNPROVEN] == []
    assert {one for one, verdict in result.obligations.items() if verdict == Verdict.BROKEN} == given_up
    unproven, expected = (
        {one for one, verdict in result.obligations.items() if verdict == Verdict.UNPROVEN},
        not_shown(slice_, result),
    )
    assert unproven == expected, (unproven, expected, slice_.step.model_dump(exclude_none=True))


def check_deck(saga: Saga, step: str, choose: Choose = first_of, *, faults: int = 1) -> DeckResult:
    """A right participant from the file keeps the deck of a step."""
    slice_ = step_slice(saga, step)
    result = played(all_right(saga, slice_.step.participant, choose), slice_, faults=faults)
    check_kept(slice_, result)
    return result


def written(saga: Saga, folder: Path) -> tuple[Path, ...]:
    """Let the step client library meet every case of a saga, and give the pact files."""
    recording = Recording(folder / "recording")
    found: tuple[Case | ClientCase, ...] = (*cases.derive(saga), *client_cases.derive(saga))
    for case in found:
        if "no_answer" not in case.name:  # it takes its time, and is the same for every saga
            exercise(saga, case, library_client, recording, source="library")
    [outcome] = recording.finish(folder / "pacts")
    assert outcome.is_complete, outcome
    return outcome.files


def check_pacts(saga: Saga, folder: Path) -> tuple[Path, ...]:
    """Right participants from the file keep the pacts that the client library wrote."""
    files = written(saga, folder)
    for file in files:
        pact = json.loads(file.read_text(encoding="utf-8"))
        result = verified(all_right(saga, pact["provider"]["name"]), pact["provider"]["name"], pact, faults=0)
        assert result.troubles == ()
        assert {one.key: (one.mismatches, one.text) for one in result.interactions if one.verdict != Verdict.KEPT} == {}
        for one in result.decks:
            check_kept(one.slice, one)
    return files
