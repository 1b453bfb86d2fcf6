"""Playing the trials of callbacks: the harness's own receiver is ill for a while, or away while the participant is started again.

The receivers of several keys are ill at the same time, so that one wait serves them all, unless the histories would meet in what
the probe reads. A participant is killed when its work is over and nobody has taken the callback, so that only what it has written
down can tell it.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive.adoption import Evidence, Waivers
from saga_contracts.derive.trials import Trial
from saga_contracts.derive.trials.receiver import Receiver, manner
from saga_contracts.rim.server import Answer, NoAnswer
from saga_verifier.play.callbacks import CallbackReceiver, Treatment
from saga_verifier.play.history import Playing
from saga_verifier.play.looking import reads_its_own
from saga_verifier.trials.ground import Ground
from saga_verifier.trials.receiver import tellings
from saga_verifier.trials.receiver.tellings import Illness
from saga_verifier.trials.untold import inapplicable, untold
from saga_verifier.verdicts import Broken, HistoryResult

LONGEST_SILENCE_S = 10.0
"""So long a slow receiver keeps the caller waiting at most: who has a shorter time-out tells it again before."""
SHORTEST_FAILING_S = 1.0
WAIT_AFTER_A_LOSS_S = 0.5
"""The callback of a step that is forgotten over a restart is waited for no longer than this."""
LONGEST_WORK_S = 5.0
"""So long it is waited at most for the end of the work before the participant is killed."""
AT_WORK_S = 1.0
"""The same, where no status call tells its end."""
FIRST_TRY_S = 0.3
"""So much later it is killed, so that it has tried to call back once."""
WAIT_AFTER_A_MISS_S = 5.0
"""Once a callback was not told again in all the time that it is allowed, the others are waited for no longer than this."""
_NO_ANSWER = Treatment(NoAnswer.CLOSE)
_FAILING = (Treatment(Answer(500)), Treatment(Answer(503)), _NO_ANSWER, Treatment(Answer(503)))
_KEPT_AS_THEY_ARE = ("O18", "O31", "O33")
"""Deviations of what is told, which are the fault itself."""


@dataclass
class _Tried:
    """One trial under way."""

    trial: Trial
    playing: Playing
    illness: Illness | None = None
    how: str = ""
    broken: list[Broken] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The step key."""
        return self.playing.instance.key


def play(ground: Ground, trials: Sequence[Trial]) -> Iterator[HistoryResult]:
    """Play the trials of a step's callbacks.

    Raises:
        IsolationError: when the participant does not start again, or does not reach the harness.
        SagapactError: when it cannot be put into a precondition.
    """
    yield from (untold(trial, trouble) for trial in trials if (trouble := _already(ground, trial)))
    asked = [trial for trial in trials if not _already(ground, trial)]
    if not asked:
        return
    with CallbackReceiver(ground.isolation.listen_host) as receiver:
        ground.isolation.check_reached(receiver.port)
        yield from _Receiving(ground, receiver).each(asked)


def _already(ground: Ground, trial: Trial) -> str:
    """Say why nothing can be told of a trial, since its callback is not right without any disturbance; else nothing."""
    plain = ground.plain.get(trial.history.name)
    if plain is None or plain.trouble:
        return f"{trial.history.name} was not judged while its callback is taken at once, so that nothing can be told of this"
    if any(one.obligation == "O18" for one in plain.broken):
        return f"the callback of {trial.history.name} is broken already when it is taken at once (O18): mend that first"
    return ""


class _Receiving:
    """The trials of one step with a receiver of their own."""

    def __init__(self, ground: Ground, receiver: CallbackReceiver) -> None:
        self._ground, self._receiver = ground, receiver
        self._driver = ground.driver.calling_back(receiver)
        self._step = ground.driver.slice.step
        self._allowed_s = self._step.callback_timeout_ms / 1000

    def each(self, trials: Sequence[Trial]) -> Iterator[HistoryResult]:
        """Play all: those with an ill receiver together, if they may be, then each restart."""
        ill = [trial for trial in trials if manner(trial) != Receiver.AWAY]
        together = reads_its_own(self._driver.slice, self._driver.prober)
        for some in [ill] if together else [[trial] for trial in ill]:
            begun = [self._ill(trial, note_others=together) for trial in some]
            yield from (self._ended(tried) for tried in begun)
        for trial in trials:
            if manner(trial) == Receiver.AWAY:
                yield self._ended(self._away(trial))

    def _ill(self, trial: Trial, *, note_others: bool) -> _Tried:
        """Play a history whose callback is not taken at first."""
        quarter_s = self._allowed_s / 4
        silence_s = min(LONGEST_SILENCE_S, quarter_s)
        longest_s = min(tellings.LONGEST_ILLNESS_S, 2 * quarter_s)
        illness = {
            Receiver.FAILS: Illness(_FAILING, min(SHORTEST_FAILING_S, quarter_s), longest_s),
            Receiver.LOSES: Illness((_NO_ANSWER,), longest_s=longest_s),
            Receiver.SLOW: Illness((Treatment(NoAnswer.CLOSE, silence_s),), longest_s=longest_s),
        }[manner(trial)]
        tried = _Tried(trial, Playing(self._driver, trial.history), illness)
        self._receiver.treat(tried.key, illness)
        tried.playing.run()
        if manner(trial) == Receiver.SLOW:
            tried.how = f"; the first answer was held back for {silence_s:.1f} s"
            tried.how += self._others_meanwhile(trial) if note_others else ""
        return tried

    def _others_meanwhile(self, trial: Trial) -> str:
        """Say how long another key's callback takes while one receiver keeps the participant waiting; that is no obligation."""
        other = Playing(self._driver, trial.history, longest_wait_s=self._allowed_s)
        other.run()
        self._driver.release(other.instance)
        return (
            f", and another key's callback came {other.callback_ms[0]:.0f} ms after its acceptance" if other.callback_ms else ""
        )

    def _away(self, trial: Trial) -> _Tried:
        """Play a history whose participant is killed and started again while nobody takes its callback."""
        with self._receiver.away() as come_back:

            def restart(number: int) -> None:
                if number == 0 and not playing.refused_at_once:
                    over = self._over(playing)
                    self._ground.running.kill()
                    self._ground.running.start()
                    come_back()
                    if over and self._driver.status(playing.instance).outcome != over:
                        playing.longest_wait_s = WAIT_AFTER_A_LOSS_S

            playing = Playing(self._driver, trial.history, longest_wait_s=self._allowed_s, after_event=restart)
            playing.run()
        return _Tried(trial, playing)

    def _over(self, playing: Playing) -> str | None:
        """Wait until the work is over, and was tried to be told of; gives what the status call says then, where there is one."""
        over = None
        if playing.looking.asks and not self._step.own_outputs("status"):
            for called in self._driver.until_over(playing.instance, min(LONGEST_WORK_S, self._allowed_s)):
                playing.calls.append(called)
                over = called.outcome
        else:
            time.sleep(AT_WORK_S)
        time.sleep(FIRST_TRY_S)
        return over

    def _ended(self, tried: _Tried) -> HistoryResult:
        """Judge a trial when all that belongs to it has come."""
        playing = tried.playing
        if playing.refused_at_once:
            self._driver.release(playing.instance)
            return inapplicable(tried.trial, "the participant refuses in its reply, so that no callback tells it")
        taken_after = self._judge_taken(tried)
        playing.end()
        self._judge_playing(tried)
        told = self._receiver.of(tried.key)
        declared = self._step.callback.backoff if self._step.callback is not None and tried.illness is not None else None
        hurried = tellings.storm(told) or tellings.too_fast(told, declared)
        seen = {"O33": tellings.changed_outputs(self._driver, told), "O19": hurried}
        tried.broken += [Broken(obligation, text) for obligation, text in seen.items() if text]
        if not tried.broken and not playing.trouble:
            self._judge_effect(tried)
        self._driver.release(playing.instance)
        return self._result(tried, taken_after)

    def _judge_taken(self, tried: _Tried) -> str:
        """See that the callback is told again until it is taken; gives what was seen, in words."""
        illness, playing = tried.illness, tried.playing
        if playing.missed_callback or playing.trouble:
            return ""
        if illness is None:
            took_ms = playing.callback_ms[0] if playing.callback_ms else 0.0
            return f"killed and started again when the work was over; told {took_ms:.0f} ms after the receiver was back"
        began = self._receiver.of(tried.key)
        if not began:
            return ""
        taken = tellings.wait_until_taken(self._receiver, tried.key, illness, self._allowed_s)
        if taken is None:
            times = self._receiver.count(tried.key)
            waited_ms = self._allowed_s * 1000
            self._allowed_s = min(self._allowed_s, WAIT_AFTER_A_MISS_S)
            text = f"the callback came {_times(times)} (answers: {illness.answers}), and not again within {waited_ms:.0f} ms"
            tried.broken.append(Broken("O19", f"{text} after the receiver was well. It is repeated until it is taken"))
            return ""
        late_ms = max(0.0, taken.at_s - illness.well_from_s) * 1000
        return f"answers: {illness.answers}; taken at try {illness.failed + 1}, {late_ms:.0f} ms after the receiver was well"

    def _judge_playing(self, tried: _Tried) -> None:
        """Give what deviated in the history its obligation: of what deviates undisturbed the deck tells."""
        plain = self._ground.plain[tried.trial.history.name]
        known = {"O21", *(one.obligation for one in plain.broken)}
        playing = tried.playing
        lost = tried.illness is None and any(one.obligation not in ("O18", "O21", "O31") for one in playing.broken)
        for one in playing.broken:
            if one.obligation in known or (lost and one.obligation == "O18"):  # who forgets the step cannot tell of it
                continue
            if one.obligation == "O18" and playing.missed_callback:
                tried.broken.append(Broken("O19", self._never_told(tried, one.text)))
            elif one.obligation in _KEPT_AS_THEY_ARE:
                tried.broken.append(one)
            else:
                of_restart = tried.illness is None
                without = "without the restart" if of_restart else "when the callback is taken at once"
                text = f"the same history is kept {without}; with it {one.text}"
                tried.broken.append(Broken("O16" if of_restart else "O19", text))

    def _never_told(self, tried: _Tried, text: str) -> str:
        if tried.illness is not None:
            return f"{text}, although it comes when nothing else fails: a callback that is not taken holds up or ends the others"
        return (
            f"{text} after the receiver was back. The participant was killed before the callback was taken: keep it in an outbox"
        )

    def _judge_effect(self, tried: _Tried) -> None:
        """See that telling it again changed nothing else."""
        playing, ends = tried.playing, tried.trial.history.ends
        reading = playing.looking.read(playing.instance, asks=True)
        if playing.looking.probes and reading.fields is None:
            playing.trouble = f"at the end {reading.unread}"
        elif playing.looking.probes and not playing.looking.fits(reading, playing.instance, ends.worlds):
            tried.broken.append(Broken("O19", f"after the callback was told again the probe reads {reading.found}"))
        elif any(called.outcome not in ends.told for called in reading.told):
            text = f"after the callback was told again the status call says {reading.told[-1].outcome}"
            tried.broken.append(Broken("O19", text))

    def _result(self, tried: _Tried, seen: str) -> HistoryResult:
        waivers = Waivers(self._driver.slice.waivers, self._step.step, self._ground.today)
        broken = tuple({one.obligation: one for one in reversed(tried.broken)}.values())[::-1]
        verdict = Verdict.KEPT
        if broken:
            verdict = Verdict.WAIVED if all(waivers.hides(one.obligation) for one in broken) else Verdict.BROKEN
        elif tried.playing.trouble:
            verdict = Verdict.UNPROVEN
        return HistoryResult(
            tried.trial.name, verdict, tried.trial.obligations, broken,
            tried.playing.looking.evidence | {Evidence.FAILURE},
            trouble="" if broken else tried.playing.trouble,
            calls=tuple(called.as_json() for called in tried.playing.calls),
            how=f"{seen}{tried.how}" if seen else "",
        )  # fmt: skip


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
