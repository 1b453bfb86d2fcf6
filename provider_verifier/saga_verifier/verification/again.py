"""Playing one history, or one trial, again: by its name, of the steps that were chosen, and nothing else (pure)."""

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from saga_contracts.derive import decks, pairs
from saga_contracts.derive.decks import Deck, History
from saga_contracts.derive.pairs import OF_PAIR, PairDeck
from saga_contracts.derive.slices import StepSlice
from saga_contracts.derive.trials import Trial
from saga_contracts.derive.trials import derive as derive_trials
from saga_contracts.derive.trials.upgrade import cuts
from saga_contracts.errors import UsageError

MOST_NAMES = 40


@dataclass(frozen=True, slots=True)
class Part:
    """What of a step is played again.

    Attributes:
        deck: The deck with the one history: the chosen one, or the undisturbed one of the chosen trial.
        trials: The chosen trial, or none.
        beside: The pair with the one mixed history that was chosen; None: none was.
    """

    deck: Deck
    trials: tuple[Trial, ...] = ()
    beside: PairDeck | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """What is to be played again.

    Attributes:
        name: Of a history or trial, such as `F C F`.
        steps: Of which steps, as `SAGA/STEP`; empty: of all that have one of this name.
    """

    name: str
    steps: tuple[str, ...] = ()

    @property
    def is_mix(self) -> bool:
        """Is it the name of a history that is played with two versions in turns?"""
        return ">" in self.name

    def of(self, slice_: StepSlice, faults: int, beside: Sequence[StepSlice] = ()) -> Part | None:
        """Give what of a step is to be played; None: nothing.

        Args:
            slice_: The step.
            faults: The most faults in one history.
            beside: All steps in the same pact; of a pair each is played by itself as well.
        """
        pair = self.pair(beside, faults)
        if pair is not None:
            return _of_pair(slice_, faults, pair) if slice_.saga == pair.saga and slice_.step.step in pair.steps else None
        if self.steps and _name(slice_) not in self.steps:
            return None
        deck, wanted = decks.derive(slice_, faults), _plain(self.name)
        for history in deck.histories:
            if wanted == _plain(history.name) or _is_mix_of(history, wanted):
                return Part(replace(deck, histories=(history,)))
        for trial in derive_trials(slice_, deck):
            if self.is_called(trial):
                return Part(replace(deck, histories=(trial.history,)), (trial,))
        return None

    def is_called(self, trial: Trial) -> bool:
        """Is it the name of a trial?"""
        return _plain(trial.name) == _plain(self.name)

    def pair(self, slices: Sequence[StepSlice], faults: int) -> PairDeck | None:
        """Give the pair of which a mixed history is to be played, with that one alone; None: it is no such history."""
        wanted = _plain(self.name)
        if not wanted.endswith(OF_PAIR):
            return None
        for deck in pairs.in_pact(slices, faults):
            if not self.steps or f"{deck.saga}/{deck.steps[1]}" in self.steps:
                found = tuple(one for one in deck.histories if _plain(one.name) == wanted)
                if found:
                    return replace(deck, histories=found)
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
        every = list(known.values())
        if not any(self.of(one, faults, every) for one in chosen):
            names = dict.fromkeys(name for one in chosen for name in _names(one, faults))
            names |= dict.fromkeys(one.name for deck in pairs.in_pact(every, faults) for one in deck.histories)
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


def _of_pair(slice_: StepSlice, faults: int, pair: PairDeck) -> Part:
    """Give the history of one step of a pair: whoever does not keep that by itself is not blamed for both."""
    deck, (mixed,) = decks.derive(slice_, faults), pair.histories
    alone = " ".join(one.play.letter for one in mixed.plays if one.step == slice_.step.step)
    return Part(replace(deck, histories=tuple(one for one in deck.histories if one.name == alone)), beside=pair)


def _is_mix_of(history: History, wanted: str) -> bool:
    """Is this the name of a history cut at a change of versions? What the other version is called, nobody knows here."""
    words = re.search(r"(from|back to) [^()]+(?=\)$)", wanted)
    return words is not None and any(_plain(one.name) == wanted for one in cuts(history, words[0]))


def _plain(name: str) -> str:
    return " ".join(name.split()).lower()


def _near(name: str, known: Iterable[str]) -> str:
    return _listed(difflib.get_close_matches(name, list(known), n=5))


def _listed(names: Iterable[str]) -> str:
    found = [repr(one) for one in names]
    more = f" and {len(found) - MOST_NAMES} more" if len(found) > MOST_NAMES else ""
    return f"{', '.join(found[:MOST_NAMES])}{more}"
