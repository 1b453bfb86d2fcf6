"""What becomes of a callback that is not taken at first: a receiver that is ill for a while, and a judgement of what it was told.

A participant may tell an outcome as often as it likes, but not more than `STORM` times in a second, and always the same.
"""

import math
import time
from collections.abc import Sequence

from saga_contracts.declare.calls import Backoff
from saga_contracts.declare.outputs import Teller, outputs_in
from saga_contracts.rim.server import Answer, NoAnswer
from saga_contracts.wire.likeness import same, short
from saga_verifier.play.callbacks import Callback, CallbackReceiver, Treatment
from saga_verifier.play.driver import Driver

STORM = 30
LATENESS_MS = 250.0
"""So much later than it was sent the first try may be heard on a busy machine, so that the others seem to come too soon."""
LONGEST_ILLNESS_S = 10.0
"""So long it is ill at most, when it is told less often than it is to be."""
_LONGEST_REST_S = 1.0
_SHOWN = 6


class Illness:
    """A receiver that does not take what it is told for a while, then does; the manner of one key.

    Args:
        treatments: How each telling is treated, one after the other; it is well when all were used.
        least_s: So long it is ill at least, beginning with the first telling; the treatments are repeated.
        longest_s: So long at most, however seldom it is told.
    """

    def __init__(self, treatments: Sequence[Treatment], least_s: float = 0, longest_s: float = LONGEST_ILLNESS_S) -> None:
        self._treatments, self._least_s, self._longest_s = treatments, least_s, longest_s
        self._told_at_s: list[float] = []
        self.failed = 0
        """How often it was told in vain."""
        self._answers: list[str] = []

    def __call__(self, number: int) -> Treatment | None:
        """Treat one telling."""
        now_s = time.monotonic()
        if now_s >= self.well_from_s and number > len(self._treatments):
            return None
        if self._told_at_s and now_s >= self._told_at_s[0] + self._longest_s:
            return None
        treatment = self._treatments[(number - 1) % len(self._treatments)]
        self._told_at_s.append(now_s)
        self.failed += 1
        if len(self._answers) <= _SHOWN:
            self._answers.append(_in_words(treatment.answer))
        return treatment

    @property
    def answers(self) -> str:
        """What it answered while it was ill, in words."""
        shown = ", ".join(self._answers[:_SHOWN])
        return f"{shown}, …" if len(self._answers) > _SHOWN else shown

    @property
    def well_from_s(self) -> float:
        """From when on it takes what it is told, on the clock of `time.monotonic`; infinite as long as it was not told."""
        needed = len(self._treatments)
        if not self._told_at_s:
            return math.inf
        if len(self._told_at_s) < needed:
            return self._told_at_s[0] + self._longest_s
        return max(self._told_at_s[needed - 1], self._told_at_s[0] + self._least_s)


def wait_until_taken(receiver: CallbackReceiver, key: str, illness: Illness, allowed_s: float) -> Callback | None:
    """Wait until a callback is taken; None when it was not within the time that is allowed once the receiver is well.

    Args:
        receiver: Was told it once at least.
        key: Of this step.
        illness: Of the receiver at this key.
        allowed_s: How long after it is well the callback may come.
    """
    while True:
        told = receiver.of(key)
        taken = next((one for one in told if one.taken), None)
        left_s = illness.well_from_s + allowed_s - time.monotonic()
        if taken is not None or left_s <= 0:
            return taken
        receiver.wait(key, min(left_s, _LONGEST_REST_S), len(told))


def storm(told: Sequence[Callback]) -> str:
    """Say that a callback came too often, or nothing."""
    most = max((_within_a_second(told, one.at_s) for one in told), default=0)
    if most <= STORM:
        return ""
    return f"the callback came {most} times within a second (more than {STORM} is a storm): wait longer after each try"


def too_fast(told: Sequence[Callback], backoff: Backoff | None) -> str:
    """Say that a callback came again sooner than the file declares, or nothing; half of a pause may be left out by chance."""
    least_ms = 0.0
    for number, one in enumerate(told[1:] if backoff is not None else (), 1):
        assert backoff is not None  # noqa: S101  (else there is nothing to go through)
        least_ms += backoff.pause_ms(number) / 2
        after_ms = (one.at_s - told[0].at_s) * 1000
        if after_ms < least_ms - LATENESS_MS:
            text = f"try {number + 1} of the callback came {after_ms:.0f} ms after the first one"
            return f"{text}, and the pauses that the file declares (`callback.backoff`) are {least_ms:.0f} ms at least"
        if one.taken:
            return ""
    return ""


def changed_outputs(driver: Driver, told: Sequence[Callback]) -> str:
    """Say which outputs are told otherwise when it is told again, or nothing: whichever arrives, its outputs are used."""
    found = [outputs_in(driver.slice.step, one.body, one.headers, Teller.CALLBACK) for one in told]
    given = [outputs for outputs in found if outputs is not None]  # who tells another outcome gives none
    other = next((outputs for outputs in given if not same(outputs, given[0])), None)
    return "" if other is None else f"told again, the callback gave the outputs {short(other)} instead of {short(given[0])}"


def _within_a_second(told: Sequence[Callback], from_s: float) -> int:
    return sum(from_s <= one.at_s < from_s + 1 for one in told)


def _in_words(answer: Answer | NoAnswer) -> str:
    return str(answer.status) if isinstance(answer, Answer) else "none"
