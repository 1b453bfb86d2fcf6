"""Known-bad clients fail by the right case; the right client passes every one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from saga_contracts.declare.saga import Saga
from saga_contracts.derive import cases, client_cases
from saga_contracts.exercise.recording import Recording
from saga_contracts.testing import exercise, exercise_alone

Make = Callable[..., dict[str, Any]]
MakeSaga = Callable[..., Saga]


@pytest.fixture(scope="module")
def zoo(load_module: Callable[[str], Any]) -> Any:
    return load_module("faulty_clients")


@pytest.fixture(scope="module")
def sagas(make_step: Make, make_calling_back: Make, make_saga: MakeSaga) -> dict[str, Saga]:
    one = make_step("a")
    null = make_step("a")
    null["compensate"]["null_compensation"] = {"404": "done"}
    return {"plain": make_saga(one), "null": make_saga(null), "callback": make_saga(make_calling_back(one))}


def findings(saga: Saga, client: Any, folder: Path) -> set[str]:
    """Give the cases that the client fails, without the names of saga and step."""
    recording, found = Recording(folder), set()
    everything: list[cases.Case | client_cases.ClientCase] = [*cases.derive(saga), *client_cases.derive(saga)]
    for case in everything:
        if case.role == cases.Role.CALLBACK:
            continue
        try:
            if isinstance(case, cases.Case):
                exercise(saga, case, client.call, recording, source="native")
            else:
                exercise_alone(saga, case, client.call)
        except AssertionError:
            found.add(case.name.split("/", 2)[2])
    return found


@pytest.mark.parametrize("shape", ["plain", "callback"])
def test_the_right_client_passes_every_case(zoo: Any, sagas: dict[str, Saga], tmp_path: Path, shape: str) -> None:
    assert findings(sagas[shape], zoo.Client(), tmp_path) == set()


@pytest.mark.parametrize("number", range(15))
def test_a_mistake_is_found_by_its_case(zoo: Any, sagas: dict[str, Saga], tmp_path: Path, number: int) -> None:
    mistake, expected = zoo.MISTAKES[number]
    found = findings(sagas["plain"], mistake(), tmp_path)
    assert expected in found, f"{mistake.__name__} was found by {found or 'nothing'}"
    if mistake in zoo.HARMLESS_ELSEWHERE:
        assert found == zoo.HARMLESS_ELSEWHERE[mistake]


def test_there_is_a_test_for_every_planted_mistake(zoo: Any) -> None:
    assert len(zoo.MISTAKES) == 15


def test_a_client_that_takes_accepted_for_done_is_found(zoo: Any, sagas: dict[str, Saga], tmp_path: Path) -> None:
    assert "forward/in_progress" in findings(sagas["callback"], zoo.Ignores202(), tmp_path)


def test_a_client_that_gives_up_when_nothing_was_there_to_undo_is_found(zoo: Any, sagas: dict[str, Saga], tmp_path: Path) -> None:
    assert findings(sagas["null"], zoo.NullCompensationIsAnError(), tmp_path) >= {"compensate/null"}


def test_what_a_failing_client_did_is_never_recorded_as_a_contract(zoo: Any, sagas: dict[str, Saga], tmp_path: Path) -> None:
    findings(sagas["plain"], zoo.DropsTheKey(), tmp_path)
    assert list(tmp_path.glob("parts/*.json")) == []
