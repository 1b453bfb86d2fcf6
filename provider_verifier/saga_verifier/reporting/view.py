"""What a verification tells, as one value that every format draws (pure).

Format by format nothing is worked out anew: what broke, for whom, the shortest history that shows it with its calls and the
faults that cause it, the mend, and the command that plays it again stand here.
"""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from saga_contracts.declare.obligations import CATALOGUE
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive.causes import causes_of
from saga_contracts.show.wording import faults_words
from saga_verifier.outcomes import COULD_NOT_FIND_OUT, ProviderOutcome
from saga_verifier.reporting import calls
from saga_verifier.verdicts import DeckResult, HistoryResult, InteractionOutcome, Origin, PactOutcome

_MEND_OF_A_MIX = (
    "Let each version read what the other one has written: columns, keys and words stay until no version that needs them is left."
)
_FOUND = (Verdict.BROKEN, Verdict.UNPROVEN, Verdict.PENDING)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asked for, so that a finding names its place and the command to run next.

    Attributes:
        file: The provider file.
        words: What stands behind it on a command that asks the same: where the contracts come from, and how it is isolated.
        upgrade: The other version, where one is played in turns; empty: there is none.
    """

    file: str = "provider.yaml"
    words: tuple[str, ...] = ()
    upgrade: str = ""

    def again(self, pact: PactOutcome, deck: DeckResult, history: str) -> str:
        """Give the command that plays one history again."""
        place = pact.origin.place
        source = ("--pact", place) if place and not pact.origin.version else ()
        faults = ("--faults", str(deck.deck.faults)) if deck.deck.faults != 1 else ()
        step = f"{deck.deck.saga}/{deck.deck.step}"
        other = ("--upgrade-from", self.upgrade) if deck.mixed_with else ()
        words = ("sagapact", "verify", self.file, *source, *self.words, *faults, *other, "--step", step, "--replay", history)
        return shlex.join(words)


@dataclass(frozen=True, slots=True)
class Obligation:
    """An obligation of a step that is not kept.

    Attributes:
        name: Its id and its name.
        histories: All histories that break it.
        shortest: The one that is told; None where the declaration itself gives it up.
        cause: Which faults cause that history; empty where none do.
        text: What was seen.
        again: The command that plays the history again; empty: there is none.
    """

    name: str
    verdict: Verdict
    histories: tuple[str, ...]
    shortest: HistoryResult | None
    cause: str
    text: str
    mend: str
    again: str

    @property
    def calls(self) -> tuple[str, ...]:
        """The calls of the history, to paste."""
        return tuple(calls.pasted(self.shortest.calls)) if self.shortest is not None else ()


@dataclass(frozen=True, slots=True)
class Deck:
    """A deck's result, and of it what is not kept."""

    result: DeckResult
    obligations: tuple[Obligation, ...]

    @property
    def title(self) -> str:
        """Its saga and step, and the version that it was mixed with."""
        mixed = f" mixed with {self.result.mixed_with}" if self.result.mixed_with else ""
        return f"{self.result.deck.saga}/{self.result.deck.step}{mixed}"

    @property
    def counted(self) -> str:
        """How many of its histories are kept, of those that apply."""
        applicable = [one for one in self.result.histories if not one.inapplicable]
        kept = sum(one.verdict == Verdict.KEPT for one in applicable)
        beside = len(self.result.histories) - len(applicable)
        return f"{kept} of {len(applicable)} histories kept{f', {beside} not applicable' if beside else ''}"

    @property
    def inapplicable(self) -> Iterator[tuple[str, str]]:
        """Give the trials that do not apply, those of one reason together."""
        yield from _by_reason((one.inapplicable, one.name) for one in self.result.histories)

    @property
    def unproven(self) -> Iterator[tuple[str, str]]:
        """Give what is unproven, each with the reason: obligations, and histories that could not be judged."""
        for name, verdict in self.result.obligations.items():
            if verdict == Verdict.UNPROVEN:
                yield f"{name} {CATALOGUE[name].name}", self.result.judgement.why[name]
        yield from _by_reason((one.trouble, one.name) for one in self.result.histories)


@dataclass(frozen=True, slots=True)
class Pact:
    """A pact's outcome with its decks."""

    outcome: PactOutcome
    decks: tuple[Deck, ...]

    @property
    def title(self) -> str:
        """Its consumer, so that it can be told from another one of the same consumer."""
        origin = self.outcome.origin
        words = [origin.selected if origin.version else origin.place, "pending" if self.outcome.pending else ""]
        told = ", ".join(word for word in words if word)
        return f"{f'{self.outcome.consumer} {origin.version}'.strip()}{f' ({told})' if told else ''}"

    @property
    def word(self) -> str:
        """Give the whole in one word."""
        unknown = self.outcome.troubles and self.outcome.verdict != Verdict.BROKEN
        return COULD_NOT_FIND_OUT if unknown else self.outcome.verdict.value


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider's outcome with its pacts."""

    outcome: ProviderOutcome
    file: str
    pacts: tuple[Pact, ...]
    mixed: tuple[Deck, ...] = ()

    @property
    def title(self) -> str:
        """Its name and version."""
        return f"{self.outcome.provider} {self.outcome.version}".strip()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it must be, or could not be found out: what a build server shows at a line of its own.

    Attributes:
        provider: Name of the provider.
        consumer: Whose pact; empty: it is about no single one.
        about: The consumer with its version, and why it was selected.
        place: Saga and step, or the interaction's key; empty: the whole.
        what: The obligation, the interaction, or that something could not be found out.
        text: What was seen, in one line.
        calls: To paste.
    """

    provider: str
    file: str
    consumer: str
    about: str
    place: str
    what: str
    verdict: str
    text: str
    cause: str = ""
    calls: tuple[str, ...] = ()
    mend: str = ""
    again: str = ""


def of(outcome: ProviderOutcome, asked: Asked | None = None) -> Provider:
    """Give what is to be told of a provider."""
    known = asked or Asked()
    pacts = tuple(Pact(pact, tuple(_deck(pact, deck, known) for deck in pact.decks)) for pact in outcome.pacts)
    return Provider(outcome, known.file, pacts, tuple(_deck(_nobodys(outcome, deck), deck, known) for deck in outcome.mixed))


def _nobodys(outcome: ProviderOutcome, mixed: DeckResult) -> PactOutcome:
    """Give whose a mix is: no consumer's, but from the same place as its deck."""
    places = (pact.origin for pact in outcome.pacts if any(own.slice.sha == mixed.slice.sha for own in pact.decks))
    return PactOutcome("", outcome.provider, pending=False, interactions=(), origin=next(places, Origin()))


def findings(providers: Sequence[Provider]) -> Iterator[Finding]:
    """Give all that is not kept: broken first, then what is pending or waived, then what is not known."""
    order = [Verdict.BROKEN.value, COULD_NOT_FIND_OUT, Verdict.UNPROVEN.value, Verdict.PENDING.value]
    found = [one for provider in providers for one in _of_provider(provider)]
    yield from sorted(found, key=lambda one: order.index(one.verdict) if one.verdict in order else len(order))


def names(one: InteractionOutcome) -> str:
    """Give the obligations that an interaction breaks, with their names."""
    return ", ".join(f"{broken.obligation} {CATALOGUE[broken.obligation].name}" for broken in one.broken)


def _deck(pact: PactOutcome, deck: DeckResult, asked: Asked) -> Deck:
    broken = [(name, verdict) for name, verdict in deck.obligations.items() if verdict in (Verdict.BROKEN, Verdict.WAIVED)]
    return Deck(deck, tuple(_obligation(pact, deck, name, verdict, asked) for name, verdict in broken))


def _obligation(pact: PactOutcome, deck: DeckResult, name: str, verdict: Verdict, asked: Asked) -> Obligation:
    shortest = deck.shortest(name)
    return Obligation(
        f"{name} {CATALOGUE[name].name}",
        Verdict.PENDING if pact.pending and verdict == Verdict.BROKEN else verdict,
        tuple(one.name for one in deck.histories if deck.text_of(one, name)),
        shortest,
        _cause(deck, shortest.name) if shortest is not None else "",
        deck.text_of(shortest, name) if shortest is not None else deck.judgement.why[name],
        _MEND_OF_A_MIX if deck.mixed_with else CATALOGUE[name].mend,
        asked.again(pact, deck, shortest.name) if shortest is not None and (asked.upgrade or not deck.mixed_with) else "",
    )


def _by_reason(found: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Give names in one text for each reason, and the reason; those without one are left out."""
    listed: dict[str, list[str]] = {}
    for reason, name in found:
        listed.setdefault(reason, []).append(name)
    yield from ((", ".join(named), reason) for reason, named in listed.items() if reason)


def _cause(deck: DeckResult, name: str) -> str:
    """Say which faults cause a history, where faults do."""
    caused = (one for one in deck.deck.histories if one.name == name and one.faults)
    return next((faults_words(one.faults, causes_of(deck.slice, one)) for one in caused), "")


def _of_provider(provider: Provider) -> Iterator[Finding]:
    outcome = provider.outcome
    if outcome.trouble:
        what = COULD_NOT_FIND_OUT
        yield Finding(outcome.provider, provider.file, "", "", "", what, what, _first(outcome.trouble))
    for pact in provider.pacts:
        yield from (_of_interaction(provider, pact, one) for one in pact.outcome.interactions if one.verdict in _FOUND)
        for deck in pact.decks:
            yield from _of_deck(provider, pact, deck)
        for trouble in pact.outcome.troubles:
            yield _finding(provider, pact, "", COULD_NOT_FIND_OUT, COULD_NOT_FIND_OUT, _first(trouble))
    nobodys = Pact(PactOutcome("", outcome.provider, pending=False, interactions=()), ())
    for deck in provider.mixed:
        yield from _of_deck(provider, nobodys, deck)
    if outcome.unmixed:
        yield _finding(provider, nobodys, "", COULD_NOT_FIND_OUT, COULD_NOT_FIND_OUT, _first(outcome.unmixed))


def _of_interaction(provider: Provider, pact: Pact, one: InteractionOutcome) -> Finding:
    verdict = Verdict.PENDING if pact.outcome.pending and one.verdict == Verdict.BROKEN else one.verdict
    mend = " ".join(CATALOGUE[broken.obligation].mend for broken in one.broken)
    text = " ".join((*one.mismatches, one.text)).strip()
    return _finding(provider, pact, one.key, names(one) or "contract", verdict.value, text, mend=mend)


def _of_deck(provider: Provider, pact: Pact, deck: Deck) -> Iterator[Finding]:
    for one in deck.obligations:
        text = f"{one.shortest.name}: {one.text}" if one.shortest is not None else one.text
        yield _finding(
            provider, pact, deck.title, one.name, one.verdict.value, text,
            cause=one.cause, calls=one.calls, mend=one.mend, again=one.again,
        )  # fmt: skip
    for name, why in deck.unproven:
        yield _finding(provider, pact, deck.title, name, Verdict.UNPROVEN.value, why)


def _finding(provider: Provider, pact: Pact, place: str, what: str, verdict: str, text: str, **more: Any) -> Finding:
    outcome = provider.outcome
    return Finding(outcome.provider, provider.file, pact.outcome.consumer, pact.title, place, what, verdict, text, **more)


def _first(text: str) -> str:
    return next(iter(text.splitlines()), "")
