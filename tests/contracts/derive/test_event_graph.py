"""What follows from what: courses, circles, the longest path, who waits; and E12 beside a naive play of all runs."""

from pathlib import Path
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from saga_contracts.declare.saga import Saga
from saga_contracts.derive.event_graph import EventGraph
from saga_contracts.derive.event_report import report
from saga_contracts.read.choreography import reachable
from saga_contracts.sagafile import load_saga

SAGAS = Path(__file__).parents[3] / "contracts" / "sagas"
FOOD = load_saga(SAGAS / "food_delivery" / "saga.yaml")


def test_a_course_is_everything_that_leads_to_an_event() -> None:
    (course,) = EventGraph(FOOD).courses("food_delivered")
    assert [(move.by, move.outcome) for move in course] == [
        ("start", "begun"),
        ("charge", "done"),
        ("cook", "done"),
        ("bring", "done"),
    ]
    assert len(EventGraph(FOOD).courses("order_cancelled")) == 3


def test_the_failures_are_refusals_and_time_outs_but_for_what_is_optional() -> None:
    assert [(one.by, one.outcome) for one in EventGraph(FOOD).failures] == [
        ("charge", "refused"),
        ("cook", "refused"),
        ("payment_window", "timed out"),
    ]


def test_the_report_tells_the_longest_path_who_waits_and_what_nobody_sees() -> None:
    found = report(EventGraph(FOOD))
    assert found.by_hops.events == ("order_placed", "payment_charged", "dish_accepted", "food_delivered", "bonus_missed")
    assert (found.by_hops.hops, found.by_time.ms) == (5, 30_000 + 60_000 + 3_600_000 + 86_400_000)
    assert [one.participant for one in found.waiting] == ["orders", "loyalty"]
    assert found.unseen == (
        "`tell_customer` of notifications publishes nothing and has no probe: nobody sees whether it was done.",
    )


def test_a_wide_and_deep_graph_is_judged_at_once() -> None:
    """Two hundred reactions in a row of pairs; the first effect is undone by nothing that comes later."""
    names = [f"e{number}" for number in range(100)]
    reactions = [_reaction(f"a{number}", [names[number]], [names[number + 1]], kind="compensatable") for number in range(99)]
    reactions += [_reaction(f"b{number}", [names[number]], [names[number + 1]], refused=True) for number in range(99)]
    reactions.append(_reaction("undo", [names[0]], []) | {"undoes": "a0"})
    saga = _saga(names, reactions)
    assert len(list(reachable.problems(EventGraph(saga)))) == 99
    assert report(EventGraph(saga)).by_hops.hops == 100


@st.composite
def sagas(draw: st.DrawFn) -> Saga:
    """Draw a few reactions to a few events; some undo others."""
    names = [f"e{number}" for number in range(draw(st.integers(2, 6)))]
    event = st.sampled_from(names)
    reactions: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 4))):
        heard = draw(st.lists(event, min_size=1, max_size=2, unique=True))
        kind = draw(st.sampled_from(("compensatable", "compensatable", "retriable", "pivot")))
        done, refused = draw(st.lists(event, max_size=1)), draw(st.lists(event, max_size=1))
        joins = len(heard) > 1 and draw(st.booleans())
        one = _reaction(f"r{number}", heard, done, kind=kind, joins=joins)
        reactions.append(one | {"emits": {"done": done, "refused": refused}})
    for one in [one for one in reactions if one["class"] == "compensatable"]:
        heard = draw(st.lists(event, min_size=1, max_size=2, unique=True))
        reactions.append(
            _reaction(f"un_{one['reaction']}", heard, draw(st.lists(event, max_size=1))) | {"undoes": one["reaction"]}
        )
    return _saga(names, reactions)


@given(sagas())
def test_what_nothing_undoes_is_what_a_naive_play_of_all_runs_leaves_over(saga: Saga) -> None:
    graph = EventGraph(saga)
    assume(not graph.circles)
    told = [one.what for one in reachable.problems(graph) if "nothing undoes" in one.what]
    found = {(failure, left) for failure in _outcomes(saga) for left in _left_over(saga, failure)}
    expected = {(saga.reactions[int(failure[1:])].emits.refused[0], left) for failure, left in found}
    assert {(one.split("`")[1], one.split("`")[3]) for one in told} == expected


def _outcomes(saga: Saga) -> list[str]:
    return [one.reaction for one in saga.reactions if one.emits.refused]


def _left_over(saga: Saga, failure: str) -> set[str]:
    """Play everything that can happen before one refusal, then everything that can follow from it."""
    reactions = {one.reaction: one for one in saga.reactions}
    start = saga.start.event if saga.start else ""
    left: set[str] = set()
    waiting: list[frozenset[tuple[str, str]]] = [frozenset()]
    seen = set(waiting)
    while waiting:
        state = waiting.pop()
        came = {start} | {event for name, outcome in state for event in getattr(reactions[name].emits, outcome)}
        able = [one for one in saga.reactions if one.reaction not in dict(state) and _hears(one, came)]
        if failure in [one.reaction for one in able]:
            left |= _after(reactions, state, came, failure)
        for one in able:
            for outcome in ("done", "refused") if one.emits.refused else ("done",):
                more = state | {(one.reaction, outcome)}
                if one.reaction != failure and more not in seen:
                    seen.add(more)
                    waiting.append(more)
    return left


def _after(reactions: dict[str, Any], state: frozenset[tuple[str, str]], came: set[str], failure: str) -> set[str]:
    if any(outcome == "done" and reactions[name].step_class == "pivot" for name, outcome in state):
        return set()
    new = set(reactions[failure].emits.refused)
    undone: set[str] = set()
    ran: set[str] = set()
    while True:
        one = next((one for one in reactions.values() if one.reaction not in ran and _hears(one, came | new, new)), None)
        if one is None:
            break
        ran.add(one.reaction)
        new |= set(one.emits.done)
        undone |= {one.undoes} if one.undoes else set()
    done = {name for name, outcome in state if outcome == "done" and reactions[name].is_compensatable}
    return done - undone


def _hears(one: Any, came: set[str], some_of: set[str] | None = None) -> bool:
    ways = [{event} for event in one.on.any] + ([set(one.on.all)] if one.on.all else [])
    return any(way <= came and (some_of is None or way & some_of) for way in ways)


def _reaction(
    name: str, heard: list[str], done: list[str], *, kind: str = "retriable", joins: bool = False, refused: bool = False
) -> dict[str, Any]:
    on = {"all": heard} if joins else {"any": heard}
    emits = {"done": done, "refused": done if refused else []}
    return {"reaction": name, "participant": "p", "on": on, "class": kind, "emits": emits}


def _saga(names: list[str], reactions: list[dict[str, Any]]) -> Saga:
    event = {"publisher": "p", "channel": "c", "example": {}}
    payload: dict[str, Any] = {"schema": {}, "example": {}}
    whole = {"format": 1, "saga": "s", "owner": "p", "payload": payload, "start": {"event": names[0]}, "reactions": reactions}
    return Saga.model_validate({**whole, "events": dict.fromkeys(names, event)})
