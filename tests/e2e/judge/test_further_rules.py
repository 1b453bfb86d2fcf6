"""Wrong orchestrators that end as they must, and what tells on them: order, reasons, alarms, bounds, what comes after the end.

A row is one behaviour, as in `test_known_orchestrators`: the story of a right run, and what this one does otherwise.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from saga_contracts.declare.verdict import Verdict
from saga_e2e.derive.faults import Fault, Kind, Role
from saga_e2e.derive.scenarios import Scenario, derive
from saga_e2e.judge.evidence import Quantity, SagaRecord
from saga_e2e.judge.findings import Judged
from saga_e2e.judge.invariants import judge
from saga_e2e.proxy.trace import Fate

ENDED = 100.0


@dataclass(frozen=True)
class Row:
    """One behaviour: the story that it begins as, the scenario, the change, the broken invariants, a part of what is said."""

    behaviour: str
    story: str
    scenario: str
    does: Callable[[Any], object]
    breaks: str = ""
    says: str = ""


def begins_before_a_step_is_done(story: Any) -> None:
    story.calls[-1] = replace(story.calls[-1], at_ms=27.0, ended_ms=29.0)


def begins_before_a_callback_came(story: Any) -> None:
    callback, last = story.calls[-2:]
    story.calls[-2:] = [replace(last, at_ms=26.0, ended_ms=27.0), replace(callback, at_ms=30.0)]


def undoes_without_cause(story: Any) -> None:
    story.calls.clear()
    story.states |= {"apply_vas": "pending", "create_packages": "pending"}
    story.refusing = frozenset()
    story.statuses["apply_vas"] = "absent"
    story.forward("reserve_money").undo("reserve_money")


def undoes_what_was_never_begun(story: Any) -> None:
    story.states["notify"] = "pending"
    story.calls = [call for call in story.calls if call.step != "create_packages"]
    story.calls.insert(2, replace(story.undo("create_packages").calls.pop(), at_ms=25.0, ended_ms=26.0))


def begins_while_it_is_undone(story: Any) -> None:
    first, last = story.calls[-2].at_ms, story.calls[-1].at_ms
    story.forward("notify", at_ms=(first + last) / 2, ended_ms=last - 1)
    story.states["notify"], story.statuses["notify"] = "pending", "absent"


def lets_the_other_branch_go_on(story: Any) -> None:
    """`create_packages` becomes two steps one after the other; the second is begun long after `apply_vas` was refused."""
    story.calls = [replace(call, at_ms=call.at_ms + 2000, ended_ms=call.ended_ms + 2000) if index > 1 else call
                   for index, call in enumerate(story.calls)]  # fmt: skip


def asks_after_a_clear_answer(story: Any) -> None:
    story.asks("reserve_money", at_ms=7.0, ended_ms=8.0)


def asks_before_anything(story: Any) -> None:
    story.asks("notify", "absent", at_ms=1.0, ended_ms=2.0)


def storms(count: int, every_ms: float) -> Callable[[Any], None]:
    """What becomes of the accepted packages is asked for again and again."""

    def does(story: Any) -> None:
        callback, last = story.calls[-2:]
        del story.calls[-2:]
        for index in range(count):
            at_ms = 50 + index * every_ms
            story.asks("create_packages", "in_progress", at_ms=at_ms, ended_ms=at_ms + 1)
        ended = 50 + count * every_ms
        story.calls += [replace(callback, at_ms=ended, ended_ms=ended + 1), replace(last, at_ms=ended + 2, ended_ms=ended + 3)]

    return does


def calls_back(times: int) -> Callable[[Any], None]:
    def does(story: Any) -> None:
        for index in range(times):
            story.call("create_packages", Role.CALLBACK, told="done", at_ms=60.0 + index, ended_ms=60.5 + index)

    return does


def refuses_a_repeated_callback(story: Any) -> None:
    story.call("create_packages", Role.CALLBACK, "unknown", told="done")


def more(**fields: Any) -> Callable[[Any], None]:
    return lambda story: story.more.update(fields)


def both(*acts: Callable[[Any], object]) -> Callable[[Any], None]:
    def does(story: Any) -> None:
        for act in acts:
            act(story)

    return does


def step_changes_later(story: Any) -> None:
    story.again = SagaRecord(story.end, story.history, {**story.states, "notify": "running"})


def optional_notify(story: Any) -> None:
    steps = tuple(step.model_copy(update={"optional": step.step == "notify"}) for step in story.saga.steps)
    story.saga = story.saga.model_copy(update={"steps": steps})


def fails_without_harm(story: Any) -> None:
    optional_notify(story)
    story.states["notify"], story.statuses["notify"] = "exhausted", "applied"
    story.calls.pop()
    for _ in range(3):
        story.forward("notify", None, fate=Fate.REPLY_LOST)


SILENT_AFTER = more(ended_ms=ENDED, stillness_ms=300)
QUANTITY = Quantity("money", 49900, 49900)
BAD = [
    Row("begins a step too early", "committed", "committed", begins_before_a_step_is_done, "ORDER",
        "notify was begun before create_packages was done"),
    Row("does not wait for a callback", "committed", "committed", begins_before_a_callback_came, "ORDER"),
    Row("undoes without a cause", "compensated", "refused-at-apply_vas", undoes_without_cause, "REASON",
        "reserve_money was compensated without a cause"),
    Row("undoes what was never begun", "compensated", "refused-at-apply_vas", undoes_what_was_never_begun, "REASON",
        "create_packages was compensated although its forward call had not been sent."),
    Row("begins a step while it undoes", "compensated", "refused-at-apply_vas", begins_while_it_is_undone, "ORDER REASON I8",
        "notify was begun although create_packages was being compensated by then."),
    Row("lets the other branch go on", "compensated", "refused-at-apply_vas", lets_the_other_branch_go_on, "REASON",
        "create_packages was begun 2005 ms after the refusal of apply_vas."),
    Row("asks what it was told", "committed", "committed", asks_after_a_clear_answer, "REASON", "without a doubt"),
    Row("asks before it calls", "committed", "committed", asks_before_anything, "REASON", "no call of it had been made"),
    Row("asks without bound", "committed", "committed", storms(60, 5.0), "I12", "while its work was under way"),
    Row("storms the callback", "committed", "committed", calls_back(40), "I12", "times more after it had been taken"),
    Row("refuses a repeated callback", "committed", "committed", refuses_a_repeated_callback, "I9 I11",
        "was never taken: it was answered 418 at last"),
    Row("alarms the owner of a committed saga", "committed", "committed", lambda story: story.tell_owner("notify"), "ALARM",
        "The owner was told `it_failed` of notify although the saga is committed."),
    Row("tells the owner of a saga that was undone", "compensated", "refused-at-apply_vas",
        lambda story: story.tell_owner("apply_vas"), "ALARM"),
    Row("tells the owner of another step as well", "escalated", "undo-fails-at-apply_vas",
        lambda story: story.tell_owner("reserve_money"), "ALARM", "but reserve_money is compensated"),
    Row("tells the owner that it succeeded", "escalated", "undo-fails-at-apply_vas",
        lambda story: story.tell_owner("apply_vas", "saga_committed"), "ALARM", "which speaks of success"),
    Row("tells the owner of an undoing that never was", "exhausted", "no-reply-at-notify",
        lambda story: story.tell_owner("notify", "compensation_failed"), "ALARM", "which speaks of undoing"),
    Row("goes on after the end", "committed", "no-reply-at-notify",
        both(SILENT_AFTER, lambda story: story.asks("create_packages", at_ms=140.0)), "AFTER REASON",
        "The status call of create_packages was sent 40 ms after the saga was committed."),
    Row("changes its record after the end", "committed", "committed", both(SILENT_AFTER, step_changes_later), "AFTER",
        "notify was applied when the saga ended, and is running now."),
    Row("creates two sagas for one request", "committed", "committed", more(creations=("saga-7", "saga-8")), "I2",
        "made 2 of them: saga-7, saga-8."),
    Row("makes money", "committed", "committed", more(quantities=(replace(QUANTITY, after=49901),)), "I3",
        "The quantity money was 49900 before the saga and is 49901 now."),
]  # fmt: skip
RIGHT = [
    Row("is silent after its end", "committed", "committed", both(SILENT_AFTER, more(quantities=(QUANTITY,)))),
    Row("is asked again and tells the same saga", "committed", "committed", more(creations=("saga-7", "saga-7"))),
    Row("a callback comes after the end", "compensated", "refused-at-apply_vas",
        both(SILENT_AFTER, lambda story: story.call("create_packages", Role.CALLBACK, told="done", at_ms=150.0))),
    Row("a late call arrives after the end", "compensated", "late",
        both(SILENT_AFTER, lambda story: story.forward("reserve_money", "suspended", fate=Fate.DELAYED, at_ms=150.0))),
    Row("tells the owner after the end", "escalated", "undo-fails-at-apply_vas",
        both(more(ended_ms=75.0), lambda story: story.tell_owner("apply_vas"))),
    Row("asks now and then while work goes on", "committed", "committed", storms(8, 500.0)),
    Row("goes on without an optional step", "committed", "no-reply-at-notify", fails_without_harm),
    Row("a callback is repeated once", "committed", "committed", calls_back(1)),
    Row("starts a sibling just before it hears of the refusal", "compensated", "refused-at-apply_vas", lambda _: None),
    Row("uses up the tries of a step whose participant is not healthy", "compensated", "down", undoes_what_was_never_begun),
]  # fmt: skip


def scenario(saga: Any, name: str) -> Scenario:
    found = {one.name: one for one in derive(saga)}
    late = Fault("reserve_money", Role.FORWARD, Kind.DELAYED)
    found["late"] = replace(found["refused-at-apply_vas"], faults=(*found["refused-at-apply_vas"].faults, late))
    away = Fault("create_packages", Role.FORWARD, Kind.DOWN)
    found["down"] = replace(found["refused-at-apply_vas"], faults=(*found["refused-at-apply_vas"].faults, away))
    return found[name]


def played(request: pytest.FixtureRequest, row: Row, *, tells_steps: bool = True) -> dict[str, tuple[Verdict, str]]:
    story = request.getfixturevalue(row.story)
    row.does(story)
    story.tells_steps = tells_steps
    found = judge(Judged(story.saga, scenario(story.saga, row.scenario), story.evidence()))
    return {one.id: (one.verdict, one.text) for one in found}


@pytest.mark.parametrize("row", BAD, ids=lambda row: row.behaviour)
def test_what_is_wrong_on_the_way_breaks_the_rule_that_speaks_of_it(request: pytest.FixtureRequest, row: Row) -> None:
    found = played(request, row)

    broken = {id_: text for id_, (verdict, text) in found.items() if verdict == Verdict.BROKEN}
    assert set(broken) == set(row.breaks.split()), broken
    assert row.says in " ".join(broken.values())


@pytest.mark.parametrize("row", RIGHT, ids=lambda row: row.behaviour)
def test_what_is_right_on_the_way_is_not_accused(request: pytest.FixtureRequest, row: Row) -> None:
    found = played(request, row)

    wrong = {id_: text for id_, (verdict, text) in found.items() if verdict not in (Verdict.KEPT, Verdict.NOT_APPLICABLE)}
    assert wrong == {}


@pytest.mark.parametrize(
    ("story", "name"),
    [
        ("committed", "committed"),
        ("compensated", "refused-at-apply_vas"),
        ("escalated", "undo-fails-at-apply_vas"),
        ("exhausted", "no-reply-at-notify"),
    ],
)
def test_a_record_that_tells_nothing_of_single_steps_is_judged_by_its_end(
    request: pytest.FixtureRequest, story: str, name: str
) -> None:
    found = played(request, Row("", story, name, lambda _: None), tells_steps=False)

    wrong = {id_: text for id_, (verdict, text) in found.items() if verdict not in (Verdict.KEPT, Verdict.NOT_APPLICABLE)}
    assert wrong == {}
    assert found["I10"][1].startswith("The record tells nothing of single steps")


def test_without_step_states_a_lost_effect_and_silence_taken_for_success_are_still_seen(committed: Any) -> None:
    committed.tells_steps = False
    committed.statuses["apply_vas"], committed.probes["apply_vas"] = "absent", {"services": []}
    committed.calls[-1] = replace(committed.calls[-1], fate=Fate.REPLY_LOST)

    found = judge(Judged(committed.saga, scenario(committed.saga, "committed"), committed.evidence()))

    broken = {one.id: one.text for one in found if one.verdict == Verdict.BROKEN}
    assert set(broken) == {"I1", "I3", "I10"}
    assert "apply_vas is committed with its saga on record, but user_service says absent." in broken["I10"]
    assert "notify is applied on record, but no answer" in broken["I10"]


def test_a_step_that_is_run_against_its_condition_has_no_reason(committed: Any) -> None:
    steps = [one.model_copy(update={"when": "{payload.price_minor} < 0"} if one.step == "notify" else {}) for one in
             committed.saga.steps]  # fmt: skip
    committed.saga = committed.saga.model_copy(update={"steps": tuple(steps)})

    found = judge(Judged(committed.saga, derive(committed.saga)[0], committed.evidence()))

    texts = {one.id: one.text for one in found}
    assert texts["REASON"] == "notify was run although its condition {payload.price_minor} < 0 does not hold."
