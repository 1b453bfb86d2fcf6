"""What becomes of a run's records: complete sagas become pact files, of others it is said what is missing."""

from pathlib import Path
from typing import Any

import pytest

from saga_contracts.declare.saga import Saga
from saga_contracts.derive import cases
from saga_contracts.exercise.recording import Recording


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    return Recording(tmp_path / "run")


def names(saga: Saga) -> list[str]:
    return [case.name for case in cases.derive(saga)]


def part(name: str, **more: Any) -> dict[str, Any]:
    interaction = {"key": name, "description": name, **more}
    return {
        "consumer": {"name": "owner"},
        "provider": {"name": name.split("/")[1]},
        "interactions": [interaction],
        "metadata": {"pactSpecification": {"version": "4.0"}},
    }


def exercise(recording: Recording, saga: Saga, chosen: list[str], source: str = "native", **more: Any) -> None:
    recording.expect(saga, names(saga), [case.name for case in cases.derive_messages(saga)])
    for name in chosen:
        recording.exercised(saga, name, source, part(name, **more))


def test_a_complete_saga_becomes_one_pact_for_each_participant(recording: Recording, vas: Saga, tmp_path: Path) -> None:
    exercise(recording, vas, names(vas))
    [outcome] = recording.finish(tmp_path / "pacts")
    assert outcome.missing == ()
    assert set(outcome.exercised) == set(names(vas))
    assert [path.name for path in outcome.files] == [f"owner-{step}.json" for step in sorted(step.step for step in vas.steps)]


def test_one_missing_case_keeps_every_pact_of_the_saga_back(recording: Recording, vas: Saga, tmp_path: Path) -> None:
    exercise(recording, vas, names(vas)[1:])
    [outcome] = recording.finish(tmp_path / "pacts")
    assert outcome.missing == (names(vas)[0],)
    assert outcome.files == ()
    assert not (tmp_path / "pacts").exists()


def test_one_failed_case_keeps_every_pact_back_though_another_test_of_it_passed(
    recording: Recording, vas: Saga, tmp_path: Path
) -> None:
    exercise(recording, vas, names(vas))
    recording.failed(names(vas)[3])
    [outcome] = recording.finish(tmp_path / "pacts")
    assert outcome.missing == (names(vas)[3],)
    assert outcome.files == ()


def test_an_incomplete_saga_does_not_keep_another_one_back(recording: Recording, vas: Saga, tmp_path: Path) -> None:
    other = vas.model_copy(update={"saga": "other"})
    exercise(recording, vas, names(vas))
    exercise(recording, other, names(other)[1:])
    outcomes = {outcome.saga: outcome for outcome in recording.finish(tmp_path / "pacts")}
    assert outcomes["other"].files == ()
    assert len(outcomes["vas_purchase"].files) == 4


def test_what_exercised_a_case_is_noted_and_a_native_client_counts(recording: Recording, vas: Saga, tmp_path: Path) -> None:
    exercise(recording, vas, names(vas), "library")
    exercise(recording, vas, names(vas)[:1], "native")
    recording.finish(tmp_path / "pacts")
    text = (tmp_path / "pacts" / "owner-reserve_money.json").read_text(encoding="utf-8")
    assert (text.count('"native"'), text.count('"library"')) == (1, sum("/reserve_money/" in name for name in names(vas)) - 1)


def test_a_case_that_the_saga_has_no_more_leaves_the_pact(recording: Recording, vas: Saga, tmp_path: Path) -> None:
    exercise(recording, vas, [*names(vas), "vas_purchase/reserve_money/forward/removed"])
    [outcome] = recording.finish(tmp_path / "pacts")
    assert all("removed" not in path.read_text(encoding="utf-8") for path in outcome.files)


def test_two_sagas_of_one_name_with_different_content_are_told_and_not_mixed(
    recording: Recording, vas: Saga, tmp_path: Path
) -> None:
    exercise(recording, vas, names(vas))
    exercise(recording, vas.model_copy(update={"description": "another one"}), names(vas))
    [outcome] = recording.finish(tmp_path / "pacts")
    assert outcome.files == ()
    assert "Different saga files of this run bear the name vas_purchase" in outcome.faults[0]
    assert not outcome.is_complete


def test_two_copies_of_one_saga_file_are_one_saga(recording: Recording, vas: Saga, tmp_path: Path) -> None:
    exercise(recording, vas, names(vas)[:5])
    exercise(recording, vas.model_copy(), names(vas)[5:])
    [outcome] = recording.finish(tmp_path / "pacts")
    assert outcome.is_complete


def test_cases_whose_names_differ_in_odd_characters_only_do_not_meet(recording: Recording, vas: Saga, tmp_path: Path) -> None:
    odd = [
        "a__b/c/forward/x",
        "a/b__c/forward/x",
        "A/b__c/forward/x",
        "a/ü/forward/x",
        "a/u\u0308/forward/x",
        f"a/{'x' * 300}/f/x",
    ]
    recording.expect(vas, odd)
    for name in odd:
        recording.exercised(vas, name, "native", part(name))
    [outcome] = recording.finish(tmp_path / "pacts")
    assert set(outcome.exercised) == set(odd)


def test_a_pact_that_cannot_be_written_is_a_fault_of_its_sagas_and_the_others_are_written(
    recording: Recording, vas: Saga, tmp_path: Path
) -> None:
    (tmp_path / "pacts").mkdir()
    (tmp_path / "pacts" / "owner-notify.json").write_text("{", encoding="utf-8")
    exercise(recording, vas, names(vas))
    [outcome] = recording.finish(tmp_path / "pacts")
    assert "owner-notify.json is in the way" in outcome.faults[0]
    assert len(outcome.files) == 3
    assert (tmp_path / "pacts" / "owner-notify.json").read_text(encoding="utf-8") == "{"


def test_a_participant_that_the_saga_has_no_more_leaves_its_file_which_is_told(
    recording: Recording, vas: Saga, tmp_path: Path
) -> None:
    exercise(recording, vas, names(vas))
    recording.finish(tmp_path / "pacts")
    fewer = vas.model_copy(update={"steps": vas.steps[:-1]})
    again = Recording(tmp_path / "again")
    exercise(again, fewer, names(fewer))
    [outcome] = again.finish(tmp_path / "pacts")
    assert outcome.left_over == (tmp_path / "pacts" / "owner-notify.json",)
    assert outcome.left_over[0].exists()


def test_nothing_recorded_is_nothing_written(recording: Recording, tmp_path: Path) -> None:
    assert recording.finish(tmp_path / "pacts") == []


def test_a_part_without_a_key_stops_the_writing_and_is_told(recording: Recording, vas: Saga, tmp_path: Path) -> None:
    exercise(recording, vas, names(vas), key="")
    [outcome] = recording.finish(tmp_path / "pacts")
    assert "has no key" in outcome.faults[0]
    assert not (tmp_path / "pacts").exists()
