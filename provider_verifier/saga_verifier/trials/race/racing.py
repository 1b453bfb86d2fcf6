"""Playing one try of a race: a history of which two calls overlap, and judging what comes of it.

Each of both must be answered as it may be in one of the two orders. What is answered 'still under way' or 'try again' is called
again, as an orchestrator would, until it is clear. Then status and effect are looked at as ever.
"""

import time
from dataclasses import dataclass, field

from saga_contracts.client.results import Backoff
from saga_contracts.declare.outcomes import Outcome
from saga_contracts.derive import expectations
from saga_contracts.derive.decks import Play
from saga_contracts.derive.expectations import Letter, Situation
from saga_contracts.wire import replies
from saga_verifier.play import own_outputs
from saga_verifier.play.called import Called, Instance
from saga_verifier.play.driver import LONGEST_PAUSE_S, Driver
from saga_verifier.play.history import Playing
from saga_verifier.play.looking import keeps_its_own
from saga_verifier.play.own_outputs import CannotCallError
from saga_verifier.play.record import NAMES, CannotJudgeError
from saga_verifier.trials.race.barrier import Barrier, NoBarrier
from saga_verifier.trials.race.flight import Call, Flight, fly

TRIES = 8
"""How often a call is repeated until it is clear; by then seconds have passed."""
_CONFLICT = (409, 423)
"""Statuses by which services say that the same call is under way just now, whether the file declares them or not."""


@dataclass(frozen=True, slots=True)
class Way:
    """How the two calls meet.

    Attributes:
        turned: Is the second one let go first?
        offset_s: How long after the first the other one is let go; at a barrier sooner, once the first waits there.
        barrier: What they wait at inside the participant.
        pause_s: How long that is held at most.
        apart: Is each let go alone, after the other was answered? So it is seen what the barrier by itself does to a call.
    """

    turned: bool = False
    offset_s: float = 0.0
    barrier: Barrier = field(default_factory=NoBarrier)
    pause_s: float = 0.0
    apart: bool = False

    @property
    def at_barrier(self) -> bool:
        """Is there a barrier?"""
        return not isinstance(self.barrier, NoBarrier)

    @property
    def words(self) -> str:
        """In words."""
        turned = ", the second first" if self.turned else ""
        if self.at_barrier:
            return f"{'one after the other' if self.offset_s else 'both at once'} to a lock of its database{turned}"
        return f"{self.offset_s * 1000:.2f} ms apart{turned}"


@dataclass
class Racing(Playing):
    """Plays a history of which the events `at` and `at + 1` overlap."""

    at: int = 0
    way: Way = field(default_factory=Way)
    flights: list[Flight] = field(default_factory=list)

    @property
    def together(self) -> bool:
        """Were both calls under way at the same time?"""
        return any(flight.together for flight in self.flights)

    @property
    def waited(self) -> int:
        """How many calls waited at the barrier."""
        return sum(flight.waited for flight in self.flights)

    def _events(self) -> None:
        plays = self.history.plays
        for play in plays[: self.at]:
            self._event(play)
            self.reached += 1
        self._pair(plays[self.at], plays[self.at + 1])
        for play in plays[self.at + 2 :]:
            self.reached += 1
            self._event(play)
        self.reached += 1

    def _pair(self, first: Play, second: Play) -> None:
        before, both = self.situation(), (first, second)
        self._know_all(both)
        answered = self._fly(both)
        self.reached += 1
        unclear = []
        for play, other, called in zip(both, (second, first), answered, strict=True):
            allowed = self._allowed(play.letter, other.letter, before)
            if self._is_unclear(called):
                unclear.append((play, allowed))
            else:
                self.wrong = called if self._judge_reply(play, called, allowed) else self.wrong
        self._until_clear(unclear, both, second.expects.following)
        works_on = self.driver.slice.step.tells_later and keeps_its_own(self.driver.slice, self.driver.prober)
        self.perhaps_started_again = works_on  # one of both may be worked on after the other
        when = f"after {NAMES[first.letter]} beside {NAMES[second.letter]}"
        self.seeing.look(second.expects, when, self.wrong)
        self.seeing.judge_lookup(second.expects, when)

    def _fly(self, both: tuple[Play, Play]) -> tuple[Called, Called]:
        calls = [_call(play.letter, self.instance) for play in both]
        ordered = calls[::-1] if self.way.turned else calls
        groups = [[one] for one in ordered] if self.way.apart else [ordered]
        way = self.way
        self.flights = [fly(self.driver, group, way.offset_s, way.barrier, way.pause_s) for group in groups]
        answered = [called for flight in self.flights for called in flight.calls]
        self.calls += answered
        first, second = answered[::-1] if self.way.turned else answered
        return first, second

    def _know_all(self, both: tuple[Play, Play]) -> None:
        """See to it that the compensation can be sent: what it needs of its own step's reply is known, or looked up."""
        if all(play.letter != Letter.COMPENSATE for play in both):
            return
        try:
            self.instance, sought = own_outputs.known(self.driver, self.instance, "compensate", self.calls.append)
        except CannotCallError as error:
            raise CannotJudgeError(str(error)) from None
        if sought is not None:
            raise CannotJudgeError("the look-up before the compensation finds nothing")

    def _allowed(self, letter: Letter, other: Letter, before: Situation) -> tuple[str, ...]:
        """Give the names of the replies that a call may get, be it the first or the second."""
        slice_ = self.driver.slice
        after = expectations.after_event(before, other, callback=slice_.step.tells_later)
        names = [expectations.answers(slice_, one, letter) for one in (before, after)]
        return tuple(dict.fromkeys(name for known in names for name in known))

    def _is_unclear(self, called: Called) -> bool:
        """Does an orchestrator have to ask again?"""
        if called.status is None or called.outcome == Outcome.RETRYABLE:
            return True
        if called.outcome == Outcome.IN_PROGRESS:
            return not self.driver.slice.step.tells_later
        return not called.names and called.status in _CONFLICT

    def _until_clear(self, unclear: list[tuple[Play, tuple[str, ...]]], both: tuple[Play, Play], following: Situation) -> None:
        """Repeat what was not clear; a forward call that was undone meanwhile is not sent again."""
        undoes = any(play.letter == Letter.COMPENSATE for play in both)
        for play, allowed in unclear[:1] if both[0].letter == both[1].letter else unclear:
            if undoes and play.letter != Letter.COMPENSATE:
                continue
            called = self._repeated(play)
            later = expectations.answers(self.driver.slice, following, play.letter)
            self.wrong = called if self._judge_reply(play, called, (*allowed, *later)) else self.wrong

    def _repeated(self, play: Play) -> Called:
        backoff = Backoff()
        call = _call(play.letter, self.instance)
        for number in range(1, TRIES + 1):
            before = self.calls[-1]
            time.sleep(min(replies.retry_after_s(before.headers) or backoff.pause_s(number), LONGEST_PAUSE_S))
            called = call(self.driver)
            self.calls.append(called)
            if not self._is_unclear(called):
                return called
        said = called.error or f"it is answered {called.status}"
        raise CannotJudgeError(f"{NAMES[play.letter]} does not become clear after the race: {said} to try {TRIES}")


def _call(letter: Letter, instance: Instance) -> Call:
    def call(driver: Driver) -> Called:
        return (driver.compensate if letter == Letter.COMPENSATE else driver.forward)(instance, letter.value)

    return call
