"""What a participant tells later: every callback of a history is judged, those after a compensation included.

A callback is right when it comes as the saga file declares it (method, headers, body) and tells an outcome that the step came to.
Work that was compensated while it was under way may still be told either way: it had ended before, or it ended as nothing.
"""

import time
from collections.abc import Iterator

from saga_contracts.declare import templates
from saga_contracts.declare.outcomes import Outcome, State
from saga_contracts.derive.decks import History
from saga_contracts.derive.expectations import Letter, Situation
from saga_contracts.wire import replies
from saga_contracts.wire.bodies import as_text
from saga_contracts.wire.likeness import short
from saga_verifier.play.callbacks import Callback
from saga_verifier.play.called import Instance
from saga_verifier.play.driver import Driver


def now() -> float:
    """Read the clock on which callbacks are kept."""
    return time.monotonic()


def outcome_of(driver: Driver, instance: Instance, callback: Callback) -> Outcome | None:
    """Give what a callback tells; None when its body is none that the step declares."""
    return replies.callback_outcome(driver.slice.step, callback.body, driver.context(instance))


def judged(
    driver: Driver, history: History, instance: Instance, *, refused_at_once: bool, awaited: int
) -> Iterator[tuple[str, str]]:
    """Give each deviation of the callbacks that came for an instance: the obligation and what is to be said.

    Args:
        driver: Knows the step, and what came.
        history: What was played.
        instance: With this instance.
        refused_at_once: Did the participant refuse in its reply?
        awaited: How many of them were waited for, so that what they tell was judged when they came.
    """
    if driver.slice.step.callback is None:
        return
    allowed, otherwise = _allowed(history, refused_at_once=refused_at_once)
    for number, callback in enumerate(driver.callbacks.of(instance.key), 1):
        yield from as_declared(driver, instance, callback)
        if number <= awaited:
            continue
        outcome = outcome_of(driver, instance, callback)
        if outcome is None:
            yield "O18", f"a callback says {short(callback.body, 160)}, which the step does not declare"
        elif outcome not in allowed:
            yield otherwise, f"a callback tells `{outcome}`, but the step came to {' or '.join(sorted(allowed)) or 'nothing'}"


def as_declared(driver: Driver, instance: Instance, callback: Callback) -> Iterator[tuple[str, str]]:
    """Give what of a callback is not as the saga file declares it, its body apart."""
    declared = driver.slice.step.callback
    assert declared is not None  # noqa: S101  (the caller looked)
    request = declared.request
    if callback.method != request.method:
        yield "O18", f"the callback came by {callback.method} instead of {request.method}"
    for name, template in request.headers.items():
        wanted = as_text(templates.fill(template, driver.context(instance)))
        found = callback.headers.get(name.lower())
        if found != wanted:
            yield "O18", f"the callback has {name}: {found!r} instead of {wanted!r}"
    for text in driver.unechoed(instance, callback.headers, callback.body):
        yield "O31", f"the callback has {text}"


def _allowed(history: History, *, refused_at_once: bool) -> tuple[set[Outcome], str]:
    """Give the outcomes that may be told in a history, and the obligation that another one breaks."""
    allowed = {Outcome.REFUSED} if refused_at_once else set()
    otherwise = "O18"
    situations: list[Situation] = [history.begins, *(play.expects.following for play in history.plays)]
    for situation, play in zip(situations, history.plays, strict=False):
        if play.letter == Letter.DONE:
            allowed.add(Outcome.DONE)
        if play.letter == Letter.CALLBACK_REFUSED:
            allowed.add(Outcome.REFUSED)
        if play.letter == Letter.COMPENSATE and situation.state == State.IN_PROGRESS:
            allowed |= {Outcome.DONE, Outcome.REFUSED}
        if play.letter == Letter.FORWARD and situation.state in (State.COMPENSATED, State.REFUSED):
            allowed.add(Outcome.REFUSED)
            otherwise = play.expects.effect_obligation
    return allowed, otherwise
