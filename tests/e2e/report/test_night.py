"""What a night adds to a report: faults by step, distinct outcomes, the first broken invariant, changes, failures, traffic."""

from typing import Any

from saga_e2e import report
from saga_e2e.report import ReportData
from saga_e2e.report.data import ScenarioResult, Verdict
from saga_e2e.report.entries import scenarios_of
from saga_e2e.report.night import changes, faults, marks, outcomes, timings
from saga_e2e.report.night.data import Changes, Slower


def call(step: str, role: str = "forward", status: int = 200, **more: Any) -> dict[str, Any]:
    letter = {"forward": "F", "compensate": "C"}.get(role, "S")
    return {"at_ms": 1.0, "source": "orchestrator", "target": step, "step": step, "role": role, "letter": letter,
            "request": f"POST /{step}", "status": status, "fate": "ok", **more}  # fmt: skip


def scenario(name: str, *trace: dict[str, Any], broken: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    usual = {"name": name, "title": name, "outcome": "committed", "duration_ms": 100.0, "trace": list(trace)}
    invariants = [{"id": one, "verdict": "broken", "text": text} for one, text in (broken or {}).items()]
    invariants = invariants or [{"id": "I5", "verdict": "kept", "text": ""}]
    return usual | {"invariants": invariants, "verdict": "broken" if broken else "kept"} | more


def fault(step: str, kind: str, role: str = "forward") -> dict[str, str]:
    return {"step": step, "role": role, "class": "K2", "kind": kind, "text": kind}


def data(*scenarios: dict[str, Any], **more: Any) -> ReportData:
    return ReportData.model_validate({"scenarios": scenarios, **more})


def test_the_heat_map_counts_scenarios_by_fault_and_step_and_shows_the_worst() -> None:
    found = scenarios_of(data(
        scenario("a", faults=[fault("pay", "reply_lost")]),
        scenario("b", faults=[fault("pay", "reply_lost"), fault("ship", "cut")], broken={"I7": "wrong"}),
        scenario("c", faults=[fault("pay", "slow", "compensate")]),
    ))  # fmt: skip

    built = faults.build(None, found)

    assert built.steps == ("pay", "ship")
    assert [(row.role, row.kind, row.first) for row in built.rows] == [
        ("forward", "cut", True), ("forward", "reply lost", False), ("compensate", "slow", True),
    ]  # fmt: skip
    cut, lost, _ = built.rows
    assert (cut.cells[0].entry, cut.cells[1].count) == (None, 1)
    assert (lost.cells[0].count, lost.cells[0].told) == (2, "reply lost at the forward call of pay: 2 scenarios, 1 not kept")
    assert lost.cells[0].entry is not None
    assert lost.cells[0].entry.scenario.name == "b"


def test_scenarios_that_went_alike_are_one_outcome_whatever_ran_beside() -> None:
    found = scenarios_of(data(
        scenario("a", call("pay"), call("ship"), faults=[fault("pay", "x"), fault("ship", "y")]),
        scenario("b", call("ship"), call("pay")),
        scenario("c", call("pay"), call("ship", status=503)),
        scenario("d", call("pay"), broken={"I7": "wrong"}),
    ))  # fmt: skip

    groups = outcomes.group(found)

    assert [[one.scenario.name for one in group.entries] for group in groups] == [["d"], ["b", "a"], ["c"]]


def test_the_first_broken_invariant_is_marked_at_the_call_that_it_speaks_of() -> None:
    broken = {"I7": "pay was still being compensated when that of ship began.", "ORDER": "ship was begun before pay was done."}
    one = ScenarioResult.model_validate(
        scenario("a", call("ship"), call("pay"), call("ship", "compensate"), call("pay", "compensate"), broken=broken)
    )

    mark = marks.first_broken(one)

    assert mark is not None
    assert (mark.id, mark.index) == ("ORDER", 1)
    assert marks.first_broken(ScenarioResult.model_validate(scenario("b", call("pay")))) is None


def test_a_mark_stands_in_the_drawing_in_words() -> None:
    page = report.render(data(scenario("a", call("pay"), broken={"ORDER": "pay was begun before hold was done."})))

    assert "✗ ORDER: pay was begun before hold was done." in page


def test_changes_tell_what_is_newly_broken_mended_slower_new_and_gone() -> None:
    before = data(scenario("a"), scenario("b", broken={"I7": "x"}), scenario("c"), scenario("old"), generated_at="yesterday")
    now = data(scenario("a", broken={"I5": "x"}), scenario("b"), scenario("c", duration_ms=900.0), scenario("new"), scenario("d"))

    assert changes.between(before, now) == Changes(
        since="yesterday",
        broken=("a",),
        mended=("b",),
        slower=(Slower(name="c", before_ms=100, now_ms=900),),
        added=("new", "d"),
        gone=("old",),
    )


def test_durations_are_told_by_the_middle_and_the_longest() -> None:
    found = timings.of(scenarios_of(data(*(scenario(str(number), duration_ms=float(number)) for number in range(1, 21)))))

    assert found is not None
    assert (found.median_ms, found.p95_ms, found.total_ms) == (11.0, 20.0, 210.0)
    assert [bar.width for bar in found.longest][:2] == [100.0, 95.0]
    assert timings.of(()) is None


def test_the_page_shows_shrunk_failures_traffic_kills_and_what_was_not_played() -> None:
    shrunk = {
        "scenario": "refused-at-pay", "invariant": "I1", "text": "pay stays.", "faults": ["pay is refused"], "plays": 4,
        "command": "sagapact e2e run --scenario refused-at-pay", "test": "def test_it() -> None: ...",
        "guilty": [{"step": "pay", "participant": "bank", "history": "F C", "why": "It lies.", "deck": "The deck has it.",
                    "command": "sagapact verify bank.yaml --replay 'F C'"}],
    }  # fmt: skip
    traffic = {
        "calls": 9, "matched": 8, "odd": [{"what": "no contract", "request": "PUT /x", "target": "bank"}],
        "used": [{"provider": "bank", "name": "pay/done", "source": "library", "count": 8},
                 {"provider": "bank", "name": "pay/misused", "source": "library", "count": 0}],
    }  # fmt: skip
    page = report.render(data(
        scenario("a", call("pay")),
        shrunk=[shrunk], traffic=traffic, kills=[{"fault": "skips <b>", "caught_by": "I1"}],
        not_played=[{"scenario": "x", "why": "too long"}, {"scenario": "y", "why": "too long"}],
    ))  # fmt: skip

    assert "sagapact e2e run --scenario refused-at-pay" in page
    assert "after the history <code>F C</code>" in page
    assert "x, y" in page
    assert "skips &lt;b&gt;" in page
    assert "Contracts that no call was like (1 of 2)" in page
    assert "1 of 2 confirmed by a real call" in page
    assert "<b>no contract</b>" in page


def test_without_contracts_and_faults_the_page_says_so() -> None:
    page = report.render(data(scenario("a", call("pay"))))

    assert "No contract was given, so no call was held against one" in page
    assert "No fault was injected into whole sagas." in page


def test_a_kept_scenario_is_drawn_once_for_all_that_went_alike() -> None:
    page = report.render(data(scenario("a", call("pay")), scenario("b", call("pay")), scenario("c", call("pay"))))

    assert page.count("drawing-title") == 2  # the id of one drawing, and what refers to it
    assert page.count('href="#outcome-1"') == 3


def test_a_broken_scenario_keeps_its_verdict() -> None:
    assert data(scenario("a", call("pay"), broken={"I7": "x"})).scenarios[0].verdict == Verdict.BROKEN
