"""Playing a deck: each history with a fresh step key against the running participant, judged call by call.

A history stops at the first thing that is not as it must be; that thing names the obligation. What nothing at hand can show
(no probe, no status call) is unproven, never kept.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from saga_contracts.declare import templates
from saga_contracts.declare.obligations import CATALOGUE
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive.decks import Deck, History, Play, World
from saga_contracts.derive.model import Letter
from saga_contracts.wire import replies
from saga_verifier.play.driver import Called, Driver, Instance
from saga_verifier.verdicts import Broken, DeckResult, HistoryResult

NEEDS_PROBE = frozenset({"O2", "O3", "O6", "O7", "O8", "O9", "O11", "O12", "O32"})
"""Obligations about effects: without a probe nothing shows them."""
SETTLE_S = 0.3
"""How long a participant that was compensated at work is given to do, wrongly, its work all the same."""

Progress = Callable[[HistoryResult], None]


class _NotAsDeclaredError(Exception):
    """The first deviation of a history (inside this module only)."""

    def __init__(self, obligation: str, text: str) -> None:
        self.broken = Broken(obligation, text)
        super().__init__(text)


class _UnprovenError(Exception):
    """The history could not be judged (inside this module only)."""


@dataclass(slots=True)
class _Run:
    """One history under way."""

    instance: Instance
    calls: list[Called] = field(default_factory=list)
    outputs: Mapping[str, Any] | None = None
    refused_at_once: bool = False
    """Did a callback step refuse in its reply, so that no callback will come?"""


def play_deck(driver: Driver, deck: Deck, today: date, progress: Progress | None = None) -> DeckResult:
    """Play every history of a deck.

    Args:
        driver: Calls the participant.
        deck: What to play.
        today: The date on which waivers are judged.
        progress: Told of each history when it is over.

    Raises:
        SagapactError: when the participant cannot be put into a precondition.
    """
    waived = frozenset(w.obligation for w in driver.slice.waivers if date.fromisoformat(w.expires) >= today)
    results = []
    for history in deck.histories:
        result = play(driver, history, waived)
        results.append(result)
        if progress is not None:
            progress(result)
    return DeckResult(deck, tuple(results), waived, driver.slice.level)


def play(driver: Driver, history: History, waived: frozenset[str] = frozenset()) -> HistoryResult:
    """Play one history."""
    run = _Run(driver.fresh())
    unproven = () if driver.slice.step.probe is not None else tuple(one for one in history.obligations if one in NEEDS_PROBE)
    broken: Broken | None = None
    verdict, text = Verdict.KEPT, ""
    try:
        _play_all(driver, history, run)
    except _NotAsDeclaredError as deviation:
        broken = deviation.broken
        verdict = Verdict.WAIVED if broken.obligation in waived else Verdict.BROKEN
    except _UnprovenError as reason:
        verdict, text = Verdict.UNPROVEN, str(reason)
    if verdict == Verdict.KEPT and driver.slice.step.probe is None and driver.slice.step.status is None:
        verdict, text = Verdict.UNPROVEN, "neither a status call nor a probe can show what happened"
    calls = tuple(call.as_json() for call in run.calls)
    return HistoryResult(history.name, verdict, history.obligations, unproven, broken, text, calls)


def _play_all(driver: Driver, history: History, run: _Run) -> None:
    driver.prepare(run.instance, refusing=history.refusing)
    _check_world(driver, run, World.REFUSING if history.refusing else World.BEFORE, None)
    refused = False
    for play_ in history.plays:
        if history.improved and refused and play_.letter == Letter.FORWARD:
            driver.prepare(run.instance, refusing=False)
            refused = False
        _play_one(driver, play_, run)
        refused = refused or play_.letter in (Letter.REFUSED, Letter.CALLBACK_REFUSED)
    letters = [play_.letter for play_ in history.plays]
    if driver.slice.step.callback is not None and Letter.COMPENSATE in letters:
        _let_settle(driver, run, letters)
    _check_world(driver, run, history.world, history.world_obligation)


def _play_one(driver: Driver, play_: Play, run: _Run) -> None:
    if play_.letter in (Letter.DONE, Letter.CALLBACK_REFUSED):
        if not run.refused_at_once:
            _await_callback(driver, run, "done" if play_.letter == Letter.DONE else "refused")
    else:
        called = _call(driver, play_, run)
        _check_reply(driver, play_, called, run)
        is_first = sum(call.letter == Letter.FORWARD for call in run.calls) == 1
        run.refused_at_once = run.refused_at_once or (is_first and called.outcome == "refused")
    if driver.slice.step.status is not None:
        _check_status(driver, play_, run)


def _call(driver: Driver, play_: Play, run: _Run) -> Called:
    """Make the call, again while the participant says 'try again', as often as an orchestrator would."""
    for _ in range(driver.slice.step.tries):
        if play_.letter == Letter.COMPENSATE:
            called = driver.compensate(run.instance)
        elif play_.letter == Letter.MISUSED:
            called = driver.forward(driver.with_other_payload(run.instance), "M")
        else:
            called = driver.forward(run.instance, play_.letter.value)
        run.calls.append(called)
        if called.status is None:
            raise _NotAsDeclaredError(
                "O21", f"{_named(play_.letter)} got {called.error} within {driver.slice.step.timeout_ms} ms"
            )
        if called.outcome != "retryable":
            return called
    raise _UnprovenError(f"{_named(play_.letter)} was answered 'try again' ({called.status}) {driver.slice.step.tries} times")


def _check_reply(driver: Driver, play_: Play, called: Called, run: _Run) -> None:
    if called.outcome not in play_.replies:
        expected = " or ".join(play_.replies)
        answer = f"{called.status} {_short(called.body)} ({called.outcome})"
        text = f"{_named(play_.letter)} was answered {answer} instead of {expected}. {CATALOGUE[play_.obligation].meaning}"
        raise _NotAsDeclaredError(play_.obligation, text)
    correlation = driver.slice.correlation
    for header, value in ((correlation.saga_id, run.instance.call.saga_id), (correlation.step, driver.slice.step.step)):
        if called.headers.get(header.lower()) != value:
            found = called.headers.get(header.lower())
            raise _NotAsDeclaredError("O31", f"the reply to {_named(play_.letter)} has {header}: {found!r} instead of {value!r}")
    if called.outcome == "done" and play_.letter == Letter.FORWARD:
        _check_outputs(driver, called, run)


def _check_outputs(driver: Driver, called: Called, run: _Run) -> None:
    from saga_contracts.client.results import outputs_in  # noqa: PLC0415

    outputs = outputs_in(driver.slice.step, called.body)
    if outputs is None:
        raise _NotAsDeclaredError("O1", f"the reply {_short(called.body)} lacks a declared output")
    if run.outputs is not None and outputs != run.outputs:
        raise _NotAsDeclaredError("O3", f"the repeated call gave the outputs {_short(outputs)} instead of {_short(run.outputs)}")
    run.outputs = outputs


def _check_status(driver: Driver, play_: Play, run: _Run) -> None:
    for _ in range(2):  # twice: reading must not change anything (O15)
        called = driver.status(run.instance)
        run.calls.append(called)
        if called.outcome not in [state.value for state in play_.status]:
            expected = " or ".join(state.value for state in play_.status)
            found = f"{called.status} {_short(called.body)} ({called.outcome})" if called.status is not None else called.error
            text = f"after {_named(play_.letter)} the status call says {found} instead of {expected}"
            raise _NotAsDeclaredError(play_.status_obligation, text)


def _await_callback(driver: Driver, run: _Run, expected: str) -> None:
    step = driver.slice.step
    callback = driver.callbacks.wait(run.instance.key, step.callback_timeout_ms / 1000)
    if callback is None:
        raise _NotAsDeclaredError("O18", f"no callback came within {step.callback_timeout_ms} ms")
    outcome = replies.callback_outcome(step, callback.body, driver.context(run.instance))
    if outcome is None or outcome.value != expected:
        raise _NotAsDeclaredError("O18", f"the callback says {_short(callback.body)} instead of {expected}")


def _let_settle(driver: Driver, run: _Run, letters: list[Letter]) -> None:
    undone_at_work = Letter.DONE not in letters and Letter.CALLBACK_REFUSED not in letters
    if undone_at_work:
        driver.callbacks.wait(run.instance.key, SETTLE_S)


def _check_world(driver: Driver, run: _Run, world: World, obligation: str | None) -> None:
    """Compare the probe with what it must read; before the first call a difference only means that nothing can be judged."""
    probe = driver.slice.step.probe
    if probe is None:
        return
    called = driver.probe(run.instance)
    run.calls.append(called)
    reads = {World.APPLIED: probe.reads.applied, World.REFUSING: probe.reads.refusing or probe.reads.before}.get(
        world, probe.reads.before
    )
    expected = templates.fill(reads, driver.context(run.instance))
    found = called.body if isinstance(called.body, dict) else {}
    differs = {name: found.get(name) for name in expected if found.get(name) != expected[name]}
    if not differs:
        return
    seen = _short(differs) if called.body is not None else called.error or called.status
    text = f"the probe reads {seen} instead of {_short(expected)}"
    if obligation is None:
        raise _UnprovenError(f"the precondition is not there: {text}")
    raise _NotAsDeclaredError(obligation, f"at the end {text}. {CATALOGUE[obligation].meaning}")


def _named(letter: Letter) -> str:
    return {
        Letter.FORWARD: "the forward call (F)",
        Letter.REFUSED: "the forward call without its precondition (R)",
        Letter.COMPENSATE: "the compensation (C)",
        Letter.DONE: "the callback (D)",
        Letter.CALLBACK_REFUSED: "the callback (X)",
        Letter.MISUSED: "the forward call with another payload (M)",
    }[letter]


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    limit = 160
    return text if len(text) <= limit else text[: limit - 1] + "…"
