"""What a verification found, as GitHub shows it: a summary of the step, and annotations at the provider file (pure).

What a participant said stands in both: in the summary as text that no Markdown and no HTML comes out of, in an annotation with
every character escaped that ends it.
"""

import html
from collections.abc import Iterator, Sequence

from saga_contracts.declare.verdict import Verdict
from saga_verifier.outcomes import COULD_NOT_FIND_OUT
from saga_verifier.reporting.printable import printable
from saga_verifier.reporting.view import Deck, Finding, Pact, Provider, findings

MOST_ANNOTATIONS = 10
"""GitHub shows so many of each kind for a step."""
MOST_FINDINGS = 30
LONGEST_SUMMARY = 900_000
"""A step's summary may have 1 MiB."""
_SIGNS = {"kept": "✅", "waived": "☑️", "broken": "❌", "pending": "⏳", "not applicable": "⚪"}
_KINDS = {Verdict.BROKEN.value: "error", COULD_NOT_FIND_OUT: "error", Verdict.UNPROVEN.value: "warning"}


def annotations(providers: Sequence[Provider]) -> Iterator[str]:
    """Give the workflow commands that annotate what is broken, not found out or unproven."""
    told: dict[str, list[Finding]] = {}
    for one in findings(providers):
        told.setdefault(_KINDS.get(one.verdict, "notice"), []).append(one)
    for kind, found in told.items():
        shown = found if len(found) <= MOST_ANNOTATIONS else found[: MOST_ANNOTATIONS - 1]
        yield from (_annotation(kind, one) for one in shown)
        if len(found) > len(shown):
            yield f"::{kind}::{len(found) - len(shown)} more findings of this kind stand in the step's summary."


def summary(providers: Sequence[Provider]) -> str:
    """Give the step's summary in Markdown."""
    parts = [part for provider in providers for part in _provider(provider)]
    found = [one for one in findings(providers) if one.verdict != Verdict.WAIVED]
    for one in found[:MOST_FINDINGS]:
        parts += ["", *_finding(one)]
    if len(found) > MOST_FINDINGS:
        parts += ["", f"{len(found) - MOST_FINDINGS} more findings: see the step's log."]
    parts += ["", *_claims(providers)]
    text = "\n".join(parts) + "\n"
    return text if len(text.encode()) <= LONGEST_SUMMARY else "\n".join(_short(providers)) + "\n"


def _short(providers: Sequence[Provider]) -> Iterator[str]:
    for provider in providers:
        yield from _provider(provider)
    yield "\nThe findings are longer than a summary may be: see the step's log."


def _annotation(kind: str, one: Finding) -> str:
    title = " ".join(part for part in (one.verdict, one.place, one.what) if part)
    about = f"{one.about}: " if one.about else ""
    parts = [f"{about}{one.text}", f"Mend: {one.mend}" if one.mend else "", f"Again: {one.again}" if one.again else ""]
    message = "\n".join(part for part in parts if part)
    return f"::{kind} file={_property(one.file)},line=1,title={_property(title)}::{_message(message)}"


def _message(text: str) -> str:
    return printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")


def _provider(provider: Provider) -> Iterator[str]:
    outcome = provider.outcome
    yield f"### {_sign(outcome.word)} {_text(provider.title)}: {outcome.word}"
    if outcome.trouble or outcome.text:
        yield from ("", _text(outcome.trouble or outcome.text))
    if provider.pacts:
        yield from ("", "| consumer | contract | decks | result |", "| --- | --- | --- | --- |")
        yield from map(_row, provider.pacts)


def _row(pact: Pact) -> str:
    interactions = pact.outcome.interactions
    kept = sum(one.verdict == Verdict.KEPT for one in interactions)
    decks = "<br>".join(map(_deck, pact.decks)) or "none"
    published = ", published" if pact.outcome.published else ""
    word = f"{_sign(pact.word)} {pact.word}{published}"
    return f"| {_text(pact.title)} | {kept} of {len(interactions)} interactions kept | {decks} | {word} |"


def _deck(deck: Deck) -> str:
    return f"{_text(deck.title)}: {deck.counted}"


def _finding(one: Finding) -> Iterator[str]:
    head = " · ".join(part for part in (one.place, one.what, one.about) if part)
    yield f"**{_sign(one.verdict)} {one.verdict}: {_text(head)}**"
    yield from ("", _text(one.text))
    if one.cause:
        yield from ("", f"Caused {_text(one.cause)}.")
    if one.mend:
        yield from ("", f"Mend: {_text(one.mend)}")
    if one.calls:
        yield from ("", "<details><summary>The calls, to paste</summary>", "", _code([*one.calls]), "", "</details>")
    if one.again:
        yield from ("", "Play it again:", "", _code([one.again]))


def _claims(providers: Sequence[Provider]) -> Iterator[str]:
    decks = [deck for provider in providers for pact in provider.pacts for deck in pact.decks]
    said = dict.fromkeys((deck.title, deck.result.claim()) for deck in decks)
    if said:
        yield from ("<details><summary>What this says, and what not</summary>", "")
        yield from (f"- {_text(title)}: {_text(claim)}" for title, claim in said)
        yield from ("", "</details>")


def _sign(word: str) -> str:
    return _SIGNS.get(word, "❔")


def _code(lines: Sequence[str]) -> str:
    """Give lines as code: in HTML, so that no row of backticks ends it."""
    return f"<pre><code>{chr(10).join(html.escape(printable(line), quote=False) for line in lines)}</code></pre>"


def _text(text: str) -> str:
    """Give a text of any origin as one line of Markdown that shows nothing but it."""
    line = html.escape(" ".join(printable(text).split()), quote=False)
    return "".join(f"&#{ord(one)};" if one in "\\`*_{}[]()#|~@!" else one for one in line).replace("://", "&#58;//")
