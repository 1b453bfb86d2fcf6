"""Verifying one running participant against one pact: replay its interactions, then play the decks that it carries.

Where the pact comes from and where the results go is left to `run`; starting the participant to `isolation`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import httpx

from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive import decks, pactfile
from saga_contracts.derive.slices import StepSlice
from saga_contracts.errors import SagapactError
from saga_verifier.isolation.alive import check_running, check_sound
from saga_verifier.isolation.interface import Isolation, Running
from saga_verifier.play.callbacks import CallbackReceiver
from saga_verifier.play.deck import play_deck
from saga_verifier.play.driver import Driver
from saga_verifier.play.pact_states import PactStates
from saga_verifier.play.second_look import SecondLook
from saga_verifier.replay import ReplayResult, replay
from saga_verifier.states import StateServer
from saga_verifier.verdicts import DeckResult, HistoryResult, InteractionOutcome, PactOutcome

REPLAY_BASE_S = 60.0
REPLAY_PER_INTERACTION_S = 2.0


@dataclass(frozen=True, slots=True)
class Target:
    """A running participant.

    Attributes:
        provider: Its pacticipant name.
        running: The program.
        states_url: Its state-change address; None when it has none.
        isolation: The backend that runs it; knows where it reaches the harness.
    """

    provider: str
    running: Running
    states_url: str | None
    isolation: Isolation

    @property
    def base_url(self) -> str:
        """Where it answers."""
        return self.running.base_url


@dataclass(frozen=True, slots=True)
class Progress:
    """Who is told what while a verification runs."""

    deck_started: Callable[[decks.Deck], None] = lambda _: None
    history_ended: Callable[[HistoryResult], None] = lambda _: None


def verify_pact(
    target: Target, pact: Mapping[str, Any], *, faults: int, today: date, pending: bool = False, progress: Progress | None = None
) -> PactOutcome:
    """Verify one pact against a running participant.

    Args:
        target: The participant.
        pact: The pact document.
        faults: The most faults in one history of a deck.
        today: The date on which waivers are judged.
        pending: Is the pact pending for this version of the provider?
        progress: Told what happens.

    Raises:
        SagapactError: when it could not be found out.
    """
    consumer = str(pact["consumer"]["name"])
    slices = pactfile.slices(dict(pact))
    with ExitStack() as stack:
        callbacks = stack.enter_context(_receiving(target.isolation, slices))
        http = stack.enter_context(httpx.Client(trust_env=False))
        drivers = {
            f"{one.saga}/{one.step.step}": Driver(one, target.base_url, target.states_url, callbacks, http) for one in slices
        }
        replayed = _replay(target, pact, PactStates(drivers, target.states_url, http))
        look = SecondLook(drivers, today)
        interactions = tuple(one if one.verdict == Verdict.KEPT else _looked_again(one, look) for one in replayed)
        if any(one.verdict != Verdict.KEPT for one in interactions):
            check_sound(target.running)
        played = _play(drivers, faults, today, _checked(progress or Progress(), target.running))
    return PactOutcome(consumer, target.provider, pending, interactions, played)


@contextmanager
def _receiving(isolation: Isolation, slices: Sequence[StepSlice]) -> Iterator[CallbackReceiver]:
    """Receive callbacks where the participant reaches the harness; where no step calls back, that does not matter."""
    if not any(one.step.callback is not None for one in slices):
        with CallbackReceiver() as unused:
            yield unused
        return
    with CallbackReceiver(isolation.listen_host) as receiver:
        isolation.check_reached(receiver.port)
        yield receiver


def _checked(progress: Progress, running: Running) -> Progress:
    """Stop at the first history that is not kept because its participant has ended, or has a full disk."""

    def history_ended(history: HistoryResult) -> None:
        progress.history_ended(history)
        if history.verdict != Verdict.KEPT:
            check_sound(running)

    return replace(progress, history_ended=history_ended)


def _play(drivers: Mapping[str, Driver], faults: int, today: date, progress: Progress) -> tuple[DeckResult, ...]:
    results = []
    for name, driver in drivers.items():
        deck = decks.derive(driver.slice, faults)
        if not deck.histories:
            raise SagapactError(f"The deck of {name} is empty: nothing would be checked. Report this as a defect of sagapact.")
        progress.deck_started(deck)
        results.append(play_deck(driver, deck, today, progress.history_ended))
    return tuple(results)


def _replay(target: Target, pact: Mapping[str, Any], states: PactStates) -> tuple[InteractionOutcome, ...]:
    interactions = pact.get("interactions") or []
    if not interactions:
        raise SagapactError(
            f"The pact between {pact['consumer']['name']} and {target.provider} has no interaction, so nothing would be checked. "
            "Publish one that has."
        )
    with StateServer(states.handle, states.message) as server:
        timeout_s = REPLAY_BASE_S + REPLAY_PER_INTERACTION_S * len(interactions)
        result = replay(
            dict(pact), target.provider, target.base_url, server.url, server.message_url, timeout_s,
            meanwhile=lambda: check_running(target.running),
        )  # fmt: skip
    return _outcomes(result, interactions)


def _looked_again(one: InteractionOutcome, look: SecondLook) -> InteractionOutcome:
    looked = look(one.key, one.mismatches)
    return replace(one, verdict=looked.verdict, broken=looked.broken, text=looked.text)


def _outcomes(result: ReplayResult, interactions: list[dict[str, Any]]) -> tuple[InteractionOutcome, ...]:
    ids = {one.get("key") or one.get("description"): one.get("_id") for one in interactions}
    return tuple(
        InteractionOutcome(
            key=one.key or one.description,
            description=one.description,
            verdict=Verdict.KEPT if one.kept else Verdict.BROKEN,
            mismatches=one.mismatches,
            interaction_id=ids.get(one.key or one.description),
        )
        for one in result.interactions
    )
