"""A right orchestrator, simulated on sagas of many shapes, is never accused; a deviation is, by the rule that speaks of it.

The simulation knows nothing of the rules: it begins steps in their order, repeats what nobody answered, and undoes in reverse.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saga_contracts.declare.saga import Saga
from saga_contracts.declare.verdict import Verdict
from saga_e2e.derive.ends import End
from saga_e2e.derive.faults import Fault, Kind, Role
from saga_e2e.derive.scenarios import Scenario, Tier
from saga_e2e.judge.findings import Finding, Judged
from saga_e2e.judge.invariants import judge
from saga_e2e.proxy.trace import Fate

MOST_STEPS = 5


@dataclass(frozen=True)
class Plan:
    """A saga in short: which steps come after which, which one is refused, whose calls lose a reply once."""

    after: tuple[tuple[int, ...], ...]
    refused: int | None
    lost_forward: frozenset[int]
    lost_undo: frozenset[int]

    def name(self, number: int) -> str:
        return f"step_{number}"


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    count = draw(st.integers(2, MOST_STEPS))
    after = tuple(tuple(sorted(draw(st.sets(st.integers(0, number - 1))) if number else ())) for number in range(count))
    refused = draw(st.none() | st.integers(0, count - 1))
    lost = st.frozensets(st.integers(0, count - 1), max_size=2)
    return Plan(after, refused, draw(lost) - {refused}, draw(lost) - {refused})


class Orchestrator:
    """Runs a saga in words: every call stands in the story as the proxy would have seen it."""

    def __init__(self, story: Any, saga: Saga, plan: Plan) -> None:
        self.story, self.plan, self.done = story, plan, list[int]()
        story.saga, story.calls, story.states, story.statuses, story.probes = saga, [], {}, {}, {}
        self.faults: list[Fault] = []

    def run(self) -> None:
        """Do everything that a right one does."""
        for number in range(len(self.plan.after)):
            self.story.states[self.plan.name(number)] = "pending"
        failed = any(not self.forward(number) for number in range(len(self.plan.after)))
        for number in reversed(self.done) if failed else ():
            self.undo(number)
        self.finish(End.COMPENSATED if failed else End.COMMITTED)

    def forward(self, number: int) -> bool:
        name = self.plan.name(number)
        if number == self.plan.refused:
            self.faults.append(Fault(name, Role.FORWARD, Kind.REFUSED))
            self.story.forward(name, "refused")
            self.story.states[name] = "refused"
            return False
        if number in self.plan.lost_forward:
            self.faults.append(Fault(name, Role.FORWARD, Kind.REPLY_LOST))
            self.story.forward(name, fate=Fate.REPLY_LOST, met=self.faults[-1])
        self.story.forward(name, "done_again" if number in self.plan.lost_forward else "done")
        self.story.states[name] = "applied"
        self.done.append(number)
        return True

    def undo(self, number: int) -> None:
        name = self.plan.name(number)
        if number in self.plan.lost_undo:
            self.faults.append(Fault(name, Role.COMPENSATE, Kind.REPLY_LOST))
            self.story.undo(name, fate=Fate.REPLY_LOST, met=self.faults[-1])
        self.story.undo(name)
        self.story.states[name] = "compensated"

    def finish(self, end: End) -> None:
        self.story.end, self.story.history = end.value, ("running", end.value)
        self.story.more = {"ended_ms": self.story.calls[-1].ended_ms + 1, "stillness_ms": 500}
        applied = [name for name, state in self.story.states.items() if state == "applied"]
        reading = {"services": [self.story.saga.payload.example["package"]] * len(applied)}
        self.story.probes = {step.step: reading for step in self.story.saga.steps}
        refused = self.plan.refused
        self.story.refusing = frozenset() if refused is None else frozenset({self.plan.name(refused)})

    def findings(self) -> tuple[Finding, ...]:
        expected = (End.COMMITTED if self.plan.refused is None else End.COMPENSATED,)
        scenario = Scenario("simulated", "", "", Tier.NIGHTLY, tuple(self.faults), self.story.refusing, expected)
        return judge(Judged(self.story.saga, scenario, self.story.evidence()))


def saga_of_plan(saga_of: Any, plan: Plan) -> Saga:
    names = [plan.name(number) for number in range(len(plan.after))]
    steps = ({"step": name, "after": tuple(names[one] for one in after)} for name, after in zip(names, plan.after, strict=True))
    saga: Saga = saga_of(*steps)
    return saga


def simulated(story: Any, saga_of: Any, plan: Plan) -> Orchestrator:
    orchestrator = Orchestrator(story, saga_of_plan(saga_of, plan), plan)
    orchestrator.run()
    return orchestrator


def broken(orchestrator: Orchestrator) -> set[str]:
    return {one.id for one in orchestrator.findings() if one.verdict == Verdict.BROKEN}


@given(plan=plans())
@settings(max_examples=40, deadline=None)
def test_a_right_orchestrator_is_never_accused(make_story: Callable[[], Any], saga_of: Any, plan: Plan) -> None:
    found = simulated(make_story(), saga_of, plan).findings()

    assert {one.id: one.text for one in found if one.verdict == Verdict.BROKEN} == {}


@given(plan=plans().filter(lambda plan: plan.refused is not None))
@settings(max_examples=25, deadline=None)
def test_a_compensation_left_out_is_always_seen(make_story: Callable[[], Any], saga_of: Any, plan: Plan) -> None:
    orchestrator = simulated(make_story(), saga_of, plan)
    if not orchestrator.done:
        return
    left = plan.name(orchestrator.done[0])
    orchestrator.story.calls = [one for one in orchestrator.story.calls if (one.step, one.role) != (left, Role.COMPENSATE)]
    orchestrator.story.statuses[left] = "applied"
    package = orchestrator.story.saga.payload.example["package"]
    orchestrator.story.probes = {key: {"services": [package]} for key in orchestrator.story.states}

    assert {"I1", "I10"} <= broken(orchestrator)


@given(plan=plans(), number=st.integers(0, MOST_STEPS - 1))
@settings(max_examples=25, deadline=None)
def test_a_step_that_is_begun_before_what_it_waits_for_is_always_seen(
    make_story: Callable[[], Any], saga_of: Any, plan: Plan, number: int
) -> None:
    orchestrator = simulated(make_story(), saga_of, plan)
    begun = [one for one in orchestrator.story.calls if one.role == Role.FORWARD]
    early = next((one for one in begun if one.step == plan.name(number)), None)
    if early is None or not plan.after[number]:
        return
    calls = orchestrator.story.calls
    calls[calls.index(early)] = replace(early, at_ms=-9.0, ended_ms=-8.0)

    assert "ORDER" in broken(orchestrator)


def read(orchestrator: Orchestrator, times: int) -> None:
    """Let every probe read so many effects."""
    reading = {"services": [orchestrator.story.saga.payload.example["package"]] * times}
    orchestrator.story.probes = dict.fromkeys(orchestrator.story.states, reading)


FORK = Plan(((), (0,), (0,), (1, 2)), None, frozenset(), frozenset())


@pytest.mark.parametrize(
    ("does", "rule"),
    [
        (lambda it: it.story.forward("step_1"), "REASON"),
        (lambda it: it.story.forward("step_1", at_ms=900.0), "AFTER"),
        (lambda it: it.story.undo("step_0"), "REASON"),
        (lambda it: it.story.asks("step_2", "applied"), "REASON"),
        (lambda it: it.story.tell_owner("step_3"), "ALARM"),
        (lambda it: [it.story.forward("step_3", None, fate=Fate.REQUEST_LOST) for _ in range(4)], "I12"),
        (lambda it: it.story.more.update(creations=("saga-7", "saga-9")), "I2"),
        (lambda it: it.story.statuses.update(step_2="compensated"), "I10"),
        (lambda it: read(it, 3), "I3"),
        (lambda it: setattr(it.story, "history", ("running", "compensated", "committed")), "I4"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_one_deviation_is_accused_by_the_rule_that_speaks_of_it(
    make_story: Callable[[], Any], saga_of: Any, does: Callable[[Orchestrator], object], rule: str
) -> None:
    orchestrator = simulated(make_story(), saga_of, FORK)
    assert broken(orchestrator) == set()

    does(orchestrator)

    assert rule in broken(orchestrator)
