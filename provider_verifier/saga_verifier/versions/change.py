"""Playing histories over a change of versions: each to a moment at the first version, and to its end at the one that follows.

Where neither preconditions nor effects meet, one change serves them all; elsewhere each takes a change of its own.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date

import httpx

from saga_contracts.derive.adoption import Waivers
from saga_contracts.derive.slices import StepSlice
from saga_contracts.derive.trials import Trial
from saga_verifier.access import Credentials, Prober, Stage, StateChanges
from saga_verifier.isolation.errors import IsolationError
from saga_verifier.isolation.interface import Isolation, Running
from saga_verifier.isolation.spec import Spec
from saga_verifier.play.callbacks import CallbackReceiver
from saga_verifier.play.deck import WAIT_AFTER_A_MISS_S, wait_for_work
from saga_verifier.play.driver import Driver
from saga_verifier.play.looking import keeps_its_own
from saga_verifier.provider_file import ProviderFile
from saga_verifier.trials.held import Held
from saga_verifier.verdicts import HistoryResult

_NOTHING_WAIVED = Waivers((), "", date.min)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a history showed over a change.

    Attributes:
        result: What was seen, as of a history; None when it was not played to its end.
        reached: How many of its events were over.
        came: Did it come to the change at all?
        trouble: Why it could not be judged; empty when it was.
        lost: Why the version that follows does not start on the data; empty when it does.
        how: What the change took.
    """

    result: HistoryResult | None = None
    reached: int = 0
    came: bool = True
    trouble: str = ""
    lost: str = ""
    how: str = ""

    @property
    def answered(self) -> bool:
        """Was the last call answered at all?"""
        calls = self.result.calls if self.result is not None else ()
        return bool(calls) and calls[-1]["reply"]["status"] is not None


@dataclass(frozen=True, slots=True)
class Scene:
    """Where the changes are played.

    Attributes:
        provider: The provider file: addresses, states, live headers, probes; alike for all versions.
        isolation: The backend that runs them.
        callbacks: Takes callbacks.
        http: Sends calls.
        learned: Told of each new token, and of who runs.
    """

    provider: ProviderFile
    isolation: Isolation
    callbacks: CallbackReceiver
    http: httpx.Client
    learned: Callable[[Running, str], None]


def over_a_change(scene: Scene, slice_: StepSlice, trials: Sequence[Trial], first: Spec, then: Spec) -> dict[str, Seen]:
    """Play histories of a step over a change of versions; each trial's `at` says after how many events.

    Args:
        scene: Where.
        slice_: The step.
        trials: What is played.
        first: The version that begins, on an empty data directory.
        then: The version that follows.

    Returns:
        What each showed, by the trial's name.

    Raises:
        IsolationError: when the first version does not start.
    """
    prober = scene.provider.probes.get(f"{slice_.saga}/{slice_.step.step}")
    apart = keeps_its_own(slice_, None if prober is None else Prober(prober, Stage(scene.provider.folder)))
    groups = [list(trials)] if apart and trials else [[one] for one in trials]
    return {name: seen for group in groups for name, seen in _one_change(scene, slice_, group, first, then).items()}


class _Current:
    """The version that runs at the moment."""

    def __init__(self, running: Running) -> None:
        self.running = running

    @property
    def base_url(self) -> str:
        """Where it answers."""
        return self.running.base_url

    @property
    def values(self) -> Mapping[str, str]:
        """What the placeholders stand for beside it."""
        return self.running.values

    def stop(self) -> None:
        """End it, and remove its data."""
        self.running.stop()


def _one_change(scene: Scene, slice_: StepSlice, trials: Sequence[Trial], first: Spec, then: Spec) -> dict[str, Seen]:
    began = time.monotonic()
    with ExitStack() as stack:
        current = _Current(scene.isolation.start(first))
        stack.callback(current.stop)
        driver = _driver(scene, slice_, current)
        held = [Held(driver, one) for one in trials]
        for one in held:
            stack.callback(one.let_go)
            one.to_its_moment()
        try:
            current.running = current.running.followed_by(then)
        except IsolationError as error:
            lost = str(error).partition("\n")[0]
            return {one.trial.name: Seen(lost=lost, came=one.came) for one in held}
        _to_the_end(driver, held)
        shared = f", which served {len(held)} histories" if len(held) > 1 else ""
        how = f"one change of versions{shared}, {time.monotonic() - began:.1f} s"
        gone = current.running.ended()
        return {one.trial.name: replace(_seen(one, gone), how=how) for one in held}


def _driver(scene: Scene, slice_: StepSlice, current: _Current) -> Driver:
    provider = scene.provider
    stage = Stage.of(provider, current)
    form = provider.probes.get(f"{slice_.saga}/{slice_.step.step}")
    states_at = None if provider.states is None else lambda: str(provider.states_url(current.base_url))
    teardown = None if provider.states is None else provider.states.teardown
    return Driver(
        slice_, lambda: provider.calls_url(current.base_url), None, scene.callbacks, scene.http,
        states=StateChanges(scene.http, states_at, teardown=teardown),
        credentials=Credentials(
            provider.live_headers, provider.token, stage, lambda token: scene.learned(current.running, token)
        ),
        prober=None if form is None else Prober(form, stage),
    )  # fmt: skip


def _to_the_end(driver: Driver, held: Sequence[Held]) -> None:
    for one in held:
        missed = any(other.playing.missed_callback for other in held)
        one.playing.longest_wait_s = WAIT_AFTER_A_MISS_S if missed else None
        one.to_its_end()
    wait_for_work(driver, [one.playing for one in held])
    for one in held:
        if one.error is None:
            one.playing.end()
            driver.release(one.playing.instance)


def _seen(held: Held, gone: str | None) -> Seen:
    result = held.playing.result(_NOTHING_WAIVED)
    trouble = str(held.error) if held.error is not None else held.playing.trouble
    if gone is not None and (trouble or result.broken):
        trouble = f"the version that follows ended meanwhile ({gone}); its log tells more"
    return Seen(result, held.playing.reached, held.came, trouble)
