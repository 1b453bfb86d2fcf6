"""Puts the steps of a workflow that a step runs in the place of that step, so that a saga has the calls themselves (pure).

Only workflows of the same document are put in, and only one within another: a saga file knows no loops.
"""

import re
from collections.abc import Mapping
from typing import Any

from saga_contracts.start.formats.arazzo.shape import Document, Step, Workflow

_INPUT = re.compile(r"\$inputs\.([\w-]+)")
_STEP = re.compile(r"\$steps\.([\w-]+)\.outputs\.([\w-]+)")
_OUTPUT = re.compile(r"\$outputs\.([\w-]+)")


def inlined(document: Document, workflow: Workflow) -> Workflow:
    """Give a workflow in whose place of each step that runs another one stand that one's steps."""
    steps: list[Step] = []
    inputs = resolved(document, workflow.inputs)
    renamed: dict[tuple[str, str], str] = {}
    for step in workflow.steps:
        called = _called(document, step)
        if called is None or called.id == workflow.id:
            steps.append(step)
            continue
        inner = _inner(step, called)
        steps += inner
        renamed.update(_outputs(step, called))
        renamed[step.id, ""] = inner[0].id
        inputs = {"properties": {**_properties(resolved(document, called.inputs)), **_properties(inputs)}}
    return workflow.model_copy(update={"inputs": inputs, "steps": [_with_names(step, renamed) for step in steps]})


def resolved(document: Document, node: Mapping[str, Any]) -> Any:
    """Follow a reference to the inputs that the document's components hold."""
    reference = str(node.get("$ref", ""))
    return document.components.inputs.get(reference.removeprefix("#/components/inputs/"), {}) if reference else node


def _properties(inputs: Any) -> dict[str, Any]:
    found = inputs.get("properties") if isinstance(inputs, Mapping) else None
    return found if isinstance(found, dict) else {}


def _called(document: Document, step: Step) -> Workflow | None:
    found = next((one for one in document.workflows if one.id == step.workflow), None)
    return found if found is not None and found.steps and not any(one.workflow for one in found.steps) else None


def _inner(step: Step, called: Workflow) -> list[Step]:
    """Give the steps of a called workflow: named after the step that calls, its parameters in the place of the inputs."""
    sent = {one.name: one.value for one in step.parameters if one.name}
    names = {one.id: one.id if len(called.steps) == 1 and one.id == step.id else f"{step.id}-{one.id}" for one in called.steps}

    def changed(value: Any) -> Any:
        if isinstance(value, str):
            whole = _INPUT.fullmatch(value)
            if whole and whole[1] in sent:
                return sent[whole[1]]
            return _STEP.sub(lambda found: f"$steps.{names.get(found[1], found[1])}.outputs.{found[2]}", value)
        if isinstance(value, dict):
            return {name: changed(one) for name, one in value.items()}
        return [changed(one) for one in value] if isinstance(value, list) else value

    found = [Step.model_validate(changed(one.model_dump(by_alias=True)) | {"stepId": names[one.id]}) for one in called.steps]
    found[-1] = found[-1].model_copy(
        update={"success": [*found[-1].success, *step.success], "failure": [*found[-1].failure, *step.failure]}
    )
    return found


def _outputs(step: Step, called: Workflow) -> dict[tuple[str, str], str]:
    """Give by the outputs of a calling step where they stand once the called steps are in its place."""
    found: dict[tuple[str, str], str] = {}
    single = len(called.steps) == 1 and called.steps[0].id == step.id
    for name, expression in step.outputs.items():
        inner = _OUTPUT.fullmatch(str(expression))
        origin = _STEP.fullmatch(str(called.outputs.get(inner[1], ""))) if inner else None
        if origin:
            found[step.id, name] = f"$steps.{step.id if single else f'{step.id}-{origin[1]}'}.outputs.{origin[2]}"
    return found


def _with_names(step: Step, renamed: dict[tuple[str, str], str]) -> Step:
    def changed(value: Any) -> Any:
        if isinstance(value, str):
            return _STEP.sub(lambda found: renamed.get((found[1], found[2]), found[0]), value)
        if isinstance(value, dict):
            return {
                name: renamed.get((one, ""), one) if name == "stepId" and isinstance(one, str) else changed(one)
                for name, one in value.items()
            }
        return [changed(one) for one in value] if isinstance(value, list) else value

    plain = step.model_dump(by_alias=True)
    return Step.model_validate({name: one if name == "stepId" else changed(one) for name, one in plain.items()})
