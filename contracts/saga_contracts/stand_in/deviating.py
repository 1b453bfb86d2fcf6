"""How each deviation of the catalogue does it: a right participant with one method that does another thing (pure)."""

from collections.abc import Iterable
from dataclasses import replace

from saga_contracts.declare.outcomes import Outcome, State
from saga_contracts.declare.saga import Callback, Reply
from saga_contracts.derive import expectations
from saga_contracts.derive.slices import StepSlice
from saga_contracts.stand_in.book import Row
from saga_contracts.stand_in.right import NOTHING_ECHOED, Choose, Delivery, Echoed, Right, Sight, Telling, first_of

LATER_S = 0.8
"""How long after its compensation the work is done that should not be done any more."""
_TOO_LATE = 1.5
"""A reply is late by so many times the step's time-out."""
_FEWEST_BYTES = 16
"""After so many pauses the shortest answer there is (`204` without any header) is whole."""


class _AppliesTwice(Right):
    def apply(self, row: Row) -> None:
        super().apply(row)
        row.effect = 2


class _AppliesAgain(Right):
    def again(self, row: Row, sight: Sight) -> Reply:
        if row.state == State.APPLIED:
            row.effect += 1
        return super().again(row, sight)


class _RefusesItsRetry(Right):
    def again(self, row: Row, sight: Sight) -> Reply:
        if row.state != State.APPLIED:
            return super().again(row, sight)
        refused = expectations.declared(self.step, "forward", "refused")
        return refused[0] if refused else self.undeclared("forward", 418)


class _GivesNewOutputs(Right):
    def again(self, row: Row, sight: Sight) -> Reply:
        row.edition += 1
        return super().again(row, sight)


class _IgnoresThePayload(Right):
    def misused(self, row: Row, sight: Sight) -> Reply:
        return self.again(row, sight) if row.state != State.COMPENSATED else self.suspended(row, sight)


class _AppliesTheMisused(Right):
    def misused(self, row: Row, sight: Sight) -> Reply:
        if row.state == State.APPLIED:
            row.effect += 1
        return super().misused(row, sight)


class _AppliesTheRefused(Right):
    def refuse(self, row: Row) -> None:
        super().refuse(row)
        row.effect = 1


class _AppliesTheRefusedLater(Right):
    def again(self, row: Row, sight: Sight) -> Reply:
        if row.state != State.REFUSED or sight.standing.refusing:
            return super().again(row, sight)
        row.state = State.ABSENT
        return self.first(row, sight)


class _AppliesTheRetryable(Right):
    def try_again(self, row: Row, sight: Sight) -> Reply:
        row.effect = 1
        return super().try_again(row, sight)


class _RetriesForEver(Right):
    def __init__(self, slice_: StepSlice, choose: Choose = first_of) -> None:
        super().__init__(slice_, choose)
        self._tried: set[str] = set()

    def try_again(self, row: Row, sight: Sight) -> Reply:
        self._tried.add(row.identity)
        return super().try_again(row, sight)

    def first(self, row: Row, sight: Sight) -> Reply:
        return self.try_again(row, sight) if row.identity in self._tried else super().first(row, sight)


class _RefusesTheRetryable(Right):
    def try_again(self, row: Row, sight: Sight) -> Reply:  # noqa: ARG002
        return self.undeclared("forward", 409, 423)


class _SkipsTheUndoing(Right):
    def undo(self, row: Row) -> None:
        effect = row.effect
        super().undo(row)
        row.effect = effect


class _UndoesHalf(Right):
    def undo(self, row: Row) -> None:
        effect = row.effect
        super().undo(row)
        row.effect = effect / 2


class _UndoesTwice(Right):
    def undo(self, row: Row) -> None:
        again = row.state == State.COMPENSATED and row.forwarded and not row.refused
        effect = row.effect
        super().undo(row)
        row.effect = effect - 1 if again else 0


class _FailsToUndoAgain(Right):
    def compensate(self, row: Row) -> Reply:
        again = row.state == State.COMPENSATED
        reply = super().compensate(row)
        return self.undeclared("compensate", 409, 410) if again else reply


class _FailsWhenNothingIsThere(Right):
    def compensate(self, row: Row) -> Reply:
        absent = row.state == State.ABSENT
        reply = super().compensate(row)
        return self.undeclared("compensate", 404, 410) if absent else reply


class _ForgetsThatNothingWasThere(Right):
    def undo(self, row: Row) -> None:
        if row.state != State.ABSENT:
            super().undo(row)


class _UndoesWhatWasNotThere(Right):
    def undo(self, row: Row) -> None:
        absent = row.state == State.ABSENT
        super().undo(row)
        row.effect = -1 if absent else 0


class _AppliesAfterItsCompensation(Right):
    def suspended(self, row: Row, sight: Sight) -> Reply:
        if row.forwarded:
            return super().suspended(row, sight)
        row.state = State.ABSENT
        return self.first(row, sight)


class _AppliesAfterForwardAndCompensation(Right):
    def suspended(self, row: Row, sight: Sight) -> Reply:
        if not row.forwarded:
            return super().suspended(row, sight)
        row.state = State.ABSENT
        return self.first(row, sight)


class _RefusesToUndo(Right):
    def compensate(self, row: Row) -> Reply:
        if row.state not in (State.APPLIED, State.IN_PROGRESS):
            return super().compensate(row)
        return self.undeclared("compensate", 409, 423)


class _RefusesToUndoTheRefused(Right):
    def compensate(self, row: Row) -> Reply:
        refused = row.state == State.REFUSED
        reply = super().compensate(row)
        return self.undeclared("compensate", 409, 423) if refused else reply


class _LiesAfterItsCompensation(Right):
    def status(self, row: Row) -> Reply:
        return self.reply("status", "applied") if row.state == State.COMPENSATED else super().status(row)


class _FailsOnTheUnknown(Right):
    def status(self, row: Row) -> Reply:
        return self.undeclared("status", 404, 418) if row.state == State.ABSENT else super().status(row)


class _ForgetsWhenAsked(Right):
    def status(self, row: Row) -> Reply:
        reply = super().status(row)
        if row.state == State.APPLIED:
            row.state, row.effect = State.ABSENT, 0
        return reply


class _WritesATombstoneWhenAsked(Right):
    def status(self, row: Row) -> Reply:
        reply = super().status(row)
        if row.state == State.ABSENT:
            row.state = State.COMPENSATED
        return reply


class _DropsTheCorrelation(Right):
    def echoed(self, echoed: Echoed) -> Echoed:  # noqa: ARG002
        return NOTHING_ECHOED


class _EchoesOneHeaderOnly(Right):
    def echoed(self, echoed: Echoed) -> Echoed:
        return replace(echoed, headers=dict(list(echoed.headers.items())[:1]))


class _AnswersAnUndeclaredSuccess(Right):
    def first(self, row: Row, sight: Sight) -> Reply:
        reply = super().first(row, sight)
        return reply if row.state == State.REFUSED else self.undeclared("forward", 207, 208, 226, 299)

    def read(self, sight: Sight) -> Reply:
        reply = super().read(sight)
        return reply if reply in self.step.forward.replies.named("refused") else self.undeclared("forward", 207, 208, 226, 299)

    def accepts(self, row: Row, reply: Reply) -> bool:
        return row.state == State.IN_PROGRESS or super().accepts(row, reply)


class _AnswersLate(Right):
    def delivery(self, role: str) -> Delivery:
        return Delivery(pause_s=_TOO_LATE * self.step.timeout_ms / 1000) if role == "forward" else Delivery()


class _AnswersByteByByte(Right):
    def delivery(self, role: str) -> Delivery:
        pace_s = _TOO_LATE * self.step.timeout_ms / 1000 / _FEWEST_BYTES
        return Delivery(pace_s=pace_s) if role == "forward" else Delivery()


class _NeverCallsBack(Right):
    def telling(self, row: Row, callback: Callback, echoed: Echoed) -> Telling | None:  # noqa: ARG002
        return None


class _NeverEndsItsWork(Right):
    def work(self, row: Row) -> float | None:  # noqa: ARG002
        return None


class _FindsNothing(Right):
    def look_up(self, row: Row) -> Reply:  # noqa: ARG002
        return self.reply("lookup", "absent")


class _TellsTheOtherOutcome(Right):
    def telling(self, row: Row, callback: Callback, echoed: Echoed) -> Telling | None:
        told = super().telling(row, callback, echoed)
        other = {Outcome.DONE: Outcome.REFUSED, Outcome.REFUSED: Outcome.DONE}
        return None if told is None else replace(told, outcome=other[told.outcome])


class _CallsBackByAnotherMethod(Right):
    def telling(self, row: Row, callback: Callback, echoed: Echoed) -> Telling | None:
        told = super().telling(row, callback, echoed)
        return None if told is None else replace(told, method="PUT" if told.method != "PUT" else "POST")


class _CallsBackWithoutCorrelation(Right):
    def telling(self, row: Row, callback: Callback, echoed: Echoed) -> Telling | None:  # noqa: ARG002
        return super().telling(row, callback, NOTHING_ECHOED)


class _WorksOnAfterItsCompensation(Right):
    work_s = 0.4

    def __init__(self, slice_: StepSlice, choose: Choose = first_of) -> None:
        super().__init__(slice_, choose)
        self._worked_on: set[str] = set()

    def work(self, row: Row) -> float | None:
        if row.state != State.COMPENSATED or row.refuses:
            return super().work(row)
        if row.identity not in self._worked_on:
            self._worked_on.add(row.identity)
            return LATER_S
        row.effect = 1
        return None


class _TellsDoneAfterItsCompensation(Right):
    def accepts(self, row: Row, reply: Reply) -> bool:
        return row.state == State.COMPENSATED or super().accepts(row, reply)

    def work(self, row: Row) -> float | None:
        later = super().work(row)
        if row.state == State.COMPENSATED and row.suspended:
            row.tells = Outcome.DONE
        return later


class _KeepsNothing(Right):
    def holds(self, row: Row) -> bool:  # noqa: ARG002
        return False


class _NeverFreesWhatItKept(Right):
    def holds(self, row: Row) -> bool:
        return super().holds(row) or (row.state == State.COMPENSATED and row.forwarded and not row.refused)


class _KeepsForTheRefused(Right):
    def holds(self, row: Row) -> bool:
        return super().holds(row) or row.refused


class _FreesWhatOthersKeep(Right):
    def after_undoing(self, row: Row, others: Iterable[Row]) -> None:  # noqa: ARG002
        for other in others:
            other.released = True


class _UndoesOthers(Right):
    def after_undoing(self, row: Row, others: Iterable[Row]) -> None:  # noqa: ARG002
        for other in others:
            if other.state == State.APPLIED:
                self.undo(other)


HOW: dict[str, type[Right]] = {
    "applies-twice": _AppliesTwice,
    "applies-again": _AppliesAgain,
    "refuses-retry": _RefusesItsRetry,
    "new-outputs": _GivesNewOutputs,
    "ignores-payload": _IgnoresThePayload,
    "applies-misused": _AppliesTheMisused,
    "applies-refused": _AppliesTheRefused,
    "applies-refused-later": _AppliesTheRefusedLater,
    "applies-retryable": _AppliesTheRetryable,
    "retries-for-ever": _RetriesForEver,
    "refuses-retryable": _RefusesTheRetryable,
    "skips-undoing": _SkipsTheUndoing,
    "undoes-half": _UndoesHalf,
    "undoes-twice": _UndoesTwice,
    "fails-to-undo-again": _FailsToUndoAgain,
    "fails-on-null": _FailsWhenNothingIsThere,
    "forgets-null": _ForgetsThatNothingWasThere,
    "undoes-null": _UndoesWhatWasNotThere,
    "applies-after-undoing": _AppliesAfterItsCompensation,
    "applies-again-after-undoing": _AppliesAfterForwardAndCompensation,
    "refuses-undoing": _RefusesToUndo,
    "refuses-undoing-refused": _RefusesToUndoTheRefused,
    "status-lies": _LiesAfterItsCompensation,
    "status-fails": _FailsOnTheUnknown,
    "status-writes": _ForgetsWhenAsked,
    "status-tombstone": _WritesATombstoneWhenAsked,
    "drops-correlation": _DropsTheCorrelation,
    "drops-step-header": _EchoesOneHeaderOnly,
    "undeclared-success": _AnswersAnUndeclaredSuccess,
    "late": _AnswersLate,
    "dribbles": _AnswersByteByByte,
    "never-calls-back": _NeverCallsBack,
    "never-ends": _NeverEndsItsWork,
    "finds-nothing": _FindsNothing,
    "tells-other-outcome": _TellsTheOtherOutcome,
    "calls-back-otherwise": _CallsBackByAnotherMethod,
    "calls-back-uncorrelated": _CallsBackWithoutCorrelation,
    "works-on": _WorksOnAfterItsCompensation,
    "tells-done-after-undoing": _TellsDoneAfterItsCompensation,
    "keeps-nothing": _KeepsNothing,
    "never-frees": _NeverFreesWhatItKept,
    "keeps-for-refused": _KeepsForTheRefused,
    "frees-others": _FreesWhatOthersKeep,
    "undoes-others": _UndoesOthers,
}
"""The rules of a deviating step, by the name of the deviation."""
