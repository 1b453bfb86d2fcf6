"""SpiffWorkflow, as this orchestrator uses it: reads the diagram, keeps where each of its instances stands. No call is made here.

The diagram is plain BPMN 2.0. What SpiffWorkflow has no notion of, this module adds from the diagram itself: compensation. The
boundary events and their associations say which task undoes which; the throwing event waits until somebody has undone them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self
from xml.etree.ElementTree import Element

from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser, full_tag  # type: ignore[import-untyped]
from SpiffWorkflow.bpmn.parser.event_parsers import IntermediateThrowEventParser  # type: ignore[import-untyped]
from SpiffWorkflow.bpmn.parser.ProcessParser import ProcessParser  # type: ignore[import-untyped]
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser  # type: ignore[import-untyped]
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine  # type: ignore[import-untyped]
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer  # type: ignore[import-untyped]
from SpiffWorkflow.bpmn.specs.defaults import EndEvent, ManualTask  # type: ignore[import-untyped]
from SpiffWorkflow.bpmn.specs.event_definitions import ErrorEventDefinition  # type: ignore[import-untyped]
from SpiffWorkflow.bpmn.util.event import BpmnEvent  # type: ignore[import-untyped]
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow  # type: ignore[import-untyped]
from SpiffWorkflow.util.task import TaskState  # type: ignore[import-untyped]

_COMPENSATION = full_tag("compensateEventDefinition")


def _is_compensation(event: Element) -> bool:
    return event.find(_COMPENSATION) is not None


class _Process(ProcessParser):  # type: ignore[misc]
    """Leaves out boundary events that start compensations: SpiffWorkflow takes no file that has them."""

    def get_boundary_events(self, task: str) -> list[Element]:
        return [event for event in super().get_boundary_events(task) if not _is_compensation(event)]


class _Throw(IntermediateThrowEventParser):  # type: ignore[misc]
    """Reads an event that throws a compensation as a task to be done: SpiffWorkflow would pass it over without a word."""

    def create_task(self) -> Any:
        if _is_compensation(self.node):
            return ManualTask(self.spec, self.bpmn_id, **self.bpmn_attributes)
        return super().create_task()


class _Parser(BpmnParser):  # type: ignore[misc]
    PROCESS_PARSER_CLASS = _Process
    OVERRIDE_PARSER_CLASSES = {  # noqa: RUF012  (read as the library declares it)
        full_tag("serviceTask"): (TaskParser, ManualTask),  # done outside the engine, by who is bound to its id
        full_tag("intermediateThrowEvent"): (_Throw, ManualTask),
    }


class _Conditions(PythonScriptEngine):  # type: ignore[misc]
    """Reads a condition `${name}`, which other engines take as well, as a variable of the process instance."""

    def evaluate(self, task: Any, expression: str, **_: Any) -> bool:
        return bool(task.workflow.data.get(expression.removeprefix("${").removesuffix("}")))


class Diagram:
    """A process that can be started, read from its file."""

    def __init__(self, path: Path, process: str) -> None:
        parser = _Parser()
        parser.add_bpmn_file(str(path))
        self.spec = parser.get_spec(process)
        node = parser.get_process_parser(process).node
        starts = {
            one.get("id"): one.get("attachedToRef") for one in node.iter(full_tag("boundaryEvent")) if _is_compensation(one)
        }
        self.undone_by: dict[str, str] = {
            starts[line.get("sourceRef")]: line.get("targetRef")
            for line in node.iter(full_tag("association"))
            if line.get("sourceRef") in starts
        }
        """By task: the task that undoes it."""
        self.undoes: dict[str, str] = {
            event.get("id"): thrown.get("activityRef")
            for event in node.iter(full_tag("intermediateThrowEvent"))
            for thrown in event.iter(_COMPENSATION)
        }
        """By event that throws a compensation: the task that it is about."""
        self.error_at: dict[str, str] = {
            event.get("attachedToRef"): parser.errors[error.get("errorRef")]["error_code"]
            for event in node.iter(full_tag("boundaryEvent"))
            for error in event.iter(full_tag("errorEventDefinition"))
        }
        """By task: the error that leads away from it."""

    def start(self, variables: Mapping[str, Any]) -> "Instance":
        """Begin an instance with these variables (JSON values)."""
        workflow = BpmnWorkflow(self.spec)
        workflow.data.update(variables)
        return Instance(self, workflow).moved_on()

    def restore(self, text: str) -> "Instance":
        """Take up an instance where it was saved."""
        return Instance(self, BpmnWorkflowSerializer().deserialize_json(text))


class Instance:
    """One run of the process.

    Attributes:
        data: Its variables: JSON values, saved with it.
    """

    def __init__(self, diagram: Diagram, workflow: Any) -> None:
        self._diagram, self._workflow = diagram, workflow
        workflow.script_engine = _Conditions()
        self.data: dict[str, Any] = workflow.data

    def moved_on(self) -> Self:
        """Go on to where the next tasks have to be done."""
        self._workflow.do_engine_steps()
        return self

    def ready(self) -> list[str]:
        """Name the tasks that have to be done now."""
        return [task.task_spec.name for task in self._workflow.get_tasks(state=TaskState.READY, manual=True)]

    def complete(self, task: str) -> None:
        """Note that a task is done."""
        self._workflow.get_next_task(state=TaskState.READY, spec_name=task).run()
        self.moved_on()

    def fail(self, task: str) -> None:
        """Note that a task ended with the error that leads away from it. For the engine it was not done then."""
        code = self._diagram.error_at[task]
        self._workflow.catch(BpmnEvent(ErrorEventDefinition(code, code)))
        self.moved_on()

    def was_completed(self, task: str) -> bool:
        """Was a task completed? Only then is there something to undo."""
        return self._workflow.get_next_task(state=TaskState.COMPLETED, spec_name=task) is not None

    def end(self) -> str | None:
        """Name the end event that was reached; None before the end."""
        if not self._workflow.completed:
            return None
        return str(self._workflow.get_next_task(state=TaskState.COMPLETED, spec_class=EndEvent).task_spec.name)

    def dumps(self) -> str:
        """Give all of it as text."""
        return str(BpmnWorkflowSerializer().serialize_json(self._workflow))
