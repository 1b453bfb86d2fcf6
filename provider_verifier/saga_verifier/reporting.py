"""What a verification tells on the screen and in JSON: what broke, and for whom, in one screen (pure)."""

from collections.abc import Iterator, Sequence
from typing import Any

from saga_contracts.declare.obligations import CATALOGUE
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive.causes import causes_of
from saga_contracts.show.wording import faults_words
from saga_verifier.run import COULD_NOT_FIND_OUT, ProviderOutcome, worst_status
from saga_verifier.verdicts import DeckResult, PactOutcome

BEFORE, AFTER = "before_verification", "after_verification"


def lines(outcome: ProviderOutcome) -> Iterator[str]:
    """Give the outcome as lines of text."""
    name = f"{outcome.provider} {outcome.version}".strip()
    if outcome.trouble:
        yield f"{name}: {COULD_NOT_FIND_OUT}: {outcome.trouble}"
        return
    if not outcome.pacts:
        yield f"{name}: not applicable. {outcome.text}"
        return
    for pact in outcome.pacts:
        yield from _pact(pact)
    yield f"{name}: {outcome.word}"


def as_json(outcome: ProviderOutcome, last_confirmed: str | None = None) -> dict[str, Any]:
    """Give the outcome as plain JSON, as the report takes it.

    Args:
        outcome: What was found out.
        last_confirmed: The date when an end-to-end run last saw only histories of the decks (I13); None for never.
    """
    return {
        "provider": outcome.provider,
        "version": outcome.version,
        "verdict": "unknown" if outcome.word == COULD_NOT_FIND_OUT else outcome.verdict.value,
        "exit_status": outcome.exit_status,
        "text": outcome.trouble or outcome.text,
        "pacts": [_pact_json(pact, last_confirmed) for pact in outcome.pacts],
    }


def all_as_json(outcomes: Sequence[ProviderOutcome]) -> dict[str, Any]:
    """Give the outcomes of a file's services as plain JSON: of one as `as_json`, of several each apart, and the worst status."""
    if len(outcomes) == 1:
        return as_json(outcomes[0])
    return {"exit_status": worst_status(outcomes), "providers": [as_json(one) for one in outcomes]}


def deck_json(deck: DeckResult, last_confirmed: str | None = None) -> dict[str, Any]:
    """Give a deck's result as plain JSON."""
    return {
        "saga": deck.deck.saga,
        "step": deck.deck.step,
        "faults": deck.deck.faults,
        "derivation": deck.deck.derivation,
        "verdict": deck.verdict.value,
        "claim": deck.deck.claim(last_confirmed),
        "obligations": {name: verdict.value for name, verdict in deck.obligations.items()},
        "histories": [history.as_json() for history in deck.histories],
    }


def notices(pact: PactOutcome) -> Iterator[str]:
    """Give the broker's sentences about a pact: those before its verification, and those that its result calls for."""
    bad = (Verdict.BROKEN, Verdict.UNPROVEN, *([Verdict.PENDING] if pact.pending else []))
    after = f"{AFTER}:success_{str(pact.verdict not in bad).lower()}_published_{str(pact.published).lower()}"
    for when, text in pact.origin.notices:
        if when in ("", BEFORE, AFTER, after):
            yield text


def _pact_json(pact: PactOutcome, last_confirmed: str | None) -> dict[str, Any]:
    interactions = [
        {
            "key": one.key,
            "verdict": one.verdict.value,
            "mismatches": list(one.mismatches),
            "broken": [{"obligation": broken.obligation, "text": broken.text} for broken in one.broken],
            "text": one.text,
        }
        for one in pact.interactions
    ]
    return {
        "consumer": pact.consumer,
        "consumer_version": pact.origin.version,
        "selected": pact.origin.selected,
        "place": pact.origin.place,
        "notices": list(notices(pact)),
        "verdict": "unknown" if _is_unknown(pact) else pact.verdict.value,
        "pending": pact.pending,
        "published": pact.published,
        "troubles": list(pact.troubles),
        "warnings": list(pact.notes),
        "interactions": interactions,
        "decks": [deck_json(deck, last_confirmed) for deck in pact.decks],
    }


def _is_unknown(pact: PactOutcome) -> bool:
    return bool(pact.troubles) and pact.verdict != Verdict.BROKEN


def _pact(pact: PactOutcome) -> Iterator[str]:
    kept = sum(one.verdict == Verdict.KEPT for one in pact.interactions)
    told = f"{kept} of {len(pact.interactions)} interactions kept" if pact.interactions else COULD_NOT_FIND_OUT
    yield f"{_title(pact)}: {told}"
    yield from (f"  {line}" for text in notices(pact) for line in text.splitlines() if line.strip())
    yield from (f"  {note}" for note in pact.notes)
    yield from _not_kept(pact)
    for deck in pact.decks:
        yield from _deck(deck)
    for trouble in pact.troubles:
        first, *more = trouble.splitlines()
        yield f"  {COULD_NOT_FIND_OUT}: {first}"
        yield from (f"    {line}" for line in more)


def _title(pact: PactOutcome) -> str:
    """Name a pact so that it can be told from another one of the same consumer."""
    origin = pact.origin
    words = [origin.selected if origin.version else origin.place, "pending" if pact.pending else ""]
    told = ", ".join(word for word in words if word)
    return f"pact with {f'{pact.consumer} {origin.version}'.strip()}{f' ({told})' if told else ''}"


def _not_kept(pact: PactOutcome) -> Iterator[str]:
    for one in pact.interactions:
        names = ", ".join(f"{broken.obligation} {CATALOGUE[broken.obligation].name}" for broken in one.broken)
        told = f" ({names})" if names else ""
        if one.verdict == Verdict.KEPT:
            yield from (f"  kept: {one.key}: {one.text}" for _ in (1,) if one.text)
        elif one.verdict == Verdict.WAIVED:
            yield f"  waived: {one.key}{told}: {one.text}"
        else:
            yield f"  {one.verdict.value}: {one.key}{told}"
            yield from (f"    {text}" for text in (*one.mismatches, one.text) if text)


def _deck(deck: DeckResult) -> Iterator[str]:
    kept = sum(one.verdict == Verdict.KEPT for one in deck.histories)
    yield f"deck of {deck.deck.saga}/{deck.deck.step}, k = {deck.deck.faults}: {kept} of {len(deck.histories)} histories kept"
    for name, verdict in deck.obligations.items():
        if verdict in (Verdict.BROKEN, Verdict.WAIVED):
            yield from _broken_obligation(deck, name, verdict)
    for name, verdict in deck.obligations.items():
        if verdict == Verdict.UNPROVEN:
            yield f"  unproven: {name} {CATALOGUE[name].name}: {deck.judgement.why[name]}"
    troubles: dict[str, list[str]] = {}
    for one in deck.histories:
        troubles.setdefault(one.trouble, []).append(one.name)
    yield from (f"  unproven: {', '.join(names)}: {trouble}" for trouble, names in troubles.items() if trouble)
    if deck.judgement.not_looked_at:
        names = ", ".join(deck.judgement.not_looked_at)
        yield f"  not looked at, since the step is at level {deck.slice.level} only: {names}"


def _how(deck: DeckResult, name: str) -> str:
    """Say which faults cause a history, where faults do."""
    caused = (one for one in deck.deck.histories if one.name == name and one.faults)
    return next((f" ({faults_words(one.faults, causes_of(deck.slice, one))})" for one in caused), "")


def _broken_obligation(deck: DeckResult, name: str, verdict: Verdict) -> Iterator[str]:
    broken = [one.name for one in deck.histories if deck.text_of(one, name)]
    history = deck.shortest(name)
    where = f", in {len(broken)} histories ({', '.join(broken)}); shortest:" if history is not None else ":"
    yield f"  {verdict.value}: {name} {CATALOGUE[name].name}{where}"
    yield (
        f"    {history.name}{_how(deck, history.name)}: {deck.text_of(history, name)}"
        if history is not None
        else f"    {deck.judgement.why[name]}"
    )
    yield f"    Mend: {CATALOGUE[name].mend}"
