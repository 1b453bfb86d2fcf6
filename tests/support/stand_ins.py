"""Stand-ins made from saga files, played and verified over real HTTP in this process."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Any, Self

from saga_contracts.declare.saga import Saga
from saga_contracts.derive import adoption, decks, trials
from saga_contracts.derive.decks import History
from saga_contracts.derive.slices import StepSlice, step_slice
from saga_contracts.rim.sender import bounded_client
from saga_contracts.stand_in.deviations import at_hand
from saga_contracts.stand_in.doubts import doubts
from saga_contracts.stand_in.right import Choose, Right, first_of
from saga_contracts.stand_in.server import STATES, Serving
from saga_verifier.isolation.interface import Running
from saga_verifier.isolation.spec import Spec
from saga_verifier.play.callbacks import CallbackReceiver
from saga_verifier.play.deck import play_deck
from saga_verifier.play.driver import Driver
from saga_verifier.trials import play_two_sagas
from saga_verifier.verdicts import DeckResult, PactOutcome
from saga_verifier.verification import Target, verify_pact
from saga_verifier.verification.pairing import with_pairs

TODAY = dt.date(2026, 1, 1)


def all_right(saga: Saga, participant: str, choose: Choose = first_of) -> list[Right]:
    """Give right rules of every step at a participant."""
    return [Right(step_slice(saga, one.step), choose) for one in saga.steps if one.participant == participant]


def played_at(url: str, slice_: StepSlice, *, faults: int = 1, only: Callable[[History], bool] = lambda _: True) -> DeckResult:
    """Play the deck of one step against a participant that runs already."""
    deck = decks.derive(slice_, faults)
    chosen = replace(deck, histories=tuple(one for one in deck.histories if only(one)))
    assert chosen.histories, "nothing would be played"
    with CallbackReceiver() as callbacks, bounded_client() as http:
        driver = Driver(slice_, url, url + STATES, callbacks, http)
        return with_second_sagas(driver, play_deck(driver, chosen, TODAY), only=only)


def with_second_sagas(driver: Driver, result: DeckResult, *, only: Callable[[History], bool] = lambda _: True) -> DeckResult:
    """Give the result of a deck with what a second saga on the same resource shows, as a verification plays it."""
    plain = {one.name: one for one in result.histories}
    whole = decks.derive(driver.slice, result.deck.faults)
    asked = [one for one in trials.derive(driver.slice, whole) if only(one.history)]
    return replace(result, histories=(*result.histories, *play_two_sagas(driver, asked, plain, TODAY)))


def played(
    rules: Sequence[Right], slice_: StepSlice, *, faults: int = 1, only: Callable[[History], bool] = lambda _: True
) -> DeckResult:
    """Play the deck of one step against a participant with these rules."""
    with Serving(rules) as serving:
        return played_at(serving.base_url, slice_, faults=faults, only=only)


def played_in_pairs(saga: Saga, participant: str, choose: Choose = first_of) -> list[DeckResult]:
    """Play the decks of all steps of a participant that is right, and their pairs."""
    rules = all_right(saga, participant, choose)
    with Serving(rules) as serving, CallbackReceiver() as callbacks, bounded_client() as http:
        url = serving.base_url
        drivers = {
            f"{rule.slice.saga}/{rule.step.step}": Driver(rule.slice, url, url + STATES, callbacks, http) for rule in rules
        }
        alone = [play_deck(driver, decks.derive(driver.slice, 1), TODAY) for driver in drivers.values()]
        results, troubles = with_pairs(alone, drivers, 1, TODAY, lambda _: None)
    assert troubles == []
    return results


def verified(rules: Sequence[Right], participant: str, pact: Any, *, faults: int = 1) -> PactOutcome:
    """Verify a pact against a participant with these rules: its interactions, and the decks that it carries."""
    with Serving(rules) as serving:
        target = Target(participant, AlreadyRunning(serving.base_url), lambda: serving.base_url + STATES, InThisProcess())
        return verify_pact(target, pact, faults=faults, today=TODAY)


def not_shown(slice_: StepSlice, result: DeckResult) -> set[str]:
    """Give the obligations that the file cannot show: their evidence is not at hand, or no history asks them."""
    asked, given_up = adoption.asked(slice_), adoption.declared_broken(slice_)
    checked = {one for history in result.histories for one in history.checks}
    hidden = {one for one, kinds in asked.items() if kinds - at_hand(slice_) or one not in checked}
    return hidden - given_up.keys()


def cannot_be_told_apart(slices: Iterable[StepSlice]) -> bool:
    """Does the file itself say that its sagas meet, so that no participant could be right?"""
    return any("meets the effects of the others" in one or "at one address" in one for one in doubts(list(slices)))


@dataclass
class AlreadyRunning:
    """A program that nobody has to start."""

    base_url: str
    name: str = "the stand-in"
    workdir: Path = field(default_factory=Path)
    values: Mapping[str, str] = field(default_factory=dict)

    def learn(self, secrets: Mapping[str, str]) -> None:
        """It writes nothing."""

    def log_tail(self, lines: int = 40) -> str:
        """It writes none."""
        del lines
        return ""

    def ended(self) -> str | None:
        """It has not."""

    def kill(self) -> None:
        """Do nothing."""

    def strike(self) -> None:
        """Do nothing."""

    def pause(self) -> None:
        """Do nothing."""

    def resume(self) -> None:
        """Do nothing."""

    def start_empty(self) -> None:
        """Do nothing."""

    def start(self) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""

    def beside(self, spec: Spec | None = None) -> Running:
        """There is one only."""
        raise NotImplementedError

    def followed_by(self, spec: Spec) -> Running:
        """There is one only."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Do nothing."""


class InThisProcess:
    """The isolation of programs that run in this process: none."""

    listen_host = "127.0.0.1"

    def check_reached(self, port: int) -> None:
        """It is."""

    def start(self, spec: Spec, *, give_up: Event | None = None) -> Running:
        """Start nothing."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Do nothing."""
