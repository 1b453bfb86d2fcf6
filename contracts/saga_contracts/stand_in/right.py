"""What a participant that keeps its word does with each call of one step: `expectations`, acted out (pure).

A deviation is a subclass that does one of these things otherwise. Every method gives the reply that is sent; what is remembered
changes in the row.
"""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from saga_contracts.declare.outcomes import Outcome, State
from saga_contracts.declare.saga import Callback, Reply, Under
from saga_contracts.derive import expectations
from saga_contracts.derive.expectations import Letter, Situation
from saga_contracts.derive.slices import StepSlice
from saga_contracts.stand_in.book import Row
from saga_contracts.stand_in.world import Standing
from saga_contracts.wire import fresh
from saga_contracts.wire.likeness import same
from saga_contracts.wire.unfilling import Bound, as_context

_One = TypeVar("_One")


class Choose(Protocol):
    """Chooses one of several names of declared replies, or of several replies of one name, that are all right."""

    def __call__(self, several: Sequence[_One], /) -> _One:
        """Choose."""


def first_of(several: Sequence[_One]) -> _One:
    """Choose the usual one."""
    return several[0]


@dataclass(frozen=True, slots=True)
class Sight:
    """What is seen when a call comes.

    Attributes:
        standing: The precondition that stands.
        payload: What the call says of the payload.
        locked: Does another saga keep what the call asks for?
    """

    standing: Standing
    payload: Bound
    locked: bool = False


@dataclass(frozen=True, slots=True)
class Echoed:
    """What is given back of the correlation.

    Attributes:
        headers: By their names.
        body: Values by JSON pointer.
    """

    headers: Mapping[str, str]
    body: Mapping[str, str]


NOTHING_ECHOED = Echoed({}, {})


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a reply is brought to the caller.

    Attributes:
        pause_s: How long to wait before it.
        pace_s: How long to wait between any two of its bytes.
    """

    pause_s: float = 0
    pace_s: float = 0


@dataclass(frozen=True, slots=True)
class Telling:
    """One callback: how it is sent, what it tells, what it gives back of the correlation."""

    method: str
    outcome: Outcome
    echoed: Echoed


class Right:
    """The rules of one step at a participant that keeps its word.

    Args:
        slice_: The step.
        choose: Chooses among replies that are all right; default: the usual one.
    """

    work_s = 0.02
    """How long the work takes that a call was accepted for."""

    def __init__(self, slice_: StepSlice, choose: Choose = first_of) -> None:
        self.slice, self.step, self.choose = slice_, slice_.step, choose

    def forward(self, row: Row, sight: Sight) -> Reply:
        """Take a forward call."""
        if self.step.only_reads:
            return self.read(sight)
        if row.payload is not None and not same(row.payload, sight.payload):
            return self.misused(row, sight)
        row.payload = sight.payload
        if row.state == State.ABSENT:
            return self.try_again(row, sight) if self.cannot_now(sight) else self.first(row, sight)
        return self.suspended(row, sight) if row.state == State.COMPENSATED else self.again(row, sight)

    def cannot_now(self, sight: Sight) -> bool:
        """Is a first forward call to be tried again, by its precondition or since another saga keeps what it asks for?"""
        lock = self.step.semantic_lock
        kept = lock is not None and lock.conflict == "retryable" and sight.locked
        return kept or sight.standing.under == Under.RETRYABLE

    def holds(self, row: Row) -> bool:
        """Does a saga keep what its step asked for?"""
        return row.state in (State.IN_PROGRESS, State.APPLIED) and not row.released

    def after_undoing(self, row: Row, others: Iterable[Row]) -> None:
        """Leave the other sagas alone that ask for the same."""

    def try_again(self, row: Row, sight: Sight) -> Reply:  # noqa: ARG002  (a deviation looks)
        """Take a first forward call that cannot be done now."""
        return self.reply("forward", self.choose(self.names(row, Letter.RETRYABLE)))

    def refused_by(self, sight: Sight) -> bool:
        """Is a first forward call refused, by its precondition or by what it says?"""
        fields = self.step.given.fields(Under.REFUSING)
        said = as_context(sight.payload).get("payload", {})
        if sight.locked:
            return True
        return expectations.can_be_refused(self.step) and (
            sight.standing.refusing or (bool(fields) and fresh.has_fields(said, fields))
        )

    def read(self, sight: Sight) -> Reply:
        """Answer a call that only reads: as things are now, whatever was answered before."""
        if sight.standing.under == Under.RETRYABLE:
            return self.reply("forward", "retryable")
        return self.reply("forward", "refused" if self.refused_by(sight) else "done")

    def first(self, row: Row, sight: Sight) -> Reply:
        """Take the first forward call of a key."""
        row.refuses = self.refused_by(sight)
        letter = Letter.REFUSED if row.refuses and not self.step.tells_later else Letter.FORWARD
        names = self.names(row, letter)
        name = "refused" if row.refuses and not self.step.refuses_later else self.choose(names)
        row.forwarded = True
        if name == "refused":
            self.refuse(row)
        elif name == "in_progress":
            row.state = State.IN_PROGRESS
        else:
            self.apply(row)
        return self.reply("forward", name)

    def again(self, row: Row, sight: Sight) -> Reply:  # noqa: ARG002  (a deviation looks)
        """Take the same forward call once more."""
        return self.reply("forward", self.choose(self.names(row, Letter.FORWARD)))

    def misused(self, row: Row, sight: Sight) -> Reply:  # noqa: ARG002  (as above)
        """Take a forward call whose key belongs to another payload."""
        return self.reply("forward", self.choose(self.names(row, Letter.MISUSED)))

    def suspended(self, row: Row, sight: Sight) -> Reply:  # noqa: ARG002  (as above)
        """Take a forward call that comes after its compensation."""
        name = self.choose(self.names(row, Letter.FORWARD))
        row.forwarded = row.suspended = True
        return self.reply("forward", name)

    def compensate(self, row: Row) -> Reply:
        """Take a compensation."""
        name = self.choose(self.names(row, Letter.COMPENSATE))
        self.undo(row)
        return self.reply("compensate", name)

    def undo(self, row: Row) -> None:
        """Take the effect away, for ever."""
        row.state, row.effect = State.COMPENSATED, 0

    def apply(self, row: Row) -> None:
        """Make the effect."""
        row.state, row.effect = State.APPLIED, 1

    def refuse(self, row: Row) -> None:
        """Make no effect, for ever."""
        row.state, row.refused = State.REFUSED, True

    def accepts(self, row: Row, reply: Reply) -> bool:  # noqa: ARG002  (as above)
        """Was a forward call accepted by this reply, so that there is work to do?"""
        return self.step.tells_later and reply in self.step.forward.replies.named("in_progress")

    def status(self, row: Row) -> Reply:
        """Tell the durable state; a row that was never seen is `absent`."""
        told = expectations.told(self.slice, self.situation(row))
        return self.reply("status", told[0].value)

    def look_up(self, row: Row) -> Reply:
        """Tell whether there is something of this step; a row that was never seen is `absent`."""
        return self.reply("lookup", self.choose(expectations.looked_up(self.situation(row))))

    def work(self, row: Row) -> float | None:
        """Do the work that a call was accepted for; gives the seconds after which there is more of it, or None."""
        if row.state == State.IN_PROGRESS:
            if row.refuses:
                self.refuse(row)
            else:
                self.apply(row)
        told = {State.APPLIED: Outcome.DONE, State.REFUSED: Outcome.REFUSED}
        row.tells = self.to_tell(told.get(row.state))
        return None

    def to_tell(self, outcome: Outcome | None) -> Outcome | None:
        """Give the outcome that is told by a callback; None when nothing is to be told."""
        callback = self.step.callback
        if outcome is None or callback is None:
            return None
        return outcome if getattr(callback.outcomes, outcome.value) is not None else None

    def telling(self, row: Row, callback: Callback, echoed: Echoed) -> Telling | None:
        """Give the callback that has to be sent."""
        return None if row.tells is None else Telling(callback.request.method, row.tells, echoed)

    def echoed(self, echoed: Echoed) -> Echoed:
        """Give what a reply gives back of the correlation."""
        return echoed

    def delivery(self, role: str) -> Delivery:  # noqa: ARG002  (as above)
        """Give how a reply is brought to the caller."""
        return Delivery()

    def names(self, row: Row, letter: Letter) -> tuple[str, ...]:
        """Give the names of the declared replies that are right."""
        return expectations.answers(self.slice, self.situation(row), letter)

    def situation(self, row: Row) -> Situation:
        """Give where a row is, in the words of `expectations`."""
        return Situation(row.state, forwarded=row.forwarded, refused=row.refused, refusing=row.refuses)

    def reply(self, role: str, name: str) -> Reply:
        """Give a declared reply; of several, the chosen one."""
        found = expectations.declared(self.step, role, name)
        assert found, f"{self.step.step} declares no {name} for {role}"  # noqa: S101  (lint sees to it)
        return found[0] if len(found) == 1 else self.choose(found)

    def undeclared(self, role: str, *candidates: int) -> Reply:
        """Give a reply that the file does not declare, of the first status that none of its replies has."""
        declared = {reply.status for _, reply in getattr(self.step, role).replies.each()}
        return Reply(status=next(one for one in (*candidates, 418, 421, 426, 451) if one not in declared))

    def own_output(self, row: Row, name: str, example: Any) -> Any:
        """Give an output of the step: a value of the example's type, the same for ever."""
        if isinstance(example, bool) or not isinstance(example, str | int):
            return example
        number = zlib.crc32(f"{row.identity} {name} {row.edition}".encode())
        return f"{example}-{number}" if isinstance(example, str) else example + number
