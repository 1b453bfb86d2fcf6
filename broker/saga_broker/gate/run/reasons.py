"""Why a saga can run or not: typed reasons, each with the mend and the command to run next. Pure.

What decks and contracts give reason to is told in `deck_reasons` and `contract_reasons`.
"""

from collections.abc import Iterable
from datetime import date

from saga_broker.gate.run.model import Case, DeckState, DeckWord, Reason, StepAt
from saga_contracts.declare.obligations import CATALOGUE, order_of
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive import adoption
from saga_contracts.derive.adoption import Evidence

_BEYOND = {
    Evidence.STATUS: "what status calls say",
    Evidence.EFFECT: "what effect probes read",
    Evidence.FAILURE: "crashes, races and several instances",
}
NAMED = 5
"""So many reactions are named at most."""
USUAL_FAULTS = 1
"""So many faults a verifier plays unless it is told otherwise."""


def not_there(case: Case, at: StepAt) -> Reason:
    """Say that no version of a participant is there."""
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
    mend = "Publish the saga file under the version that executes it."
    about = (None, case.executes_as, case.executor_version)
    return Reason("saga_not_published", "unknown", text, mend, publish_command(case), *about)


def unreadable(case: Case) -> Reason:
    """Say that the saga file cannot be read any more."""
    text = f"The file of saga {case.saga} {case.saga_version} cannot be read by this broker: {case.unreadable}"
    mend = "Upgrade the broker when the file is newer than it; else mend the file and publish it under a new version."
    about = (None, case.executes_as, case.executor_version)
    return Reason("saga_unreadable", "unknown", text, mend, "sagapact contracts lint saga.yaml", *about)


def reactions_not_judged(case: Case) -> Reason:
    """Say that what a saga does on events is not judged."""
    count = len(case.reactions)
    named = ", ".join(case.reactions[:NAMED]) + (", …" if count > NAMED else "")
    text = (
        f"Saga {case.saga} {case.saga_version} has {count} {'reaction' if count == 1 else 'reactions'} to events ({named}). "
        "This broker judges calls only, so nobody knows whether they are kept."
    )
    mend = "Look at the events of the saga, and test its reactions otherwise until the broker judges them."
    return Reason("reactions_not_judged", "unknown", text, mend, "sagapact contracts events saga.yaml")


def all_well(case: Case, at: StepAt, state: DeckState, today: date) -> Reason:
    """Say that a step is kept, what is waived, and what was not looked at."""
    text = f"Step {at.step}: {at.participant} {at.version} has verified the pact"
    if state.word == DeckWord.KEPT:
        text += f" and its deck is kept (k = {state.runs[0].run.faults}).{_waived(state)}"
    else:
        text += f" (the saga asks for pacts only).{_given_up(at, today)}"
    obligations = () if at.slice_ is None else adoption.not_looked_at(at.slice_)
    text += not_looked_at(at.level(case.level), obligations, has_deck=state.word == DeckWord.KEPT)
    return Reason("step_kept", "yes", text, step=at.step, participant=at.participant, version=at.version)


def not_looked_at(level: int, obligations: Iterable[str], *, has_deck: bool) -> str:
    """Give the sentence that says what a level of adoption does not ask for.

    Args:
        level: The level.
        obligations: Those of which it asks nothing.
        has_deck: A deck was played and kept.
    """
    beyond = [words for kind, words in _BEYOND.items() if kind not in adoption.looks_at(level)]
    parts = [*([] if has_deck else ["the orders of calls that faults cause"]), *beyond]
    listed = ", ".join(sorted(obligations, key=order_of))
    unknown = f"; nothing is known of {listed}" if listed else ""
    return f" Not looked at (level {level}): {', '.join(parts)}{unknown}." if parts else ""


def _waived(state: DeckState) -> str:
    judgement = state.runs[0].judgement
    waived = [one for one, verdict in judgement.obligations.items() if verdict == Verdict.WAIVED] if judgement else []
    return "".join(f" {named(one)}: {judgement.why[one]}" for one in waived if judgement)


def _given_up(at: StepAt, today: date) -> str:
    """Say what the saga file itself gives up, under a waiver."""
    if at.slice_ is None:
        return ""
    waivers = adoption.Waivers(at.slice_.waivers, at.step, today)
    given_up = adoption.declared_broken(at.slice_).items()
    return "".join(f" {named(one)}: {why} {waivers.words(one)}" for one, why in given_up)


def named(obligation: str) -> str:
    """Give an obligation's id with its name."""
    known = CATALOGUE.get(obligation)
    return f"{obligation} ({known.name})" if known else obligation


def verify_command(at: StepAt, faults: int = USUAL_FAULTS) -> str:
    """Give the command that verifies a participant's version, with so many faults."""
    command = f"sagapact verify provider.yaml --provider-version {at.version}"
    return command if faults <= USUAL_FAULTS else f"{command} --faults {faults}"


def publish_command(case: Case) -> str:
    """Give the command that publishes pacts and saga file."""
    return f"sagapact publish --pacts build/pacts --saga saga.yaml --version {case.executor_version}"
