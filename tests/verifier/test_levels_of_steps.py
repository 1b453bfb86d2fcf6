"""What a step's level does not look at never makes its service red, and is said beside the green."""

import json
from pathlib import Path
from typing import Any

import pytest

import small_sagas
from saga_contracts.declare.saga import Saga
from saga_contracts.declare.verdict import Verdict, exit_status
from saga_contracts.derive import cases
from saga_contracts.derive.slices import step_slice
from saga_contracts.exercise.library import library_client
from saga_contracts.exercise.recording import Recording
from saga_contracts.exercise.turns import exercise
from saga_contracts.stand_in.deviations import by_kind
from saga_verifier import reporting
from saga_verifier.run import ProviderOutcome
from saga_verifier.verdicts import PactOutcome
from stand_ins import all_right, verified

pytestmark = pytest.mark.slow


def pact_of(saga: Saga, folder: Path) -> Any:
    """Let the step client library meet every case, and give the one pact."""
    recording = Recording(folder / "recording")
    for case in cases.derive(saga):
        exercise(saga, case, library_client, recording, source="library")
    [outcome] = recording.finish(folder / "pacts")
    assert outcome.is_complete, outcome
    return json.loads(outcome.files[0].read_text(encoding="utf-8"))


def found(saga: Saga, folder: Path, kind: str) -> PactOutcome:
    """Verify a service that deviates in one way at the step `pay`."""
    deviation = by_kind(kind)
    assert deviation is not None
    return verified([deviation.rules(step_slice(saga, "pay"))], "pay_service", pact_of(saga, folder))


def test_a_service_at_level_one_that_keeps_its_replies_is_green_whatever_its_status_call_says(tmp_path: Path) -> None:
    result = found(small_sagas.saga(small_sagas.step(level=1)), tmp_path, "status-fails")

    told = "\n".join(reporting.lines(ProviderOutcome("pay_service", "1", (result,))))
    assert (result.verdict, exit_status(result.verdict)) == (Verdict.KEPT, 0), told
    assert "not applicable: sale/pay/status/absent" in told
    assert "status calls begin with level 2" in told
    assert "not looked at, since the step is at level 1 only: O2, O5, O6, O10, O12, O14, O15" in told


def test_the_same_service_is_red_at_level_two(tmp_path: Path) -> None:
    result = found(small_sagas.saga(small_sagas.step(level=2), level=1), tmp_path, "status-fails")

    assert (result.verdict, exit_status(result.verdict)) == (Verdict.BROKEN, 1)


def test_a_broken_reply_is_red_at_level_one_too(tmp_path: Path) -> None:
    result = found(small_sagas.saga(small_sagas.step(level=1)), tmp_path, "fails-on-null")

    assert result.verdict == Verdict.BROKEN


@pytest.mark.parametrize(("level", "verdict"), [(1, Verdict.KEPT), (2, Verdict.UNPROVEN)])
def test_a_refusal_that_no_precondition_brings_about_is_not_looked_at_at_level_one(
    tmp_path: Path, level: int, verdict: Verdict
) -> None:
    saga = small_sagas.saga(small_sagas.step(level=level, given={}))
    result = verified(all_right(saga, "pay_service"), "pay_service", pact_of(saga, tmp_path))

    told = "\n".join(reporting.lines(ProviderOutcome("pay_service", "1", (result,))))
    assert result.verdict == verdict, told
    assert ("O32" in told.partition("not looked at")[2]) == (level == 1)
