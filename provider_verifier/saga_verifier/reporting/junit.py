"""What a verification found as JUnit XML, for the test pages of build servers (pure).

One test case for each interaction and history, in a suite for each consumer's pact. What is unproven or pending is skipped, with
its reason; what could not be found out is an error.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from saga_contracts.declare.verdict import Verdict
from saga_verifier.outcomes import COULD_NOT_FIND_OUT
from saga_verifier.reporting.printable import printable
from saga_verifier.reporting.view import Deck, Pact, Provider
from saga_verifier.verdicts import HistoryResult

ERROR = "error"


@dataclass(frozen=True, slots=True)
class _Case:
    group: str
    name: str
    verdict: str
    text: str = ""


def junit(providers: Sequence[Provider]) -> str:
    """Give the outcomes as JUnit XML."""
    root = ET.Element("testsuites", {"name": "sagapact verify"})
    for provider in providers:
        for name, cases in _suites(provider):
            _suite(root, name, list(cases), provider.file)
    _total(root)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suites(provider: Provider) -> Iterator[tuple[str, Iterator[_Case]]]:
    if provider.outcome.trouble:
        yield provider.title, iter([_Case(provider.title, COULD_NOT_FIND_OUT, ERROR, provider.outcome.trouble)])
    elif not provider.pacts:
        yield provider.title, iter([_Case(provider.title, "it has pacts", Verdict.NOT_APPLICABLE.value, provider.outcome.text)])
    for pact in provider.pacts:
        yield f"{provider.title} for {pact.title}", _of_pact(provider, pact)
    if provider.mixed or provider.outcome.unmixed:
        yield f"{provider.title} in mixed versions", _of_mixed(provider)


def _of_pact(provider: Provider, pact: Pact) -> Iterator[_Case]:
    group = f"{provider.outcome.provider}.{pact.outcome.consumer}"
    for one in pact.outcome.interactions:
        text = "\n".join(part for part in (*one.mismatches, one.text) if part)
        yield _Case(group, one.key, _pending(pact, one.verdict), text)
    for deck in pact.decks:
        yield from _of_deck(group, deck, pact)
    for trouble in pact.outcome.troubles:
        yield _Case(group, COULD_NOT_FIND_OUT, ERROR, trouble)


def _of_deck(group: str, deck: Deck, pact: Pact | None) -> Iterator[_Case]:
    for history in deck.result.histories:
        verdict = Verdict.NOT_APPLICABLE if history.inapplicable else history.verdict
        told = verdict.value if pact is None else _pending(pact, verdict)
        yield _Case(f"{group}.{deck.title}", history.name, told, _told(deck, history))
    for what, why in deck.unproven:
        yield _Case(f"{group}.{deck.title}", f"obligation {what}", Verdict.UNPROVEN.value, why)


def _of_mixed(provider: Provider) -> Iterator[_Case]:
    group = provider.outcome.provider
    for deck in provider.mixed:
        yield from _of_deck(group, deck, None)
    if provider.outcome.unmixed:
        yield _Case(group, COULD_NOT_FIND_OUT, ERROR, provider.outcome.unmixed)


def _told(deck: Deck, history: HistoryResult) -> str:
    """Give what a history says; where it is the shortest of an obligation, with its cause, its calls and its mend."""
    told = [one for one in deck.obligations if one.shortest is not None and one.shortest.name == history.name]
    parts = [f"{one.obligation}: {one.text}" for one in history.broken] or [history.text]
    parts += [f"Cause: {one.cause}" for one in told[:1] if one.cause]
    parts += [f"Mend {one.name}: {one.mend}" for one in told]
    parts += [line for one in told[:1] for line in (*one.calls, f"Again: {one.again}")]
    return "\n".join(part for part in parts if part)


def _pending(pact: Pact, verdict: Verdict) -> str:
    return (Verdict.PENDING if pact.outcome.pending and verdict == Verdict.BROKEN else verdict).value


def _suite(root: ET.Element, name: str, cases: list[_Case], file: str) -> None:
    suite = ET.SubElement(root, "testsuite", {"name": printable(name)})
    for case in cases:
        about = {"classname": case.group, "name": case.name or "unnamed", "file": file, "time": "0"}
        written = ET.SubElement(suite, "testcase", {key: printable(value) for key, value in about.items()})
        _ending(written, case)
    _total(suite)


def _ending(written: ET.Element, case: _Case) -> None:
    if case.verdict == Verdict.KEPT:
        return
    text = printable(case.text)
    message = text.split("\n", 1)[0] or case.verdict
    if case.verdict == ERROR:
        ET.SubElement(written, "error", {"message": message, "type": COULD_NOT_FIND_OUT}).text = text
    elif case.verdict == Verdict.BROKEN:
        ET.SubElement(written, "failure", {"message": message, "type": "broken"}).text = text
    else:
        ET.SubElement(written, "skipped", {"message": f"{case.verdict}: {message}"})


def _total(element: ET.Element) -> None:
    found = list(element.iter("testcase"))
    for name, tag in (("tests", None), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(name, str(sum(1 for one in found if tag is None or one.find(tag) is not None)))
