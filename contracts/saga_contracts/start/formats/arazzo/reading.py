"""Reads an Arazzo document (1.0, 1.1): the steps of one workflow, what is sent and kept, and what runs when a step fails.

A step that runs after a failure and needs what an earlier step gave undoes that one. OpenAPI documents are read where the user
names them (`--from-openapi NAME=FILE`), never because the document does.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from saga_contracts.declare import templates
from saga_contracts.declare.templates import LIKE
from saga_contracts.errors import UsageError
from saga_contracts.start.choosing import METHODS, Operation
from saga_contracts.start.formats.arazzo import shape
from saga_contracts.start.formats.arazzo.inlining import inlined
from saga_contracts.start.formats.arazzo.shape import Action, Document, Workflow, path
from saga_contracts.start.formats.arazzo.shape import Step as ArazzoStep
from saga_contracts.start.formats.arazzo.values import REFERENCE, Values
from saga_contracts.start.formats.openapi import calls
from saga_contracts.start.formats.openapi.document import Document as OpenApi
from saga_contracts.start.told import Answer, Call, Step, Told, step_name

_STATUS = re.compile(r"\$statusCode\s*==\s*'?(\d{3})'?")
_BODY_OUTPUT = re.compile(r"\$response\.body(?:#(/.+)|\.([\w.-]+))")
_HEADER_OUTPUT = re.compile(r"\$response\.headers?\.([\w-]+)")
_MOST_TRIES = 10


def told(content: dict[str, Any], source: str, part: str | None, documents: Sequence[OpenApi]) -> Told:
    """Read a workflow.

    Args:
        content: The document.
        source: What it is called.
        part: The workflow that was chosen; None for the only one.
        documents: The OpenAPI documents that the user named, each called like its source description.

    Raises:
        UsageError: when it is no Arazzo document, or nobody said which workflow.
    """
    document = shape.document(content, source)
    workflow = inlined(document, shape.chosen(document, part, source))
    found = _Reading(document, workflow, source, documents).told()
    if not found.steps:
        raise UsageError(f"The workflow {workflow.id} of {source} makes no call by itself. Name another one by --process.")
    return found


class _Reading:
    """Reads one workflow."""

    def __init__(self, document: Document, workflow: Workflow, source: str, documents: Sequence[OpenApi]) -> None:
        self.document, self.workflow = document, workflow
        self.documents = {one.participant: one for one in documents}
        self.found = Told("Arazzo", source, saga=step_name(workflow.id), description=workflow.summary)
        self.main = [one for one in path(workflow, workflow.steps[0].id if workflow.steps else "") if one.workflow is None]
        self.names: dict[str, str] = {}
        for one in self.main:
            self.names[one.id] = step_name(one.id, self.names.values())
        self.values = Values(document, workflow, self.found, {one.id: (self.names[one.id], one.outputs) for one in self.main})

    def told(self) -> Told:
        for before, one in zip([None, *self.main], self.main, strict=False):
            step = Step(self.names[one.id], self._participant(one), f"{self.workflow.id}.{one.id}")
            step.after = [self.names[before.id]] if before else []
            step.tries = self._tries(one)
            self.found.steps.append(step)
            self._outputs(one, step)
            ways = ", ".join(action.name or action.type for action in one.success if action.criteria)
            if ways:
                step.questions.append(f"After it the workflow goes on by conditions ({ways}): which later steps need a `when`?")
            step.forward = self._call(one, step)
        self._undoing()
        for one in path(self.workflow, self.workflow.steps[0].id) if self.workflow.steps else ():
            if one.workflow is not None:
                self.found.questions.append(
                    f"The step {one.id} runs the workflow {one.workflow[:80]}, which is left out. What is it here?"
                )
        return self.found

    def _participant(self, one: ArazzoStep) -> str:
        text = one.operation or one.path or ""
        named = re.search(r"\$sourceDescriptions\.([\w-]+)", text)
        apis = [source.name for source in self.document.sources if source.type == "openapi"]
        if named:
            return named[1]
        holding = [name for name, held in self.documents.items() if any(each.name == text for each in held.operations())]
        return next(iter([*holding, *apis]), "service")

    def _tries(self, one: ArazzoStep) -> int | None:
        limits = [action.limit for action in self._failures(one) if action.type == "retry"]
        return min(max(1, limits[0] if limits[0] is not None else 1) + 1, _MOST_TRIES) if limits else None

    def _failures(self, one: ArazzoStep) -> list[Action]:
        actions = [*one.failure, *self.workflow.failure]
        known = self.document.components.failures
        return [
            known.get((action.reference or "").rpartition(".")[2], action) if action.reference else action for action in actions
        ]

    def _outputs(self, one: ArazzoStep, step: Step) -> None:
        for name, expression in one.outputs.items():
            text = expression if isinstance(expression, str) else ""
            in_body, in_header = _BODY_OUTPUT.fullmatch(text), _HEADER_OUTPUT.fullmatch(text)
            if in_body:
                step.outputs[step_name(name)] = in_body[1] or "/" + in_body[2].replace(".", "/")
            elif in_header:
                step.outputs[step_name(name)] = {"header": in_header[1]}
            else:
                what = f"The output `{name}` is {text[:100] or 'no expression'}"
                step.questions.append(f"{what}: where in the reply does it stand?")

    def _undoing(self) -> None:
        """Find what runs after a failure, and which step each of these calls undoes."""
        seen: set[str] = set()
        for one in self.main:
            for action in self._failures(one):
                if action.type != "goto":
                    continue
                next(step for step in self.found.steps if step.name == self.names[one.id]).refuses = True
                for undo in self._after_failure(action):
                    if undo.id not in seen and undo.id not in self.names:
                        seen.add(undo.id)
                        self._undo(undo, one)

    def _after_failure(self, action: Action) -> list[ArazzoStep]:
        if action.workflow is None:
            return path(self.workflow, action.step or "")
        name = action.workflow.rpartition(".")[2]
        workflow = next((one for one in self.document.workflows if one.id == name), None)
        if workflow is None:
            self.found.questions.append(
                f"After a failure the workflow {action.workflow[:80]} runs, which is not here. What does it undo?"
            )
        return workflow.steps if workflow is not None else []

    def _undo(self, undo: ArazzoStep, failed: ArazzoStep) -> None:
        text = repr([undo.parameters, undo.body])
        needed = [self.names[name] for name, _ in REFERENCE.findall(text) if name in self.names]
        step = next((one for one in self.found.steps if needed and one.name == needed[-1]), None)
        if step is None or step.compensate is not None:
            what = f"When {failed.id} fails, {undo.id} runs ({undo.operation or undo.path or undo.workflow})"
            self.found.questions.append(f"{what}: which step does it undo? Write it as that one's `compensate`.")
            return
        step.compensate = self._call(undo, step)
        step.compensate.guesses.append(
            f"{undo.id}, which runs when {failed.id} fails, undoes this step, since it needs what it gave."
        )

    def _call(self, one: ArazzoStep, step: Step) -> Call:
        asked: list[str] = []
        values = {}
        for parameter in (*self.workflow.parameters, *one.parameters):
            known = self.document.components.parameters.get((parameter.reference or "").rpartition(".")[2], parameter)
            value = known.value if parameter.value is None else parameter.value
            if known.name:
                values[known.place or "query", known.name] = self.values.value(value, step, asked)
        fields = {name: value for (place, name), value in values.items() if place == "body"} or None
        body = self.values.value(one.body.payload, step, asked) if one.body and one.body.payload is not None else fields
        sent = calls.Sent(values, body)
        call = self._operation(one, step, sent)
        call.questions += asked
        if one.body is not None and one.body.replacements:
            call.questions.append("The document replaces parts of this body, which is not taken over. What is sent?")
        self._answers(one, step, call, is_forward=step.forward is None)
        return call

    def _operation(self, one: ArazzoStep, step: Step, sent: calls.Sent) -> Call:
        document = self.documents.get(self._participant(one))
        chosen = _operation_of(one, document)
        if document is None or chosen is None:
            return self._unknown(one, chosen, sent, step)
        scratch = Told("", "")
        call = calls.call_of(chosen, document, scratch, step, sent)
        for name in set(templates.names_in([call.path, call.query, call.headers, call.body])):
            field = name.removeprefix("payload.")
            if field in scratch.payload and field not in self.found.payload:
                self.found.payload[field] = scratch.payload[field]
        return call

    def _unknown(self, one: ArazzoStep, chosen: Operation | None, sent: calls.Sent, step: Step) -> Call:
        """Give the call as far as the workflow alone tells it."""
        path = chosen.path if chosen else f"/{step_name((one.operation or one.id).rpartition('.')[2])}"
        for (where, name), value in sent.values.items():
            place = "{" + name + "}"
            if where == "path":
                path = path.replace(place, str(value)) if place in path else f"{path}/{value}"
        call = Call(chosen.method if chosen else "POST", path, one.id, body=sent.body)
        call.query = {name: str(value) for (place, name), value in sent.values.items() if place == "query"}
        call.headers = {name: str(value) for (place, name), value in sent.values.items() if place == "header"}
        url = next((source.url for source in self.document.sources if source.name == step.participant), "")
        what = f"Method, path and answers of {one.operation or one.path} stand in {url[:150]}"
        mend = f"Give it by --from-openapi {step.participant}=FILE, or write them here."
        call.questions.append(f"{what}, which is not read because a document names it. {mend}")
        return call

    def _answers(self, one: ArazzoStep, step: Step, call: Call, *, is_forward: bool) -> None:
        """Let the done reply be the one that the criteria name, with the values that others need."""
        wanted = [int(number) for criterion in one.criteria for number in _STATUS.findall(criterion.condition)]
        known = {answer.status: answer for answer in call.answers}
        good = [known.get(status, Answer(status, said="success, says the workflow")) for status in dict.fromkeys(wanted)]
        call.answers = [replace(answer, says_done=True) for answer in good] + [
            one for one in call.answers if one.status not in wanted
        ]
        if not is_forward:
            return
        needed = [place.split("/")[1:] for place in step.outputs.values() if isinstance(place, str)]
        for place, answer in enumerate(call.answers):
            succeeds = answer.says_done or answer.status < 300  # noqa: PLR2004
            if needed and succeeds and (answer.body is None or isinstance(answer.body, dict)):
                body = {} if answer.body is None or LIKE in answer.body else answer.body
                more = {way[0]: _nested(way[1:]) for way in needed if way[0] not in body}
                call.answers[place] = replace(answer, body={**body, **more})


def _nested(way: Sequence[str]) -> dict[str, Any]:
    """Give a body with any text at the end of a way."""
    return {way[0]: _nested(way[1:])} if way else {LIKE: "text"}


def _operation_of(one: ArazzoStep, document: OpenApi | None) -> Operation | None:
    """Find the operation: by its id in the document, or by the path that the step itself tells."""
    if one.path:
        _, _, place = one.path.partition("#/paths/")
        path, _, method = place.rpartition("/")
        return Operation(method.upper(), path.replace("~1", "/").replace("~0", "~")) if method.upper() in METHODS else None
    name = (one.operation or "").rpartition(".")[2]
    return next((each for each in document.operations() if each.name in (name, one.operation)), None) if document else None
