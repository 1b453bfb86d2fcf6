"""What is known of a participant's unchanged artefact: results by all that they depend on."""

import hashlib
import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive import pairs, trials
from saga_contracts.derive.adoption import Waivers
from saga_contracts.derive.decks import History
from saga_contracts.derive.model import DERIVATION
from saga_contracts.derive.pairs import PairHistory
from saga_contracts.derive.slices import StepSlice
from saga_contracts.derive.trials import Trial
from saga_verifier import VERSION
from saga_verifier.isolation.interface import Isolation
from saga_verifier.provider_file import ProviderFile
from saga_verifier.replay import Interaction
from saga_verifier.reuse import shelf
from saga_verifier.reuse.artefact import digest_of
from saga_verifier.reuse.shelf import Stored
from saga_verifier.verdicts import DeckResult, HistoryResult, InteractionOutcome

Playable = History | Trial | PairHistory
_REUSED = (Verdict.KEPT, Verdict.WAIVED, Verdict.NOT_APPLICABLE)
_OF_THE_BROKER = ("_id", "interactionId", "pending")


def opened(folder: Path, provider: ProviderFile, isolation: Isolation, today: date) -> "Known | str":
    """Give what is known of a participant as it is now, or why nothing can be.

    Raises:
        UsageError: when the provider file names files that are not there.
    """
    artefact = digest_of(provider, isolation)
    if artefact is None:
        return (
            f"nothing is reused for {provider.provider}: its provider file does not say what it is made of. "
            'Add `artefact: {globs: ["app/**/*.py"], lock: [requirements.txt]}` with its own files'
        )
    path = shelf.path_of(folder, provider.provider, artefact)
    return Known(path, artefact, today, *shelf.read(path, artefact))


class Known:
    """Results of one artefact.

    Attributes:
        note: What is to be told of it; empty: nothing.

    Args:
        path: Their file.
        artefact: The digest of what the participant is made of.
        today: The day on which waivers are judged.
        results: Those that are there.
        note: Why others are not.
    """

    def __init__(self, path: Path, artefact: str, today: date, results: dict[str, Stored], note: str = "") -> None:
        self.note = note
        self._path, self._artefact, self._today = path, artefact, today
        self._before, self._now = results, dict(results)

    def interaction(self, consumer: str, one: Interaction, slices: Sequence[StepSlice]) -> InteractionOutcome | None:
        """Give the outcome of an interaction that need not be replayed."""
        slice_ = _slice_of(one.key, slices)
        found = self._before.get(self._key("interaction", consumer, _content(one), slice_ and slice_.as_json()))
        if found is None or not self._counts(found, slice_):
            return None
        return InteractionOutcome(
            one.name, one.description, found.verdict, found.mismatches, one.interaction_id, found.broken, found.text,
            self._since(found),
        )  # fmt: skip

    def history(self, slice_: StepSlice, history: Playable, first: StepSlice | None = None) -> HistoryResult | None:
        """Give the result of a history that need not be played; of a pair, whose first step is `first`, as well."""
        found = self._before.get(self._key("history", slice_.as_json(), history.name, *_beside(first)))
        if found is None or not self._counts(found, slice_):
            return None
        return HistoryResult(
            history.name, found.verdict, history.obligations, found.broken, found.seen, found.unseen, calls=found.calls,
            how=found.how, inapplicable=found.inapplicable, reused=self._since(found),
        )  # fmt: skip

    def keep(
        self,
        consumer: str,
        interactions: Sequence[Interaction],
        slices: Sequence[StepSlice],
        outcomes: Sequence[InteractionOutcome],
        decks: Sequence[DeckResult],
    ) -> str:
        """Keep what was found out anew, without secrets, for another run; give why that was not possible, if it was not."""
        made, by_name = self._today.isoformat(), {one.name: one for one in interactions}
        for one in outcomes:
            if one.verdict in _REUSED and not one.reused:
                known, slice_ = by_name[one.key], _slice_of(by_name[one.key].key, slices)
                key = self._key("interaction", consumer, _content(known), slice_ and slice_.as_json())
                self._now[key] = Stored(
                    made=made, verdict=one.verdict, text=one.text, broken=one.broken, mismatches=one.mismatches
                )
        for deck in decks:
            beside = _undisturbed(deck, slices)
            for result in deck.histories:
                known_well = result.verdict in _REUSED and not result.trouble and not result.reused
                if known_well and result.name in beside:
                    key = self._key("history", deck.slice.as_json(), result.name, *_beside(beside[result.name]))
                    self._now[key] = _stored(result, made)
        return shelf.write(self._path, self._artefact, self._now)

    def _counts(self, found: Stored, slice_: StepSlice | None) -> bool:
        """Is what was found still worth what it was: is what deviated waived today?"""
        if not found.broken or slice_ is None:
            return not found.broken
        waivers = Waivers(slice_.waivers, slice_.step.step, self._today)
        return all(waivers.hides(one.obligation) for one in found.broken)

    def _since(self, found: Stored) -> str:
        return f"reused from {found.made}, artefact {self._artefact[:12]}"

    def _key(self, *parts: Any) -> str:
        text = json.dumps([self._artefact, VERSION, DERIVATION, *parts], sort_keys=True, ensure_ascii=False, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


def _stored(one: HistoryResult, made: str) -> Stored:
    calls = one.calls if one.verdict != Verdict.KEPT else ()
    return Stored(
        made=made, verdict=one.verdict, broken=one.broken, seen=one.seen, unseen=one.unseen, calls=calls,
        inapplicable=one.inapplicable, how=one.how,
    )  # fmt: skip


def freeing_step(slice_: StepSlice, slices: Sequence[StepSlice]) -> StepSlice | None:
    """Give the step that frees what this one locks: trials of two sagas call it, so that what they show depends on it as well."""
    lock = slice_.step.semantic_lock
    name = lock.released_by if lock is not None else None
    return next((one for one in slices if (one.saga, one.step.step) == (slice_.saga, name)), None)


def _beside(first: StepSlice | None) -> tuple[str, ...]:
    return () if first is None else (first.sha,)


def _undisturbed(deck: DeckResult, slices: Sequence[StepSlice]) -> dict[str, StepSlice | None]:
    """Give the names of all that nothing disturbed: histories, trials of two sagas, and pairs, each with its first step."""
    own = deck.deck
    found: dict[str, StepSlice | None] = dict.fromkeys(one.name for one in own.histories)
    freeing = freeing_step(deck.slice, slices)
    found |= dict.fromkeys((one.name for one in trials.derive(deck.slice, own) if one.is_undisturbed), freeing)
    for pair in pairs.in_pact(slices, own.faults, (own.saga, own.step)):
        first = next(one for one in slices if (one.saga, one.step.step) == (pair.saga, pair.steps[0]))
        found |= dict.fromkeys((one.name for one in pair.histories), first)
    return found


def _slice_of(key: str | None, slices: Sequence[StepSlice]) -> StepSlice | None:
    """Give the step that an interaction belongs to; None: it is an ordinary one."""
    return next((one for one in slices if (key or "").startswith(f"{one.saga}/{one.step.step}/")), None)


def _content(one: Interaction) -> Any:
    """Give all of an interaction that its result depends on: without what a broker adds, but with the pact's specification."""
    parts = {
        name: [{field: value for field, value in member.items() if field not in _OF_THE_BROKER} for member in members]
        for name, members in one.document.items()
        if name in ("interactions", "messages")
    }
    return {**parts, "metadata": one.document.get("metadata"), "pending": one.is_pending}
