import json
from pathlib import Path
from typing import Any

import pytest

from saga_contracts.declare.saga import Saga
from saga_contracts.derive import cases
from saga_contracts.errors import SagapactError
from saga_contracts.exercise.recording import Recording


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    return Recording(tmp_path / "run")


def names(saga: Saga) -> list[str]:
    return [case.name for case in cases.derive(saga)]


def part(name: str, **more: Any) -> dict[str, Any]:
    interaction = {"key": name, "description": name, **more}
    return {"consumer": {"name": "owner"}, "provider": {"name": name.split("/")[1]}, "interactions": [interaction]}


def exercise(recording: Recording, saga: Saga, chosen: list[str], **more: Any) -> None:
    recording.expect(saga, names(saga))
    recording.parts.mkdir(parents=True, exist_ok=True)
    for name in chosen:
        (recording.parts / f"{name.replace('/', '__')}.json").write_text(json.dumps(part(name, **more)), encoding="utf-8")
        recording.exercised(saga, name, "native")


def test_a_complete_saga_becomes_one_pact_for_each_participant(recording: Recording, vas: Saga, tmp_path: Path) -> None:
    exercise(recording, vas, names(vas))
    [outcome] = recording.finish(tmp_path / "pacts")
    assert outcome.missing == ()
    assert outcome.exercised == len(names(vas))
    assert [path.name for path in outcome.files] == [f"owner-{step}.json" for step in sorted(step.step for step in vas.steps)]


def test_one_missing_case_keeps_every_pact_of_the_saga_back(recording: Recording, vas: Saga, tmp_path: Path) -> None:
    exercise(recording, vas, names(vas)[1:])
    [outcome] = recording.finish(tmp_path / "pacts")
    assert outcome.missing == (names(vas)[0],)
    assert outcome.files == ()
    assert not (tmp_path / "pacts").exists()


def test_who_exercised_a_case_stands_outside_what_the_broker_hashes(recording: Recording, vas: Saga, tmp_path: Path) -> None:
    exercise(recording, vas, names(vas))
    [outcome] = recording.finish(tmp_path / "pacts")
    pact = json.loads(outcome.files[0].read_text(encoding="utf-8"))
    assert set(pact["metadata"]["sagapact"]["source"].values()) == {"native"}
    assert "native" not in json.dumps(pact["interactions"])


def test_a_case_that_the_saga_has_no_more_leaves_the_pact(recording: Recording, vas: Saga, tmp_path: Path) -> None:
    exercise(recording, vas, [*names(vas), "vas_purchase/reserve_money/forward/removed"])
    [outcome] = recording.finish(tmp_path / "pacts")
    assert all("removed" not in path.read_text(encoding="utf-8") for path in outcome.files)


def test_two_sagas_at_one_participant_share_a_file_also_when_their_tests_run_apart(vas: Saga, tmp_path: Path) -> None:
    target = tmp_path / "pacts"
    for name in ("one", "two", "one"):
        saga = vas.model_copy(update={"saga": name})
        recording = Recording(tmp_path / f"run-{name}-{len(list(tmp_path.iterdir()))}")
        exercise(recording, saga, names(saga))
        recording.finish(target)
    pact = json.loads((target / "owner-notify.json").read_text(encoding="utf-8"))
    keys = [one["key"] for one in pact["interactions"]]
    assert keys == sorted(keys)
    assert {key.split("/")[0] for key in keys} == {"one", "two"}
    assert set(pact["metadata"]["sagapact"]["source"]) == set(keys)


@pytest.mark.parametrize("content", ["{", "[]", '{"interactions": [{"key": 1}], "metadata": {"sagapact": {"source": {}}}}'])
def test_a_file_that_is_no_pact_of_ours_is_written_anew(recording: Recording, vas: Saga, tmp_path: Path, content: str) -> None:
    (tmp_path / "pacts").mkdir()
    (tmp_path / "pacts" / "owner-notify.json").write_text(content, encoding="utf-8")
    exercise(recording, vas, names(vas))
    recording.finish(tmp_path / "pacts")
    assert len(json.loads((tmp_path / "pacts" / "owner-notify.json").read_text(encoding="utf-8"))["interactions"]) == 5


def test_nothing_recorded_is_nothing_written(recording: Recording, tmp_path: Path) -> None:
    assert recording.finish(tmp_path / "pacts") == []


def test_a_part_without_a_key_stops_the_writing(recording: Recording, vas: Saga, tmp_path: Path) -> None:
    exercise(recording, vas, names(vas), key="")
    with pytest.raises(SagapactError, match="has no key"):
        recording.finish(tmp_path / "pacts")
