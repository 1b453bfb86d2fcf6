"""The verdict of a saga: can it run with these versions of its participants? Pure.

For every step three things must hold at every version of its participant that is live: the pact with the executing pacticipant
holds the step's cases, it was verified, and the deck was played and kept. What nobody found out is unknown, never yes.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from saga_broker.gate.run import decks, event_reasons, in_flight, reasons
from saga_broker.gate.run.contract_reasons import message_reasons, pact_reasons
from saga_broker.gate.run.deck_reasons import PACTS_ONLY, deck_reasons
from saga_broker.gate.run.model import Case, DeckState, DeckWord, Reason, RunVerdict, StepAt, StepVerdict
from saga_contracts.derive import adoption

_DECK = {DeckWord.KEPT: "kept", DeckWord.BROKEN: "broken", DeckWord.PENDING: "pending"}


def judge(case: Case, faults: int, today: date) -> RunVerdict:
    """Judge whether a saga can run.

    Args:
        case: The saga version and, for every step, what is known at every live version.
        faults: The most faults in one history for which decks must be kept.
        today: The day of the question: waivers are judged on it.

    Returns:
        Yes when every step has only reasons for yes; no when any step has a reason for no; else unknown.
    """
    found: list[Reason]
    steps: list[StepVerdict] = []
    if case.saga_version is None:
        found = [reasons.no_saga_version(case)]
    elif case.unreadable:
        found = [reasons.unreadable(case)]
    else:
        found, steps = _of_steps(case, faults, today)
    if case.in_flight is not None:
        found = [in_flight.reason(case), *(in_flight.told(case, one) for one in found)]
    found = [replace(one, saga_version=case.saga_version) for one in found]
    steps = [replace(one, saga_version=case.saga_version) for one in steps]
    can_run = _verdict(found)
    summary = _yes(case, faults, found) if can_run else _no(case, can_run, found)
    return RunVerdict(can_run, summary, tuple(found), tuple(steps))


def judge_all(cases: Sequence[Case], faults: int, today: date) -> RunVerdict:
    """Judge several versions of a saga that are live side by side: all of them must run."""
    verdicts = [judge(case, faults, today) for case in cases]
    if len(verdicts) == 1:
        return verdicts[0]
    found = (*(reason for verdict in verdicts for reason in verdict.reasons), *event_reasons.between_versions(cases))
    steps = tuple(step for verdict in verdicts for step in verdict.steps)
    summary = " ".join(verdict.summary for verdict in verdicts)
    return RunVerdict(_verdict(found), summary, found, steps)


def _of_steps(case: Case, faults: int, today: date) -> tuple[list[Reason], list[StepVerdict]]:
    shas = {at.step: at.slice_.sha for at in case.steps if at.slice_ is not None}
    found: list[Reason] = []
    steps = []
    work = decks.Work()
    for at in case.steps:
        state = DeckState(DeckWord.MISSING)
        if at.version is not None and at.slice_ is not None:
            state = decks.state_of(decks.Asked(at.slice_, shas[at.step], faults, today, work), at.runs)
        if at.version is None:
            own = [reasons.not_there(case, at)]
        else:
            deck_fails = state.word in (DeckWord.BROKEN, DeckWord.PENDING)
            pact = pact_reasons(case, at, shas.get(at.step, ""), today, deck_fails=deck_fails)
            own = [*pact, *deck_reasons(case, at, state, faults, today)]
        found += own or [reasons.all_well(case, at, state, today)]
        steps.append(_step(at, state))
    if case.reactions:
        found.append(reasons.reactions_not_judged(case))
    return [*found, *message_reasons(case)], steps


def _verdict(found: Sequence[Reason]) -> bool | None:
    verdicts = {reason.verdict for reason in found}
    if "no" in verdicts:
        return False
    return None if "unknown" in verdicts or not found else True


def _step(at: StepAt, state: DeckState) -> StepVerdict:
    pact = {True: "kept", False: "broken", None: "unproven"}[at.pact]
    deck = _DECK.get(state.word, "unproven")
    if not state.runs:
        return StepVerdict(at.step, at.participant, at.version, pact, deck)
    first = state.runs[0]
    told = first.run.obligations if first.judgement is None else first.judgement.obligations
    obligations = {name: str(verdict) for name, verdict in told.items()}
    return StepVerdict(at.step, at.participant, at.version, pact, deck, obligations, first.run.verdict, first.run.faults)


def _yes(case: Case, faults: int, found: Sequence[Reason]) -> str:
    """Say yes, with what it does not speak of."""
    slices = [at.slice_ for at in case.steps if at.slice_ is not None]
    levels = [at.level(case.level) for at in case.steps] or [case.level]
    without = sorted({at.step for at in case.steps if at.level(case.level) <= PACTS_ONLY})
    has_decks = max(levels) > PACTS_ONLY
    obligations = {one for slice_ in slices for one in adoption.not_looked_at(slice_)}
    text = f"{_name(case)} can run in {case.environment}: every step is kept"
    besides = f" (but for {', '.join(without)}: contracts only)" if without else ""
    text += f", with every history of at most k = {faults} faults{besides}." if has_decks else "."
    warned = " Contracts of messages are missing." if any(one.type == "message_contract_missing" for one in found) else ""
    return text + reasons.not_looked_at(min(levels), obligations, has_deck=has_decks) + warned


def _no(case: Case, can_run: bool | None, found: Sequence[Reason]) -> str:  # noqa: FBT001  (a verdict)
    verdict = "no" if can_run is False else "unknown"
    count = sum(reason.verdict == verdict for reason in found)
    noun = "reason" if count == 1 else "reasons"
    name = _name(case)
    if can_run is False:
        return f"{name} cannot run in {case.environment}: {count} {noun}."
    return f"Nobody knows whether {name[0].lower()}{name[1:]} can run in {case.environment}: {count} {noun}."


def _name(case: Case) -> str:
    name = f"Saga {case.saga}" + (f" {case.saga_version}" if case.saga_version else "")
    return name if case.in_flight is None else f"{name} of {case.executes_as} {case.executor_version} (in flight)"
