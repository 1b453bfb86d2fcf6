"""Playing one history, or one trial, again: by its name, of the steps that were chosen, and nothing else (pure)."""

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from saga_contracts.derive import decks
from saga_contracts.derive.decks import Deck
from saga_contracts.derive.slices import StepSlice
from saga_contracts.derive.trials import Trial
from saga_contracts.derive.trials import derive as derive_trials
from saga_contracts.errors import UsageError

MOST_NAMES = 40


@dataclass(frozen=True, slots=True)
class Part:
    """What of a step is played again.

    Attributes:
        deck: The deck with the one history: the chosen one, or the undisturbed one of the chosen trial.
        trials: The chosen trial, or none.
    """

    deck: Deck
    trials: tuple[Trial, ...] = ()


@dataclass(frozen=True, slots=True)
class Again:
    """What is to be played again.

    Attributes:
        name: Of a history or trial, such as `F C F`.
        steps: Of which steps, as `SAGA/STEP`; empty: of all that have one of this name.
    """

    name: str
    steps: tuple[str, ...] = ()

    def of(self, slice_: StepSlice, faults: int) -> Part | None:
        """Give what of a step is to be played; None: nothing."""
        if self.steps and _name(slice_) not in self.steps:
            return None
        deck, wanted = decks.derive(slice_, faults), _plain(self.name)
        for history in deck.histories:
            if _plain(history.name) == wanted:
                return Part(replace(deck, histories=(history,)))
        for trial in derive_trials(slice_, deck):
            if _plain(trial.name) == wanted:
                return Part(replace(deck, histories=(trial.history,)), (trial,))
        return None

    def check(self, slices: Iterable[StepSlice], faults: int) -> None:
        """See that something would be played, before anything is started.

        Raises:
            UsageError: when no step of this name is there, or no chosen step has such a history or trial; with what there is.
        """
        known = {_name(one): one for one in slices}
        for step in self.steps:
            if step not in known:
                near = _near(step, known) or _listed(known) or "none: no contract of this provider has a deck"
                raise UsageError(f"--step {step}: there is no such step. There is {near}.")
        if not known:
            raise UsageError("--replay: no contract of this provider has a deck, so nothing would be played. Correct --pact.")
        chosen = [one for name, one in known.items() if not self.steps or name in self.steps]
        if not any(self.of(one, faults) for one in chosen):
            names = dict.fromkeys(name for one in chosen for name in _names(one, faults))
            there = _near(self.name, names) or _listed(names)
            raise UsageError(
                f"--replay {self.name!r}: no chosen step has a history or trial of this name with at most {faults} "
                f"fault{'' if faults == 1 else 's'}. There is {there}."
            )


def _name(slice_: StepSlice) -> str:
    return f"{slice_.saga}/{slice_.step.step}"


def _names(slice_: StepSlice, faults: int) -> Iterator[str]:
    deck = decks.derive(slice_, faults)
    yield from (one.name for one in deck.histories)
    yield from (one.name for one in derive_trials(slice_, deck))


def _plain(name: str) -> str:
    return " ".join(name.split()).lower()


def _near(name: str, known: Iterable[str]) -> str:
    return _listed(difflib.get_close_matches(name, list(known), n=5))


def _listed(names: Iterable[str]) -> str:
    found = [repr(one) for one in names]
    more = f" and {len(found) - MOST_NAMES} more" if len(found) > MOST_NAMES else ""
    return f"{', '.join(found[:MOST_NAMES])}{more}"
