"""Why a saga can run or not: typed reasons, each with the mend and the command to run next. Pure."""

from collections.abc import Mapping
from typing import Any

from saga_broker.gate.run_model import Case, Deck, Reason, StepAt
from saga_contracts.declare.obligations import CATALOGUE, order_of

PACTS_ONLY = 1


def reasons_of(case: Case, at: StepAt) -> list[Reason]:
    """Give all reasons about a step at one version of its participant; at least one."""
    if at.version is None:
        return [_not_there(case, at)]
    found = [*_pact_reasons(case, at), *_deck_reasons(case, at)]
    return found or [_all_well(at)]


def _pact_reasons(case: Case, at: StepAt) -> list[Reason]:
    about = {"step": at.step, "participant": at.participant, "version": at.version}
    pair = f"the pact between {case.executes_as} {case.executor_version} and {at.participant}"
    if not at.has_pact:
        who = f"{case.executes_as} {case.executor_version}"
        text = f"Step {at.step} of saga {case.saga}: {who} has published no pact with {at.participant}."
        mend = f"Publish the contracts of {case.saga} together with its saga file."
        command = f"sagapact publish --pacts build/pacts --saga saga.yaml --version {case.executor_version}"
        return [Reason("pact_missing", "unknown", text, mend, command, **about)]
    if at.pact is None:
        text = f"Step {at.step} of saga {case.saga}: {pair} was never verified by {at.participant} {at.version}."
        mend = f"Verify {at.participant} {at.version} in its own build and publish the result."
        return [Reason("pact_unverified", "unknown", text, mend, _verify(at), **about)]
    if at.pact is False:
        text = f"Step {at.step} of saga {case.saga}: {pair} is broken by {at.participant} {at.version}."
        mend = f"Mend {at.participant}, or change the contract together with its consumer, and verify again."
        return [Reason("pact_broken", "no", text, mend, _verify(at), **about)]
    return []


def _deck_reasons(case: Case, at: StepAt) -> list[Reason]:
    about = {"step": at.step, "participant": at.participant, "version": at.version}
    where = f"Step {at.step} of saga {case.saga}: the deck"
    if at.deck is None:
        if case.level <= PACTS_ONLY:
            return []
        text = f"{where} was never played against {at.participant} {at.version}."
        mend = f"Verify {at.participant} {at.version} in its own build and publish the result."
        return [Reason("deck_missing", "unknown", text, mend, _verify(at), **about)]
    if at.deck.verdict == "broken":
        return _broken(case, at, at.deck)
    if at.deck.verdict == "pending":
        return [_pending(case, at, at.deck)]
    if at.deck.verdict == "unproven" and case.level > PACTS_ONLY:
        unproven = ", ".join(_name(one) for one in _sorted(at.deck, "unproven")) or "some obligations"
        text = f"{where} could not prove {unproven} for {at.participant} {at.version}."
        mend = "Declare the status call and the effect probe of the step in the saga file, or lower the saga's level of adoption."
        return [Reason("deck_unproven", "unknown", text, mend, _verify(at), **about)]
    return []


def _broken(case: Case, at: StepAt, deck: Deck) -> list[Reason]:
    found = []
    for obligation in _sorted(deck, "broken") or [""]:
        history = _shortest(deck, obligation)
        known = CATALOGUE.get(obligation)
        because = f" In history {history.get('word')}: {history.get('text')}" if history else ""
        name = _name(obligation) if obligation else "an obligation"
        found.append(
            Reason(
                "deck_broken",
                "no",
                f"Step {at.step} of saga {case.saga}: {at.participant} {at.version} breaks {name}.{because}",
                known.mend if known else f"Mend {at.participant} and verify again.",
                _verify(at),
                at.step,
                at.participant,
                at.version,
                obligation or None,
            ),
        )
    return found


def _pending(case: Case, at: StepAt, deck: Deck) -> Reason:
    names = ", ".join(_name(one) for one in _sorted(deck, "pending")) or "some obligations"
    text = (
        f"Step {at.step} of saga {case.saga}: {at.participant} {at.version} has not kept {names} yet; "
        f"it counts as pending until the main branch of {at.participant} has kept it once."
    )
    mend = f"Agree with the team of {at.participant} when it will be kept."
    return Reason("deck_pending", "unknown", text, mend, _verify(at), at.step, at.participant, at.version)


def _not_there(case: Case, at: StepAt) -> Reason:
    text = f"Step {at.step} of saga {case.saga}: no version of {at.participant} is known to be in {case.environment}."
    mend = f"Record what is deployed there, or name a version with --with {at.participant}:VERSION."
    command = f"sagapact record-deployment {at.participant} --version VERSION --environment {case.environment}"
    return Reason("participant_not_in_environment", "unknown", text, mend, command, at.step, at.participant)


def no_saga_version(case: Case) -> Reason:
    """Say that no version of the saga is there."""
    if case.executor_version is None:
        text = f"No version of {case.executes_as}, which executes saga {case.saga}, is known to be in {case.environment}."
        command = f"sagapact record-deployment {case.executes_as} --version VERSION --environment {case.environment}"
        mend = f"Record what is deployed there, or name a version with --with {case.executes_as}:VERSION."
        return Reason("executor_not_in_environment", "unknown", text, mend, command, participant=case.executes_as)
    text = f"{case.executes_as} {case.executor_version} carries no published version of saga {case.saga}."
    command = f"sagapact publish --pacts build/pacts --saga saga.yaml --version {case.executor_version}"
    mend = "Publish the saga file under the version that executes it."
    return Reason(
        "saga_not_published", "unknown", text, mend, command, participant=case.executes_as, version=case.executor_version
    )


def _all_well(at: StepAt) -> Reason:
    deck = (
        "" if at.deck is None else " and its deck is kept" if at.deck.verdict == "kept" else f" and its deck is {at.deck.verdict}"
    )
    only = " (the saga asks for pacts only)" if at.deck is None else ""
    text = f"Step {at.step}: {at.participant} {at.version} has verified the pact{deck}{only}."
    return Reason("step_kept", "yes", text, step=at.step, participant=at.participant, version=at.version)


def _sorted(deck: Deck, verdict: str) -> list[str]:
    return sorted((one for one, found in deck.obligations.items() if found == verdict), key=order_of)


def _shortest(deck: Deck, obligation: str) -> Mapping[str, Any] | None:
    broken = [one for one in deck.histories if one.get("verdict") == "broken"]
    own = [one for one in broken if obligation in (one.get("obligations") or ())]
    return min(own or broken, key=lambda one: len(str(one.get("word", ""))), default=None)


def _name(obligation: str) -> str:
    known = CATALOGUE.get(obligation)
    return f"{obligation} ({known.name})" if known else obligation


def _verify(at: StepAt) -> str:
    return f"sagapact verify provider.yaml --provider-version {at.version}"
