"""Writes what an Arazzo step sends with the templates of a saga file: expressions, inputs, outputs of others (pure)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from saga_contracts.start import samples
from saga_contracts.start.formats.arazzo.inlining import resolved
from saga_contracts.start.formats.arazzo.shape import Document, Workflow
from saga_contracts.start.told import Field, Step, Told, literal, plain_name, step_name

REFERENCE = re.compile(r"\$steps\.([\w-]+)\.outputs\.([\w-]+)")
"""An expression that names an output of a step."""
_EXPRESSION = re.compile(r"\$[a-zA-Z]")
_INSIDE = re.compile(r"\{(\$[^{}]+)\}")


@dataclass(frozen=True, slots=True)
class Values:
    """Writes the values of one workflow; what they need of its inputs becomes the payload of what is found.

    Attributes:
        document: The document.
        workflow: The workflow.
        found: Where the payload is kept.
        steps: By the id of a step: its name in the saga, and its outputs.
    """

    document: Document
    workflow: Workflow
    found: Told
    steps: Mapping[str, tuple[str, Mapping[str, Any]]]

    def value(self, value: Any, step: Step, asked: list[str]) -> Any:
        """Write a value with the saga file's templates; what cannot be written is asked."""
        if isinstance(value, dict):
            return {key: self.value(one, step, asked) for key, one in value.items() if not key.startswith("$")}
        if isinstance(value, list):
            return [self.value(one, step, asked) for one in value]
        if not isinstance(value, str):
            return value
        if _EXPRESSION.match(value):
            return self._expression(value, step, asked)
        pieces = _INSIDE.split(value)
        return "".join(literal(one) if index % 2 == 0 else self._expression(one, step, asked) for index, one in enumerate(pieces))

    def _expression(self, text: str, step: Step, asked: list[str]) -> str:
        if text.startswith("$inputs.") and "#" not in text:
            return self._input(text.removeprefix("$inputs."))
        match = REFERENCE.fullmatch(text)
        if match and match[1] in self.steps:
            if step_name(match[2]) not in self._declared(match[1]):
                asked.append(f"{text[:100]} is no output that the step {match[1]} declares. Where does it come from?")
            return f"{{outputs.{self.steps[match[1]][0]}.{step_name(match[2])}}}"
        asked.append(f"{text[:100]} is not known in a saga file. What is sent there?")
        return self.found.field(plain_name(text), Field({"type": "string"}, "text"), step.name)

    def _declared(self, step: str) -> set[str]:
        return {step_name(name) for name in self.steps[step][1]}

    def _input(self, name: str) -> str:
        head, *rest = name.split(".")
        properties = self.workflow.inputs.get("properties")
        schema = properties.get(head) if isinstance(properties, dict) else None
        written = samples.written(schema or {"type": "string"}, head, lambda node: resolved(self.document, node))
        field = self.found.field(head, samples.sample(written.schema), "")
        return "{" + ".".join([field.strip("{}"), *map(plain_name, rest)]) + "}"
