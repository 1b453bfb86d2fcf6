"""Known-bad clients fail by the right case and with the right words; the right client passes every one."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from saga_contracts.declare.saga import Saga
from saga_contracts.derive import cases, client_cases
from saga_contracts.derive.cases import MESSAGES, Role
from saga_contracts.exercise.given import Given
from saga_contracts.exercise.outcomes import words
from saga_contracts.exercise.recording import Recording
from saga_contracts.exercise.turns import exercise

Make = Callable[..., dict[str, Any]]
MakeSaga = Callable[..., Saga]
MISTAKES = 37


@pytest.fixture(scope="module")
def zoo(load_module: Callable[[str], Any]) -> Any:
    return load_module("faulty_clients")


@pytest.fixture(scope="module")
def sagas(make_step: Make, make_calling_back: Make, make_saga: MakeSaga) -> dict[str, Saga]:
    one = make_step("a", timeout_ms=200)
    null = make_step("a", timeout_ms=200)
    null["compensate"]["null_compensation"] = {"404": "done"}
    odd = make_step("a", timeout_ms=200)
    for role in ("forward", "compensate", "status"):
        odd[role]["request"]["path"] = "/{payload.order_id}" + odd[role]["request"]["path"]
    payload = {"schema": {"type": "object"}, "example": {"order_id": "a b/ü%", "amount": 5}, "fresh": ["order_id"]}
    body = {"saga": "sale", "saga_id": "{saga_id}", "what": "{event}"}
    told = {
        "participant": "shop",
        "request": {"method": "POST", "path": "/e", "body": body},
        "replies": {"done": {"status": 204}},
    }
    whole = {"executes_as": "saga_service", "policies": {"owner_notification": told}}
    return {
        "plain": make_saga(one),
        "null": make_saga(null),
        "callback": make_saga(make_calling_back(one), **whole),
        "path": make_saga(odd, payload=payload),
    }


def everything(saga: Saga) -> list[cases.Case | client_cases.ClientCase]:
    return [*cases.derive(saga), *cases.derive_messages(saga), *client_cases.derive(saga)]


def findings(saga: Saga, client: Callable[[Given], Any], folder: Path) -> dict[str, str]:
    """Give the cases that the client fails, without the names of saga and step, and what is said of each."""
    recording, found = Recording(folder), {}
    for case in everything(saga):
        try:
            exercise(saga, case, client, recording, source="native")
        except (AssertionError, OSError) as error:
            found[case.name.split("/", 2)[2]] = str(error)
    return found


@pytest.mark.parametrize("shape", ["plain", "null", "callback", "path"])
def test_the_right_client_passes_every_case(zoo: Any, sagas: dict[str, Saga], tmp_path: Path, shape: str) -> None:
    class Right(zoo.Client):  # type: ignore[misc]
        def read(self, given: Given, reply: Any) -> Any:
            nothing_there = given.role == "compensate" and reply.status_code == 404 and shape == "null"
            return "done" if nothing_there else super().read(given, reply)

    assert findings(sagas[shape], Right().call, tmp_path) == {}


@pytest.mark.parametrize("number", range(MISTAKES))
def test_a_mistake_is_found_by_its_case(zoo: Any, sagas: dict[str, Saga], tmp_path: Path, number: int) -> None:
    mistake, where, said = zoo.MISTAKES[number]
    shape, expected = where.split(": ") if ": " in where else ("plain", where)
    found = findings(sagas[shape], mistake().call, tmp_path)
    assert said in found.get(expected, ""), f"{mistake.__name__} was found by {found or 'nothing'}"
    if mistake in zoo.FOUND_NOWHERE_ELSE:
        assert set(found) == zoo.FOUND_NOWHERE_ELSE[mistake]


def test_there_is_a_test_for_every_planted_mistake(zoo: Any) -> None:
    assert len(zoo.MISTAKES) == MISTAKES


@pytest.mark.parametrize("word", sorted({word for role in Role for word in words(role)}))
def test_a_client_that_gives_one_word_without_calling_fails_in_every_case(
    sagas: dict[str, Saga], tmp_path: Path, word: str
) -> None:
    found = findings(sagas["callback"], lambda _: word, tmp_path)
    assert set(found) == {case.name.split("/", 2)[2] for case in everything(sagas["callback"])}


@pytest.mark.parametrize("field", Given.__slots__)
def test_a_client_that_gives_back_what_it_was_given_fails_in_every_case(
    sagas: dict[str, Saga], tmp_path: Path, field: str
) -> None:
    found = findings(sagas["callback"], lambda given: getattr(given, field), tmp_path)
    assert set(found) == {case.name.split("/", 2)[2] for case in everything(sagas["callback"])}


def test_a_client_that_guesses_in_turn_fails_in_every_message(sagas: dict[str, Saga], tmp_path: Path) -> None:
    saga, messages = sagas["callback"], [case for case in everything(sagas["callback"]) if case.role in MESSAGES]
    for start in (0, 1):
        turns = itertools.cycle(["done", "refused"][start:] + ["done", "refused"][:start])
        failed = 0
        for case in messages:
            try:
                exercise(saga, case, lambda _, turns=turns: next(turns), Recording(tmp_path), source="native")
            except AssertionError:
                failed += 1
        assert failed > 0


def test_what_is_given_does_not_tell_one_case_of_a_call_from_another(sagas: dict[str, Saga], tmp_path: Path) -> None:
    seen: dict[tuple[str, int], set[str]] = {}

    def client(given: Given) -> str:
        shown = repr([getattr(given, name) for name in Given.__slots__ if name not in ("url", "message")])
        seen.setdefault((given.role, given.tries), set()).add(shown)
        return "no outcome"

    findings(sagas["callback"], client, tmp_path)
    assert {what: len(shown) for what, shown in seen.items()} == dict.fromkeys(seen, 1)


def test_what_a_failing_client_did_is_never_recorded_as_a_contract(zoo: Any, sagas: dict[str, Saga], tmp_path: Path) -> None:
    findings(sagas["plain"], zoo.DropsTheKey().call, tmp_path / "run")
    [outcome] = Recording(tmp_path / "run").finish(tmp_path / "pacts")
    assert outcome.exercised == ()
    assert not (tmp_path / "pacts").exists()
