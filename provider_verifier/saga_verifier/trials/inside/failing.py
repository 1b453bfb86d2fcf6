"""Playing failures inside: each call of the participant to a service that it depends on fails once, in each way (O35).

How many calls there are is measured first, undisturbed, and so is what the services keep of it. Then a call fails; the retry of F
or C must bring about what the undisturbed history came to, at the participant and at the services; C must undo it, too. Who
refuses instead is right, where nothing of it is left.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from saga_contracts.declare.outcomes import State
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive.decks import History, history_of
from saga_contracts.derive.expectations import Letter, World
from saga_contracts.derive.trials import Trial
from saga_contracts.derive.trials.beneath import is_moved, is_restored
from saga_contracts.derive.trials.inside import during, mode_of
from saga_contracts.wire.likeness import short
from saga_verifier.depended import Mode, Services, names
from saga_verifier.play.called import Aside, Instance
from saga_verifier.play.deck import wait_for_work
from saga_verifier.play.history import Playing
from saga_verifier.trials.disturbed import accused, is_kept, judged
from saga_verifier.trials.ground import Ground
from saga_verifier.trials.inside import clock, restored
from saga_verifier.trials.inside.meddling import Meddling
from saga_verifier.trials.untold import inapplicable, untold
from saga_verifier.verdicts import HistoryResult

_BLAMED = "O35"
_UNSAID = (
    "the provider file does not say what the participant depends on: name each service under `depends`, with its replies or a "
    "pact, or write `depends: []` if there is none"
)
_UNPLAYED = "the services that it depends on are played only where it is started as a process"
_NOTHING = "The provider file says that the participant depends on no other service (`depends: []`)."
_LETTERS = ("F", "C")
"""The calls during which the participant may call others."""
_WORDS = {
    Mode.CLOSED: "is closed before it is read",
    Mode.ERROR: "is answered 500",
    Mode.SILENT: "is not answered",
    Mode.LOST: "has its effect, and its reply is lost",
    Mode.KILL: "has its effect, and the participant is killed before it learns it",
}


def play(ground: Ground, trials: Sequence[Trial]) -> Iterator[HistoryResult]:
    """Play the trials, those of clock and database by modules of their own; each ends with a value.

    Raises:
        IsolationError: when the participant does not start any more.
    """
    yield from _failing(ground, [trial for trial in trials if not (is_moved(trial) or is_restored(trial))])
    yield from clock.play(ground, [trial for trial in trials if is_moved(trial)])
    yield from restored.play(ground, [trial for trial in trials if is_restored(trial)])


def _failing(ground: Ground, trials: Sequence[Trial]) -> Iterator[HistoryResult]:
    depends, services = ground.provider.depends, ground.services
    if depends is None:
        yield from (untold(trial, _UNSAID) for trial in trials)
    elif not depends:
        yield from (inapplicable(trial, _NOTHING) for trial in trials)
    elif services is None:
        yield from (untold(trial, _UNPLAYED) for trial in trials)
    else:
        inside = _Inside(ground, services)
        yield from (inside.tried(trial) for trial in trials)


class _Inside:
    """The trials of one step.

    Args:
        ground: Knows the participant.
        services: Those that it depends on.
    """

    def __init__(self, ground: Ground, services: Services) -> None:
        self._ground, self._services = ground, services
        self._names = names(ground.provider.depends or ())

    @cached_property
    def _measured(self) -> "_Measured":
        """What the step does outside, undisturbed: done, and undone where it can be."""
        step = self._ground.driver.slice.step
        done = (Letter.FORWARD, Letter.DONE) if step.tells_later else (Letter.FORWARD,)
        word = (*done, Letter.COMPENSATE) if step.compensate is not None else done
        return _measured(self._ground, self._services, history_of(self._ground.driver.slice, word))

    def tried(self, trial: Trial) -> HistoryResult:
        """Let every call fail once; the first that is not repaired is told."""
        if not is_kept(self._ground, trial):
            strays = "".join(f"; it called {one}, which `depends` has not" for one in self._services.strays[:1])
            return untold(trial, f"{trial.history.name} is not kept undisturbed{strays}: mend that first")
        letter, mode = during(trial), Mode(mode_of(trial))
        calls = self._measured.calls.get(letter, 0)
        if not calls:
            return inapplicable(trial, f"It makes no call to {self._names} while {letter} is at work.")
        for number in range(1, calls + 1):
            result = self._once(trial, mode, number)
            if result.verdict != Verdict.KEPT:
                break
        return replace(result, how=f"{number} of {calls} calls to {self._names}, each failed once")

    def _once(self, trial: Trial, mode: Mode, number: int) -> HistoryResult:
        self._services.open()
        meddling = Meddling(self._ground, self._services, trial, mode, number)
        playing = Playing(meddling.driver, trial.history)
        playing.run()
        meddling.settle()
        wait_for_work(self._ground.driver, [playing])
        if trial.at == 0:  # the forward call that failed inside may have been done nevertheless, and told so before it was undone
            playing.judged_callbacks = len(self._ground.driver.callbacks.of(playing.instance.key))
        playing.end()
        result = self._judged(trial, playing, f"call {number} to {self._names} failing (it {_WORDS[mode]})")
        clean = result.broken and meddling.is_refused and self._is_clean(playing)
        self._ground.driver.release(playing.instance)
        if not meddling.came:
            return untold(trial, f"call {number} to {self._names} did not come this time")
        return replace(result, broken=(), verdict=Verdict.KEPT) if clean else result

    def _judged(self, trial: Trial, playing: Playing, disturbance: str) -> HistoryResult:
        result = judged(self._ground, trial, playing, _BLAMED, disturbance)
        if self._services.ledger.strays:
            return untold(trial, f"it called {self._services.ledger.strays[0]}, which `depends` has not: add its reply")
        stands, right = self._services.ledger.net, self._measured.stands.get(trial.history.plays[-1].letter.value, {})
        if result.verdict != Verdict.KEPT or stands == right:
            return result
        found = f"{self._names} keeps {short(dict(stands))} instead of {short(dict(right))}"
        return accused(self._ground, result, _BLAMED, f"the same history is kept without {disturbance}; with it {found}")

    def _is_clean(self, playing: Playing) -> bool:
        """Is nothing left of what was refused?"""
        looking = playing.looking
        reading = looking.read(playing.instance, asks=True)
        unseen = not looking.probes or looking.fits(reading, playing.instance, (World.BEFORE,))
        untold = all(one.outcome in (State.REFUSED, State.ABSENT, State.COMPENSATED) for one in reading.told)
        return unseen and untold and not self._services.ledger.net


@dataclass(frozen=True, slots=True)
class _Measured:
    """What a history does outside, undisturbed.

    Attributes:
        calls: How many calls came while a call of the step was at work, by its letter.
        stands: What the services kept of it after an event, by its letter.
    """

    calls: dict[str, int]
    stands: dict[str, Mapping[str, int]]


def _measured(ground: Ground, services: Services, whole: History) -> _Measured:
    found, began = _Measured({}, {}), {"": 0}

    def before(_: Instance, letter: str) -> None:
        if letter in _LETTERS and letter not in began:
            began[letter] = services.ledger.calls

    def after(number: int) -> None:
        letter = whole.plays[number].letter.value
        caller = letter if letter in _LETTERS else "F"
        found.calls[caller] = services.ledger.calls - began.get(caller, 0)
        found.stands[letter] = dict(services.ledger.net)

    services.open()
    playing = Playing(ground.driver.beside_calls(Aside(before=before)), whole, after_event=after)
    playing.run()
    wait_for_work(ground.driver, [playing])
    playing.end()
    ground.driver.release(playing.instance)
    return found
