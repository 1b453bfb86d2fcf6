"""What a verification tells on the screen: what broke, and for whom, in one screen (pure)."""

import textwrap
from collections.abc import Iterator

from saga_contracts.declare.verdict import Verdict
from saga_verifier.outcomes import COULD_NOT_FIND_OUT, ProviderOutcome
from saga_verifier.reporting.notices import notices
from saga_verifier.reporting.view import Asked, Deck, Obligation, Pact, Provider, names, of

WIDTH = 140


def lines(outcome: ProviderOutcome, asked: Asked | None = None) -> Iterator[str]:
    """Give the outcome as lines of text."""
    yield from told(of(outcome, asked))


def told(provider: Provider) -> Iterator[str]:
    """Give what is to be told of a provider as lines of text; the last one is the whole in a word."""
    name, outcome = provider.title, provider.outcome
    if outcome.trouble:
        yield f"{name}: {COULD_NOT_FIND_OUT}: {outcome.trouble}"
        return
    if not provider.pacts:
        yield f"{name}: not applicable. {outcome.text}"
        return
    for pact in provider.pacts:
        yield from _pact(pact)
    for deck in provider.mixed:
        yield from _deck(deck)
    yield from _trouble(outcome.unmixed)
    yield from _claims(provider)
    yield f"{name}: {outcome.word}"


def _pact(pact: Pact) -> Iterator[str]:
    outcome = pact.outcome
    yield f"pact with {pact.title}: {_counted(pact)}"
    yield from (f"  {line}" for text in notices(outcome) for line in text.splitlines() if line.strip())
    yield from (f"  {note}" for note in outcome.notes)
    yield from _not_kept(pact)
    for deck in pact.decks:
        yield from _deck(deck)
    for trouble in outcome.troubles:
        yield from _trouble(trouble)


def _trouble(trouble: str) -> Iterator[str]:
    for number, line in enumerate(trouble.splitlines()):
        yield f"    {line}" if number else f"  {COULD_NOT_FIND_OUT}: {line}"


def _counted(pact: Pact) -> str:
    interactions = pact.outcome.interactions
    kept = sum(one.verdict == Verdict.KEPT for one in interactions)
    if interactions:
        return f"{kept} of {len(interactions)} interactions kept"
    return "played again" if any(deck.result.replayed for deck in pact.decks) else COULD_NOT_FIND_OUT


def _not_kept(pact: Pact) -> Iterator[str]:
    for one in pact.outcome.interactions:
        told = f" ({names(one)})" if one.broken else ""
        if one.verdict == Verdict.KEPT:
            yield from (f"  kept: {one.key}: {one.text}" for _ in (1,) if one.text)
        elif one.verdict == Verdict.WAIVED:
            yield f"  waived: {one.key}{told}: {one.text}"
        else:
            yield f"  {one.verdict.value}: {one.key}{told}"
            yield from (f"    {text}" for text in (*one.mismatches, one.text) if text)


def _deck(deck: Deck) -> Iterator[str]:
    result = deck.result
    yield f"deck of {deck.title}, k = {result.deck.faults}: {deck.counted}"
    shown: set[str] = set()
    for one in deck.obligations:
        yield from _broken(one, shown)
    yield from (f"  unproven: {what}: {why}" for what, why in deck.unproven)
    if result.reply_ms is not None:
        median, longest = result.reply_ms
        yield f"  replies within {median:.0f} ms (median) to {longest:.0f} ms; {result.slice.step.timeout_ms} ms are allowed"
    yield from (f"  not applicable: {what}: {why}" for what, why in deck.inapplicable)
    if result.replayed:
        yield from _kept_again(deck)
    elif not result.mixed_with and result.judgement.not_looked_at:
        not_looked_at = ", ".join(result.judgement.not_looked_at)
        yield f"  not looked at, since the step is at level {result.slice.level} only: {not_looked_at}"


def _broken(one: Obligation, shown: set[str]) -> Iterator[str]:
    """Tell an obligation that is not kept; the calls of a history are told once."""
    history = one.shortest
    where = f", in {_histories(len(one.histories))} ({', '.join(one.histories)}); shortest:" if history is not None else ":"
    yield f"  {one.verdict.value}: {one.name}{where}"
    if history is None:
        yield f"    {one.text}"
    else:
        yield f"    {history.name}{f' ({one.cause})' if one.cause else ''}: {one.text}"
    yield f"    Mend: {one.mend}"
    if history is not None and one.verdict != Verdict.WAIVED and history.name not in shown:
        shown.add(history.name)
        yield from (f"    {line}" for line in one.calls)
        yield from (f"    Again: {one.again}" for _ in (1,) if one.again)


def _histories(count: int) -> str:
    return f"{count} {'history' if count == 1 else 'histories'}"


def _kept_again(deck: Deck) -> Iterator[str]:
    """Tell what was played again and is kept."""
    for one in deck.result.histories:
        if one.verdict in (Verdict.KEPT, Verdict.WAIVED):
            yield f"  {one.verdict.value}: {one.name}{f' ({one.how})' if one.how else ''}"


def _claims(provider: Provider) -> Iterator[str]:
    """Say what each deck's result speaks for; consumers that share a step share the sentence."""
    said = dict.fromkeys((deck.title, deck.result.claim()) for deck in _decks(provider))
    for title, claim in said:
        yield from textwrap.wrap(f"{title}: {claim}", WIDTH, subsequent_indent="  ", break_long_words=False)


def _decks(provider: Provider) -> Iterator[Deck]:
    yield from (deck for pact in provider.pacts for deck in pact.decks)
    yield from provider.mixed
