"""What the state of a step's deck means for the saga, in words: why not, the mend, and the command to run next. Pure."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from saga_broker.gate.run.model import Case, DeckState, DeckWord, Judged, Reason, StepAt
from saga_broker.gate.run.reasons import named, verify_command
from saga_contracts.declare.obligations import CATALOGUE, order_of
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive import adoption
from saga_contracts.derive.adoption import Waivers
from saga_contracts.derive.decks import MAX_FAULTS
from saga_contracts.derive.model import DERIVATION

PACTS_ONLY = 1
NAMED = 5
"""So many histories are named at most."""


def deck_reasons(case: Case, at: StepAt, state: DeckState, wanted: int, today: date) -> list[Reason]:
    """Give the reasons that a step's deck is one; none when it is kept, or not asked for."""
    if state.word == DeckWord.BROKEN:
        return _broken(case, at, state)
    if state.word == DeckWord.PENDING:
        return [_pending(case, at, state)]
    return [*_given_up(case, at, today), *_not_known(case, at, state, wanted)]


def _given_up(case: Case, at: StepAt, today: date) -> list[Reason]:
    """Say what the saga file itself gives up and no waiver hides: no deck need be played to know it."""
    if at.slice_ is None:
        return []
    waivers = Waivers(at.slice_.waivers, at.step, today)
    found = []
    for obligation, why in adoption.declared_broken(at.slice_).items():
        if not waivers.hides(obligation):
            text = f"Step {at.step} of saga {case.saga} gives up {named(obligation)}. {why} {waivers.words(obligation)}".rstrip()
            mend = f"{CATALOGUE[obligation].mend} Or waive {obligation} at {at.step} in the saga file, with a person and a day."
            found.append(Reason("deck_broken", "no", text, mend, "", at.step, at.participant, at.version, obligation))
    return found


def _not_known(case: Case, at: StepAt, state: DeckState, wanted: int) -> list[Reason]:
    if state.word == DeckWord.KEPT or at.level(case.level) <= PACTS_ONLY:
        return []
    kind, text, mend = _UNKNOWN[state.word](state, at, wanted)
    text = f"Step {at.step} of saga {case.saga}: {text}"
    return [Reason(kind, "unknown", text, mend, verify_command(at, wanted), at.step, at.participant, at.version)]


def _broken(case: Case, at: StepAt, state: DeckState) -> list[Reason]:
    found: dict[str, Reason] = {}
    for judged in state.runs:
        for obligation in _deviating(judged) or [""]:
            found.setdefault(obligation, _breaks(case, at, judged, obligation, _stands(state, judged)))
    return [found[one] for one in sorted(found, key=order_of)]


def _breaks(case: Case, at: StepAt, judged: Judged, obligation: str, stands: str) -> Reason:
    known = CATALOGUE.get(obligation)
    what = named(obligation) if obligation else "an obligation"
    text = f"Step {at.step} of saga {case.saga}: {at.participant} {at.version} breaks {what}."
    text += _because(judged, obligation) + _overruled(judged, Verdict.BROKEN) + stands
    mend = known.mend if known else f"Mend {at.participant} and verify again."
    command = verify_command(at, min(judged.run.faults, MAX_FAULTS))
    return Reason("deck_broken", "no", text, mend, command, at.step, at.participant, at.version, obligation or None)


def _deviating(judged: Judged) -> list[str]:
    words: Mapping[str, str] = judged.run.obligations if judged.judgement is None else judged.judgement.obligations
    found = [one for one, verdict in words.items() if verdict in ("broken", "pending")]
    return sorted(found, key=order_of)


def _because(judged: Judged, obligation: str) -> str:
    """Name the shortest history that shows it, with what it saw, and what became of a waiver."""
    history, text = _shortest(judged, obligation)
    because = f" In history {history.get('word')}: {text}".rstrip() if history is not None else ""
    if because and not because.endswith("."):
        because += "."
    if judged.judgement is None:
        return because
    why = judged.judgement.why.get(obligation, "")
    expired = why[why.index("The waiver expired") :] if "The waiver expired" in why else ""
    declared = why if history is None else expired
    return f"{because} {declared}".rstrip()


def _shortest(judged: Judged, obligation: str) -> tuple[Mapping[str, Any] | None, str]:
    if judged.judgement is None:
        broken = [one for one in judged.run.histories if one.get("verdict") in ("broken", "pending")]
        own = [one for one in broken if obligation in (one.get("obligations") or ())]
        chosen = min(own or broken, key=_length, default=None)
        return chosen, str((chosen or {}).get("text") or "")
    broken = [one for one in judged.run.histories if _text_of(one, obligation) is not None]
    chosen = min(broken, key=_length, default=None)
    return chosen, "" if chosen is None else _text_of(chosen, obligation) or str(chosen.get("text") or "")


def _text_of(history: Mapping[str, Any], obligation: str) -> str | None:
    listed = history.get("broken")
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, Mapping) and one.get("obligation") == obligation:
            return str(one.get("text") or "")
    return None


def _length(history: Mapping[str, Any]) -> int:
    return len(str(history.get("word", "")))


def _overruled(judged: Judged, verdict: Verdict) -> str:
    said = judged.run.verdict
    if judged.judgement is None or said in (verdict.value, "pending"):
        return ""
    return f" (The verifier concluded {said}; its own histories say {verdict}.)"


def _stands(state: DeckState, judged: Judged) -> str:
    if state.weaker is None or judged is not state.runs[0]:
        return ""
    return (
        f" It was found with k = {judged.run.faults}; a newer run with k = {state.weaker.faults} takes nothing of that back: "
        "it stands until a run with at least as many faults keeps the whole deck."
    )


def _pending(case: Case, at: StepAt, state: DeckState) -> Reason:
    names = ", ".join(named(one) for one in _deviating(state.runs[0])) or "some obligations"
    text = (
        f"Step {at.step} of saga {case.saga}: {at.participant} {at.version} has not kept {names} yet; "
        f"it counts as pending until the main branch of {at.participant} has kept it once."
    )
    mend = f"Agree with the team of {at.participant} when it will be kept."
    return Reason("deck_pending", "unknown", text, mend, verify_command(at), at.step, at.participant, at.version)


def _unproven(state: DeckState, at: StepAt, _wanted: int) -> tuple[str, str, str]:
    judged = state.runs[0]
    judgement = judged.judgement
    assert judgement is not None  # noqa: S101  (a run that counts says what was seen)
    open_ones = [one for one, verdict in judgement.obligations.items() if verdict == Verdict.UNPROVEN]
    names = ", ".join(named(one) for one in open_ones) or "some obligations"
    text = f"the deck could not prove {names} for {at.participant} {at.version}."
    text += f" {judgement.why[open_ones[0]]}" if open_ones else ""
    troubles = [f"{one.get('word')}: {one['trouble']}" for one in judged.run.histories if one.get("trouble")]
    if troubles:
        text += f" Could not be judged: {'; '.join(troubles[:NAMED])}."
    text += _overruled(judged, Verdict.UNPROVEN)
    mend = "Declare the status call and the effect probe of the step in the saga file, or lower its level of adoption."
    return "deck_unproven", text, "Verify again where the history can be judged." if troubles else mend


def _incomplete(state: DeckState, at: StepAt, wanted: int) -> tuple[str, str, str]:
    names = ", ".join(state.absent[:NAMED]) + (", …" if len(state.absent) > NAMED else "")
    text = f"the deck (k = {wanted}) was not played whole against {at.participant} {at.version}: "
    text += f"{len(state.absent)} {_histories(len(state.absent))} missing: {names}."
    return "deck_incomplete", text, f"Verify {at.participant} {at.version} with this version of sagapact, the whole deck."


def _too_weak(state: DeckState, at: StepAt, wanted: int) -> tuple[str, str, str]:
    played = state.runs[0].run.faults
    text = f"the deck was played against {at.participant} {at.version} with k = {played} only; k = {wanted} is asked for."
    return "deck_too_weak", text, f"Verify {at.participant} {at.version} with --faults {wanted}."


def _outdated(state: DeckState, at: StepAt, _wanted: int) -> tuple[str, str, str]:
    run = state.runs[0].run
    where = f"the result of the deck at {at.participant} {at.version}"
    if run.derivation != DERIVATION:
        text = f"{where} is of derivation v{run.derivation}, and this broker derives v{DERIVATION}: it could only be a no."
    else:
        text = f"{where} does not say what was seen in each history, so that nothing can be worked out from it."
    return "deck_outdated", text, f"Verify {at.participant} {at.version} with the version of sagapact that the broker has."


def _too_large(_state: DeckState, at: StepAt, wanted: int) -> tuple[str, str, str]:
    text = (
        f"the deck for k = {wanted} has more histories than the broker derives for one question, so results of {at.participant} "
    )
    text += f"{at.version} cannot be held against it."
    return "deck_too_large", text, "Ask for fewer faults, or let the step have fewer tries in the saga file."


def _missing(_state: DeckState, at: StepAt, _wanted: int) -> tuple[str, str, str]:
    text = f"the deck was never played against {at.participant} {at.version}."
    return "deck_missing", text, f"Verify {at.participant} {at.version} in its own build and publish the result."


def _histories(count: int) -> str:
    return "history is" if count == 1 else "histories are"


_UNKNOWN: dict[DeckWord, Callable[[DeckState, StepAt, int], tuple[str, str, str]]] = {
    DeckWord.UNPROVEN: _unproven,
    DeckWord.INCOMPLETE: _incomplete,
    DeckWord.TOO_WEAK: _too_weak,
    DeckWord.OUTDATED: _outdated,
    DeckWord.MISSING: _missing,
    DeckWord.TOO_LARGE: _too_large,
}
