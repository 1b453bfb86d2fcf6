"""Evidence about a saga as contract tests of its owner and verifiers of its participants publish it: pacts and deck results."""

from collections.abc import Callable, Iterable
from typing import Any

from saga_contracts.declare.saga import Saga
from saga_contracts.derive import cases, decks, trials
from saga_contracts.derive.adoption import looks_at
from saga_contracts.derive.cases import Case
from saga_contracts.derive.decks import History
from saga_contracts.derive.model import DERIVATION
from saga_contracts.derive.slices import StepSlice, step_slice
from saga_contracts.derive.trials import Trial

EVERYWHERE = ("O21", "O33")
"""Obligations that each call of each history checks."""
Change = Callable[[dict[str, Any]], object]


def pact_of(consumer: str, provider: str, held: Iterable[Case]) -> dict[str, Any]:
    """Write a pact that holds cases, with the slices that they carry."""
    return {
        "consumer": {"name": consumer},
        "provider": {"name": provider},
        "interactions": [_interaction(case) for case in held],
        "metadata": {"pactSpecification": {"version": "4.0"}},
    }


def step_pacts(saga: Saga) -> list[tuple[str, dict[str, Any]]]:
    """Write the pact with each participant that holds all of its steps' cases; provider and document."""
    every = cases.derive(saga)
    providers = dict.fromkeys(case.participant for case in every)
    return [(name, pact_of(saga.consumer, name, [case for case in every if case.participant == name])) for name in providers]


def deck_result(
    slice_: StepSlice, faults: int = 1, *changes: Change, verdict: str = "kept", lacks: Iterable[str] = (), **fields: Any
) -> dict[str, Any]:
    """Write the result of a deck that was kept.

    Args:
        slice_: The step's slice.
        faults: The k of the deck, and of the result unless `fields` says otherwise.
        changes: Each is given every history and may alter it.
        verdict: What the verifier says.
        lacks: Histories that were not played.
        fields: Other fields of the result.
    """
    seen = sorted(kind.value for kind in looks_at(slice_.level))
    played = [
        {
            "word": history.name,
            "verdict": "kept",
            "obligations": sorted({*history.obligations, *EVERYWHERE}),
            "text": "",
            "calls": [],
            "broken": [],
            "seen": seen,
            "unseen": [],
            "trouble": "",
        }
        for history in everything_played(slice_, min(faults, decks.MAX_FAULTS))
        if history.name not in lacks
    ]
    for change in changes:
        for history in played:
            change(history)
    body = {
        "derivation": DERIVATION,
        "faults": faults,
        "verifier": "0.1.0",
        "verdict": verdict,
        "branch": "main",
        "buildUrl": None,
        "claim": "Checked: one saga instance.",
        "obligations": {},
        "histories": played,
    }
    return {**body, **fields}


def everything_played(slice_: StepSlice, faults: int) -> list[History | Trial]:
    """Give the histories of a step's deck and its trials."""
    deck = decks.derive(slice_, faults)
    return [*deck.histories, *trials.derive(slice_, deck)]


def slice_of(saga: Saga, step: str) -> StepSlice:
    """Give the slice of a step."""
    return step_slice(saga, step)


def breaks(obligation: str, word: str | None = None, text: str = "the probe read 3, not 0") -> Change:
    """Let a history, or every one that checks the obligation, deviate from it."""

    def change(history: dict[str, Any]) -> None:
        if history["word"] == word or (word is None and obligation in history["obligations"]):
            history["broken"].append({"obligation": obligation, "text": text})
            history["verdict"] = "broken"

    return change


def old_form(history: dict[str, Any]) -> None:
    """Write a history as verifiers did that say nothing of what was seen."""
    for name in ("broken", "seen", "unseen", "trouble"):
        history.pop(name)


def _interaction(case: Case) -> dict[str, Any]:
    found: dict[str, Any] = {"key": case.name, "description": case.name, "type": "Synchronous/HTTP"}
    if case.slice is not None:
        found["comments"] = {"sagapact": case.slice.as_json()}
    return found
