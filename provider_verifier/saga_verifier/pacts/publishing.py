"""Publishing what was found about a pact: only what was measured, and only where yes or no was found."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from saga_broker.client.records import DeckHistory, NewDeckResult
from saga_contracts.declare.verdict import Verdict
from saga_verifier import VERSION
from saga_verifier.verdicts import DeckResult, InteractionOutcome, PactOutcome

_WELL = frozenset({Verdict.KEPT, Verdict.WAIVED, Verdict.NOT_APPLICABLE})


@dataclass(frozen=True, slots=True)
class Version:
    """Under what the results are published."""

    number: str
    branch: str | None = None
    build_url: str | None = None
    tags: tuple[str, ...] = ()


class Publisher(Protocol):
    """Takes results: a broker, or who keeps them for one."""

    def keeps_sagas(self) -> bool:
        """Ask whether results of decks are taken."""

    def publish_deck_result(
        self, saga: str, *, sha: str, step: str, provider: str, version: str, result: NewDeckResult
    ) -> object | None:
        """Publish a deck's result; None when it has no place."""

    def publish_verification(
        self,
        link: str,
        *,
        success: bool,
        version: str,
        test_results: Any = None,
        build_url: str | None = None,
        verified_by: Mapping[str, Any] | None = None,
    ) -> str:
        """Publish a pact's result."""


@dataclass(frozen=True, slots=True)
class Published:
    """What came of publishing.

    Attributes:
        unpublished: Why the pact's result is not published; empty when it is.
        notes: What is to be known besides.
    """

    unpublished: str = ""
    notes: tuple[str, ...] = ()


def publish(broker: Publisher, version: Version, outcome: PactOutcome, results_url: str) -> Published:
    """Publish the decks that were played, where the broker keeps sagas, and the pact's result if it is one.

    Raises:
        SagapactError: when the broker does not take it.
    """
    notes = tuple(_decks(broker, version, outcome))
    return Published(_pact(broker, version, outcome, results_url), notes)


def _decks(broker: Publisher, version: Version, outcome: PactOutcome) -> Iterator[str]:
    """Publish the decks; say of each that has no place at the broker what to do."""
    for deck in outcome.decks if outcome.decks and broker.keeps_sagas() else ():
        own = deck.deck
        record = broker.publish_deck_result(
            own.saga,
            sha=own.slice_sha,
            step=own.step,
            provider=outcome.provider,
            version=version.number,
            result=_deck_record(deck, version, pending=outcome.pending),
        )
        if record is None:
            yield (
                f"the result of the deck of {own.saga}/{own.step} has no place at the broker, which has no file of the saga "
                f"{own.saga} with what this pact says of the step: so far `sagapact can-run {own.saga}` cannot count it. Let its "
                f"owner publish the saga file with the contracts (`sagapact publish … --saga FILE`), then verify again."
            )


def _pact(broker: Publisher, version: Version, outcome: PactOutcome, results_url: str) -> str:
    """Publish the pact's result; give why it is not, if so."""
    broken = Verdict.BROKEN in [*(one.verdict for one in outcome.interactions), *(deck.verdict for deck in outcome.decks)]
    unknown = _unknown(outcome)
    if unknown and not broken:
        return unknown
    broker.publish_verification(
        results_url,
        success=not broken,
        version=version.number,
        build_url=version.build_url,
        test_results=[_test_result(one) for one in outcome.interactions],
        verified_by={"implementation": "sagapact", "version": VERSION},
    )
    return ""


def _unknown(outcome: PactOutcome) -> str:
    """Say why nobody knows whether the pact is kept; empty when it is known."""
    if outcome.troubles:
        return "could not find out"
    unproven = sum(one.verdict == Verdict.UNPROVEN for one in outcome.interactions)
    return (
        f"{unproven} of {len(outcome.interactions)} interactions are unproven, and a Pact result says yes or no"
        if unproven
        else ""
    )


def _deck_record(deck: DeckResult, version: Version, *, pending: bool) -> NewDeckResult:
    verdict = Verdict.PENDING if pending and deck.verdict == Verdict.BROKEN else deck.verdict
    histories = tuple(DeckHistory.model_validate(history.as_json()) for history in deck.histories)
    return NewDeckResult(
        derivation=deck.deck.derivation,
        faults=deck.deck.faults,
        verifier=VERSION,
        verdict=verdict.value,
        branch=version.branch,
        build_url=version.build_url,
        claim=deck.claim(),
        obligations={name: one.value for name, one in deck.obligations.items()},
        histories=histories,
    )


def _test_result(one: InteractionOutcome) -> dict[str, Any]:
    """Give an interaction's result as Pact's verifier publishes it: the broker knows it by its id."""
    result: dict[str, Any] = {"interactionDescription": one.description, "success": one.verdict in _WELL}
    if one.interaction_id:
        result["interactionId"] = one.interaction_id
    if one.mismatches:
        result["mismatches"] = [{"description": text} for text in one.mismatches]
    return result
