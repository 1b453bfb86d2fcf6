from dataclasses import replace
from typing import Any

import pytest

from saga_contracts.declare.verdict import Verdict
from saga_e2e import report
from saga_e2e.derive.scenarios import derive
from saga_e2e.judge.findings import Finding
from saga_e2e.judge.records import ScenarioRecord, of_nobody, trace_json
from saga_e2e.proxy.trace import Fate, Stray
from saga_e2e.report import ReportData

STRAY = Stray(12.0, "billing", "GET /money", "It comes nearest to the probe of reserve_money (GET /accounts/…).", 404)


def test_a_trace_as_json_counts_from_the_beginning_of_the_scenario(committed: Any) -> None:
    committed.tell_owner("notify")

    rows = trace_json(committed.calls, (), began_ms=-5)

    assert rows[0] == {
        "at_ms": 5.0,
        "source": "saga_service",
        "target": "billing",
        "step": "reserve_money",
        "role": "forward",
        "letter": "F",
        "request": "POST /reservations",
        "status": 201,
        "statuses": [201],
        "fate": "ok",
    }
    assert [row["letter"] for row in rows] == ["F", "F", "F", "D", "F", "N"]


def test_both_answers_of_a_call_that_came_twice_are_told_and_so_is_what_was_not_declared(committed: Any) -> None:
    committed.calls.clear()
    committed.forward("apply_vas", fate=Fate.DUPLICATED)

    first, second = trace_json(committed.calls, (STRAY,), began_ms=0)

    assert (first["statuses"], first["fate"]) == ([201, 200], "duplicated")
    assert (second["at_ms"], second["target"], second["request"], second["fate"]) == (
        12.0,
        "billing",
        "GET /money",
        "not declared",
    )


@pytest.mark.parametrize(
    ("id_", "verdict"), [("I2", "broken"), ("I11", "broken"), ("end", "unknown"), ("I13", "unknown"), ("I1", "unknown")]
)
def test_two_effects_and_undeclared_calls_are_broken_also_where_the_fault_did_not_happen(
    committed: Any, id_: str, verdict: str
) -> None:
    played = derive(committed.saga)[0]
    record = ScenarioRecord(played, "saga-7", "committed", 1, "not met", (Finding(id_, Verdict.BROKEN, "no"),))

    assert record.verdict == verdict
    assert replace(record, findings=()).verdict == "unknown"


def test_calls_of_no_scenario_are_a_broken_record_of_their_own() -> None:
    record = of_nobody((STRAY,))

    assert record.verdict == "broken"
    assert record.as_json()["invariants"] == [
        {
            "id": "I11",
            "verdict": "broken",
            "text": f"GET /money to billing is no call of the saga file. {STRAY.differs}",
        }
    ]
    assert [row["request"] for row in record.as_json()["trace"]] == ["GET /money"]


def test_a_report_shows_what_was_not_declared(committed: Any) -> None:
    record = of_nobody((STRAY,))
    data = ReportData.model_validate({"saga": committed.saga.as_json(), "scenarios": [record.as_json()]})

    page = report.render(data)

    assert "GET /money" in page
    assert "not declared" in page
