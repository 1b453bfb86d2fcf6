"""A saga whose names are of any script, with capital letters, dashes and slashes, from its contracts to the verdict."""

import json
from pathlib import Path

import pytest

import small_sagas
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive import cases
from saga_contracts.exercise.library import library_client
from saga_contracts.exercise.recording import Recording
from saga_contracts.exercise.turns import exercise
from stand_ins import all_right, verified

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("saga_name", "step_name", "participant", "file"),
    [
        ("reduceInventory", "create-order", "acme/billing", "acme%2Fshop-acme%2Fbilling.json"),
        ("注文", "予約", "倉庫/../x", "acme%2Fshop-%E5%80%89%E5%BA%AB%2F..%2Fx.json"),
    ],
)
def test_a_right_participant_is_kept_whatever_it_is_called(
    tmp_path: Path, saga_name: str, step_name: str, participant: str, file: str
) -> None:
    paying = small_sagas.step(step_name, participant=participant)
    for role in ("forward", "compensate", "status"):
        paying[role]["request"]["path"] = f"/{role}"
    saga = small_sagas.saga(paying, saga=saga_name, owner="acme/shop")
    recording = Recording(tmp_path / "recording")
    for case in cases.derive(saga):
        exercise(saga, case, library_client, recording, source="library")
    [outcome] = recording.finish(tmp_path / "pacts")
    assert [one.name for one in outcome.files] == [file]
    pact = json.loads(outcome.files[0].read_text(encoding="utf-8"))
    assert (pact["consumer"]["name"], pact["provider"]["name"]) == ("acme/shop", participant)

    result = verified(all_right(saga, participant), participant, pact)

    assert result.troubles == ()
    assert {one.key: one.mismatches for one in result.interactions if one.verdict != Verdict.KEPT} == {}
    assert [deck.verdict for deck in result.decks] == [Verdict.KEPT]
