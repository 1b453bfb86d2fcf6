"""One verification of one provider version, whole: fetch its contracts, start it alone, verify, publish.

`verify_provider` reads the contracts from a broker, `verify_files` from pact files; both start the provider in isolation.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from saga_broker.client.broker import BrokerClient
from saga_broker.client.records import DeckHistory, NewDeckResult, PactForVerification
from saga_contracts.declare.verdict import Verdict, worst
from saga_contracts.errors import SagapactError, UsageError
from saga_verifier import VERSION
from saga_verifier.isolation.alive import check_running, check_sound
from saga_verifier.isolation.errors import IsolationError
from saga_verifier.isolation.interface import Isolation, Running
from saga_verifier.provider_file import ProviderFile
from saga_verifier.verdicts import DeckResult, InteractionOutcome, PactOutcome
from saga_verifier.verification import Progress, Target, verify_pact


@dataclass(frozen=True, slots=True)
class ProviderOutcome:
    """What is known about one version of a provider.

    Attributes:
        pacts: One for each consumer's pact; empty when no saga and no pact names the provider.
        text: Why there is nothing, when there is nothing.
    """

    provider: str
    version: str
    pacts: tuple[PactOutcome, ...]
    text: str = ""

    @property
    def verdict(self) -> Verdict:
        """Give the worst verdict of its pacts; `not applicable` only where the broker says that there is none."""
        return worst(pact.verdict for pact in self.pacts) if self.pacts else Verdict.NOT_APPLICABLE


@dataclass(frozen=True, slots=True)
class Version:
    """Under what the results are published."""

    number: str
    branch: str | None = None
    build_url: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """How to verify.

    Attributes:
        faults: The most faults in one history of a deck.
        today: The date on which waivers are judged.
        selectors: Consumer version selectors as the broker takes them; empty: the broker's default.
        publish: Are the results published?
    """

    faults: int
    today: date
    selectors: tuple[dict[str, Any], ...] = ()
    publish: bool = True


def verify_provider(
    provider: ProviderFile,
    version: Version,
    broker: BrokerClient,
    isolation: Isolation,
    settings: Settings,
    progress: Progress | None = None,
) -> ProviderOutcome:
    """Verify a provider against all its contracts in a broker, and publish the results.

    Raises:
        SagapactError: when it could not be found out; nothing is published about the pact in question then.
    """
    pacts = broker.pacts_for_verification(
        provider.provider,
        selectors=settings.selectors,
        provider_branch=version.branch,
        include_pending=version.branch is not None,
    )
    if not pacts:
        return _nothing(provider.provider, version.number, broker)
    if settings.publish:
        broker.register_provider_version(provider.provider, version.number, branch=version.branch, tags=list(version.tags))
    outcomes = []
    with isolation.start(provider.spec()) as running:
        target = Target(provider.provider, running, provider.states_url(running.base_url), isolation)
        for pact in pacts:
            outcome = _verify(target, pact.pact, settings, progress, pending=pact.pending)
            outcomes.append(outcome)
            if settings.publish:
                _publish(broker, provider.provider, version, pact, outcome)
    return ProviderOutcome(provider.provider, version.number, tuple(outcomes))


def verify_files(
    provider: ProviderFile, paths: Sequence[Path], isolation: Isolation, settings: Settings, progress: Progress | None = None
) -> ProviderOutcome:
    """Verify a provider against pact files; nothing is published.

    Raises:
        UsageError: when a file is no pact of this provider.
        SagapactError: when it could not be found out.
    """
    pacts = [_read(path, provider.provider) for path in paths]
    with isolation.start(provider.spec()) as running:
        target = Target(provider.provider, running, provider.states_url(running.base_url), isolation)
        outcomes = tuple(_verify(target, pact, settings, progress) for pact in pacts)
    return ProviderOutcome(provider.provider, "", outcomes)


def _verify(
    target: Target,
    pact: Mapping[str, Any],
    settings: Settings,
    progress: Progress | None,
    *,
    pending: bool = False,
) -> PactOutcome:
    try:
        outcome = verify_pact(target, pact, faults=settings.faults, today=settings.today, pending=pending, progress=progress)
        check_running(target.running)
    except SagapactError as error:
        raise _explained(error, target.running) from None
    return outcome


def _explained(error: SagapactError, running: Running) -> SagapactError:
    """Add why nothing that was seen counts, if it does not, and the last lines of the participant's log."""
    said, tail = str(error), running.log_tail(15)
    try:
        check_sound(running)
    except IsolationError as cause:
        said = said if str(cause) in said else f"{cause}\nSeen of it: {said}"
    return SagapactError(f"{said}\nThe last lines of {running.name}:\n{tail}" if tail else said)


def _nothing(provider: str, version: str, broker: BrokerClient) -> ProviderOutcome:
    """Tell apart "the broker says that there is none" and "we did not find any"."""
    if not broker.knows(provider):
        raise SagapactError(
            f"Nothing would be checked: the broker {broker.url} knows no pacticipant {provider}. Correct `provider` in the "
            "provider file, or publish a contract with it first."
        )
    sagas = [saga.saga for saga in broker.sagas(provider=provider)]
    if sagas:
        raise SagapactError(
            f"Nothing would be checked: {provider} is a participant of {', '.join(sagas)}, but no pact is selected for it. "
            "Let the saga's owner publish its pacts, or choose other consumer version selectors."
        )
    return ProviderOutcome(provider, version, (), f"The broker says that no selected pact and no saga names {provider}.")


def _publish(broker: BrokerClient, provider: str, version: Version, pact: PactForVerification, outcome: PactOutcome) -> None:
    for deck in outcome.decks:
        broker.publish_deck_result(
            deck.deck.saga,
            sha=deck.deck.slice_sha,
            step=deck.deck.step,
            provider=provider,
            version=version.number,
            result=_deck_record(deck, version, pending=outcome.pending),
        )
    verdicts = [*(one.verdict for one in outcome.interactions), *(deck.verdict for deck in outcome.decks)]
    broker.publish_verification(
        pact.publish_results_url,
        success=Verdict.BROKEN not in verdicts,
        version=version.number,
        build_url=version.build_url,
        test_results=[_test_result(one) for one in outcome.interactions],
        verified_by={"implementation": "sagapact", "version": VERSION},
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
        claim=deck.deck.claim(),
        obligations={name: one.value for name, one in deck.obligations.items()},
        histories=histories,
    )


def _test_result(one: InteractionOutcome) -> dict[str, Any]:
    result: dict[str, Any] = {"interactionDescription": one.description, "success": one.verdict == Verdict.KEPT}
    if one.interaction_id:
        result["interactionId"] = one.interaction_id
    if one.mismatches:
        result["mismatches"] = [{"description": text} for text in one.mismatches]
    return result


def _read(path: Path, provider: str) -> dict[str, Any]:
    try:
        pact = json.loads(path.read_text(encoding="utf-8"))
        name = pact["provider"]["name"]
    except OSError as error:
        raise UsageError(f"Cannot read the pact file {path}: {error.strerror or error}. Name an existing file.") from None
    except (ValueError, KeyError, TypeError):
        raise UsageError(
            f"{path} is not a pact file: it names no provider. Name a JSON file that a Pact library wrote."
        ) from None
    if name != provider:
        raise UsageError(f"{path} is a pact with {name}, but the provider file is that of {provider}. Name one of {provider}.")
    return dict(pact)


def with_environment(provider: ProviderFile, changes: Mapping[str, str]) -> ProviderFile:
    """Give a provider file whose provider is started with more environment variables."""
    return provider.model_copy(update={"start": provider.start.model_copy(update={"env": {**provider.start.env, **changes}})})
