"""One of several who come to a participant one after the other: its calls are made and judged one by one, each by its own rules.

Here is what its reply says and what its end of work tells; what its status and its effect must be is left to who plays them all.
"""

from dataclasses import dataclass, field
from typing import Any

from saga_contracts.declare.outcomes import Outcome, State
from saga_contracts.declare.outputs import Teller, outputs_in
from saga_contracts.derive.expectations import CALLBACKS, Expectation, Letter
from saga_contracts.wire.likeness import short
from saga_verifier.play import own_outputs, told_later
from saga_verifier.play.called import Called, Instance
from saga_verifier.play.calling import call_until_clear
from saga_verifier.play.driver import Driver
from saga_verifier.play.looking import Looking, Reading
from saga_verifier.play.own_outputs import CannotCallError
from saga_verifier.play.record import NAMES

_OVER = {Letter.DONE: (State.APPLIED, Outcome.DONE), Letter.CALLBACK_REFUSED: (State.REFUSED, Outcome.REFUSED)}


class CannotTellError(Exception):
    """Nothing can be told of what was played (inside this room only)."""


class NotApplicableError(Exception):
    """It does not apply to the participant (inside this room only)."""


@dataclass
class Party:
    """One of them.

    Attributes:
        name: How it is called in what is told.
        driver: Makes its calls.
        instance: Of its saga.
        calls: Every call of all of them, in order.
        looking: Sees its status and its effect.
        began: Has it made a call?
        prepared: Is its precondition set up? Before that its probe may have nothing to read.
    """

    name: str
    driver: Driver
    instance: Instance
    calls: list[Called]
    began: bool = False
    prepared: bool = True
    impossible: bool = False
    refused_at_once: bool = False
    accepted: bool = False
    _awaited: int = 0
    looking: Looking = field(init=False)

    def __post_init__(self) -> None:
        """See what its level of adoption looks at."""
        self.looking = Looking(self.driver, self.calls.append)

    def act(self, letter: Letter, expects: Expectation, more: tuple[str, ...] = ()) -> str:
        """Make a call, or await the end of its work.

        Args:
            letter: The event.
            expects: What must follow.
            more: Names of further replies that are right.

        Returns:
            What is wrong with its reply, in words; empty when nothing is.

        Raises:
            CannotTellError: when it was not answered, or cannot be made.
        """
        self.began = True
        if letter in CALLBACKS:
            return "" if self.refused_at_once else self.await_end(letter)
        try:
            called, allowed = call_until_clear(self.driver, self.instance, expects, letter, self.calls.append)
        except CannotCallError as error:
            raise CannotTellError(f"{self.called(letter)} cannot be made: {error}") from None
        if called.status is None:
            raise CannotTellError(f"{self.called(letter)} was not answered: it {called.error}")
        if called.outcome == Outcome.RETRYABLE and not {*allowed, *more} & {"retryable"} and letter == Letter.COMPENSATE:
            raise CannotTellError(f"{self.called(letter)} was answered 'try again' ({called.status}) to the last try")
        self.refused_at_once = called.outcome == Outcome.REFUSED
        self.impossible = called.outcome == Outcome.IMPOSSIBLE
        self.accepted = called.outcome == Outcome.IN_PROGRESS
        if letter == Letter.RETRYABLE and called.outcome == Outcome.RETRYABLE:
            return ""
        if not set(called.names) & {*allowed, *more}:
            answer = f"{called.status} {short(called.body, 160)} ({called.outcome})"
            return f"{self.called(letter)} was answered {answer} instead of {' or '.join(expects.outcomes)}"
        self._learn(called)
        return ""

    def await_end(self, letter: Letter) -> str:
        """Wait for the end of accepted work; gives what is wrong with it, in words."""
        state, outcome = _OVER[letter]
        step = self.driver.slice.step
        if step.polls:
            *_, last = (self._noted(called) for called in self.driver.until_over(self._askable()))
            self._take(last.body, last.headers, Teller.STATUS, knows=last.outcome == State.APPLIED)
            said = f"the status call says {last.status} {short(last.body, 160)} ({last.outcome})"
            return "" if last.outcome == state else f"{said} instead of {state} for {self.name}"
        callback = self.driver.callbacks.wait(self.instance.key, step.told_within_ms / 1000, self._awaited)
        if callback is None:
            return f"no callback came for {self.name} within {step.told_within_ms} ms"
        self._awaited += 1
        told = told_later.outcome_of(self.driver, self.instance, callback)
        self._take(callback.body, callback.headers, Teller.CALLBACK, knows=told == Outcome.DONE)
        return "" if told == outcome else f"the callback for {self.name} says {short(callback.body, 160)} instead of {outcome}"

    def read(self, *, asks: bool) -> Reading:
        """See its effect, and its status, too (`asks`).

        Raises:
            CannotTellError: when the effect cannot be read.
        """
        reading = self.looking.read(self.instance, asks=asks)
        if self.looking.probes and reading.fields is None:
            raise CannotTellError(reading.unread)
        return reading

    def called(self, letter: Letter) -> str:
        """Name one of its calls."""
        return f"{NAMES[letter]} of {self.name}"

    def _askable(self) -> Instance:
        try:
            return own_outputs.known(self.driver, self.instance, "status", self.calls.append)[0]
        except CannotCallError as error:
            raise CannotTellError(f"the status of {self.name} cannot be asked: {error}") from None

    def _learn(self, called: Called) -> None:
        told = {"done": Teller.DONE, "in_progress": Teller.ACCEPTED}.get(str(called.outcome))
        if called.letter == Letter.FORWARD and told is not None:
            self._take(called.body, called.headers, told)

    def _take(self, body: Any, headers: Any, told: Teller, *, knows: bool = True) -> None:
        found = outputs_in(self.driver.slice.step, body, headers, told) if knows else None
        if found:
            self.instance = self.driver.knowing(self.instance, found)

    def _noted(self, called: Called) -> Called:
        self.calls.append(called)
        return called
