"""Moving the participant's clock: nearly as far as it promises to know a key, a repeated call is absorbed as well (O30).

Histories are brought to their moments, the clock is moved once for all of them where they do not meet, and they are played to
their ends. A clock that is moved at a start is that of a second program on the same data, in the place of the first.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from saga_contracts.derive.trials import Trial
from saga_contracts.errors import SagapactError
from saga_contracts.rim import sender
from saga_verifier.isolation.interface import Running
from saga_verifier.play.deck import wait_for_work
from saga_verifier.play.looking import keeps_its_own
from saga_verifier.provider_file.clock import Clock
from saga_verifier.trials.disturbed import judged
from saga_verifier.trials.ground import Ground
from saga_verifier.trials.held import Held
from saga_verifier.trials.untold import inapplicable, untold
from saga_verifier.verdicts import HistoryResult

PART_OF_THE_TIME = 0.9
"""So far the clock is moved, of the time for which keys are kept."""
_TIMEOUT_S = 10.0
_NO_CLOCK = (
    "Not decidable here: time cannot be moved, since the provider file names no clock. Where the service has one that can be "
    "moved, add `clock: {keeps_s: …, env: {…}}` or `clock: {keeps_s: …, path: …}`."
)


def play(ground: Ground, trials: Sequence[Trial]) -> Iterator[HistoryResult]:
    """Play the trials; each ends with a value.

    Raises:
        IsolationError: when the participant does not start any more.
    """
    clock = ground.provider.clock
    if clock is None:
        yield from (inapplicable(trial, _NO_CLOCK) for trial in trials)
        return
    apart = keeps_its_own(ground.driver.slice, ground.driver.prober)
    for group in [trials] if apart else [[trial] for trial in trials]:
        yield from _moved(ground, clock, group)


def _moved(ground: Ground, clock: Clock, trials: Sequence[Trial]) -> Iterator[HistoryResult]:
    ahead_s = int(clock.keeps_s * PART_OF_THE_TIME)
    there = _There(ground.running)
    driver = ground.driver.at(lambda: ground.provider.calls_url(there.running.base_url))
    held = [Held(driver, trial) for trial in trials]
    try:
        for one in held:
            one.to_its_moment()
        with _ahead(ground, clock, ahead_s, there):
            for one in held:
                one.to_its_end()
            wait_for_work(driver, [one.playing for one in held])
            for one in held:
                one.playing.end()
    finally:
        for one in held:
            one.let_go()
    for one in held:
        ground.driver.release(one.playing.instance)
        yield _told(ground, one, ahead_s, clock.keeps_s)


def _told(ground: Ground, held: Held, ahead_s: int, keeps_s: int) -> HistoryResult:
    if held.error is not None:
        return untold(held.trial, str(held.error))
    how = f"the clock moved by {ahead_s} s of the {keeps_s} s for which keys are kept"
    return judged(ground, held.trial, held.playing, "O30", f"a clock {ahead_s} s ahead", how)


@dataclass(slots=True)
class _There:
    """Who is called at the moment."""

    running: Running


@contextmanager
def _ahead(ground: Ground, clock: Clock, seconds: int, there: _There) -> Iterator[None]:
    """Let the clock be ahead inside the block."""
    if clock.path is not None:
        _set(ground, clock.path, seconds)
        try:
            yield
        finally:
            _set(ground, clock.path, 0)
        return
    spec = ground.provider.spec()
    ground.running.kill()
    try:
        with ground.running.beside(replace(spec, env={**spec.env, **clock.variables(seconds)})) as there.running:
            yield
    finally:
        there.running = ground.running
        ground.running.start()


def _set(ground: Ground, path: str, seconds: int) -> None:
    url = ground.running.base_url.rstrip("/") + path
    with sender.bounded_client() as http:
        answer = sender.send(http, http.build_request("POST", url, json={"ahead_s": seconds}), _TIMEOUT_S)
    if isinstance(answer, sender.NoAnswer) or not answer.is_success:
        said = answer.text if isinstance(answer, sender.NoAnswer) else f"answered {answer.status}"
        raise SagapactError(
            f"The clock of {ground.running.name} cannot be moved: {url} {said}. Look at `clock` in the provider file."
        )
