"""The whole-saga model: what it allows, and that a naive simulation that does not know it comes to the same ends."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from saga_contracts.declare.saga import Given, Saga, StepClass
from saga_contracts.errors import UsageError
from saga_e2e.derive import naming
from saga_e2e.derive.ends import End
from saga_e2e.derive.faults import Fault, Kind, Role
from saga_e2e.derive.orchestration import Model
from saga_e2e.derive.scenarios import derive, explore, scheduled
from saga_e2e.derive.schedules import Census, longer, pairs, singles
from saga_e2e.stage.landscape import reference_landscape

VAS = reference_landscape().saga("vas_purchase")
C, P, R = StepClass.COMPENSATABLE, StepClass.PIVOT, StepClass.RETRIABLE


def fault(step: str, kind: Kind, occurrence: int | None = 1, role: Role = Role.FORWARD) -> Fault:
    return Fault(step, role, kind, occurrence)


@pytest.fixture(scope="module")
def naive() -> ModuleType:
    """The naive simulation of whole sagas, by which the model of the decks is checked, too."""
    path = Path(__file__).parents[2] / "contracts" / "derive" / "naive_simulation.py"
    spec = importlib.util.spec_from_file_location("naive_simulation_of_ends", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


SMALL: list[list[dict[str, Any]]] = [  # the steps of small sagas; `s0` is the first
    [{"tries": 1}],
    [{"tries": 2, "callback": True}],
    [{"kind": P}],
    [{"kind": R, "tries": 1}],
    [{}, {"after": (0,)}],
    [{"tries": 1}, {"tries": 2}],
    [{}, {"after": (0,), "kind": P, "tries": 1}],
    [{"tries": 1}, {"after": (0,), "kind": R, "tries": 2}],
    [{}, {"after": (0,), "optional": True}],
    [{"callback": True, "tries": 1}, {"after": (0,), "tries": 1}],
]


@pytest.mark.parametrize("faults", [1, 2])
@pytest.mark.parametrize("cancels", [False, True], ids=["wait", "cancel"])
@pytest.mark.parametrize("steps", SMALL, ids=str)
def test_the_model_and_a_naive_simulation_come_to_the_same_ends(
    naive: Any, saga_of: Any, steps: list[dict[str, Any]], faults: int, *, cancels: bool
) -> None:
    plans = [{"after": (), "kind": C, "callback": False, "tries": 2, "optional": False, **step} for step in steps]
    simulated = naive.ends(
        naive.Chart(tuple(naive.Plan(**one, can_refuse=one["kind"] != R) for one in plans), cancels_siblings=cancels), faults
    )
    saga = _declared(saga_of, plans, cancels=cancels)

    assert {end.value for end in _ends_within(Model(saga), faults)} == simulated


def _declared(saga_of: Any, plans: list[dict[str, Any]], *, cancels: bool) -> Saga:
    enough = VAS.step("apply_vas").given
    steps = [
        {
            "step": f"s{number}",
            "step_class": plan["kind"],
            "after": tuple(f"s{one}" for one in plan["after"]),
            "tries": plan["tries"],
            "optional": plan["optional"],
            "status": None,
            "given": enough if plan["kind"] != R else Given(enough=enough.enough),
            **({"completion": "callback"} if plan["callback"] else {}),
        }
        for number, plan in enumerate(plans)
    ]
    return saga_of(*steps, policies={"siblings_of_failed_step": "cancel" if cancels else "wait"})  # type: ignore[no-any-return]


def _ends_within(model: Model, faults: int) -> set[End]:
    found = {*model.ends(())}
    one = [
        schedule for schedule in singles(model) if len(schedule) == 1 and Role.CREATION not in {part.role for part in schedule}
    ]
    known = [schedule for schedule in one if schedule[0].kind not in (Kind.EFFECT_LOST, Kind.PAUSED, Kind.CUT, Kind.DOWN)]
    found.update(end for schedule in known for end in model.ends(schedule) if not schedule[0].crashes)
    if faults > 1:
        found.update(end for schedule in pairs(model, Census()) for end in model.ends(schedule))
    return found


def test_a_schedule_leads_only_where_every_fault_of_it_is_met() -> None:
    model = Model(VAS)
    behind = fault("apply_vas", Kind.UNAVAILABLE, None, Role.COMPENSATE)

    assert model.ends([behind]) == ()  # nothing is undone without a cause
    assert model.ends([fault("create_packages", Kind.REFUSED), behind]) == (End.ESCALATED,)
    assert model.ends([fault("apply_vas", Kind.REPLY_LOST, 2)]) == ()  # there is no second try


def test_a_second_fault_meets_the_try_that_the_first_one_brings_about() -> None:
    once, twice = fault("notify", Kind.REPLY_LOST), fault("notify", Kind.REPLY_LOST, 2)

    assert Model(VAS).ends([once, twice]) == (End.COMMITTED,)
    assert (once, twice) in [scenario.faults for scenario in derive(VAS, 2)]


@pytest.mark.parametrize("kind", [Kind.CALLER_DIES, Kind.CALLER_DIES_BEFORE_SEND])
def test_a_try_in_which_the_orchestrator_dies_may_count_or_not(saga_of: Any, kind: Kind) -> None:
    saga = saga_of({"step": "only", "tries": 1, "status": None})

    assert Model(saga).ends([fault("only", kind)]) == (End.COMMITTED, End.COMPENSATED)


def test_a_crash_may_cost_a_step_beside_it_its_only_try(saga_of: Any) -> None:
    beside = saga_of({"step": "one"}, {"step": "other", "tries": 1, "status": None})
    behind = saga_of({"step": "one"}, {"step": "other", "tries": 1, "status": None, "after": ("one",)})

    assert Model(beside).ends([fault("one", Kind.CALLER_DIES)]) == (End.COMMITTED, End.COMPENSATED)
    assert Model(behind).ends([fault("one", Kind.CALLER_DIES)]) == (End.COMMITTED,)


def test_every_single_fault_and_every_pair_can_happen_and_pairs_are_fewer_than_what_is_reachable() -> None:
    model, census = Model(VAS), Census()
    found = [*singles(model), *pairs(model, census)]

    assert all(model.ends(schedule) for schedule in found if schedule[0].role != Role.CREATION)
    assert len({frozenset(schedule) for schedule in found}) == len(found)
    assert 0 < census.classes < census.reachable < explore(VAS, 2).census.naive


def test_what_is_not_played_is_told_with_its_reason(saga_of: Any) -> None:
    slow = explore(saga_of({"step": "slow", "completion": "callback", "callback_timeout_ms": 30_001}))

    assert {one.scenario: one.why for one in slow.unplayed}["no-callback-at-slow"].startswith("The callback's time is 30001 ms")
    assert "pairs of faults" in {one.scenario for one in slow.unplayed}
    assert all(one.why for one in explore(VAS, 2).unplayed)


def test_a_longer_schedule_is_the_same_for_the_same_seed_and_can_be_played_by_its_name() -> None:
    model = Model(VAS)
    made = [longer(model, 7, index) for index in range(5)]

    assert made == [longer(Model(VAS), 7, index) for index in range(5)]
    assert all(3 <= len(schedule) <= 6 and model.ends(schedule) for schedule in made)
    assert scheduled(VAS, "longer-7-3").faults == made[3]


def test_a_schedule_is_read_from_the_codes_of_its_faults() -> None:
    faults = (
        fault("create_packages", Kind.REFUSED),
        fault("apply_vas", Kind.UNAVAILABLE, None, Role.COMPENSATE),
        Fault("notify", Role.FORWARD, Kind.PAUSED, 2, 900),
    )

    assert naming.read(VAS, ",".join(one.code for one in faults)) == faults
    assert scheduled(VAS, faults[0].code).expected == (End.COMPENSATED,)


@pytest.mark.parametrize("text", ["refused", "refused:forward:nowhere:1", "lost:forward:notify:1", "longer-x-1"])
def test_a_schedule_that_cannot_be_read_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError, match=r"is no (fault|schedule)"):
        scheduled(VAS, text)
