"""Trials of a step played against a program that is really started, killed and started again."""

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from saga_contracts.derive import decks
from saga_contracts.derive.decks import Deck
from saga_contracts.derive.slices import StepSlice
from saga_contracts.derive.trials import Trial
from saga_contracts.rim.sender import bounded_client
from saga_verifier.depended import Services
from saga_verifier.isolation import ProcessIsolation
from saga_verifier.play.callbacks import CallbackReceiver
from saga_verifier.play.deck import play_deck
from saga_verifier.play.driver import Driver
from saga_verifier.provider_file import load_provider_file
from saga_verifier.run import with_environment
from saga_verifier.trials import Ground
from saga_verifier.verdicts import HistoryResult

TODAY = dt.date(2026, 1, 1)
Source = Callable[[StepSlice, Deck], Iterator[Trial]]
Player = Callable[[Ground, Sequence[Trial]], Iterator[HistoryResult]]


@dataclass(frozen=True)
class Tried:
    """What the trials of one kind showed, by name."""

    results: Mapping[str, HistoryResult]

    @property
    def broken(self) -> dict[str, str]:
        """The obligation that each broke."""
        return {name: one.broken[0].obligation for name, one in self.results.items() if one.broken}

    @property
    def inapplicable(self) -> dict[str, str]:
        """Why each does not apply."""
        return {name: one.inapplicable for name, one in self.results.items() if one.inapplicable}

    @property
    def unproven(self) -> dict[str, str]:
        """Why each was not judged."""
        return {name: one.trouble for name, one in self.results.items() if one.trouble}


@dataclass(frozen=True)
class Trying:
    """How trials of one kind are played."""

    source: Source
    player: Player

    def __call__(
        self,
        folder: Path,
        command: Sequence[str],
        slice_: StepSlice,
        *,
        only: Callable[[Trial], bool] = lambda _: True,
        more: Mapping[str, Any] | None = None,
    ) -> Tried:
        """Start a program, play the trials of a step that are chosen, and before them their histories undisturbed.

        Args:
            folder: Holds its provider file.
            command: What is started.
            slice_: The step.
            only: Chooses trials.
            more: Further fields of its provider file.
        """
        file = folder / "provider.yaml"
        start = {"command": list(command), "pass_env": ["PATH"]}
        document = {
            "format": 1,
            "provider": slice_.step.participant,
            "start": start,
            "states": {"path": "/_states"},
            **(more or {}),
        }
        file.write_text(json.dumps(document), encoding="utf-8")
        provider = load_provider_file(file)
        deck = decks.derive(slice_, 1)
        chosen = [trial for trial in self.source(slice_, deck) if only(trial)]
        assert chosen, "nothing would be tried"
        isolation = ProcessIsolation()
        with Services(provider) as services, CallbackReceiver() as callbacks, bounded_client() as http, ExitStack() as stack:
            provider = with_environment(provider, services.env)
            running = stack.enter_context(isolation.start(provider.spec()))
            driver = Driver(slice_, lambda: running.base_url, lambda: str(provider.states_url(running.base_url)), callbacks, http)
            needed = {trial.history.name for trial in chosen}
            undisturbed = replace(deck, histories=tuple(one for one in deck.histories if one.name in needed))
            plain = {one.name: one for one in play_deck(driver, undisturbed, TODAY).histories}
            ground = Ground(driver, running, isolation, provider, TODAY, 0, plain, services)
            return Tried({one.name: one for one in self.player(ground, chosen)})
