"""`sagapact contracts init` says what it needs, and refuses what it cannot read, in one sentence with the mend."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from saga_contracts.commands import contracts
from saga_contracts.start import reading
from saga_contracts.start.formats.openapi import document

DOCUMENTS = Path(__file__).parent / "documents"
OPENAPI = f"--from-openapi={DOCUMENTS / 'warehouse.openapi.yaml'}"


def init(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(contracts, ["init", str(folder / "sale"), *arguments], catch_exceptions=False)


def refused(folder: Path, *arguments: str, status: int = 2) -> str:
    """Give what a refusal says; nothing was written."""
    result = init(folder, *arguments)
    assert result.exit_code == status, result.output
    assert not (folder / "sale").exists()
    return result.output


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_document_the_small_start_is_written_which_lint_accepts(tmp_path: Path) -> None:
    assert init(tmp_path, "--saga", "sale", "--owner", "shop").exit_code == 0
    assert CliRunner().invoke(contracts, ["lint", str(tmp_path / "sale" / "saga.yaml")]).exit_code == 0


def test_a_draft_is_not_finished_and_says_so(tmp_path: Path) -> None:
    result = init(tmp_path, OPENAPI, "--step", "reserve=placeHold")
    assert result.exit_code == 0
    assert "open questions; answer each in the file" in result.output
    lint = CliRunner().invoke(contracts, ["lint", str(tmp_path / "sale" / "saga.yaml")])
    assert lint.exit_code == 2
    assert "Open question 1: What is the saga called?" in lint.output


@pytest.mark.parametrize(
    "option", [OPENAPI, f"--from-har={DOCUMENTS / 'purchase.har'}", f"--from-pact={DOCUMENTS / 'shop-bank.pact.json'}"]
)
def test_without_a_choice_the_calls_of_the_document_are_listed(tmp_path: Path, option: str) -> None:
    said = refused(tmp_path, option)
    assert "POST /" in said
    assert "--step '" in said


def test_what_looks_like_a_step_is_suggested(tmp_path: Path) -> None:
    said = refused(tmp_path, OPENAPI)
    assert said.splitlines()[-1] == "  --step 'holds=POST /holds,DELETE /holds/{holdId},GET /holds/{holdId}'"
    of_pact = refused(tmp_path, f"--from-pact={DOCUMENTS / 'shop-bank.pact.json'}")
    assert of_pact.splitlines()[-1] == "  --step 'payments=POST /payments,POST /payments/{id}/refund'"


CHOICES = {
    "a call that is not there": ("reserve=placeHolt", "Did you mean `placeHold`?"),
    "a path that is not there": ("reserve=POST /hold", "Did you mean `POST /holds`?"),
    "no call": ("reserve", "Cannot read --step"),
    "a bad name": ("Reserve It=placeHold", "Cannot read --step"),
    "too many calls": ("reserve=placeHold,-,-,-,-", "Cannot read --step"),
    "no forward call": ("reserve=-,releaseHold", "Cannot read --step"),
    "another participant": ("reserve@bank=placeHold", "with one of: warehouse"),
}


@pytest.mark.parametrize(("step", "said"), CHOICES.values(), ids=CHOICES.keys())
def test_a_choice_that_names_nothing_is_refused_with_the_nearest_one(tmp_path: Path, step: str, said: str) -> None:
    assert said in refused(tmp_path, OPENAPI, "--step", step)


def test_a_step_is_asked_for_once(tmp_path: Path) -> None:
    assert "twice" in refused(tmp_path, OPENAPI, "--step", "reserve=placeHold", "--step", "reserve=getHold")


def test_kinds_of_documents_do_not_mix(tmp_path: Path) -> None:
    said = refused(tmp_path, OPENAPI, f"--from-bpmn={DOCUMENTS / 'trip.bpmn'}")
    assert "one kind of document" in said


@pytest.mark.parametrize("arguments", [["--step", "a=b"], ["--process", "x"]])
def test_a_choice_without_a_document_is_refused(tmp_path: Path, arguments: list[str]) -> None:
    assert "Name the document" in refused(tmp_path, *arguments)


WRONG_KINDS = {
    "openapi of bpmn": ("--from-openapi", "trip.bpmn", "no mapping of fields"),
    "openapi of a pact": ("--from-openapi", "shop-bank.pact.json", "is no OpenAPI document"),
    "pact of a recording": ("--from-pact", "purchase.har", "is no pact file: consumer"),
    "har of a pact": ("--from-har", "shop-bank.pact.json", "is no recording (HAR): log"),
    "bpmn of yaml": ("--from-bpmn", "warehouse.openapi.yaml", "as XML"),
    "arazzo of openapi": ("--from-arazzo", "warehouse.openapi.yaml", "is no Arazzo document"),
}


@pytest.mark.parametrize(("option", "name", "said"), WRONG_KINDS.values(), ids=WRONG_KINDS.keys())
def test_a_document_of_another_kind_is_refused(tmp_path: Path, option: str, name: str, said: str) -> None:
    assert said in refused(tmp_path, option, str(DOCUMENTS / name))


BOMB = """<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><process id="&c;"/></definitions>
"""
OUTSIDE = """<?xml version="1.0"?>
<!DOCTYPE d SYSTEM "file:///etc/passwd"><definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"/>
"""
HOSTILE = {
    "entities that grow": ("--from-bpmn", BOMB, "document type or entities"),
    "a document type from outside": ("--from-bpmn", OUTSIDE, "document type or entities"),
    "deep elements": ("--from-bpmn", "<a>" * 5000 + "</a>" * 5000, "levels"),
    "no process": ("--from-bpmn", '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"/>', "none"),
    "another kind of xml": ("--from-bpmn", "<svg/>", "begins with <svg>"),
    "aliases of yaml": ("--from-openapi", "a: &a [x]\nb: *a\n", "alias *a"),
    "deep yaml": ("--from-openapi", "[" * 100_000, "levels"),
    "deep lists in yaml": ("--from-openapi", "a: " + "[" * 5000, "levels"),
    "deep json": ("--from-openapi", '{"a":' + "[" * 100_000, "levels"),
    "a list": ("--from-openapi", "[]", "no mapping"),
    "an empty file": ("--from-openapi", "", "no mapping"),
    "a tag": ("--from-openapi", "a: !!python/object/apply:os.system [true]", "Cannot read"),
    "an operation of another shape": (
        "--from-openapi",
        json.dumps({"openapi": "3.0.0", "paths": {"/a": {"post": {"responses": [], "parameters": {}}}}}),
        "is not as OpenAPI 3.0 says",
    ),
}


@pytest.mark.parametrize(("option", "text", "said"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_document_is_refused_in_words(tmp_path: Path, option: str, text: str, said: str) -> None:
    path = written(tmp_path, "document", text)
    steps = ["--step", "a=POST /a"] if option == "--from-openapi" else []
    assert said in refused(tmp_path, option, str(path), *steps)


def test_a_process_with_thousands_of_nodes_is_refused_at_once(tmp_path: Path) -> None:
    tasks = "".join(
        f'<serviceTask id="t{one}"/><sequenceFlow id="f{one}" sourceRef="t{one}" targetRef="t{one + 1}"/>' for one in range(9000)
    )
    text = f'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><process id="p">{tasks}</process></definitions>'
    assert "more than 2000 nodes" in refused(tmp_path, "--from-bpmn", str(written(tmp_path, "p.bpmn", text)))


def test_a_saga_has_no_more_steps_than_its_file_takes(tmp_path: Path) -> None:
    steps = [{"stepId": f"s{one}", "operationId": "a"} for one in range(201)]
    content = {
        "arazzo": "1.0.0",
        "sourceDescriptions": [{"name": "a", "url": "a"}],
        "workflows": [{"workflowId": "w", "steps": steps}],
    }
    assert "201 steps" in refused(tmp_path, "--from-arazzo", str(written(tmp_path, "a.json", json.dumps(content))))


@pytest.mark.parametrize("depth", [40, 190])
def test_a_deep_schema_is_cut_and_asked_for(tmp_path: Path, depth: int) -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(depth // 2):
        schema = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
    content = {
        "openapi": "3.0.0",
        "info": {"title": "A", "version": "1"},
        "paths": {
            "/a": {
                "post": {
                    "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/deep"}}}},
                    "responses": {"200": {"description": "A"}},
                }
            }
        },
        "deep": schema,
    }
    path = written(tmp_path, "a.json", json.dumps(content))
    assert init(tmp_path, "--from-openapi", str(path), "--step", "a=POST /a").exit_code == 0
    lint = CliRunner().invoke(contracts, ["lint", "--json", str(tmp_path / "sale" / "saga.yaml")])
    assert not [one for one in json.loads(lint.output)[0]["faults"] if not one["what"].startswith("Open question")]


def test_a_document_of_twenty_megabytes_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(20_000_000)
    assert f"larger than {reading.MAX_BYTES} bytes" in refused(tmp_path, "--from-openapi", str(path), "--step", "a=POST /a")


@pytest.mark.parametrize("kind", ["openapi", "pact", "bpmn", "arazzo", "har"])
def test_a_file_that_is_not_there_is_named(tmp_path: Path, kind: str) -> None:
    assert "nothing.here" in refused(tmp_path, f"--from-{kind}", str(tmp_path / "nothing.here"))


def test_what_lies_outside_of_the_document_is_not_opened_and_is_asked_for(tmp_path: Path) -> None:
    outside = written(tmp_path, "other.yaml", "canary: {type: string}")
    body = {"content": {"application/json": {"schema": {"$ref": f"{outside}#/canary"}}}}
    answers = {"200": {"$ref": "https://example.org/answers.json#/good"}}
    content = {
        "openapi": "3.1.0",
        "info": {"title": "A", "version": "1"},
        "paths": {"/a": {"post": {"requestBody": body, "responses": answers}}},
    }
    path = written(tmp_path, "a.json", json.dumps(content))
    assert init(tmp_path, "--from-openapi", str(path), "--step", "a=POST /a").exit_code == 0
    text = (tmp_path / "sale" / "saga.yaml").read_text(encoding="utf-8")
    assert f"The document leads to {outside}#/canary, which is not read" in text
    assert "The document leads to https://example.org/answers.json#/good, which is not read" in text


def test_references_in_a_circle_end(tmp_path: Path) -> None:
    content = {
        "openapi": "3.0.0",
        "info": {"title": "A", "version": "1"},
        "paths": {
            "/a": {
                "post": {
                    "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}},
                    "responses": {"200": {"$ref": "#/components/responses/R"}},
                }
            }
        },
        "components": {
            "responses": {"R": {"$ref": "#/components/responses/R"}},
            "schemas": {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}},
        },
    }
    path = written(tmp_path, "a.json", json.dumps(content))
    assert init(tmp_path, "--from-openapi", str(path), "--step", "a=POST /a").exit_code == 0


def test_texts_of_a_document_cannot_leave_their_comment_or_their_value(tmp_path: Path) -> None:
    said = "fine\nsteps: []\u2028owner: mallory\u0007 # TODO(99): no"
    content = {
        "openapi": "3.0.0",
        "info": {"title": "A: b # c", "version": "1"},
        "paths": {
            "/a{b}/{c}": {
                "post": {
                    "operationId": said,
                    "parameters": [{"name": "c", "in": "path", "required": True, "schema": {"type": "string"}, "example": said}],
                    "requestBody": {
                        "content": {"application/json": {"schema": {"properties": {"x: y\n- z": {"type": "string"}}}}}
                    },
                    "responses": {"201": {"description": said}, "409": {"description": "x" * 10_000}},
                }
            }
        },
    }
    path = written(tmp_path, "a.json", json.dumps(content))
    assert init(tmp_path, "--from-openapi", str(path), "--step", "a=POST /a{b}/{c}", "--owner", "shop").exit_code == 0
    lint = CliRunner().invoke(contracts, ["lint", "--json", str(tmp_path / "sale" / "saga.yaml")])
    faults = json.loads(lint.output)[0]["faults"]
    assert faults
    assert not [one for one in faults if "Not readable" in one["what"] or "question 99" in one["what"]]
    text = (tmp_path / "sale" / "saga.yaml").read_text(encoding="utf-8")
    assert text.count("\nowner: ") == 1
    assert text.count("\nsteps:") == 1


def test_a_missing_extra_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "defusedxml", None)
    assert "pip install 'sagapact[init]'" in refused(tmp_path, "--from-bpmn", str(DOCUMENTS / "trip.bpmn"), status=4)
    document._validator.cache_clear()
    monkeypatch.setitem(sys.modules, "openapi_spec_validator", None)
    assert "pip install 'sagapact[init]'" in refused(tmp_path, OPENAPI, "--step", "reserve=placeHold", status=4)


def test_of_several_processes_or_workflows_one_has_to_be_named(tmp_path: Path) -> None:
    text = (DOCUMENTS / "purchase.arazzo.yaml").read_text(encoding="utf-8")
    two = written(tmp_path, "two.yaml", text.replace("components:", "  - {workflowId: other, steps: []}\ncomponents:"))
    assert "buyGoods, other" in refused(tmp_path, "--from-arazzo", str(two))
    assert "'nothing'" not in refused(tmp_path, "--from-bpmn", str(DOCUMENTS / "trip.bpmn"), "--process", "nothing")


PLACES = {
    "by the end of its name, among many fields": ("/a/{issue_number}", ["number"], {}, "/a/{outputs.a.number}"),
    "by its name, however it is written": ("/a/{issueId}", ["issue_id", "id"], {}, "/a/{outputs.a.issue_id}"),
    "by the id, when it is the only place": ("/a/{ref}", ["id"], {}, "/a/{outputs.a.id}"),
    "not by the id, when there are others": ("/a/{ref}/{other}", ["id"], {}, "/a/{payload.ref}/{payload.other}"),
    "by the address of what was made": ("/a/{ref}", [], {"Location": {"schema": {"type": "string"}}}, "/a/{outputs.a.ref}"),
    "not by an address of more places": (
        "/a/{ref}/{b}",
        [],
        {"Location": {"schema": {"type": "string"}}},
        "/a/{payload.ref}/{payload.b}",
    ),
}


@pytest.mark.parametrize(("path", "names", "headers", "filled"), PLACES.values(), ids=PLACES.keys())
def test_a_place_of_a_path_is_filled_from_the_reply(
    tmp_path: Path, path: str, names: list[str], headers: dict[str, Any], filled: str
) -> None:
    fields = [*(f"f{number}" for number in range(20)), *names]
    body = {
        "content": {"application/json": {"schema": {"type": "object", "properties": {one: {"type": "string"} for one in fields}}}}
    }
    places = re.findall(r"\{(\w+)\}", path)
    content = {
        "openapi": "3.0.0",
        "info": {"title": "A", "version": "1"},
        "paths": {
            "/a": {"post": {"responses": {"201": {"description": "Made", "headers": headers, **(body if names else {})}}}},
            path: {
                "delete": {
                    "parameters": [{"name": one, "in": "path", "required": True, "schema": {"type": "string"}} for one in places],
                    "responses": {"204": {"description": "Gone"}},
                }
            },
        },
    }
    file = written(tmp_path, "a.json", json.dumps(content))
    assert init(tmp_path, "--from-openapi", str(file), "--step", f"a=POST /a,DELETE {path}").exit_code == 0
    found = yaml.safe_load((tmp_path / "sale" / "saga.yaml").read_text(encoding="utf-8"))["steps"][0]
    assert found["compensate"]["request"]["path"] == filled
    assert set(found["forward"].get("outputs", {})) == set(re.findall(r"outputs\.a\.(\w+)", filled))


def test_a_comma_too_many_is_forgiven(tmp_path: Path) -> None:
    path = written(
        tmp_path, "a.json", (DOCUMENTS / "bank.swagger.json").read_text(encoding="utf-8").replace('"Paid back"', '"Paid back",')
    )
    assert init(tmp_path, "--from-openapi", str(path), "--step", "pay=pay").exit_code == 0


DIALECTS: dict[str, tuple[dict[str, Any], bool]] = {
    "lra": ({"parameters": [{"name": "Long-Running-Action", "in": "header", "schema": {"type": "string"}}]}, True),
    "dtm": (
        {
            "parameters": [
                {"name": one, "in": "query", "required": True, "schema": {"type": "string"}} for one in ("gid", "branch_id", "op")
            ]
        },
        True,
    ),
    "its own": ({"parameters": [{"name": "gid", "in": "query", "schema": {"type": "string"}}]}, False),
}


@pytest.mark.parametrize(("name", "known"), [(name, known) for name, (_, known) in DIALECTS.items()], ids=DIALECTS.keys())
def test_a_known_protocol_is_asked_for(tmp_path: Path, name: str, known: bool) -> None:  # noqa: FBT001
    operation = DIALECTS[name][0] | {"responses": {"202": {"description": "Taken"}}}
    content = {
        "openapi": "3.0.0",
        "info": {"title": "A", "version": "1"},
        "paths": {"/a": {"post": operation, "delete": operation}},
    }
    file = written(tmp_path, "a.json", json.dumps(content))
    assert init(tmp_path, "--from-openapi", str(file), "--step", "a=POST /a,DELETE /a").exit_code == 0
    text = (tmp_path / "sale" / "saga.yaml").read_text(encoding="utf-8")
    assert (f"look like those of the protocol {name}" in text) == known
    assert "202 says that the undoing was accepted" in text


def test_a_header_that_may_carry_the_sagas_id_is_asked_for(tmp_path: Path) -> None:
    header = {"name": "X-Correlation-ID", "in": "header", "schema": {"type": "string"}}
    operation = {"parameters": [header], "responses": {"201": {"description": "Made"}}}
    content = {"openapi": "3.0.0", "info": {"title": "A", "version": "1"}, "paths": {"/a": {"post": operation}}}
    file = written(tmp_path, "a.json", json.dumps(content))
    assert init(tmp_path, "--from-openapi", str(file), "--step", "a=POST /a").exit_code == 0
    text = (tmp_path / "sale" / "saga.yaml").read_text(encoding="utf-8")
    assert "Calls have the header x-correlation-id: does it carry the saga's id" in text
