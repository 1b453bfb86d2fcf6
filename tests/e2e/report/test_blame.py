"""The report blames what a history shows not to hold, and nothing else that the history speaks of."""

from saga_contracts.declare import verdict as words
from saga_e2e.report import ReportData, failures, render
from saga_e2e.report.data import DeckResult, HistoryResult, PactResult, ProviderResult, Verdict
from saga_e2e.report.entries import DeckEntry, decks_of
from saga_verifier import verdicts

UNDO = "the undoing was answered 404"
APPLIED = "the late call was applied"
MISSING = "the plugin csv is not installed"


def history(name: str, *broken: tuple[str, str], verdict: words.Verdict = words.Verdict.BROKEN) -> HistoryResult:
    """Give a history as the verifier writes it."""
    found = tuple(verdicts.Broken(*one) for one in broken)
    written = verdicts.HistoryResult(name, verdict, ("O8", "O9", "O14", "O31"), found).as_json()
    return HistoryResult.model_validate(written)


def deck(*histories: HistoryResult, **obligations: Verdict) -> DeckEntry:
    result = DeckResult(step="pay", obligations=obligations, histories=histories)
    provider = ProviderResult(provider="bank", version="1", pacts=(PactResult(consumer="shop", decks=(result,)),))
    return decks_of(ReportData(providers=(provider,)))[0]


def test_only_what_a_history_shows_not_to_hold_is_broken() -> None:
    entry = deck(history("C", ("O8", UNDO)), O8=Verdict.BROKEN, O9=Verdict.KEPT, O14=Verdict.KEPT, O31=Verdict.KEPT)

    assert [one.obligation for one in entry.broken] == ["O8"]


def test_what_a_broken_history_shows_is_broken_whatever_the_deck_says() -> None:
    entry = deck(history("C", ("O8", UNDO)), O8=Verdict.KEPT)

    assert [one.obligation for one in entry.broken] == ["O8"]


def test_what_is_waived_stays_waived_beside_what_is_broken() -> None:
    entry = deck(history("C F", ("O8", UNDO), ("O9", APPLIED)), O8=Verdict.WAIVED, O9=Verdict.BROKEN)

    assert [one.obligation for one in entry.broken] == ["O9"]


def test_each_failure_says_what_its_own_obligations_are_about() -> None:
    entry = deck(history("C", ("O8", UNDO)), history("C F", ("O8", UNDO), ("O9", APPLIED)), O8=Verdict.BROKEN, O9=Verdict.BROKEN)

    found = failures.of_decks(None, [entry])

    assert [(one.history.history.word, [o.obligation for o in one.obligations], one.text) for one in found] == [
        ("C", ["O8"], UNDO),
        ("C F", ["O9"], APPLIED),
    ]


def test_a_result_that_does_not_say_what_is_broken_blames_what_it_names() -> None:
    old = HistoryResult(word="C", verdict=Verdict.BROKEN, obligations=("O8",), text=UNDO)
    entry = deck(old, O8=Verdict.BROKEN)

    assert [one.obligation for one in entry.broken] == ["O8"]
    assert failures.of_decks(None, [entry])[0].text == UNDO


def test_a_history_that_could_not_be_judged_blames_nothing() -> None:
    written = verdicts.HistoryResult("F", words.Verdict.UNPROVEN, ("O3",), trouble="nobody answered").as_json()
    entry = deck(HistoryResult.model_validate(written), O3=Verdict.UNPROVEN)

    assert entry.broken == ()


def test_what_could_not_be_found_out_is_told_and_not_shown_as_broken() -> None:
    pact = PactResult(consumer="shop", consumer_version="7", verdict=Verdict.UNKNOWN, troubles=(MISSING,))
    data = ReportData(providers=(ProviderResult(provider="bank", version="1", verdict=Verdict.UNKNOWN, pacts=(pact,)),))

    assert [(one.consumer, one.verdict, one.troubles) for one in failures.of_pacts(data)] == [
        ("shop 7", Verdict.UNKNOWN, (MISSING,))
    ]
    page = render(data)
    assert MISSING in page
    assert "Nothing that was checked is broken." not in page
