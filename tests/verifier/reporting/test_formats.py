"""Every format tells what broke, for whom, by which calls, why, and the mend; and nothing that a participant says runs there."""

import json
import re
import shlex
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive import decks, trials
from saga_contracts.derive.adoption import Evidence
from saga_contracts.derive.slices import step_slice
from saga_contracts.sagafile import parse_saga
from saga_verifier.reporting import github, gitlab, lines, view
from saga_verifier.reporting.calls import curl, pasted
from saga_verifier.reporting.junit import junit
from saga_verifier.reporting.page import page, self_check_page
from saga_verifier.run import ProviderOutcome
from saga_verifier.verdicts import Broken, DeckResult, HistoryResult, InteractionOutcome, Origin, PactOutcome
from small_participant import SAGA

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)> ]]> & \x1b[31m\x00 ::error::x | **b** `c` \"' \u202e"
SLICE = step_slice(parse_saga(SAGA, "small.yaml"), "take")
ALL = frozenset({Evidence.REPLY, Evidence.STATUS, Evidence.EFFECT})
ASKED = view.Asked("services/stock/provider.yaml", ("--isolation", "container"))


def call(letter: str, path: str = "/take", status: int | None = 201, **more: Any) -> dict[str, Any]:
    """Give a call as evidence has it."""
    request = {"method": "POST", "url": f"http://127.0.0.1:1{path}", "headers": {"Key": "k"}, "body": {"item": "i"}} | more
    return {"letter": letter, "outcome": "done", "request": request, "reply": {"status": status, "body": {}, "error": ""}}


def deck(text: str = "two effects", *, pending: bool = False) -> PactOutcome:
    """A pact whose deck has one broken, one unproven and kept histories."""
    found = []
    for history in decks.derive(SLICE, 1).histories:
        broken = (Broken("O3", text),) if history.name in ("F F", "F F C") else ()
        trouble = "no precondition" if history.name == "R C" else ""
        verdict = Verdict.BROKEN if broken else Verdict.UNPROVEN if trouble else Verdict.KEPT
        calls = (call("S"), call("F"), call("S"), call("F"), call("S"), call("S"))
        found.append(HistoryResult(history.name, verdict, history.obligations, broken, ALL, (), trouble, calls))
    result = DeckResult(decks.derive(SLICE, 1), SLICE, tuple(found), date(2026, 1, 1))
    interaction = InteractionOutcome(
        "small/take/forward/done_again", "again", Verdict.BROKEN, (text,), broken=(Broken("O3", text),)
    )
    fine = InteractionOutcome("small/take/forward/done", "done", Verdict.KEPT)
    origin = Origin(place="build/pacts/shop-stock.json")
    return PactOutcome("shop", "stock", pending, (interaction, fine), (result,), origin=origin)


def outcome(*pacts: PactOutcome) -> ProviderOutcome:
    return ProviderOutcome("stock", "1.0", pacts)


def viewed(*pacts: PactOutcome) -> list[view.Provider]:
    return [view.of(outcome(*pacts), ASKED)]


def test_the_screen_tells_the_shortest_history_its_cause_its_calls_its_mend_and_how_to_play_it_again() -> None:
    told = "\n".join(lines(outcome(deck()), ASKED))

    again = "sagapact verify services/stock/provider.yaml --pact build/pacts/shop-stock.json --isolation container"
    for part in (
        "pact with shop (build/pacts/shop-stock.json): 1 of 2 interactions kept",
        "broken: O3 idempotent forward, in 2 histories (F F, F F C); shortest:",
        "F F (by 1 fault: the reply to the forward call is lost): two effects",
        "Mend: Store the key with a unique constraint",
        f"Again: {again} --step small/take --replay 'F F'",
        "unproven: R C: no precondition",
        "stock 1.0: broken",
    ):
        assert part in told
    assert told.count("curl ") == 3, "both events, and what was looked at after them, once"


def test_the_claim_says_what_was_enumerated_what_sampled_and_what_not_looked_at() -> None:
    told = " ".join("\n".join(lines(outcome(deck()))).split())

    assert "every arrival history of at most 1 fault" in told
    assert (
        "Besides, under disturbances: nothing. Not checked: other sagas on the same data, a kill in between, calls that overlap"
        in told
    )
    assert "not looked at, since the step is at level" in told


def test_the_claim_tells_how_each_kind_of_trial_was_played_and_of_which_nothing_was_judged() -> None:
    at_4 = SLICE.model_copy(update={"level": 4})
    derived = decks.derive(at_4, 1)
    crashes = [one.name for one in trials.derive(at_4, derived) if one.kind == trials.Kind.CRASH]
    found = [HistoryResult(name, Verdict.KEPT, ("O16",), how=f"one kill -9, {n}.5 s") for n, name in enumerate(crashes)]
    silent = [replace(one, verdict=Verdict.UNPROVEN, trouble="no start", how="") for one in found]

    claim = DeckResult(derived, at_4, tuple(found), date(2026, 1, 1)).claim()
    unproven = DeckResult(derived, at_4, tuple(silent), date(2026, 1, 1)).claim()

    assert f"Besides, under disturbances: {len(crashes)} trials of crash (such as one kill -9, 0.5 s)." in claim
    assert "a kill in between" not in claim
    assert "a kill in between" in unproven


def test_what_does_not_apply_is_counted_apart_and_told_once_for_each_reason() -> None:
    at_4 = SLICE.model_copy(update={"level": 4})
    derived = decks.derive(at_4, 1)
    inside = [one for one in trials.derive(at_4, derived) if one.kind == trials.Kind.INSIDE]
    fine = [HistoryResult(one.name, Verdict.KEPT, one.obligations, seen=ALL) for one in derived.histories]
    alone = [HistoryResult(one.name, Verdict.NOT_APPLICABLE, one.obligations, inapplicable="It is alone.") for one in inside]
    result = DeckResult(derived, at_4, (*fine, *alone), date(2026, 1, 1))

    told = list(lines(outcome(PactOutcome("shop", "stock", False, (), (result,)))))

    assert f"deck of small/take, k = 1: {len(fine)} of {len(fine)} histories kept, {len(alone)} not applicable" in told
    assert [line for line in told if "It is alone." in line] == [
        f"  not applicable: {', '.join(one.name for one in alone)}: It is alone."
    ]
    assert "what it depends on failing" not in result.claim()


def test_consumers_that_share_a_step_share_the_claim() -> None:
    told = "\n".join(lines(outcome(deck(), deck())))

    assert told.count("small/take: Checked: ") == 1


def test_broken_comes_first_among_the_findings_and_what_is_unproven_has_its_reason() -> None:
    found = list(view.findings(viewed(deck())))

    assert [one.verdict for one in found] == sorted((one.verdict for one in found), key=["broken", "unproven"].index)
    assert ("R C", "no precondition") in [(one.what, one.text) for one in found]
    assert {one.file for one in found} == {"services/stock/provider.yaml"}


def test_what_is_broken_in_a_pending_pact_is_pending_in_every_format() -> None:
    pending = viewed(deck(pending=True))

    assert "broken" not in {one.verdict for one in view.findings(pending)}
    assert fromstring(junit(pending)).get("failures") == "0"
    assert not [line for line in github.annotations(pending) if line.startswith("::error")]


class TestCallsToPaste:
    @given(st.text(), st.text(max_size=20), st.dictionaries(st.text(max_size=10), st.text(max_size=10), max_size=3))
    def test_a_shell_reads_each_value_back_as_it_was(self, value: str, path: str, body: dict[str, str]) -> None:
        line = curl("POST", f"http://127.0.0.1:1/{path}".split("?")[0].split("#")[0], {"X-Value": value}, body)

        assert "\n" not in line
        words = shlex.split(line)
        assert words[words.index("-H") + 1] == " ".join(f"X-Value: {value}".split())
        assert json.loads(words[words.index("-d") + 1]) == json.loads(" ".join(json.dumps(body, ensure_ascii=False).split()))

    def test_a_live_header_is_a_variable_and_a_call_that_asks_nothing_of_http_is_a_comment(self) -> None:
        live = call("F", headers={"Authorization": "•••", "Accept-Encoding": "identity"})
        read = call("probe", status=None) | {"request": {"method": "SQL", "url": "sqlite", "headers": {}, "body": "SELECT 1"}}

        first, second = pasted([live, read])

        assert '-H "Authorization: $AUTHORIZATION"' in first
        assert "Accept-Encoding" not in first
        assert second.startswith("# probe: ")

    def test_what_a_participant_says_never_leaves_its_comment(self) -> None:
        said = call("F") | {"reply": {"status": 200, "body": "\n; touch /made", "error": ""}}

        (line,) = pasted([said])

        assert "\n" not in line
        assert shlex.split(line, comments=True)[-1] == '{"item": "i"}'


class TestJUnit:
    def test_each_interaction_and_history_is_a_test_case_and_the_broken_ones_tell_all(self) -> None:
        root = fromstring(junit(viewed(deck())))

        histories = len(decks.derive(SLICE, 1).histories)
        unproven = len(list(view.of(outcome(deck())).pacts[0].decks[0].unproven))
        assert root.get("tests") == str(2 + histories + unproven)
        assert (root.get("failures"), root.get("errors")) == ("3", "0")
        told = next(one for one in root.iter("testcase") if one.get("name") == "F F").findtext("failure") or ""
        assert "Cause: by 1 fault" in told
        assert "Mend O3" in told
        assert "--replay 'F F'" in told

    def test_what_could_not_be_found_out_is_an_error(self) -> None:
        trouble = PactOutcome("shop", "stock", pending=False, interactions=(), troubles=("it is no JSON",))
        root = fromstring(junit([*viewed(trouble), view.of(ProviderOutcome("other", "1", (), trouble="no engine"))]))

        assert root.get("errors") == "2"


class TestGitHub:
    def test_an_annotation_is_one_line_at_the_provider_file(self) -> None:
        annotated = list(github.annotations(viewed(deck(HOSTILE + "\nnext: a, b % c"))))

        assert all(
            re.fullmatch(r"::(error|warning) file=services/stock/provider.yaml,line=1,title=[^:\n\r,]+::.+", one)
            for one in annotated
        )
        assert any("--replay 'F F'" in one for one in annotated)

    def test_no_more_are_printed_than_github_shows(self) -> None:
        many = PactOutcome("shop", "stock", False, tuple(InteractionOutcome(f"a/{n}", "", Verdict.BROKEN) for n in range(50)))

        annotated = list(github.annotations(viewed(many)))

        assert len(annotated) == github.MOST_ANNOTATIONS
        assert annotated[-1] == "::error::41 more findings of this kind stand in the step's summary."

    def test_the_summary_shows_text_as_text(self) -> None:
        summary = github.summary(viewed(deck(HOSTILE)))

        assert "<script" not in summary
        assert "<img" not in summary
        assert "**b**" not in summary
        assert "--replay 'F F'" in summary
        assert "| 1 of 2 interactions kept |" in summary

    def test_a_summary_that_is_too_long_is_cut_to_its_table(self) -> None:
        long = github.summary(viewed(deck("x" * github.LONGEST_SUMMARY)))

        assert len(long) < 2_000
        assert "longer than a summary may be" in long


class TestGitLab:
    def test_each_finding_has_all_that_gitlab_asks_for(self) -> None:
        issues = json.loads(gitlab.code_quality(viewed(deck(HOSTILE))))

        assert issues
        for one in issues:
            assert set(one) == {"description", "check_name", "fingerprint", "severity", "location"}
            assert one["severity"] in {"info", "minor", "major", "critical", "blocker"}
            assert one["location"] == {"path": "services/stock/provider.yaml", "lines": {"begin": 1}}
        assert len({one["fingerprint"] for one in issues}) == len(issues)

    def test_a_finding_is_the_same_in_the_next_run_whatever_keys_it_had(self) -> None:
        first, second = (gitlab.code_quality(viewed(deck(text))) for text in ("key 1", "key 2"))

        assert [one["fingerprint"] for one in json.loads(first)] == [one["fingerprint"] for one in json.loads(second)]

    def test_nothing_found_is_an_empty_list(self) -> None:
        fine = PactOutcome("shop", "stock", False, (InteractionOutcome("a", "", Verdict.KEPT),))
        assert json.loads(gitlab.code_quality(viewed(fine))) == []


class Tags(HTMLParser):
    """Notes what stands in a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


class TestPage:
    def test_nothing_in_the_page_runs_or_comes_from_outside(self) -> None:
        text = page(viewed(deck(HOSTILE)))
        found = Tags(text)

        assert not {"script", "img", "link", "iframe"} & found.tags
        assert not {"src", "href", "onerror"} & found.attributes
        assert "default-src 'none'" in text
        assert "<script>alert(1)</script>" in found.text, "it is shown as it is"

    def test_it_draws_what_is_owed_each_history_and_the_calls_of_the_shortest_that_fails(self) -> None:
        text = page(viewed(deck()))

        for part in ("What stock 1.0 owes, step by step", "Histories of small/take", "The calls of F F", "--replay 'F F'"):
            assert part.replace("'", "&#39;") in text or part in text

    def test_what_is_owed_is_drawn_with_whole_names(self) -> None:
        named = deck()
        (played,) = named.decks
        name = "reserve_the_money_of_the_customer"
        result = replace(played, deck=replace(played.deck, step=name))
        text = page(viewed(replace(named, decks=(result,))))

        table = text[text.index("What stock 1.0 owes") :].partition("</svg>")[0]
        assert f">small/{name}<" in table
        assert "…" not in table

    def test_a_self_check_is_a_page_with_its_kill_table(self) -> None:
        text = self_check_page("sale", "<svg><title>a table</title></svg>", "sale: 3 < 4 caught")

        assert "<svg><title>a table</title></svg>" in text
        assert "3 &lt; 4" in text


@pytest.mark.parametrize("form", [junit, page, github.summary, gitlab.code_quality])
def test_a_provider_without_pacts_is_told_in_every_format(form: Any) -> None:
    text = form([view.of(ProviderOutcome("alone", "1", (), text="The broker says that no pact names alone."))])

    assert "The broker says" in text or form is gitlab.code_quality
