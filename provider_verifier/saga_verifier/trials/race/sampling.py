"""The tries of one race: how many, which way, and what they show together."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive.adoption import Evidence
from saga_contracts.derive.decks import History
from saga_contracts.derive.expectations import Letter, World
from saga_contracts.derive.trials import Trial
from saga_contracts.derive.trials.race import orders
from saga_verifier.play import deck
from saga_verifier.play.deck import WAIT_AFTER_A_MISS_S, wait_for_work
from saga_verifier.play.looking import keeps_its_own
from saga_verifier.trials.disturbed import accused
from saga_verifier.trials.ground import Ground
from saga_verifier.trials.race.barrier import Barrier, BarrierError, NoBarrier
from saga_verifier.trials.race.racing import Racing, Way
from saga_verifier.trials.untold import untold
from saga_verifier.verdicts import Broken, HistoryResult

AT_BARRIER = ((0.05, 0.1), (0.05, 0.1), (0.0, 0.15), (0.0, 0.3))
"""For each of the tries at a barrier: when the second call comes at the latest, and how long both are held then, in seconds."""
SAMPLED = 40
"""So many tries without a barrier at most, where there is none."""
SAMPLED_BESIDE = 8
"""So many where there is one as well: a look in the memory of the process is met by no lock of a database."""
ENOUGH = ((20, 1.5), (3, 8.0))
"""After so many tries no further one is begun when so many seconds are over."""
AT_ONCE = 0.4
"""This part of the tries without a barrier let both go at the same moment; the others within the window."""
FIRST = 3
"""So many of them go at the same moment at first, so that the window is known."""
_ITS_OWN = ("O21", "O31")
"""Deviations that no race can have caused: late replies and missing headers."""
_LATE = "O18"
"""A callback that does not come may have been held up by the machine, once."""


@dataclass
class Sampling:
    """The tries of one trial.

    Args:
        ground: What they stand on.
        trial: What is played.
        barrier: Where its calls are stopped in the participant.
        no_barrier: Why there is none; empty when there is one.
    """

    ground: Ground
    trial: Trial
    barrier: Barrier
    no_barrier: str
    tries: list[Racing] = field(default_factory=list)
    under_way: list[Racing] = field(default_factory=list)
    known: frozenset[str] = frozenset()
    """What is broken one after another as well, and waived."""

    def __post_init__(self) -> None:
        """Begin the clock, and the chance."""
        self._chance = random.Random(f"{self.ground.seed} {self.trial.name}")  # noqa: S311  (it can be drawn again)
        self._began_s = time.monotonic()
        self._waits = self.ground.driver.slice.step.tells_later
        self._apart = keeps_its_own(self.ground.driver.slice, self.ground.driver.prober)

    def result(self) -> HistoryResult:
        """Play the tries until one is broken, or all were played.

        Raises:
            SagapactError: when the participant cannot be put into a precondition.
        """
        found = self._first_broken()
        if found is None:
            return self._of_all()
        wrong = self._without_race()
        if wrong:
            text = f"{wrong} without any overlap, so that nothing can be told of the race: mend that first"
            return replace(untold(self.trial, text), how=self.how)
        return self._broken_by(found)

    @property
    def how(self) -> str:
        """What was sampled, in words."""
        together = [one for one in self.tries if one.together]
        stopped = [one for one in self.tries if one.way.at_barrier]
        parts = [f"{len(self.tries)} {'try' if len(self.tries) == 1 else 'tries'}, of which {len(together)} overlapped"]
        if stopped:
            met = sum(one.waited > 1 for one in stopped)
            parts.append(f"{len(stopped)} at a lock of the database (it held up both calls in {met})")
        if self.no_barrier:
            parts.append(f"no barrier: {self.no_barrier}")
        return ", ".join([*parts, f"seed {self.ground.seed}", f"window {self._window_s * 1000:.1f} ms"])

    def _first_broken(self) -> Racing | None:
        for way in self._ways():
            one = self._played(way)
            if one is None:
                continue
            self.tries.append(one)
            self.under_way.append(one)
            if not (self._waits and self._apart) or self._deviations(one):
                found = self._ended()
                if found is not None:
                    return found
            if self._are_enough():
                break
        return self._ended()

    def _are_enough(self) -> bool:
        took_s = time.monotonic() - self._began_s
        return any(len(self.tries) >= tries and took_s > longest_s for tries, longest_s in ENOUGH)

    def _ways(self) -> Iterator[Way]:
        """Give how the calls of each try meet."""
        for number, (offset_s, pause_s) in enumerate(AT_BARRIER):
            if not isinstance(self.barrier, NoBarrier):
                yield Way(turned=bool(number % 2), offset_s=offset_s, barrier=self.barrier, pause_s=pause_s)
        sampled = SAMPLED if isinstance(self.barrier, NoBarrier) else SAMPLED_BESIDE
        for number in range(sampled):
            at_once = number < FIRST or self._chance.random() < AT_ONCE
            offset_s = 0.0 if at_once else self._chance.uniform(0.0, self._window_s)
            yield Way(turned=bool(number % 2), offset_s=offset_s)

    @property
    def _window_s(self) -> float:
        """The time of a single call, from its last byte to the beginning of its answer: the median of those without a barrier."""
        seen = sorted(
            flight.quickest_s
            for one in self.tries
            for flight in one.flights
            if flight.quickest_s is not None and not one.way.at_barrier
        )
        return seen[len(seen) // 2] if seen else 0.0

    def _played(self, way: Way) -> Racing | None:
        """Play one try; None where the barrier could not be put up, which is told then."""
        missed = any(one.missed_callback for one in self.tries)
        one = Racing(
            self.ground.driver, self.trial.history, longest_wait_s=WAIT_AFTER_A_MISS_S if missed else None,
            at=self.trial.at or 0, way=way,
        )  # fmt: skip
        try:
            one.run()
        except BarrierError as error:
            self.barrier, self.no_barrier = NoBarrier(), str(error)
            self.ground.driver.release(one.instance)
            return None
        return one

    def _ended(self) -> Racing | None:
        """Wait for the work of the tries under way, judge what came later, and give the first that broke something."""
        wait_for_work(self.ground.driver, list(self.under_way))
        ended, self.under_way = self.under_way, []
        for one in ended:
            one.end()
            self.ground.driver.release(one.instance)
        return next((one for one in ended if self._breaks(one)), None)

    def _breaks(self, one: Racing) -> bool:
        if not (one.together and one.was_told and self._deviations(one)):
            return False
        if one.way.at_barrier and self._by_the_lock_alone(one.way):
            self.barrier, self.no_barrier = NoBarrier(), "a lock of the database alone changes what its calls are answered"
            return False
        late = [other for other in self.tries if any(found.obligation == _LATE for found in self._deviations(other))]
        return any(found.obligation != _LATE for found in self._deviations(one)) or len(late) > 1

    def _by_the_lock_alone(self, way: Way) -> bool:
        """Does the same go wrong where each call meets the lock alone?"""
        control = self._played(replace(way, apart=True))
        if control is None:
            return True
        self.under_way.append(control)
        wait_for_work(self.ground.driver, [control])
        self.under_way.remove(control)
        control.end()
        self.ground.driver.release(control.instance)
        return bool(self._deviations(control) or control.trouble)

    def _deviations(self, one: Racing) -> list[Broken]:
        return [found for found in one.broken if found.obligation not in {*_ITS_OWN, *self.known}]

    def _without_race(self) -> str:
        """Say which of the histories that the race may turn out to be is not kept; empty when all are."""
        for history in orders(self.ground.driver.slice, self.trial):
            plain = self._plain(history)
            if plain.verdict not in (Verdict.KEPT, Verdict.WAIVED):
                return f"{history.name} is {'broken' if plain.broken else 'not judged'}"
        return ""

    def _plain(self, history: History) -> HistoryResult:
        plain = self.ground.plain.get(history.name)
        return plain if plain is not None else deck.play(self.ground.driver, history, self.ground.today)

    def _broken_by(self, one: Racing) -> HistoryResult:
        found = self._deviations(one)[-1]  # what is read says more than what was answered before
        number = self.tries.index(one) + 1
        text = f"one after the other both are right; in try {number} ({one.way.words}) {found.text}"
        return accused(self.ground, self._as_result(one), self._blamed(one), text)

    def _blamed(self, one: Racing) -> str:
        """Who is undone twice breaks O7; of whom something is left after its compensation, O10."""
        letters = [play.letter for play in self.trial.history.plays]
        if letters[-2:] != [Letter.COMPENSATE, Letter.COMPENSATE]:
            return self.trial.obligations[0]
        looking = one.looking
        left = looking.probes and looking.fits(looking.read(one.instance), one.instance, (World.APPLIED,))
        return "O10" if left else "O7"

    def _of_all(self) -> HistoryResult:
        """Give the result of tries of which none is broken."""
        shown = [one for one in self.tries if one.together and one.was_told and not one.trouble]
        if not shown:
            silent = any(one.together and not one.was_told for one in self.tries)
            otherwise = "the status call was not answered" if silent else "the calls were answered one after the other"
            seen = next((one.trouble for one in self.tries if one.trouble), otherwise)
            return replace(untold(self.trial, f"no try overlapped and could be judged: {seen}"), how=self.how)
        found = self._as_result(shown[0])
        if not shown[0].looking.probes:
            trouble = "without an effect probe nobody sees how often it was applied or undone"
            return replace(found, verdict=Verdict.UNPROVEN, trouble=trouble)
        return found

    def _as_result(self, one: Racing) -> HistoryResult:
        calls = tuple(called.as_json() for called in one.calls)
        seen = one.looking.evidence | {Evidence.FAILURE}
        return HistoryResult(self.trial.name, Verdict.KEPT, self.trial.obligations, seen=seen, calls=calls, how=self.how)
