"""`dialect:` fills in calls and replies of a known protocol; what the step writes itself wins, and faults stay at their lines."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from command_line import here
from saga_contracts import sagafile
from saga_contracts.declare.calls import RepliesByName
from saga_contracts.declare.saga import Saga
from saga_contracts.derive.slices import step_slice
from saga_contracts.read import positions
from saga_contracts.sagafile import SagaFileError, load_saga, parse_saga
from saga_contracts.show.written import as_yaml

ROOT = Path(__file__).parents[3]
SPOKEN = sorted((ROOT / "tests" / "foreign").glob("*/saga.yaml"))
HEAD = """\
format: 1
saga: trip
owner: travel
payload: {schema: {type: object}, example: {seat: s-1}, fresh: [seat]}
"""
BOOK = """\
  - step: book
    participant: flights
    class: compensatable
    forward: {request: {body: {seat: "{payload.seat}"}}}
"""


def saga(*lines: str, top: str = "", step: str = BOOK) -> Saga:
    """Give a saga of one step with these further lines in it."""
    return parse_saga(f"{HEAD}{top}steps:\n{step}" + "".join(f"    {line}\n" for line in lines), "trip.yaml")


def faults(*lines: str, top: str = "") -> list[str]:
    with pytest.raises(SagaFileError) as caught:
        saga(*lines, top=top)
    return [str(fault) for fault in caught.value.faults]


def plain(value: Any) -> Any:
    return value.model_dump(mode="json", exclude_defaults=True)


def statuses(replies: RepliesByName, name: str) -> list[int]:
    return [reply.status for reply in replies.named(name)]


def test_lra_is_a_business_call_in_the_context_of_an_action_with_put_and_get_beside_it() -> None:
    step = saga("dialect: {lra: {path: /flights}}").step("book")
    assert step.forward.request.method + " " + step.forward.request.path == "POST /flights"
    assert step.compensate is not None
    assert step.status is not None
    assert step.compensate.request.method + " " + step.compensate.request.path == "PUT /flights/compensate"
    assert step.status.request.method + " " + step.status.request.path == "GET /flights/status"
    assert {call.request.headers["Long-Running-Action"] for call in (step.forward, step.compensate, step.status)} == {"{key}"}
    assert plain(step.compensate.replies) == {
        "done": {"status": 200}, "null": {"status": 410}, "impossible": {"status": 409}, "retryable": {"status": 202},
    }  # fmt: skip


def test_dtm_names_the_branch_and_what_to_do_in_the_query() -> None:
    step = saga("dialect: {dtm: {forward: /out, compensate: /out/undo}}").step("book")
    assert step.compensate is not None
    assert (step.forward.request.method, step.forward.request.path) == ("POST", "/out")
    assert step.forward.request.query["op"] == "action"
    assert step.compensate.request.query["op"] == "compensate"
    assert {"gid", "branch_id", "trans_type"} < set(step.forward.request.query)


def test_dtm_tells_results_by_status_or_by_a_word_in_the_body() -> None:
    refusing = "given: {refusing: [{state: poor, params: {seat: '{payload.seat}'}}]}"
    step = saga("dialect: {dtm: {forward: /out, compensate: /out/undo}}", refusing).step("book")
    assert plain(step.forward.replies) == {
        "done": {"status": 200},
        "refused": [{"status": 409}, {"status": 200, "body": {"dtm_result": "FAILURE"}}],
        "retryable": [{"status": 425}, {"status": 200, "body": {"dtm_result": "ONGOING"}}],
    }


def test_dtm_in_the_mode_tcc_tries_and_cancels() -> None:
    step = saga("dialect: {dtm: {mode: tcc, forward: /try, compensate: /cancel}}").step("book")
    assert step.compensate is not None
    assert [call.request.query["op"] for call in (step.forward, step.compensate)] == ["try", "cancel"]
    assert step.forward.request.query["trans_type"] == "tcc"


@pytest.mark.parametrize(("what", "call"), [("completes", "PUT /flights/complete"), ("forgets", "DELETE /flights/forget")])
def test_lra_completes_and_forgets_the_action_of_an_earlier_step(what: str, call: str) -> None:
    later = f"""\
  - step: close
    participant: flights
    class: retriable
    after: [book]
    dialect: {{lra: {{path: /flights, {what}: book}}}}
"""
    text = f"{HEAD}steps:\n{BOOK}    dialect: {{lra: {{path: /flights}}}}\n{later}"
    step = parse_saga(text, "trip.yaml").step("close")
    assert step.status is not None
    assert f"{step.forward.request.method} {step.forward.request.path}" == call
    assert {one.request.headers["Long-Running-Action"] for one in (step.forward, step.status)} == {"{keys.book}"}
    assert statuses(step.forward.replies, "done") == [200, 204, 410]


def test_dtm_confirms_the_branch_of_an_earlier_try() -> None:
    confirm = """\
  - step: confirm
    participant: flights
    class: retriable
    after: [book]
    dialect: {dtm: {mode: tcc, forward: /confirm, confirms: book}}
"""
    text = f"{HEAD}steps:\n{BOOK}    dialect: {{dtm: {{mode: tcc, forward: /try, compensate: /cancel}}}}\n{confirm}"
    step = parse_saga(text, "trip.yaml").step("confirm")
    assert step.forward.request.path == "/confirm"
    assert step.forward.request.query == {"gid": "{key}", "trans_type": "tcc", "branch_id": "book", "op": "confirm"}


def test_ietf_sends_the_key_between_quotes_and_knows_409_and_422() -> None:
    step = saga("dialect: {ietf: {path: /payments, compensate: /undo}}", step=_with_suspended()).step("book")
    assert step.forward.request.headers["Idempotency-Key"] == "{key}"
    assert (step.key_form or "").startswith('"')
    assert statuses(step.forward.replies, "misused") == [422]
    assert statuses(step.forward.replies, "retryable") == [409]
    assert step.status is None


def _with_suspended() -> str:
    return BOOK.replace('"{payload.seat}"}}}', '"{payload.seat}"}}, replies: {suspended: {status: 410}}}')


def test_what_the_step_writes_itself_wins_field_by_field_and_reply_by_reply() -> None:
    step = saga(
        "tries: 5",
        "dialect: {lra: {path: /flights}}",
        "compensate: {request: {method: POST, headers: {long-running-action: 'x/{key}'}}, replies: {done: {status: 204}}}",
    ).step("book")
    assert step.compensate is not None
    assert plain(step.compensate.request) == {
        "method": "POST", "path": "/flights/compensate", "headers": {"long-running-action": "x/{key}"},
    }  # fmt: skip
    assert statuses(step.compensate.replies, "done") == [204]
    assert statuses(step.compensate.replies, "null") == [410]
    assert step.tries == 5


def test_null_takes_out_what_the_dialect_fills_in() -> None:
    step = saga("dialect: {lra: {path: /flights}}", "status: null", "compensate: {replies: {impossible: null}}").step("book")
    assert step.status is None
    assert step.compensate is not None
    assert step.compensate.replies.impossible is None


def test_a_refusal_is_filled_in_only_where_the_step_says_what_makes_it_refuse() -> None:
    without = saga("dialect: {lra: {path: /flights}}").step("book")
    refusing = "given: {refusing: [{state: sold out, params: {seat: '{payload.seat}'}}]}"
    with_one = saga("dialect: {lra: {path: /flights}}", refusing).step("book")
    assert without.forward.replies.refused is None
    assert with_one.forward.replies.refused is not None


def test_a_retriable_step_gets_neither_compensation_nor_refusal() -> None:
    step = saga("dialect: {lra: {path: /flights}}", step=BOOK.replace("compensatable", "retriable")).step("book")
    assert step.compensate is None
    assert step.forward.replies.suspended is None


def test_the_dialect_of_the_saga_is_that_of_all_steps_that_name_no_other() -> None:
    other = BOOK.replace("book", "hold").replace("flights", "hotels") + "    dialect: none\n"
    text = f"{HEAD}dialect: lra\nsteps:\n{BOOK}{other}"
    with pytest.raises(SagaFileError) as caught:
        parse_saga(text, "trip.yaml")
    missing = {fault.where: fault.line for fault in caught.value.faults}
    assert missing == {"steps.book.dialect": 7}


def test_without_a_word_about_correlation_there_is_none_where_all_steps_speak_a_dialect() -> None:
    spoken = saga("dialect: {lra: {path: /flights}}")
    said = saga("dialect: {lra: {path: /flights}}", top="correlation: {saga_id: X-Saga}\n")
    assert dict(spoken.correlation.sent) == {}
    assert "X-Saga" in said.correlation.sent


@pytest.mark.parametrize(
    ("line", "column", "where", "said"),
    [
        ("dialect: lrra", 5, "steps.book.dialect", "This is no dialect. Did you mean `lra`?"),
        ("dialect: {lra: {pth: /x}}", 21, "steps.book.dialect.lra.pth", "has no field `pth`. Did you mean `path`?"),
        ("dialect: {lra: {path: 3}}", 21, "steps.book.dialect.lra.path", "Write a text"),
        ("dialect: {dtm: {mode: xa}}", 21, "steps.book.dialect.dtm.mode", "Write 'saga' or 'tcc'"),
        ("dialect: [lra]", 5, "steps.book.dialect", "This is no dialect."),
        ("dialect: {lra: {path: /x}, dtm: {}}", 5, "steps.book.dialect", "This is no dialect."),
    ],
)
def test_a_fault_in_a_dialect_stands_at_its_line_with_its_mend(line: str, column: int, where: str, said: str) -> None:
    [fault] = faults(line)
    assert fault.startswith(f"trip.yaml:10:{column}: {where}:")
    assert said in fault


def test_a_fault_in_what_was_filled_in_stands_at_the_nearest_line_of_the_step() -> None:
    [fault] = faults("dialect: {ietf: {path: /payments, compensate: /undo}}")
    assert fault.startswith("trip.yaml:9:5: steps.book.forward.replies: A forward call that comes after its compensation")


@pytest.mark.parametrize(
    ("dialect", "role"),
    [
        ("lra", "forward"),
        ("dtm", "forward"),
        ("ietf", "forward"),
        ("{dtm: {forward: /x}}", "compensate"),
        ("{lra: {compensate: /x}}", "forward"),
    ],
)
def test_a_dialect_asks_for_the_paths_that_it_cannot_know(dialect: str, role: str) -> None:
    [fault] = faults(f"dialect: {dialect}")
    assert fault.startswith(f"trip.yaml:10:5: steps.book.dialect: Nothing tells the path of the call `{role}`.")


def test_a_path_may_stand_at_the_dialect_or_at_the_call() -> None:
    calls = "compensate: {request: {path: /b}}"
    step = saga("dialect: dtm", calls, step=BOOK.replace("body:", "path: /a, body:")).step("book")
    assert step.compensate is not None
    assert [call.request.path for call in (step.forward, step.compensate)] == ["/a", "/b"]


def test_a_fault_in_what_the_step_writes_itself_stays_at_its_line() -> None:
    [fault] = faults("dialect: {lra: {path: /flights}}", "compensate: {replies: {done: {status: 99}}}")
    assert fault.startswith("trip.yaml:11:35: steps.book.compensate.replies.done.status:")


def test_a_misspelt_dialect_field_is_suggested() -> None:
    assert any("Did you mean `dialect`?" in fault for fault in faults("dialekt: lra"))


@pytest.mark.parametrize(
    "document", [None, [], {}, {"steps": 1}, {"steps": [1, None, {"dialect": 1}]}, {"dialect": "lra", "steps": []}]
)
def test_a_document_of_any_shape_is_read_without_a_crash(document: Any) -> None:
    with pytest.raises(SagaFileError):
        parse_saga(json.dumps(document), "any.json")


@pytest.mark.parametrize("file", SPOKEN, ids=lambda file: file.parent.name)
def test_a_file_written_out_is_the_same_saga_with_the_same_slices(file: Path) -> None:
    spoken = load_saga(file)
    done = here("contracts", "lint", "--expand", file)
    assert done.status == 0
    written = parse_saga(done.out, "written.yaml")
    assert "dialect" not in done.out
    assert written == spoken
    assert [step_slice(written, step.step).sha for step in written.steps] == [
        step_slice(spoken, step.step).sha for step in spoken.steps
    ]


def test_files_written_out_are_printed_as_json_too() -> None:
    done = here("contracts", "lint", "--expand", "--json", SPOKEN[0])
    assert [one["saga"] for one in json.loads(done.out)] == [load_saga(SPOKEN[0]).saga]


@pytest.mark.parametrize(
    "text", ["on", "1e3", "010", "0x1f", "~", "", "null", "12:30", "a: b", "- x", "{key}", "ü\n", " x", "1_000", "'"]
)
def test_texts_are_written_so_that_they_are_read_as_texts(text: str) -> None:
    assert positions.read(as_yaml({text or "empty": [text]}), "x").data == {text or "empty": [text]}


@pytest.mark.parametrize("file", SPOKEN, ids=lambda file: file.parent.name)
def test_the_json_schema_knows_dialects(file: Path) -> None:
    schema = json.loads(sagafile.schema_text())
    document = positions.read(file.read_text(encoding="utf-8"), str(file)).data
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(document)) == []


@pytest.mark.parametrize("dialect", ["dialect: lrra", "dialect: {lra: {pth: /x}}", "dialect: {lra: {}, dtm: {}}"])
def test_the_json_schema_refuses_what_is_no_dialect(dialect: str) -> None:
    schema = json.loads(sagafile.schema_text())
    document = positions.read(f"{HEAD}steps:\n{BOOK}    {dialect}\n", "x").data
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(document))


def test_the_json_schema_still_asks_for_everything_where_no_dialect_is_spoken() -> None:
    schema = json.loads(sagafile.schema_text())
    document = positions.read(f"{HEAD}steps:\n{BOOK}", "x").data
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(document))
    assert not list(jsonschema.Draft202012Validator(schema).iter_errors({**document, "dialect": {"lra": {"path": "/x"}}}))


def test_a_key_that_names_the_saga_only_is_taken_where_no_other_step_is_at_the_participant() -> None:
    lra = "    dialect: {lra: {path: /flights}}\n"
    other = BOOK.replace("step: book", "step: hold") + lra.replace("flights", "holds")
    alone = parse_saga(f"{HEAD}steps:\n{BOOK}{lra}{other.replace('flights', 'hotels')}", "trip.yaml")
    assert len(alone.steps) == 2
    with pytest.raises(SagaFileError, match="the step `hold` at flights would share it"):
        parse_saga(f"{HEAD}steps:\n{BOOK}{lra}{other}", "trip.yaml")
