"""What was not checked is said not to be checked, in words, whatever verdict it bears."""

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from saga_e2e import report
from saga_e2e.report import ReportData, verdicts
from saga_e2e.report.data import DeckResult, PactResult, ProviderResult, ScenarioResult, Verdict

Make = Callable[..., ReportData]
Parse = Callable[[str], Any]
SAYS_KEPT = {"status": "kept", "sentence": "All is well."}


def test_an_empty_report_says_that_nothing_was_checked(make_report: Make, parse: Parse) -> None:
    parsed = parse(report.render(make_report(verdict=SAYS_KEPT)))
    [verdict] = parsed.all("section", id="verdict")
    assert "Nothing was checked" in verdict.text
    assert "All is well" not in verdict.text
    assert not any("kept" in one.attributes.get("class", "").split() for one in parsed.tags)


@pytest.mark.parametrize("section", ["saga", "obligations", "broken", "gates", "scenarios", "figures", "claims", "appendix"])
def test_every_empty_section_says_so_in_words(section: str, make_report: Make, parse: Parse) -> None:
    parsed = parse(report.render(make_report()))
    [found] = parsed.all("section", id=section)
    [told] = [one for one in parsed.all("p") if found in one.around]
    assert told.attributes["class"] == "nothing"
    assert told.text.startswith(("No", "Nothing"))


@pytest.mark.parametrize(
    "found",
    [
        verdicts.of_deck(DeckResult(step="s", verdict=Verdict.KEPT)),
        verdicts.of_deck(DeckResult(step="s", verdict=Verdict.KEPT, obligations={"O1": Verdict.KEPT})),
        verdicts.of_pact(PactResult(consumer="c", verdict=Verdict.KEPT)),
        verdicts.of_provider(ProviderResult(provider="p", verdict=Verdict.KEPT)),
        verdicts.of_scenario(ScenarioResult(name="n", verdict=Verdict.KEPT)),
    ],
)
def test_a_part_without_checks_is_unproven_though_it_says_kept(found: Verdict) -> None:
    assert found == Verdict.UNPROVEN


def test_a_provider_that_is_said_to_be_in_no_saga_is_not_applicable() -> None:
    provider = ProviderResult(provider="p", verdict=Verdict.NOT_APPLICABLE, text="p is in no saga.")
    assert verdicts.of_provider(provider) == Verdict.NOT_APPLICABLE


def test_a_part_is_not_better_than_what_stands_inside() -> None:
    deck = DeckResult.model_validate({"step": "s", "verdict": "kept", "histories": [{"word": "C", "verdict": "broken"}]})
    pact = PactResult(consumer="c", verdict=Verdict.KEPT, decks=(deck,))
    assert verdicts.of_provider(ProviderResult(provider="p", verdict=Verdict.KEPT, pacts=(pact,))) == Verdict.BROKEN


def test_what_is_broken_in_a_pending_pact_is_pending() -> None:
    deck = DeckResult.model_validate({"step": "s", "verdict": "broken", "histories": [{"word": "C", "verdict": "broken"}]})
    assert verdicts.of_pact(PactResult(consumer="c", pending=True, decks=(deck,))) == Verdict.PENDING


def test_without_a_verdict_the_parts_decide(kept_run: ReportData, broken_run: ReportData) -> None:
    assert verdicts.headline(kept_run.model_copy(update={"verdict": None})).status == "kept"
    assert verdicts.headline(broken_run.model_copy(update={"verdict": None})).status == "broken"


def test_an_unknown_gate_answer_is_not_green(make_report: Make, parse: Parse) -> None:
    data = make_report(gates=[{"title": "g", "can_run": {"canRun": None, "summary": "No version is deployed."}}])
    assert verdicts.headline(data).status == "unknown"
    [gates] = parse(report.render(data)).all("section", id="gates")
    assert "unknown" in gates.text
    assert "The gate gave no reason." in gates.text


def test_steps_without_a_deck_are_named(kept_run: ReportData, parse: Parse) -> None:
    without = kept_run.model_copy(update={"providers": kept_run.providers[:2]})
    [obligations] = parse(report.render(without)).all("section", id="obligations")
    assert "No deck was played for create_packages, notify" in obligations.text


def test_a_saga_that_cannot_be_drawn_is_told_in_words(make_report: Make, broken_run: ReportData) -> None:
    assert broken_run.saga is not None
    saga = broken_run.saga.as_json()
    saga["steps"][0]["after"] = ["nobody"]
    assert "is not drawn" in report.render(make_report(saga=saga))


def test_an_empty_report_is_an_error_in_junit(make_report: Make) -> None:
    root = ET.fromstring(report.as_junit(make_report(verdict=SAYS_KEPT)))  # noqa: S314
    assert (root.get("tests"), root.get("errors")) == ("1", "1")


def test_a_deck_without_histories_is_an_error_in_junit(make_report: Make) -> None:
    pact = {"consumer": "c", "verdict": "kept", "interactions": [{"key": "k", "verdict": "kept"}], "decks": [{"step": "s"}]}
    root = ET.fromstring(report.as_junit(make_report(providers=[{"provider": "p", "pacts": [pact]}])))  # noqa: S314
    assert (root.get("tests"), root.get("errors")) == ("2", "1")
