"""Known-bad orchestrators and participants, each with the invariants that it breaks; right ones that look odd, which break none.

A row is one behaviour: the story of a right run, and what this one does otherwise. Add a row for whatever is met in the field.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from saga_contracts.declare.verdict import Verdict
from saga_contracts.wire.replies import Received
from saga_e2e.derive.ends import End
from saga_e2e.derive.faults import Fault, Kind, Role
from saga_e2e.derive.scenarios import Scenario, derive
from saga_e2e.judge.findings import Finding, Judged
from saga_e2e.judge.invariants import judge
from saga_e2e.proxy.trace import Answered, Fate, Stray

HELD = {"available_minor": 0, "held_minor": 49900}
LOST, NEVER = Fate.REPLY_LOST, Fate.REQUEST_LOST
STRAY = Stray(500.0, "billing", "PATCH /reservations", "It comes nearest to the forward call of reserve_money.", 405)


@dataclass(frozen=True)
class Row:
    """One behaviour.

    Attributes:
        story: The fixture with the right run that it begins as.
        scenario: What was played.
        does: Changes the story.
        breaks: The invariants that it breaks, and no others.
        says: A part of what the report says; the first broken invariant's text when it is empty.
    """

    behaviour: str
    story: str
    scenario: str
    does: Callable[[Any], object]
    breaks: frozenset[str] = frozenset()
    says: str = ""


def bad(behaviour: str, story: str, scenario: str, does: Callable[[Any], object], breaks: str, says: str = "") -> Row:
    return Row(behaviour, story, scenario, does, frozenset(breaks.split()), says)


def right(behaviour: str, story: str, scenario: str, does: Callable[[Any], object]) -> Row:
    return Row(behaviour, story, scenario, does)


# What they do


def skips_an_undoing(story: Any) -> None:
    story.calls.pop()
    story.statuses["reserve_money"], story.probes["reserve_money"] = "applied", HELD


def undoes_in_forward_order(story: Any) -> None:
    first, second = story.calls[-2:]
    story.calls[-2:] = [replace(first, at_ms=second.at_ms), replace(second, at_ms=first.at_ms)]


def never_hears_of_notify(story: Any, status: str | None) -> None:
    story.calls = [call for call in story.calls if call.step != "notify"]
    for _ in range(3):
        story.forward("notify", fate=LOST)
    if status:
        story.call("notify", Role.STATUS, status)


def never_hears_of_an_undoing(story: Any, status: str | None) -> None:
    story.calls[-1] = replace(story.calls[-1], fate=LOST)
    if status:
        story.call("reserve_money", Role.STATUS, status)


def sends(changes: Callable[[Any], Any], step: str = "reserve_money", role: Role = Role.FORWARD) -> Callable[[Any], None]:
    """Let one call of a step be sent otherwise."""

    def does(story: Any) -> None:
        index = next(i for i, call in enumerate(story.calls) if (call.step, call.role) == (step, role))
        call = story.calls[index]
        story.calls[index] = replace(call, sent=changes(call.sent))

    return does


def body(**fields: Any) -> Callable[[Any], Any]:
    return lambda sent: replace(sent, body={**sent.body, **fields})


def without(header: str) -> Callable[[Any], Any]:
    return lambda sent: replace(sent, headers={name: value for name, value in sent.headers.items() if name != header})


def answers(
    *replies: Answered, step: str = "reserve_money", fate: Fate = Fate.OK, met: Fault | None = None
) -> Callable[[Any], None]:
    """Let the forward call of a step be answered otherwise."""

    def does(story: Any) -> None:
        index = next(i for i, call in enumerate(story.calls) if (call.step, call.role) == (step, Role.FORWARD))
        story.calls[index] = replace(story.calls[index], replies=replies, fate=fate, met=met)

    return does


def reserved(number: str, status: int = 201) -> Answered:
    return Answered(Received(status, {"state": "reserved", "reservation_id": number}), "done")


def leaves_its_end(story: Any) -> None:
    story.history = ("running", "compensated", "running", "committed")


def is_stuck(story: Any) -> None:
    story.end, story.history, story.states["notify"] = "running", ("running",), "running"


def escalates_without_need(story: Any) -> None:
    story.end, story.history = "escalated", ("running", "compensating", "escalated")
    story.tell_owner("reserve_money")


def notify_exhausted(story: Any) -> None:
    """An optional step that only goes forward had no answer."""
    steps = tuple(step.model_copy(update={"optional": step.step == "notify"}) for step in story.saga.steps)
    story.saga = story.saga.model_copy(update={"steps": steps})
    story.states["notify"] = "exhausted"
    never_hears_of_notify(story, None)


def asks_between_tries(story: Any) -> None:
    story.calls.pop()
    story.forward("notify", None, fate=NEVER).asks("notify", "absent").forward("notify")


def callback_after_undoing(told: str) -> Callable[[Any], None]:
    """The packages were accepted, not finished, and undone; then the participant tells something all the same."""

    def does(story: Any) -> None:
        story.calls = [call for call in story.calls if call.role != Role.CALLBACK]
        story.call("create_packages", Role.CALLBACK, told=told)

    return does


def own_undo_tries(tries: int, sent: int) -> Callable[[Any], None]:
    """The compensation of `reserve_money` has tries of its own, and is sent so often; only the last one is answered."""

    def does(story: Any) -> None:
        steps = [step.model_copy(update={"compensate": with_tries(step, tries)}) for step in story.saga.steps]
        story.saga = story.saga.model_copy(update={"steps": tuple(steps)})
        last = story.calls.pop()
        for _ in range(sent - 1):
            story.undo("reserve_money", None, fate=NEVER)
        story.calls.append(replace(last, at_ms=last.at_ms + 100, ended_ms=last.ended_ms + 100))

    return does


def sends_a_parameter_with_its_media_type(story: Any) -> None:
    step = story.saga.step("reserve_money")
    request = step.forward.request.model_copy(
        update={"headers": {**step.forward.request.headers, "Content-Type": "application/json"}}
    )
    changed = step.model_copy(update={"forward": step.forward.model_copy(update={"request": request})})
    story.saga = story.saga.model_copy(update={"steps": (changed, *story.saga.steps[1:])})
    sends(lambda sent: replace(sent, headers={**sent.headers, "content-type": "application/json; charset=utf-8"}))(story)


def with_tries(step: Any, tries: int) -> Any:
    return None if step.compensate is None else step.compensate.model_copy(update={"tries": tries})


def tried_before_the_refusal(story: Any) -> None:
    """A first try of the step that is refused did not arrive."""
    place = next(i for i, call in enumerate(story.calls) if call.heard == "refused")
    story.forward("apply_vas", None, fate=NEVER)
    refused = story.calls[place]
    story.calls.insert(place, replace(story.calls.pop(), at_ms=refused.at_ms - 4, ended_ms=refused.at_ms - 1))


def one_try(story: Any) -> None:
    """There is one try only; its reply is lost, and the step is undone."""
    steps = tuple(step.model_copy(update={"tries": 1}) for step in story.saga.steps)
    story.saga = story.saga.model_copy(update={"steps": steps})
    story.states = {"reserve_money": "compensated", "apply_vas": "pending", "create_packages": "pending", "notify": "pending"}
    story.calls.clear()
    story.refusing = frozenset()
    story.forward("reserve_money", fate=LOST).undo("reserve_money")


BAD = [
    bad("leaves out a compensation", "compensated", "refused-at-apply_vas", skips_an_undoing, "I1 I3 I10"),
    bad("compensates in forward order", "compensated", "refused-at-apply_vas", undoes_in_forward_order, "I7"),
    bad(
        "compensates past the last point of return",
        "committed",
        "committed",
        lambda story: story.undo("create_packages"),
        "I8 I13 REASON",
        "could only go forward by then",
    ),
    bad(
        "retries without bound",
        "committed",
        "duplicate-at-notify",
        lambda story: [story.forward("notify", None, fate=NEVER) for _ in range(3)],
        "I12 REASON",
        "sent 4 times; 3 tries are declared",
    ),
    bad(
        "undoes more often than declared for the undoing",
        "compensated",
        "undo-reply-lost-at-reserve_money",
        own_undo_tries(3, sent=4),
        "I12",
        "The compensate call of reserve_money was sent 4 times; 3 tries are declared.",
    ),
    bad("repeats a call that was answered", "committed", "committed", lambda story: story.forward("apply_vas"), "I13 REASON"),
    bad(
        "begins again after a compensation",
        "compensated",
        "refused-at-apply_vas",
        lambda story: story.forward("reserve_money"),
        "I13 REASON",
    ),
    bad(
        "leaves a step alone that was refused after a try without an answer",
        "compensated",
        "refused-at-apply_vas",
        tried_before_the_refusal,
        "I10",
        "may still take effect",
    ),
    bad("never tells the owner", "escalated", "undo-fails-at-apply_vas", lambda story: story.calls.pop(), "I6", "told nothing"),
    bad("escalates without a cause", "compensated", "refused-at-apply_vas", escalates_without_need, "end I1 ALARM"),
    bad("leaves an end again", "committed", "committed", leaves_its_end, "I4"),
    bad("comes to no end", "committed", "committed", is_stuck, "end I5"),
    bad(
        "takes silence for success",
        "committed",
        "no-reply-at-notify",
        lambda story: never_hears_of_notify(story, None),
        "I10",
        "notify is applied on record, but no answer, callback or status call told the saga service so.",
    ),
    bad(
        "takes silence for an undoing",
        "compensated",
        "undo-reply-lost-at-reserve_money",
        lambda story: never_hears_of_an_undoing(story, None),
        "I10",
        "reserve_money is compensated on record, but no answer or status call told",
    ),
    bad(
        "sends another amount",
        "committed",
        "committed",
        sends(body(amount_minor=1)),
        "I11",
        "POST /reservations of reserve_money to billing: The field `amount_minor` is 1 instead of 49900.",
    ),
    bad(
        "sends a number as text",
        "committed",
        "committed",
        sends(body(amount_minor="49900")),
        "I11",
        'is "49900" instead of 49900',
    ),
    bad("sends a field too many", "committed", "committed", sends(body(note="x")), "I11", "`note` is not declared"),
    bad("sends no id of the saga", "committed", "committed", sends(without("saga-id")), "I11", "Saga-Id is missing"),
    bad("loses the key", "committed", "committed", sends(without("idempotency-key")), "I11", "Idempotency-Key is missing"),
    bad(
        "sends another key in the path",
        "committed",
        "committed",
        sends(lambda sent: replace(sent, path="/users/user-1/vas-operations/saga-8%3Aapply_vas"), "apply_vas"),
        "I11",
        "The path is /users/user-1/vas-operations/saga-8%3Aapply_vas instead of",
    ),
    bad(
        "adds a query parameter",
        "committed",
        "committed",
        sends(lambda sent: replace(sent, query=(("force", "1"),))),
        "I11",
        "The query is",
    ),
    bad("makes a call that is not declared", "committed", "committed", lambda story: story.strays.append(STRAY), "I11", "PATCH"),
    # Participants
    bad(
        "refuses its own retry",
        "committed",
        "duplicate-at-reserve_money",
        answers(reserved("r-1"), Answered(Received(422, {"error": "insufficient_funds"}), "refused"), fate=Fate.DUPLICATED),
        "I2",
        "came twice to billing. It was answered 201 (done), then 422 (refused) (O3).",
    ),
    bad(
        "refuses its own retry, twice at once",
        "committed",
        "overlap-at-reserve_money",
        answers(
            reserved("r-1"),
            Answered(Received(422, {"error": "insufficient_funds"}), "refused"),
            fate=Fate.DUPLICATED,
            met=Fault("reserve_money", Role.FORWARD, Kind.OVERLAPPED),
        ),
        "I2",
        "It was answered 201 (done), then 422 (refused) (O3).",
    ),
    bad(
        "gives its retry other outputs",
        "committed",
        "duplicate-at-reserve_money",
        answers(reserved("r-1"), reserved("r-2", 200), fate=Fate.DUPLICATED),
        "I2",
        "Its outputs differ between the two answers (O3, O33).",
    ),
    bad(
        "answers a status that is not declared",
        "committed",
        "committed",
        answers(reserved("r-1"), Answered(Received(418, None), "unknown"), fate=Fate.DUPLICATED),
        "I11 I13",
        "It was answered 418 null, which is not declared.",
    ),
    bad(
        "leaves out a declared output",
        "committed",
        "committed",
        answers(Answered(Received(200, {"state": "reserved"}), "done")),
        "I11",
        "which is not declared.",
    ),
    bad(
        "calls back about another key",
        "committed",
        "committed",
        sends(body(key="saga-8:create_packages"), "create_packages", Role.CALLBACK),
        "I11",
        "tells no outcome that the step declares, with the values of this saga",
    ),
    bad(
        "calls back without having accepted",
        "compensated",
        "refused-at-apply_vas",
        answers(Answered(Received(422, {"error": "not_on_sale"}), "refused"), step="create_packages"),
        "I13",
    ),
]
RIGHT = [
    right("nothing odd", "committed", "committed", lambda _: None),
    right(
        "asks for the status between tries",
        "committed",
        "request-lost-at-notify",
        asks_between_tries,
    ),
    right(
        "asks for the outcome that nobody told, and is committed",
        "committed",
        "no-reply-at-notify",
        lambda story: never_hears_of_notify(story, "applied"),
    ),
    right(
        "asks whether an undoing that nobody answered was done",
        "compensated",
        "undo-reply-lost-at-reserve_money",
        lambda story: never_hears_of_an_undoing(story, "compensated"),
    ),
    right("a refusal is told after the compensation", "compensated", "refused-at-apply_vas", callback_after_undoing("refused")),
    right("a success is told after the compensation", "compensated", "refused-at-apply_vas", callback_after_undoing("done")),
    right(
        "a callback is repeated after the compensation",
        "compensated",
        "refused-at-apply_vas",
        lambda story: story.call("create_packages", Role.CALLBACK, told="done"),
    ),
    right("an optional step that nobody answered stays so", "committed", "no-reply-at-notify", notify_exhausted),
    right(
        "undoes more often than it tries forward, as declared",
        "compensated",
        "undo-reply-lost-at-reserve_money",
        own_undo_tries(4, sent=4),
    ),
    right("one try only, its reply lost: undone", "compensated", "reply-lost-at-reserve_money", one_try),
    right(
        "begins its tries anew after a crash",
        "committed",
        "saga-service-dies-at-apply_vas",
        lambda story: [story.forward("apply_vas", None, fate=NEVER) for _ in range(2)],
    ),
    right(
        "sends the path unencoded and its headers in another case",
        "committed",
        "committed",
        sends(lambda sent: replace(sent, path="/users/user-1/vas-operations/saga-7:apply_vas"), "apply_vas"),
    ),
    right("says the charset of its JSON", "committed", "committed", sends_a_parameter_with_its_media_type),
    right(
        "a duplicate of an acceptance is answered with the outcome",
        "committed",
        "duplicate-at-create_packages",
        answers(
            Answered(Received(202, {"state": "in_progress"}), "in_progress"),
            Answered(Received(200, {"state": "on"}), "done"),
            step="create_packages",
            fate=Fate.DUPLICATED,
        ),
    ),
    right(
        "of two copies at once, the one that is told first came second",
        "committed",
        "overlap-at-create_packages",
        answers(
            Answered(Received(200, {"state": "on"}), "done"),
            Answered(Received(202, {"state": "in_progress"}), "in_progress"),
            step="create_packages",
            fate=Fate.DUPLICATED,
            met=Fault("create_packages", Role.FORWARD, Kind.OVERLAPPED),
        ),
    ),
    right(
        "a call that comes late is answered that it was compensated",
        "compensated",
        "late",
        lambda story: story.forward("reserve_money", "suspended", fate=Fate.DELAYED),
    ),
]


def played(story: Any, row: Row) -> tuple[Finding, ...]:
    row.does(story)
    return judge(Judged(story.saga, scenario(story.saga, row.scenario), story.evidence()))


def scenario(saga: Any, name: str) -> Scenario:
    found = {one.name: one for one in derive(saga)}
    late = Fault("reserve_money", Role.FORWARD, Kind.DELAYED)
    found["late"] = replace(found["refused-at-apply_vas"], faults=(*found["refused-at-apply_vas"].faults, late))
    assert set(found[name].expected) <= set(End)
    return found[name]


@pytest.mark.parametrize("row", BAD, ids=lambda row: row.behaviour)
def test_a_known_bad_behaviour_breaks_the_invariants_that_speak_of_it(request: pytest.FixtureRequest, row: Row) -> None:
    found = played(request.getfixturevalue(row.story), row)

    broken = {one.id: one.text for one in found if one.verdict == Verdict.BROKEN}
    assert set(broken) == row.breaks, broken
    assert row.says in " ".join(broken.values())


@pytest.mark.parametrize("row", RIGHT, ids=lambda row: row.behaviour)
def test_a_right_behaviour_is_not_accused(request: pytest.FixtureRequest, row: Row) -> None:
    found = played(request.getfixturevalue(row.story), row)

    wrong = {one.id: one.text for one in found if one.verdict not in (Verdict.KEPT, Verdict.NOT_APPLICABLE)}
    assert wrong == {}
