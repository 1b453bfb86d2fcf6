"""Playing the trials of a crash: the participant is killed as `kill -9` does and started again on its data (O16).

Where neither preconditions nor effects meet, all histories are brought to the moment of their kills first; then one kill and one
start serve them all, and each is played to its end. Work that is under way comes last, so that the kill meets it. Elsewhere each
history takes a kill of its own, as each that is killed in a reply (or as its callback comes) does. What it took stands in `how`.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from saga_contracts.declare.outcomes import State
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive.trials import Trial
from saga_contracts.derive.trials.crash import in_reply
from saga_verifier.isolation.errors import IsolationError
from saga_verifier.play.deck import WAIT_AFTER_A_MISS_S, wait_for_work
from saga_verifier.play.looking import keeps_its_own
from saga_verifier.trials.crash.struck import Striking
from saga_verifier.trials.disturbed import accused, is_kept, judged
from saga_verifier.trials.ground import Ground
from saga_verifier.trials.held import Held
from saga_verifier.trials.untold import untold
from saga_verifier.verdicts import HistoryResult

_BLAMED = "O16"


def play(ground: Ground, trials: Sequence[Trial]) -> Iterator[HistoryResult]:
    """Play the trials; each ends with a value.

    Raises:
        IsolationError: when the participant does not start any more, not even on an empty data directory.
    """
    between = [trial for trial in trials if not in_reply(trial)]
    apart = keeps_its_own(ground.driver.slice, ground.driver.prober)
    for group in [between] if apart and between else [[trial] for trial in between]:
        yield from _with_one_kill(ground, group)
    under_way: list[_Killed] = []
    cost = _Cost()
    for trial in trials:
        if in_reply(trial):
            missed = any(one.held.playing.missed_callback for one in under_way)
            under_way.append(_killed_in_its_reply(ground, trial, cost, missed=missed))
            if not apart:
                yield from _ended(ground, under_way)
                under_way, cost = [], _Cost()
    yield from _ended(ground, under_way)


@dataclass(slots=True)
class _Cost:
    """What kills took.

    Attributes:
        histories: How many they served.
        in_replies: Did they come in replies?
    """

    histories: int = 0
    kills: int = 0
    took_s: float = 0.0
    in_replies: bool = False

    @property
    def words(self) -> str:
        """In words."""
        what = "kill -9 and start" if self.kills == 1 else "kills -9, each with a start"
        where = ", in the reply" if self.in_replies else ""
        shared = f", for {self.histories} histories" if self.histories > 1 else ""
        return f"{self.kills} {what}{where}{shared}, {self.took_s:.1f} s"

    def add(self, histories: int, began_s: float) -> None:
        """Note a kill that served histories since a moment of `time.monotonic`."""
        self.histories, self.kills = self.histories + histories, self.kills + 1
        self.took_s += time.monotonic() - began_s


@dataclass(frozen=True, slots=True)
class _Killed:
    """A history that was played to its end, over a kill.

    Attributes:
        lost: Why the participant did not start again on its data; empty when it did.
    """

    held: Held
    cost: _Cost
    lost: str


def _with_one_kill(ground: Ground, trials: Sequence[Trial]) -> Iterator[HistoryResult]:
    """Play histories over one kill; what could not be judged once more by itself: one pause of the machine is nobody's fault."""
    for trial, result in zip(trials, list(_ended(ground, _killed(ground, trials))), strict=True):
        again = len(trials) > 1 and bool(result.trouble) and is_kept(ground, trial)
        yield next(_ended(ground, _killed(ground, [trial]))) if again else result


def _killed(ground: Ground, trials: Sequence[Trial]) -> list[_Killed]:
    """Play histories to the moments of their kills, kill once, and play them to their ends; give them in their order."""
    held, cost, began_s = [Held(ground.driver, trial) for trial in trials], _Cost(), time.monotonic()
    for one in sorted(held, key=_is_at_work):
        one.to_its_moment()
    try:
        lost = _kill_and_start(ground)
        for one in held if not lost else ():
            _to_its_end(one, missed=any(other.playing.missed_callback for other in held))
    finally:
        for one in held:
            one.let_go()
    cost.add(len(held), began_s)
    return [_Killed(one, cost, lost) for one in held]


def _killed_in_its_reply(ground: Ground, trial: Trial, cost: _Cost, *, missed: bool) -> _Killed:
    began_s = time.monotonic()
    with Striking(ground) as striking:
        held = Held(striking.driver, trial)
        striking.watches(held)
        held.to_its_moment()
        try:
            lost = _kill_and_start(ground)
            striking.over()
            if not lost:
                _to_its_end(held, missed=missed)
        finally:
            held.let_go()
    cost.add(1, began_s)
    cost.in_replies = True
    return _Killed(held, cost, lost)


def _to_its_end(held: Held, *, missed: bool) -> None:
    """Play the rest; once a callback was missed, the others are not waited for as long."""
    held.playing.longest_wait_s = WAIT_AFTER_A_MISS_S if missed else None
    held.to_its_end()


def _kill_and_start(ground: Ground) -> str:
    """Kill the participant and start it again; say why it did not start on its data, if so: then it was started on none."""
    ground.running.kill()
    try:
        ground.running.start()
    except IsolationError as error:
        why = str(error).partition("\n")[0]
    else:
        return ""
    ground.running.kill()
    ground.running.start_empty()
    return why


def _ended(ground: Ground, killed: Sequence[_Killed]) -> Iterator[HistoryResult]:
    """Wait for work that was left, judge what came later, take back what was set up, and give the results."""
    if not any(one.lost for one in killed):
        wait_for_work(ground.driver, [one.held.playing for one in killed])
    for one in killed:
        if one.held.error is None and not one.lost:
            one.held.playing.end()
            ground.driver.release(one.held.playing.instance)
        yield _judged(ground, one.held, one.cost.words, one.lost)


def _judged(ground: Ground, held: Held, how: str, lost: str) -> HistoryResult:
    trial, playing = held.trial, held.playing
    after = f"the kill -9 after event {trial.at}"
    if lost:
        text = f"after the kill -9 it does not start again: {lost}"
        return accused(ground, replace(untold(trial, text), how=how), _BLAMED, text)
    if held.error is not None:
        return untold(trial, str(held.error))
    result = judged(ground, trial, playing, _BLAMED, after, how)
    answered = bool(playing.calls) and playing.calls[-1].status is not None
    if held.came and answered and playing.trouble and result.verdict == Verdict.UNPROVEN and is_kept(ground, trial):
        return accused(ground, result, _BLAMED, f"the same history is kept without {after}; with it {playing.trouble}")
    if not held.came and result.verdict == Verdict.KEPT:
        return replace(result, verdict=Verdict.UNPROVEN, trouble="the history did not come to the moment of the kill")
    return result


def _is_at_work(held: Held) -> bool:
    """Is there work under way at the moment of the kill?"""
    trial = held.trial
    return trial.at is not None and trial.history.plays[trial.at - 1].expects.following.state == State.IN_PROGRESS
