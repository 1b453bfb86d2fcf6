"""What a verification found, as values (pure). What level and waivers make of it: `saga_contracts.derive.adoption`."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

from saga_contracts.declare.verdict import Verdict, worst
from saga_contracts.derive import adoption
from saga_contracts.derive.adoption import Evidence, Judgement, Played
from saga_contracts.derive.decks import Deck
from saga_contracts.derive.pairs import OF_PAIR, PairDeck
from saga_contracts.derive.slices import StepSlice
from saga_contracts.derive.trials import Kind
from saga_contracts.derive.trials import derive as derive_trials
from saga_contracts.derive.trials.kinds import UNPLAYED


@dataclass(frozen=True, slots=True)
class Broken:
    """One thing in a history or interaction that was not as it must be."""

    obligation: str
    text: str


@dataclass(frozen=True, slots=True)
class HistoryResult:
    """How one history ended.

    Attributes:
        verdict: What it is worth on the day of the run.
        checks: The obligations that it checks.
        broken: What was not as it must be, each obligation once, in the order in which it was seen.
        seen: The evidence that was looked at.
        unseen: Obligations that a deviation kept from being looked at.
        trouble: Why it could not be judged to its end; empty when it was.
        calls: Every call in order, as evidence.
        how: Of a trial: what was sampled and what it took, such as `20 tries, seed 7, window 12 ms`.
        inapplicable: Of a trial: why it does not apply to this participant; empty when it does.
        reused: From which run it is, when it was not played in this one.
    """

    name: str
    verdict: Verdict
    checks: tuple[str, ...]
    broken: tuple[Broken, ...] = ()
    seen: frozenset[Evidence] = frozenset()
    unseen: tuple[str, ...] = ()
    trouble: str = ""
    calls: tuple[dict[str, Any], ...] = ()
    how: str = ""
    inapplicable: str = ""
    reused: str = ""

    @property
    def text(self) -> str:
        """What is to be said about it, if anything."""
        return " ".join(one.text for one in self.broken) or self.trouble or self.inapplicable

    @property
    def played(self) -> Played:
        """What judging needs of it."""
        return Played(
            self.name, self.checks, tuple(one.obligation for one in self.broken), self.seen, self.unseen, self.trouble,
            self.inapplicable,
        )  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        """Give the result as the broker takes it; calls are kept for what is not kept."""
        return {
            "word": self.name,
            "verdict": self.verdict.value,
            "obligations": list(self.checks),
            "broken": [{"obligation": one.obligation, "text": one.text} for one in self.broken],
            "seen": sorted(kind.value for kind in self.seen),
            "unseen": list(self.unseen),
            "trouble": self.trouble,
            "text": self.text,
            "calls": list(self.calls) if self.verdict != Verdict.KEPT else [],
            **({"how": self.how} if self.how else {}),
            **({"inapplicable": self.inapplicable} if self.inapplicable else {}),
            **({"reused": self.reused} if self.reused else {}),
        }


@dataclass(frozen=True)
class DeckResult:
    """How a whole deck ended.

    Attributes:
        histories: Those of the deck, then the trials.
        slice: The step: what is asked of it, at which level, with which waivers.
        today: The day on which waivers are judged.
        mixed_with: The version with which the histories were played in turns; empty: with none. It speaks of both together.
        replayed: Was only a part of the deck played, since somebody wanted to see it again? It speaks for nothing else.
        pairs: The first steps of the pairs of which this is the second one, each with the most faults in their mixed histories.
    """

    deck: Deck
    slice: StepSlice
    histories: tuple[HistoryResult, ...]
    today: date
    replayed: bool = False
    mixed_with: str = ""
    pairs: tuple[tuple[str, int], ...] = ()

    def beside(self, pair: PairDeck, histories: Sequence[HistoryResult]) -> "DeckResult":
        """Give the result with what a pair showed of which this is the second step."""
        return replace(self, histories=(*self.histories, *histories), pairs=(*self.pairs, (pair.steps[0], pair.faults)))

    @cached_property
    def judgement(self) -> Judgement:
        """What the histories show, obligation by obligation."""
        return adoption.judge(self.slice, [history.played for history in self.histories], self.today)

    @property
    def obligations(self) -> Mapping[str, Verdict]:
        """Give the verdict of every obligation that is asked for or broken, in the catalogue's order.

        Of what was played again, or with another version, only what it breaks is told.
        """
        found = self.judgement.obligations
        broken = {one.obligation for history in self.histories for one in history.broken}
        return {name: found[name] for name in found if name in broken} if self.is_apart else found

    @property
    def verdict(self) -> Verdict:
        """Give the worst of histories and obligations."""
        return worst(one.verdict for one in self.histories) if self.is_apart else self.judgement.verdict

    @property
    def is_apart(self) -> bool:
        """Does it say nothing of the deck as a whole?"""
        return self.replayed or bool(self.mixed_with)

    @cached_property
    def reply_ms(self) -> tuple[float, float] | None:
        """The median and the longest time that a call of the step took to be answered undisturbed (O21); None: none was."""
        own = {one.name for one in self.deck.histories}
        calls = [call for one in self.histories if one.name in own for call in one.calls]
        times = sorted(
            float(call["duration_ms"])
            for call in calls
            if call["letter"] != "probe" and call["reply"]["status"] is not None and "duration_ms" in call
        )
        return (times[len(times) // 2], times[-1]) if times else None

    def claim(self, last_confirmed: str | None = None) -> str:
        """Say honestly what was checked: what was enumerated, what sampled and how, and what was not looked at.

        Args:
            last_confirmed: The date when an end-to-end run last saw only histories of the deck (I13); None for never.
        """
        if self.replayed:
            again = "; ".join(f"{one.name}{f' ({one.how})' if one.how else ''}" for one in self.histories)
            return f"Played again: {again}. It says nothing of the rest of the deck, and nothing of it is published."
        if self.mixed_with:
            most = f"{self.deck.faults} fault{'s' if self.deck.faults != 1 else ''}"
            return (
                f"Played with {self.mixed_with} and the candidate in turns, on the same data: each history of at most {most}, "
                f"cut after each of its events, in both directions ({len(self.histories)} in all). Not checked: both versions at "
                "the same time, more than one change in a history. It is published nowhere."
            )
        kinds = {one.name: one.kind for one in derive_trials(self.slice, self.deck)}
        judged = [one for one in self.histories if one.name in kinds and not one.trouble and not one.inapplicable]
        settled = {kinds[one.name] for one in self.histories if one.inapplicable and one.name in kinds}
        settled |= {kinds[one.name] for one in judged} | (set() if self.slice.step.callback else {Kind.RECEIVER})
        unplayed = [words for kind, words in UNPLAYED.items() if kind not in settled]
        beside = [*self._mixed(), *_disturbed(judged, kinds)]
        return self.deck.claim(last_confirmed, beside, unplayed) + self._since()

    def _mixed(self) -> Iterator[str]:
        """Say which histories of pairs were played."""
        count = sum(one.name.endswith(OF_PAIR) for one in self.histories)
        if count:
            names, most = ", ".join(first for first, _ in self.pairs), max(faults for _, faults in self.pairs)
            yield f"{count} histories mixed with those of {names}, of at most {most} fault{'s' if most != 1 else ''} in both"

    def _since(self) -> str:
        """Say which histories were not played in this run."""
        reused = Counter(one.reused for one in self.histories if one.reused)
        return "".join(f" {count} of {len(self.histories)} histories are {words}." for words, count in sorted(reused.items()))

    def shortest(self, obligation: str) -> HistoryResult | None:
        """Give the shortest history that breaks an obligation."""
        return next((one for one in self.histories if self.text_of(one, obligation)), None)

    def text_of(self, history: HistoryResult, obligation: str) -> str:
        """Give what a history says of an obligation that it breaks; empty when it does not."""
        return next((one.text for one in history.broken if one.obligation == obligation), "")


@dataclass(frozen=True, slots=True)
class InteractionOutcome:
    """How one interaction of a pact ended.

    Attributes:
        broken: For an interaction of a saga: the obligations at fault.
        text: What is to be said about it besides its mismatches.
        reused: From which run it is, when it was not replayed in this one.
    """

    key: str
    description: str
    verdict: Verdict
    mismatches: tuple[str, ...] = ()
    interaction_id: str | None = None
    broken: tuple[Broken, ...] = ()
    text: str = ""
    reused: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a pact comes from, so that two pacts of one consumer can be told apart.

    Attributes:
        version: The consumer version that it was selected for; empty: unknown.
        selected: Why it was selected, in the broker's few words.
        place: The address or the file that it was read from.
        notices: The broker's sentences about it, each with the moment at which it is to be shown.
    """

    version: str = ""
    selected: str = ""
    place: str = ""
    notices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PactOutcome:
    """How one consumer's pact ended: its interactions and the decks that it carries.

    Attributes:
        notes: What is to be known beside the verdicts, such as states that nobody was asked for.
        troubles: Why a part of it, or all of it, could not be found out.
        published: Was the result published?
    """

    consumer: str
    provider: str
    pending: bool
    interactions: tuple[InteractionOutcome, ...]
    decks: tuple[DeckResult, ...] = ()
    notes: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()
    origin: Origin = Origin()
    published: bool = False

    @property
    def verdict(self) -> Verdict:
        """Give the worst verdict of the interactions and the decks; what is broken in a pending pact is pending.

        A part that could not be found out is unproven at least.
        """
        unknown = [Verdict.UNPROVEN] if self.troubles else []
        found = worst([*(one.verdict for one in self.interactions), *(deck.verdict for deck in self.decks), *unknown])
        return Verdict.PENDING if self.pending and found == Verdict.BROKEN else found


def _disturbed(judged: Iterable[HistoryResult], kinds: Mapping[str, Kind]) -> Iterator[str]:
    """Say of each kind of trial how many were judged and how they were played; those that differ in figures only, once."""
    alike: dict[tuple[Kind, str], list[HistoryResult]] = {}
    for one in judged:
        alike.setdefault((kinds[one.name], re.sub(r"[0-9.]+", "", one.how)), []).append(one)
    for (kind, _), found in alike.items():
        hows = dict.fromkeys(one.how for one in found if one.how)
        told = f" ({'such as ' if len(hows) > 1 else ''}{next(iter(hows))})" if hows else ""
        yield f"{len(found)} trial{'s' if len(found) > 1 else ''} of {kind}{told}"
