"""Sagas of any shape, made by chance, under one fault of a participant: each ends in a state that is allowed, and it is true.

What is expected is said here without a look at how the service decides.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repetitions import times

Step = Mapping[str, Any]
Make = Callable[..., dict[str, Any]]
ONCE = ("drop", "lose", "503")
FOR_GOOD = (*ONCE, "garbage", "late")
TRUE_TO = {"applied": {1}, "compensated": {0}, "refused": {0}, "pending": {0}, "skipped": {0}}
UNSETTLED = {"exhausted", "failed_compensation"}


@dataclass(frozen=True)
class Plan:
    """A saga in short, and what meets it.

    Attributes:
        steps: Each one's name, class, predecessors and further fields.
        script: By step and role: how its calls are answered in turn.
    """

    steps: tuple[tuple[str, str, tuple[str, ...], Mapping[str, Any]], ...]
    script: Mapping[tuple[str, str], list[str]]

    def of_class(self, *classes: str) -> set[str]:
        return {name for name, step_class, _, _ in self.steps if step_class in classes}

    @property
    def optional(self) -> set[str]:
        return {name for name, _, _, more in self.steps if more.get("optional")}


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """A strategy: up to three compensatable steps, perhaps a pivot, up to two retriable ones, in any order that is allowed."""
    classes = ["compensatable"] * draw(st.integers(1, 3)) + ["pivot"] * draw(st.integers(0, 1))
    classes += ["retriable"] * draw(st.integers(0, 2))
    steps: list[tuple[str, str, tuple[str, ...], Mapping[str, Any]]] = []
    for number, step_class in enumerate(classes):
        earlier = [name for name, *_ in steps]
        after = draw(st.lists(st.sampled_from(earlier), unique=True, max_size=2)) if earlier else []
        if step_class != "compensatable":  # the order of the classes
            after = earlier
        more: dict[str, Any] = {}
        if step_class == "compensatable" and draw(st.booleans()):
            more = {"completion": "callback", "callback_timeout_ms": 300}
        if step_class == "compensatable" and number and draw(st.integers(0, 3)) == 0:
            more["optional"] = True
        steps.append((f"s{number}", step_class, tuple(after), more))
    return Plan(tuple(steps), draw(_scripts(steps)))


@st.composite
def _scripts(draw: st.DrawFn, steps: Any) -> dict[tuple[str, str], list[str]]:
    """A strategy: perhaps a refusal, and perhaps one fault of a forward call, an undoing or the telling of the owner."""
    name, step_class, _, more = draw(st.sampled_from(steps))
    calls_back = "completion" in more
    faults: list[list[str]] = [*([word, "ok"] for word in ONCE), *([word] for word in FOR_GOOD)]
    if calls_back:
        faults += [["202"], ["no"], ["early"], ["early drop", "ok"]]
    script: dict[tuple[str, str], list[str]] = {}
    if draw(st.booleans()):
        script[name, "do"] = draw(st.sampled_from(faults))
    refusable = [one for one, kind, _, fields in steps if kind != "retriable" and "completion" not in fields and one != name]
    if refusable and draw(st.sampled_from([True, False])):
        script[draw(st.sampled_from(refusable)), "do"] = ["refuse"]
        if step_class == "compensatable":
            undoing: list[list[str]] = [*([word, "ok"] for word in ONCE), ["503"], ["garbage"], ["impossible"]]
            script[name, "undo"] = draw(st.sampled_from(undoing))
    return script


def allowed(plan: Plan) -> set[str]:
    """Give the ends that a saga may come to."""
    needed = {name for name, *_ in plan.steps} - plan.optional
    for_good = {name for (name, role), words in plan.script.items() if role == "do" and words[-1] not in ("ok", "early")}
    undoing_fails = any(role == "undo" and words[-1] != "ok" for (_, role), words in plan.script.items())
    told_when_asked = plan.of_class("pivot") | {name for (name, _), words in plan.script.items() if words[-1] == "202"}
    ends = set() if (for_good & needed) - told_when_asked else {"committed"}
    if for_good & needed & plan.of_class("compensatable", "pivot"):
        ends.add("compensated")
    if undoing_fails or for_good & plan.of_class("pivot", "retriable"):
        ends.add("escalated")
    return ends


@pytest.fixture
def make_step(definitions: dict[str, Any]) -> Make:
    """Make a step as those of the other tests are."""
    from_ = {"compensatable": definitions["strict"]["steps"][1], "callback": definitions["diamond"]["steps"][2]}
    from_ |= {"pivot": definitions["decided"]["steps"][1], "retriable": definitions["decided"]["steps"][2]}

    def make(name: str, step_class: str, after: tuple[str, ...], more: Mapping[str, Any]) -> dict[str, Any]:
        like = from_["callback" if "completion" in more else step_class]
        step = {**like, "step": name, "after": list(after), **more}
        for role in ("forward", "compensate", "status"):
            if role in step:
                call = step[role]
                path = call["request"]["path"].replace(f"/{like['step']}/", f"/{name}/")
                step[role] = {**call, "request": {**call["request"], "path": path}}
                body = call["request"].get("body")
                if body:
                    step[role]["request"]["body"] = {key: value for key, value in body.items() if key != "first"}
        return step

    return make


@settings(max_examples=times(12), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=plans())
def test_a_saga_of_any_shape_ends_as_it_may_and_its_record_is_true(
    plan: Plan, shared_service: Any, new_run: Any, make_step: Make, definitions: dict[str, Any]
) -> None:
    saga = f"abstract-{uuid.uuid4().hex[:8]}"
    steps = [make_step(*step) for step in plan.steps]
    definition = definitions["diamond"] | {"saga": saga, "steps": steps}
    if plan.of_class("pivot"):
        definition["policies"] = definition["policies"] | {"ask_for_ms": 50}
    answer = shared_service.http.put(f"/definitions/{saga}", json=definition)
    assert answer.status_code == 201, answer.text
    name, run = new_run(dict(plan.script))

    ended = shared_service.ended(shared_service.create(saga, name))
    run.gate.set()  # what is late arrives now

    assert ended["state"] in allowed(plan)
    states = {step: record["state"] for step, record in ended["steps"].items()}
    unsettled = {step for step, state in states.items() if state in UNSETTLED}
    for step, state in states.items():
        assert state in TRUE_TO or state in UNSETTLED, step
        assert run.made[step] <= 1
        assert run.effects[step] in TRUE_TO.get(state, {0, 1}), step
    if ended["state"] == "committed":
        assert {step for step, state in states.items() if state != "applied"} <= plan.optional
    if ended["state"] == "compensated":
        assert not any(run.effects.values())
    told = {one["step"] for one in ended["notifications"] if one["state"] == "taken"}
    assert told == (unsettled if ended["state"] == "escalated" else set())
    order = run.order("do")
    for step, _, after, _ in plan.steps:
        if step in order:
            assert all(order.index(before) < order.index(step) for before in after)
