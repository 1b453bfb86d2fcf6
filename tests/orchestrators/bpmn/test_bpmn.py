"""A BPMN engine runs the saga by a standard diagram, and the saga holds; as samples often bind it, it does not."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from bpmn_io import BpmnModdle, check
from bpmn_io.lint import Linter
from bpmn_io.lint.resolver import NodeResolver
from lxml import etree  # type: ignore[import-untyped]
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser, BpmnValidator  # type: ignore[import-untyped]

from bpmn.engine import Diagram
from command_line import here
from played import outcomes, played, why
from repetitions import NIGHTLY
from saga_e2e.stage.landscape import reference_landscape

DIAGRAM = Path(__file__).with_name("vas_purchase.bpmn")
STANDARD = {
    "http://www.omg.org/spec/BPMN/20100524/MODEL",
    "http://www.omg.org/spec/BPMN/20100524/DI",
    "http://www.omg.org/spec/DD/20100524/DC",
    "http://www.omg.org/spec/DD/20100524/DI",
    "http://www.w3.org/2001/XMLSchema-instance",
}
CAMUNDA = "http://camunda.org/schema/1.0/bpmn"
START = {"failed": False, "stuck": False}


def test_the_diagram_has_the_structure_of_the_standard_and_nothing_of_an_engine_but_what_binds_its_tasks() -> None:
    document = etree.parse(DIAGRAM)
    BpmnValidator().validate(document)  # against the OMG's XML Schema
    spaces = {etree.QName(name).namespace for node in document.iter() for name in (node.tag, *node.attrib)}
    assert spaces - {None, CAMUNDA} == STANDARD
    bound = {node.get("id"): dict(node.attrib) for node in document.iter() if f"{{{CAMUNDA}}}topic" in node.attrib}
    assert {name: attributes[f"{{{CAMUNDA}}}topic"] for name, attributes in bound.items()} == {name: name for name in bound}


def test_another_reader_takes_the_diagram_without_a_finding() -> None:
    text = DIAGRAM.read_text(encoding="utf-8")
    report = check(text)
    assert (report.ok, report.errors, report.warnings) == (True, [], [])
    root: Any = BpmnModdle().from_xml(text).root_element
    resolver: Any = NodeResolver()
    assert Linter(resolver=resolver).lint(root, {"extends": "bpmnlint:all"}) == {}


def test_the_diagram_asks_for_the_order_and_the_compensations_of_the_saga_file(tmp_path: Path) -> None:
    here("contracts", "init", str(tmp_path / "draft"), "--from-bpmn", str(DIAGRAM), "--owner", "vas_owner")
    drafted = yaml.safe_load((tmp_path / "draft" / "saga.yaml").read_text(encoding="utf-8"))["steps"]
    drawn = {step["step"]: (set(step.get("after", ())), "compensate" in step) for step in drafted}
    saga = reference_landscape().saga()
    assert drawn == {step.step: (set(saga.graph.direct(step.step)), step.compensate is not None) for step in saga.steps}


def test_the_engine_alone_takes_no_diagram_with_compensations() -> None:
    parser = BpmnParser()
    parser.add_bpmn_file(str(DIAGRAM))
    with pytest.raises(Exception, match="Unsupported Catch Event"):
        parser.get_spec("vas_purchase")


def test_what_was_completed_is_to_be_undone_after_a_crash_as_well_and_what_ended_with_an_error_is_not() -> None:
    diagram = Diagram(DIAGRAM, "vas_purchase")
    instance = diagram.start(START)
    instance.complete("reserve_money")
    instance = diagram.restore(instance.dumps())  # as after a crash
    assert set(instance.ready()) == {"apply_vas", "create_packages"}
    instance.data["failed"] = True
    instance.fail("apply_vas")
    assert instance.ready() == ["create_packages"]
    instance.complete("create_packages")
    for event, task in (("undo_packages", "create_packages"), ("undo_services", "apply_vas"), ("undo_money", "reserve_money")):
        assert (instance.ready(), diagram.undoes[event]) == ([event], task)
        assert instance.was_completed(task) == (task != "apply_vas")
        instance.complete(event)
    assert instance.end() == "compensated"


@pytest.mark.slow
def test_the_saga_holds_also_when_a_reply_is_lost_and_when_the_engine_is_killed() -> None:
    found = outcomes(
        played("bpmn", "committed", "refused-at-apply_vas", "no-reply-at-reserve_money", "saga-service-dies-at-create_packages")
    )
    assert found == {
        "committed": "committed",
        "refused-at-apply_vas": "compensated",
        "no-reply-at-reserve_money": "compensated",
        "saga-service-dies-at-create_packages": "committed",
    }


@pytest.mark.slow
def test_a_step_without_an_answer_that_ends_with_an_error_is_never_undone() -> None:
    records = played("bpmn", "no-reply-at-reserve_money", env={"UNCLEAR_IS_ERROR": "1"})
    assert {finding.id for finding in records["no-reply-at-reserve_money"].broken} == {"I1", "I10"}


@pytest.mark.skipif(not NIGHTLY, reason="it takes half a minute: make nightly")
def test_the_saga_holds_in_every_scenario() -> None:
    records = played("bpmn")
    assert len(records) > 40
    assert {name: why(record) for name, record in records.items() if record.verdict != "kept"} == {}
