"""A fault counts only when it did what its name says: else the scenario proves nothing, and says why."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from saga_contracts.declare.verdict import Verdict
from saga_contracts.wire.replies import Received
from saga_e2e.derive.faults import Fault, Kind, Role
from saga_e2e.derive.scenarios import derive
from saga_e2e.judge.doubts import doubt
from saga_e2e.judge.findings import Finding, Judged
from saga_e2e.proxy.trace import Answered, Asked, Fate

LOST = Fault("apply_vas", Role.FORWARD, Kind.REPLY_LOST)
REFUSED = Fault("apply_vas", Role.FORWARD, Kind.REFUSED)
BROKEN = (Finding("I13", Verdict.BROKEN, "more arrived than was sent"),)
KEPT = (Finding("I13", Verdict.KEPT, ""),)


def doubted(
    story: Any,
    *faults: Fault,
    findings: tuple[Finding, ...] = KEPT,
    saga: Any = None,
    refusing: frozenset[str] = frozenset(),
) -> str | None:
    played = replace(derive(story.saga)[0], faults=faults, refusing=refusing)
    return doubt(Judged(saga or story.saga, played, story.evidence()), findings)


@dataclass(frozen=True)
class Row:
    """One fault at the last call of a story.

    Attributes:
        call: Adds the call, with the fault's fate.
        asked: What the participant said at this moment: its status, and the declared world that its probe read.
        says: A part of the doubt; empty: there is none.
    """

    name: str
    kind: Kind
    call: Callable[[Any], Any]
    asked: tuple[str | None, str | None] | None
    says: str
    step: str = "apply_vas"
    role: Role = Role.FORWARD


def forward(outcome: str | None, fate: Fate, step: str = "apply_vas", **more: Any) -> Callable[[Any], Any]:
    return lambda story: story.forward(step, outcome, fate=fate, **more)


def undo(outcome: str | None, fate: Fate) -> Callable[[Any], Any]:
    return lambda story: story.undo("apply_vas", outcome, fate=fate)


def callback(told: str | None, fate: Fate, **more: Any) -> Callable[[Any], Any]:
    return lambda story: story.call("create_packages", Role.CALLBACK, "done", told=told, fate=fate, **more)


LOST_REPLY, LOST_REQUEST, TWICE, LATE = Fate.REPLY_LOST, Fate.REQUEST_LOST, Fate.DUPLICATED, Fate.DELAYED
OK, ACCEPTED = Answered(Received(201, None), "done"), Answered(Received(202, None), "in_progress")
BUSY = Answered(Received(503, None), "retryable")
GONE = ("compensated", "before")
ROWS = [
    Row("a reply is lost", Kind.REPLY_LOST, forward("done", LOST_REPLY), ("applied", "applied"), ""),
    Row("its status lies, its probe does not", Kind.REPLY_LOST, forward("done", LOST_REPLY), ("absent", "applied"), ""),
    Row("an acceptance is lost", Kind.REPLY_LOST, forward("in_progress", LOST_REPLY), ("in_progress", "before"), ""),
    Row(
        "the lost reply was a 503",
        Kind.REPLY_LOST,
        forward("retryable", LOST_REPLY),
        ("absent", "before"),
        "with 503, which means",
    ),
    Row("the lost reply was a refusal", Kind.REPLY_LOST, forward("refused", LOST_REPLY), None, "which means refused, so that"),
    Row("the lost reply was undeclared", Kind.REPLY_LOST, forward("unknown", LOST_REPLY), None, "with 418, which the saga file"),
    Row("there was no reply to lose", Kind.REPLY_LOST, forward(None, LOST_REPLY), None, "gave no answer"),
    Row("done without an effect", Kind.REPLY_LOST, forward("done", LOST_REPLY), ("absent", "before"), "does not show that"),
    Row("it dies after a 503", Kind.RECEIVER_DIES, forward("retryable", LOST_REPLY), None, "so that it took no effect"),
    Row("the caller dies after a 503", Kind.CALLER_DIES, forward("retryable", LOST_REPLY), None, "so that it took no effect"),
    Row("a request is lost", Kind.REQUEST_LOST, forward(None, LOST_REQUEST), ("absent", "before"), ""),
    Row(
        "a lost request left an effect", Kind.REQUEST_LOST, forward(None, LOST_REQUEST), ("applied", "applied"), "took no effect"
    ),
    Row("nobody can say", Kind.UNAVAILABLE, forward(None, Fate.UNAVAILABLE), ("unknown", None), "its status call tells unknown"),
    Row(
        "an undoing's reply is lost",
        Kind.REPLY_LOST,
        undo("done", LOST_REPLY),
        ("compensated", "before"),
        "",
        role=Role.COMPENSATE,
    ),
    Row(
        "it did not undo", Kind.REPLY_LOST, undo("done", LOST_REPLY), ("applied", "applied"), "took effect", role=Role.COMPENSATE
    ),
    Row("an undoing is lost", Kind.UNAVAILABLE, undo(None, Fate.UNAVAILABLE), ("applied", "applied"), "", role=Role.COMPENSATE),
    Row("undone all the same", Kind.UNAVAILABLE, undo(None, Fate.UNAVAILABLE), GONE, "took no effect", role=Role.COMPENSATE),
    Row("it came twice", Kind.DUPLICATED, forward("done", TWICE), None, ""),
    Row("it came twice, in vain", Kind.DUPLICATED, forward(None, TWICE, replies=(BUSY, BUSY)), None, "so that it took no effect"),
    Row("the second was not answered", Kind.DUPLICATED, forward(None, TWICE, replies=(OK,)), None, "when it came again"),
    Row("the second came too soon", Kind.DUPLICATED, forward(None, TWICE, replies=(OK, BUSY)), None, "503 when it came again"),
    Row(
        "a refusal is lost, but nothing was to be refused",
        Kind.FAILS_AFTER,
        forward("refused", Fate.FAILS_AFTER),
        None,
        "refused",
    ),
    Row("it fails afterwards", Kind.FAILS_AFTER, forward("done", Fate.FAILS_AFTER), ("applied", "applied"), ""),
    Row("it fails before", Kind.FAILS_AFTER, forward("done", Fate.FAILS_AFTER), ("absent", "before"), "does not show that"),
    Row("two at once", Kind.OVERLAPPED, forward("done", TWICE), None, ""),
    Row("two, and one answer", Kind.OVERLAPPED, forward("done", TWICE, replies=(OK,)), None, "when it came again"),
    Row("it is cut", Kind.CUT, forward(None, LOST_REQUEST), ("absent", "before"), ""),
    Row("cut too late", Kind.CUT, forward(None, LOST_REQUEST), ("applied", "applied"), "took no effect"),
    Row("it dies before", Kind.RECEIVER_DIES_BEFORE, forward(None, LOST_REQUEST), ("absent", "before"), ""),
    Row("not yet sent", Kind.CALLER_DIES_BEFORE_SEND, forward(None, LOST_REQUEST), ("applied", "applied"), "took no effect"),
    Row("it dies at work", Kind.RECEIVER_DIES_WITHIN, forward(None, LOST_REPLY), ("absent", "before"), ""),
    Row("it had done its work", Kind.RECEIVER_DIES_WITHIN, forward("done", LOST_REPLY), None, "before it was killed"),
    Row("it stands still", Kind.PAUSED, forward("done", LOST_REPLY), ("applied", "applied"), ""),
    Row("it stood still in vain", Kind.PAUSED, forward("retryable", Fate.OK), None, "so that it took no effect"),
    Row("dies after the reply", Kind.CALLER_DIES_AFTER_REPLY, forward("done", Fate.OK), ("applied", "applied"), ""),
    Row("dies after a 503", Kind.CALLER_DIES_AFTER_RECORD, forward("retryable", Fate.OK), None, "so that it took no effect"),
    Row(
        "right after the undoing",
        Kind.LATE_AFTER_UNDO,
        lambda story: forward("suspended", LATE)(undo("done", Fate.OK)(story)),
        None,
        "",
    ),
    Row("no undoing before", Kind.LATE_AFTER_UNDO, forward("suspended", LATE), None, "did not arrive after a compensation"),
    Row("nobody's callback", Kind.FOREIGN, callback("done", Fate.OK, beside=(OK,)), None, "", "create_packages", Role.CALLBACK),
    Row(
        "no answer to nobody",
        Kind.FOREIGN,
        callback("done", Fate.OK),
        None,
        "belongs to nobody",
        "create_packages",
        Role.CALLBACK,
    ),
    Row("not early", Kind.EARLY, callback("done", Fate.OK), None, "after the reply", "create_packages", Role.CALLBACK),
    Row("late", Kind.DELAYED, forward("suspended", LATE), None, ""),
    Row("late, and not taken", Kind.DELAYED, forward("retryable", LATE), None, "when it arrived at last"),
    Row("a callback is lost", Kind.REQUEST_LOST, callback("done", LOST_REQUEST), None, "", "create_packages", Role.CALLBACK),
    Row(
        "it tells nothing",
        Kind.REQUEST_LOST,
        callback(None, LOST_REQUEST),
        None,
        "told no outcome",
        "create_packages",
        Role.CALLBACK,
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_fault_counts_only_when_it_did_what_its_name_says(committed: Any, row: Row) -> None:
    fault = Fault(row.step, row.role, row.kind)
    if row.role == Role.FORWARD:
        committed.calls = [call for call in committed.calls if call.step != row.step]  # it is the first try
    row.call(committed)
    committed.meets(fault, asked=None if row.asked is None else committed.asked(row.step, *row.asked))

    found = doubted(committed, fault)

    assert (found is None) == (not row.says), found
    assert row.says in (found or "")


def test_every_call_that_a_lasting_fault_met_must_be_what_it_is_called(committed: Any) -> None:
    lasting = replace(LOST, occurrence=None)
    committed.forward("apply_vas", fate=LOST_REPLY).meets(lasting, asked=committed.asked("apply_vas", "applied", "applied"))
    committed.forward("apply_vas", "retryable", fate=LOST_REPLY).meets(lasting)

    assert "with 503" in str(doubted(committed, lasting))


def test_a_participant_that_cannot_be_asked_proves_nothing(committed: Any) -> None:
    committed.forward("apply_vas", fate=LOST_REPLY).meets(LOST, asked=Asked(trouble="user_service is down."))

    assert "could not be asked: user_service is down." in str(doubted(committed, LOST))


def test_without_status_and_probe_the_answer_alone_tells(committed: Any, saga_of: Any) -> None:
    blind = committed.saga.step("apply_vas").model_copy(update={"status": None, "probe": None})
    steps = tuple(blind if step.step == "apply_vas" else step for step in committed.saga.steps)
    committed.forward("apply_vas", fate=LOST_REPLY).meets(LOST, asked=committed.asked("apply_vas", None))

    assert doubted(committed, LOST, saga=committed.saga.model_copy(update={"steps": steps})) is None


def test_an_effect_that_is_still_to_come_is_not_looked_for_with_the_probe(committed: Any) -> None:
    lost = replace(LOST, step="create_packages")
    silent = committed.saga.step("create_packages").model_copy(update={"status": None})
    steps = tuple(silent if step.step == "create_packages" else step for step in committed.saga.steps)
    committed.forward("create_packages", "in_progress", fate=LOST_REPLY)
    committed.meets(lost, asked=committed.asked("create_packages", None, "before"))

    assert doubted(committed, lost, saga=committed.saga.model_copy(update={"steps": steps})) is None


def test_the_lost_reply_may_be_a_refusal_where_the_scenario_refuses_the_step(compensated: Any) -> None:
    compensated.calls = [call for call in compensated.calls if call.step != "apply_vas"]
    compensated.forward("apply_vas", "refused", fate=Fate.REPLY_LOST)
    compensated.meets(LOST, asked=compensated.asked("apply_vas", "refused", "before"))

    assert doubted(compensated, LOST, refusing=frozenset({"apply_vas"})) is None
    assert "which means refused" in str(doubted(compensated, LOST))


def test_a_second_try_is_lost_although_the_first_one_took_effect(committed: Any) -> None:
    second = Fault("apply_vas", Role.FORWARD, Kind.REQUEST_LOST, 2)
    committed.forward("apply_vas", None, fate=Fate.REQUEST_LOST)
    committed.meets(second, asked=committed.asked("apply_vas", "applied", "applied"))

    assert doubted(committed, second) is None


def test_a_creation_that_was_not_repeated_proves_nothing(committed: Any) -> None:
    repeated = Fault("reserve_money", Role.CREATION, Kind.REPLY_LOST)

    assert "created once only" in str(doubted(committed, repeated))


def test_a_participant_that_is_down_from_the_beginning_needs_no_call(committed: Any) -> None:
    assert doubted(committed, Fault("notify", Role.FORWARD, Kind.DOWN)) is None


def test_a_fault_that_the_proxy_never_met_proves_nothing(committed: Any) -> None:
    assert doubted(committed, LOST) == (
        "The fault was never met, so nothing was learned: the reply to the forward call of apply_vas is lost, once. "
        "The saga did not make this call."
    )


def test_a_refusal_is_met_when_the_participant_refused_in_its_reply_or_in_its_callback(
    committed: Any, compensated: Any, escalated: Any
) -> None:
    told = replace(REFUSED, step="create_packages")

    assert doubted(compensated, REFUSED) is None
    assert doubted(escalated, told) is None
    assert "never met" in str(doubted(committed, REFUSED))


@pytest.mark.parametrize("fate", [Fate.OK, Fate.UNANSWERED])
def test_a_call_that_was_slow_by_itself_puts_what_is_broken_in_doubt(committed: Any, fate: Fate) -> None:
    first = committed.calls[0]
    committed.calls[0] = replace(first, ended_ms=first.at_ms + 2001, fate=fate)

    found = doubted(committed, findings=BROKEN)

    assert found is not None
    assert "(reserve_money) took 2001 ms at billing although no fault delayed it; 2000 ms are declared." in found
    assert doubted(committed) is None


def test_a_call_that_a_fault_delayed_puts_nothing_in_doubt(committed: Any) -> None:
    first = committed.calls[0]
    committed.calls[0] = replace(first, ended_ms=first.at_ms + 9000, fate=Fate.DELAYED)

    assert doubted(committed, findings=BROKEN) is None
