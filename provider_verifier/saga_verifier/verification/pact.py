"""One pact from beginning to end: it ends with a value, whatever it holds and whatever happens.

That is what was judged, and what could not be found out, with the reason.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import chain
from typing import Any

import httpx

from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive import decks, pactfile
from saga_contracts.derive.cases import arrived_state, fresh_state
from saga_contracts.derive.decks import Deck
from saga_contracts.derive.slices import StepSlice
from saga_contracts.derive.trials import Trial
from saga_contracts.derive.trials import derive as derive_trials
from saga_contracts.errors import SagapactError
from saga_contracts.rim.sender import bounded_client
from saga_verifier import replay, trials
from saga_verifier.access import StateChanges
from saga_verifier.isolation.alive import check_running, check_sound
from saga_verifier.isolation.errors import IsolationError
from saga_verifier.isolation.interface import Isolation, Running
from saga_verifier.play.callbacks import CallbackReceiver
from saga_verifier.play.deck import play_deck
from saga_verifier.play.driver import Driver
from saga_verifier.play.pact_states import PactStates
from saga_verifier.play.second_look import SecondLook
from saga_verifier.replay import Interaction, ReplayResult, Serving
from saga_verifier.reuse import Known
from saga_verifier.trials import Ground
from saga_verifier.verdicts import DeckResult, HistoryResult, InteractionOutcome, PactOutcome
from saga_verifier.verification.again import Again, Part
from saga_verifier.verification.interactions import not_judged, outcomes, unread, warnings
from saga_verifier.verification.pairing import with_pairs
from saga_verifier.verification.reused import known_histories, known_trials
from saga_verifier.verification.target import Drivers, Progress, Target

REPLAY_BASE_S = 60.0
REPLAY_PER_INTERACTION_S = 2.0
LOG_LINES = 15


def verify_pact(
    target: Target,
    pact: Any,
    *,
    faults: int,
    today: date,
    pending: bool = False,
    progress: Progress | None = None,
    seed: int = 0,
    at_once: int = 1,
    again: Again | None = None,
    known: Known | None = None,
) -> PactOutcome:
    """Verify one pact against a running participant.

    Args:
        target: The participant.
        pact: The pact document.
        faults: The most faults in one history of a deck.
        today: The date on which waivers are judged.
        pending: Is the pact pending for this version of the provider?
        progress: Told what happens.
        seed: Of what trials leave to chance.
        at_once: How many histories are played at the same time, where their keys and data are apart.
        again: Only this is played; None: every interaction, deck and trial is.
        known: Results that need not be found out again; None: there are none.
    """
    consumer, found = "", _Found()
    try:
        consumer, _ = replay.parties(pact)
        interactions = replay.read_pact(pact, target.provider)
        replay.check_installed(pact)
        slices = pactfile.slices(pact)
    except SagapactError as error:
        return PactOutcome(consumer, target.provider, pending, (), troubles=(str(error),))
    try:
        how = _How(consumer, faults, today, progress or Progress(), seed, at_once, again, None if again is not None else known)
        _verify(target, interactions, slices, found, how)
    except SagapactError as error:
        found.troubles.append(str(error))
    if found.troubles:
        _explain(found, target.running)
    troubles = (*found.troubles, *found.unjudged)
    return PactOutcome(consumer, target.provider, pending, found.interactions, tuple(found.decks), found.notes, troubles)


@contextmanager
def receiving(isolation: Isolation, slices: Sequence[StepSlice]) -> Iterator[CallbackReceiver]:
    """Receive callbacks where the participant reaches the harness; where no step calls back, that does not matter."""
    if not any(one.step.callback is not None for one in slices):
        with CallbackReceiver() as unused:
            yield unused
        return
    with CallbackReceiver(isolation.listen_host) as receiver:
        isolation.check_reached(receiver.port)
        yield receiver


@dataclass(frozen=True, slots=True)
class _How:
    """How to verify the pact of a consumer."""

    consumer: str
    faults: int
    today: date
    progress: Progress
    seed: int
    at_once: int
    again: Again | None
    known: Known | None


@dataclass(slots=True)
class _Found:
    """What is known of a pact so far.

    Attributes:
        troubles: What went wrong.
        unjudged: What is not said of every interaction, although nothing went wrong.
    """

    interactions: tuple[InteractionOutcome, ...] = ()
    notes: tuple[str, ...] = ()
    decks: list[DeckResult] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    unjudged: tuple[str, ...] = ()


def _verify(target: Target, interactions: Sequence[Interaction], slices: Sequence[StepSlice], found: _Found, how: _How) -> None:
    with ExitStack() as stack:
        callbacks = stack.enter_context(receiving(target.isolation, slices))
        http = stack.enter_context(bounded_client())
        changes = StateChanges(http, target.states_at, how.consumer, teardown=target.teardown)
        drivers = {f"{one.saga}/{one.step.step}": _driver(target, one, changes, callbacks, http) for one in slices}
        if how.again is None:
            reused = _reused(interactions, slices, how)
            left = [one for one in interactions if one.name not in reused]
            if left:
                _judge_interactions(target, left, PactStates(drivers, changes), drivers, found, how)
            judged = reused | {one.key: one for one in found.interactions}
            found.interactions = tuple(judged[one.name] for one in interactions if one.name in judged)
        _play(target, drivers, found, how, _checked(how.progress, target.running))
        found.notes = (*found.notes, *(f"warning: {note}" for note in changes.notes))
        found.troubles += dict.fromkeys(changes.troubles)
        check_running(target.running)


def _reused(interactions: Sequence[Interaction], slices: Sequence[StepSlice], how: _How) -> dict[str, InteractionOutcome]:
    found = {one.name: how.known.interaction(how.consumer, one, slices) for one in interactions} if how.known is not None else {}
    return {name: outcome for name, outcome in found.items() if outcome is not None}


def _judge_interactions(
    target: Target, interactions: Sequence[Interaction], states: PactStates, drivers: Drivers, found: _Found, how: _How
) -> None:
    result = _replay(target, interactions, _serving(target, drivers, states))
    states.restore()
    if any(one.verdict != Verdict.KEPT for one in result.interactions):
        check_sound(target.running)
    found.interactions = outcomes(result, drivers, SecondLook(drivers, how.today))
    found.notes = (*warnings(result), *unread(target, drivers))
    found.unjudged = tuple(not_judged(result))
    found.troubles += [result.trouble] if result.trouble else []


def _driver(target: Target, slice_: StepSlice, states: StateChanges, callbacks: CallbackReceiver, http: httpx.Client) -> Driver:
    prober = target.probers.get(f"{slice_.saga}/{slice_.step.step}")
    return Driver(
        slice_, lambda: target.base_url, target.states_at, callbacks, http,
        states=states, credentials=target.credentials, prober=prober,
    )  # fmt: skip


def _serving(target: Target, drivers: Drivers, states: PactStates) -> Serving:
    """Give who serves the pact's states and messages: those of its sagas are ours, the others the participant's."""
    steps = [tuple(name.split("/")) for name in drivers]
    fresh = {fresh_state(saga, step) for saga, step in steps}
    arrived = tuple(arrived_state(saga, step, "").rstrip() for saga, step in steps)
    return Serving(
        states.handle,
        has_states=target.states_at is not None,
        is_ours=lambda state: state in fresh or state.startswith(arrived),
        message=states.message,
        messages_url=target.messages_url,
    )


def _replay(target: Target, interactions: Sequence[Interaction], serving: Serving) -> ReplayResult:
    timeout_s = REPLAY_BASE_S + REPLAY_PER_INTERACTION_S * len(interactions)
    return replay.replay(
        interactions, target.provider, target.base_url, serving, timeout_s,
        live=target.credentials.headers, meanwhile=lambda: check_running(target.running),
    )  # fmt: skip


def _checked(progress: Progress, running: Running) -> Progress:
    """Stop at the first history that is not kept because its participant has ended, or has a full disk."""

    def history_ended(history: HistoryResult) -> None:
        progress.history_ended(history)
        if history.verdict != Verdict.KEPT:
            check_sound(running)

    return replace(progress, history_ended=history_ended)


def _play(target: Target, drivers: Drivers, found: _Found, how: _How, progress: Progress) -> None:
    slices = [driver.slice for driver in drivers.values()]
    for name, driver in drivers.items():
        part = _part(driver.slice, how, slices)
        if part is None:
            continue
        deck = part.deck
        if not deck.histories and part.beside is None:
            found.troubles.append(f"the deck of {name} is empty: nothing would be checked. Report this as a defect of sagapact.")
            continue
        progress.deck_started(deck)
        try:
            played = _played(driver, deck, how, progress)
            beside = {one.slice.step.step: one for one in drivers.values() if one.slice.saga == driver.slice.saga}
            tried = _tried(driver, beside, played, part.trials, target, how, progress)
            found.decks.append(replace(played, histories=(*played.histories, *tried), replayed=how.again is not None))
        except IsolationError:
            raise
        except SagapactError as error:  # the other decks may well be played
            found.troubles.append(f"the deck of {name} was not played: {error}")
    asked = how.again.pair(slices, how.faults) if how.again is not None else None
    if how.again is None or asked is not None:
        found.decks, troubles = with_pairs(
            found.decks, drivers, how.faults, how.today, progress.history_ended, how.known, asked
        )  # fmt: skip
        found.troubles += troubles


def _played(driver: Driver, deck: Deck, how: _How, progress: Progress) -> DeckResult:
    """Play a deck, but for the histories whose results are known."""
    reused = known_histories(driver.slice, deck, how.known)
    left = replace(deck, histories=tuple(one for one in deck.histories if one.name not in reused))
    for result in reused.values():
        progress.history_ended(result)
    played = play_deck(driver, left, how.today, progress.history_ended, how.at_once) if left.histories else None
    judged = reused | {one.name: one for one in (played.histories if played is not None else ())}
    return DeckResult(deck, driver.slice, tuple(judged[one.name] for one in deck.histories), how.today)


def _part(slice_: StepSlice, how: _How, slices: Sequence[StepSlice]) -> Part | None:
    """Give what of a step is played; None: nothing."""
    if how.again is not None:
        return how.again.of(slice_, how.faults, slices)
    deck = decks.derive(slice_, how.faults)
    return Part(deck, derive_trials(slice_, deck))


def _tried(
    driver: Driver,
    beside: Drivers,
    played: DeckResult,
    derived: Sequence[Trial],
    target: Target,
    how: _How,
    progress: Progress,
) -> Iterator[HistoryResult]:
    """Play the trials that the step's level asks for."""
    plain = {one.name: one for one in played.histories}
    reused = known_trials(driver.slice, derived, how.known, [one.slice for one in beside.values()])
    meetings = [one for one in derived if one.is_undisturbed and one.name not in reused]
    for result in chain(tuple(reused.values()), trials.play_two_sagas(driver, meetings, plain, how.today, beside)):
        progress.history_ended(result)
        reused[result.name] = result
    yield from (reused[one.name] for one in derived if one.is_undisturbed)
    asked = [one for one in derived if not one.is_undisturbed]
    if target.provider_file is None:
        why = "it runs already, and nobody says how it is started, so that it cannot be disturbed"
        yield from (trials.untold(one, why) for one in asked)
        return
    ground = Ground(driver, target.running, target.isolation, target.provider_file, how.today, how.seed, plain, target.services)
    for result in trials.play(ground, asked):
        progress.history_ended(result)
        yield result


def _explain(found: _Found, running: Running) -> None:
    """Say why nothing that was seen counts, if it does not, and add the last lines of the participant's log."""
    try:
        check_sound(running)
    except IsolationError as cause:
        found.interactions, found.decks = (), []
        if not any(str(cause) in trouble for trouble in found.troubles):
            found.troubles.insert(0, str(cause))
    tail = running.log_tail(LOG_LINES)
    if tail:
        found.troubles[-1] += f"\nThe last lines of {running.name}:\n{tail}"
