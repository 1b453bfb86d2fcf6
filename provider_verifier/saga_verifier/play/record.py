"""What is known of a history under way: what was called, told and read so far, and from what it deviated."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from saga_contracts.declare.outputs import Teller, outputs_in
from saga_contracts.derive.decks import History
from saga_contracts.derive.expectations import Letter, Situation
from saga_contracts.wire.likeness import same, short
from saga_verifier.play.called import Called, Instance
from saga_verifier.play.driver import Driver
from saga_verifier.play.looking import Looking, Reading
from saga_verifier.verdicts import Broken

NAMES = {
    Letter.FORWARD: "the forward call (F)",
    Letter.REFUSED: "the forward call without its precondition (R)",
    Letter.COMPENSATE: "the compensation (C)",
    Letter.DONE: "the end of the work (D)",
    Letter.CALLBACK_REFUSED: "the end of the work (X)",
    Letter.MISUSED: "the forward call with another payload (M)",
    Letter.RETRYABLE: "the forward call that has to be tried again (T)",
    Letter.ANOTHER: "the forward call for another element (N)",
    Letter.ANOTHER_UNDONE: "the compensation of another element (U)",
}
_NOT_BY_ASKING = ("O18", "O21", "O31")
"""Obligations that speak of callbacks, time and headers: no status call changes these, but for a callback that never comes."""


class CannotJudgeError(Exception):
    """The history could not be judged (inside this room only)."""


class DivergedError(Exception):
    """The step's durable state is another than the rest of the history speaks of (inside this room only)."""


class UnmadeError(DivergedError):
    """A call of the history cannot be made, and the rest speaks of another durable state (inside this room only)."""


@dataclass
class Record:
    """One history under way: who plays it, and what was seen so far.

    Args:
        asks_status: Is the status call made? Without it a history shows whether asking changes anything.
        longest_wait_s: No callback is waited for longer than this; None: as long as the file declares.
        after_event: Told of the number of each event (from 0) once it was answered, before anything is looked at: who disturbs
            the participant does it there.
        again: Is played once more, in the precondition that is there; None: a fresh instance.
    """

    driver: Driver
    history: History
    asks_status: bool = True
    longest_wait_s: float | None = None
    after_event: Callable[[int], None] = lambda _: None
    again: Instance | None = None
    calls: list[Called] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    reached: int = 0
    trouble: str = ""
    outputs: dict[str, Any] = field(default_factory=dict)
    """Those that were told so far."""
    refused_at_once: bool = False
    judged_callbacks: int = 0
    callback_ms: list[float] = field(default_factory=list)
    missed_callback: bool = False
    lied: bool = False
    """Did the status call tell another state than the one that must be?"""
    told_wrong: bool = False
    """Did a callback deviate?"""
    changed: tuple[int, Broken] | None = None
    """The first deviation that a status call may have caused, and how many events were over when it was seen."""
    perhaps_started_again: bool = False
    """Did a forward call come that must have no effect, after which work may go on nevertheless?"""
    looked_again: bool = False
    unsent: Situation | None = None
    """Where the step was when a compensation was not sent, since the look-up found nothing."""
    wrong: Called | None = None
    """The reply to the last event, when it was another than must come."""
    before: Reading = field(default_factory=Reading)
    """What was read under a precondition of trying again, before the first call."""

    def __post_init__(self) -> None:
        """Make the instance, and see what this level of adoption looks at."""
        self.instance = self.again or self.driver.fresh()
        self.judged_callbacks = len(self.driver.callbacks.of(self.instance.key))
        self.looking = Looking(self.driver, self.calls.append, asks_status=self.asks_status)

    @property
    def leaves_work(self) -> bool:
        """May work still go on that must have no effect: of a call that was undone at work, came too late, or once more?"""
        return self.history.undone_at_work or self.perhaps_started_again

    def deviates(self, obligation: str, text: str) -> None:
        """Note a deviation; of each obligation the first one counts."""
        found = Broken(obligation, text)
        if all(one.obligation != obligation for one in self.broken):
            self.broken.append(found)
        step = self.driver.slice.step
        seen_by_asking = obligation == "O33" and (step.polls or step.needs_its_own)
        if self.changed is None and not seen_by_asking and (obligation not in _NOT_BY_ASKING or self.missed_callback):
            self.changed = self.reached, found

    def situation(self) -> Situation:
        """Give where the step is before the event that is under way."""
        return self.history.plays[self.reached - 1].expects.following if self.reached else self.history.begins

    def judge_outputs(self, said: str, body: Any, headers: Mapping[str, str], told: Teller) -> None:
        """Compare the outputs that are told with those that were told before: whichever arrives, its outputs are used."""
        outputs = outputs_in(self.driver.slice.step, body, headers, told)
        if outputs is None:
            self.deviates("O1", f"{said} lacks a declared output")
            return
        before = {name: self.outputs[name] for name in outputs if name in self.outputs}
        changed = any(not same(outputs[name], value) for name, value in before.items())
        if changed and not self.driver.slice.step.only_reads:
            self.deviates("O33", f"{said} gave the outputs {short(outputs)} instead of {short(before)}")
        else:
            self.outputs |= outputs
            self.instance = self.driver.knowing(self.instance, self.outputs)


def said(called: Called) -> str:
    """Give what was answered, in words."""
    return (
        f"{called.status} {short(called.body)} ({called.outcome})" if called.status is not None else f"nothing: it {called.error}"
    )
