"""The verdict of a saga: can it run with these versions of its participants? Pure.

For every step two things must hold at every version of its participant that is live: the pact with the executing pacticipant was
verified, and the deck was played and kept. What nobody found out is unknown, never yes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from saga_contracts.obligations import CATALOGUE, order_of

Kept = str  # kept | broken | unproven | pending
PACTS_ONLY = 1


@dataclass(frozen=True, slots=True)
class Deck:
    """The newest result of a step's deck at a provider version.

    Attributes:
        verdict: `kept`, `broken`, `unproven`, `pending` or `waived`.
        obligations: Verdict by obligation.
        histories: As published: word, verdict, obligations, text.
        claim: What was checked and what was not.
    """

    verdict: str
    obligations: Mapping[str, str]
    histories: Sequence[Mapping[str, Any]]
    claim: str


@dataclass(frozen=True, slots=True)
class StepAt:
    """A step at one version of its participant.

    Attributes:
        step: The step's name.
        participant: Its participant.
        version: The participant's version; None when none is known to be there.
        pact: Whether the pact was verified: True, False, or None for no result.
        has_pact: A pact with the participant was published for the executing version at all.
        deck: What is known about the deck.
    """

    step: str
    participant: str
    version: str | None
    pact: bool | None = None
    has_pact: bool = True
    deck: Deck | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """What is judged.

    Attributes:
        saga: The saga's name.
        environment: Where it shall run.
        saga_version: The version that is judged; None when none is there.
        executes_as: The pacticipant that makes the calls.
        executor_version: Its version.
        level: The saga's declared level of adoption, 1 to 4.
        steps: Every step at every live version.
    """

    saga: str
    environment: str
    saga_version: str | None
    executes_as: str
    executor_version: str | None
    level: int
    steps: tuple[StepAt, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason; `verdict` is yes, no or unknown."""

    type: str
    verdict: str
    text: str
    mend: str = ""
    command: str = ""
    step: str | None = None
    participant: str | None = None
    version: str | None = None
    obligation: str | None = None


@dataclass(frozen=True, slots=True)
class StepVerdict:
    """What is known of a step at one version."""

    step: str
    participant: str
    version: str | None
    pact: Kept
    deck: Kept
    obligations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunVerdict:
    """The answer: `can_run` is None for unknown."""

    can_run: bool | None
    summary: str
    reasons: tuple[Reason, ...]
    steps: tuple[StepVerdict, ...]


def judge(case: Case) -> RunVerdict:
    """Judge whether a saga can run.

    Args:
        case: The saga version and, for every step, what is known at every live version.

    Returns:
        Yes when every step has only reasons for yes; no when any step has a reason for no; else unknown.
    """
    if case.saga_version is None:
        reasons = [_no_saga_version(case)]
    else:
        reasons = [reason for at in case.steps for reason in _reasons(case, at)]
    can_run = _verdict(reasons)
    steps = tuple(_step(at) for at in case.steps) if case.saga_version is not None else ()
    return RunVerdict(can_run, _summary(case, can_run, reasons), tuple(reasons), steps)


def judge_all(cases: Sequence[Case]) -> RunVerdict:
    """Judge several versions of a saga that are live side by side: all of them must run."""
    verdicts = [judge(case) for case in cases]
    if len(verdicts) == 1:
        return verdicts[0]
    reasons = tuple(reason for verdict in verdicts for reason in verdict.reasons)
    steps = tuple(step for verdict in verdicts for step in verdict.steps)
    summary = " ".join(verdict.summary for verdict in verdicts)
    return RunVerdict(_verdict(reasons), summary, reasons, steps)


def _verdict(reasons: Sequence[Reason]) -> bool | None:
    verdicts = {reason.verdict for reason in reasons}
    if "no" in verdicts:
        return False
    return None if "unknown" in verdicts or not reasons else True


def _step(at: StepAt) -> StepVerdict:
    pact = {True: "kept", False: "broken", None: "unproven"}[at.pact]
    deck = at.deck.verdict if at.deck else "unproven"
    shown = "kept" if deck == "waived" else deck
    return StepVerdict(at.step, at.participant, at.version, pact, shown, dict(at.deck.obligations) if at.deck else {})


def _reasons(case: Case, at: StepAt) -> list[Reason]:
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


def _no_saga_version(case: Case) -> Reason:
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


def _summary(case: Case, can_run: bool | None, reasons: Sequence[Reason]) -> str:  # noqa: FBT001  (a verdict)
    name = f"Saga {case.saga}" + (f" {case.saga_version}" if case.saga_version else "")
    if can_run:
        return f"{name} can run in {case.environment}: every step is kept."
    verdict = "no" if can_run is False else "unknown"
    count = sum(reason.verdict == verdict for reason in reasons)
    noun = "reason" if count == 1 else "reasons"
    if can_run is False:
        return f"{name} cannot run in {case.environment}: {count} {noun}."
    return f"Nobody knows whether {name[0].lower()}{name[1:]} can run in {case.environment}: {count} {noun}."


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
