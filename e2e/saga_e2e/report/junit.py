"""Writes the report as JUnit XML, for the test pages of build servers, and as JSON (pure).

One test case for each interaction, history, gate answer and scenario. What is unproven, pending or unknown is skipped with its
reason; a part in which nothing was checked is an error, so that it is never green.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from saga_e2e.report import verdicts
from saga_e2e.report.data import DeckResult, Gate, ProviderResult, ReportData, ScenarioResult, Verdict
from saga_e2e.report.redact import redacted

_SKIPPED = frozenset({Verdict.UNPROVEN, Verdict.PENDING, Verdict.UNKNOWN, Verdict.WAIVED, Verdict.NOT_APPLICABLE})


@dataclass(frozen=True, slots=True)
class _Case:
    """One test case; `nothing` tells that there was nothing to check."""

    group: str
    name: str
    verdict: Verdict
    text: str = ""
    time_ms: float = 0
    nothing: bool = False


def as_junit(data: ReportData) -> str:
    """Give the report as JUnit XML; secrets are hidden as in the page."""
    safe = redacted(data)
    suites = {
        "contracts": [case for one in safe.providers for case in _of_provider(one)],
        "gates": [case for one in safe.gates for case in _of_gate(one)],
        "scenarios": [_of_scenario(one) for one in safe.scenarios],
    }
    if verdicts.nothing_checked(safe):
        suites["report"] = [_Case("report", "something was checked", Verdict.UNKNOWN, "Nothing was checked.", nothing=True)]
    root = ET.Element("testsuites", {"name": safe.title})
    for name, cases in suites.items():
        if cases:
            _suite(root, name, cases)
    _total(root)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def as_json(data: ReportData) -> str:
    """Give the report's data as JSON, with the verdict that the page shows; secrets are hidden as in the page."""
    safe = redacted(data)
    shown = safe.model_copy(update={"verdict": verdicts.headline(safe)})
    return shown.model_dump_json(by_alias=True, indent=2) + "\n"


def _of_provider(provider: ProviderResult) -> Iterator[_Case]:
    label = f"{provider.provider} {provider.version}".strip()
    if not provider.pacts:
        yield _Case(
            label,
            "it has pacts",
            verdicts.of_provider(provider),
            "No pact was verified.",
            nothing=provider.verdict != Verdict.NOT_APPLICABLE,
        )
    for pact in provider.pacts:
        group = f"{label} for {pact.consumer}"
        for one in pact.interactions:
            yield _Case(group, one.key, _pending(one.verdict, pending=pact.pending), "\n".join(one.mismatches))
        if not pact.interactions and not pact.decks:
            yield _Case(group, "it has interactions", verdicts.of_pact(pact), "No interaction was replayed.", nothing=True)
        for deck in pact.decks:
            yield from _of_deck(group, deck, pending=pact.pending)


def _of_deck(group: str, deck: DeckResult, *, pending: bool) -> Iterator[_Case]:
    name = f"{group}: {deck.step}"
    if not deck.histories:
        yield _Case(name, "it has histories", Verdict.UNPROVEN, "No history was played.", nothing=True)
    for one in deck.histories:
        text = " ".join(filter(None, (", ".join(one.at_fault), one.text)))
        yield _Case(name, one.word, _pending(one.verdict, pending=pending), text)


def _pending(verdict: Verdict, *, pending: bool) -> Verdict:
    return Verdict.PENDING if pending and verdict == Verdict.BROKEN else verdict


def _of_gate(gate: Gate) -> Iterator[_Case]:
    for one in gate.can_i_deploy:
        yield _Case(
            gate.title, f"can {one.pacticipant} {one.version} be deployed?", verdicts.of_answer(one.deployable), one.reason
        )
    if gate.can_run is not None:
        answer = gate.can_run
        reasons = [one.text or "" for one in answer.reasons if one.verdict != "yes"]
        yield _Case(gate.title, "can the saga run?", verdicts.of_answer(answer.can_run), "\n".join([answer.summary, *reasons]))


def _of_scenario(scenario: ScenarioResult) -> _Case:
    failed = [f"{one.id} {one.verdict.value}: {one.text}" for one in scenario.invariants if one.verdict not in verdicts.POSITIVE]
    told = [f"expected {scenario.expected or 'nothing'}, came to {scenario.outcome or 'nothing'}", *failed]
    nothing = not scenario.invariants
    told += ["No invariant was checked."] if nothing else []
    return _Case(
        "scenarios",
        scenario.name,
        verdicts.of_scenario(scenario),
        "\n".join(told),
        scenario.duration_ms or 0,
        nothing=nothing and scenario.verdict in (Verdict.KEPT, Verdict.UNKNOWN),
    )


def _suite(root: ET.Element, name: str, cases: Iterable[_Case]) -> None:
    suite = ET.SubElement(root, "testsuite", {"name": name})
    for case in cases:
        attributes = {"classname": case.group or name, "name": case.name or "unnamed", "time": f"{case.time_ms / 1000:.3f}"}
        written = ET.SubElement(suite, "testcase", attributes)
        _ending(written, case)
    _total(suite)


def _ending(written: ET.Element, case: _Case) -> None:
    message = case.text.split("\n", 1)[0] or case.verdict.value
    if case.nothing:
        ET.SubElement(written, "error", {"message": message, "type": "nothing checked"}).text = case.text
    elif case.verdict == Verdict.BROKEN:
        ET.SubElement(written, "failure", {"message": message, "type": "broken"}).text = case.text
    elif case.verdict in _SKIPPED:
        ET.SubElement(written, "skipped", {"message": f"{case.verdict.value}: {message}"}).text = case.text


def _total(element: ET.Element) -> None:
    found = list(element.iter("testcase"))
    for name, tag in (("tests", None), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(name, str(sum(1 for one in found if tag is None or one.find(tag) is not None)))
    element.set("time", f"{sum(float(one.get('time', '0')) for one in found):.3f}")
