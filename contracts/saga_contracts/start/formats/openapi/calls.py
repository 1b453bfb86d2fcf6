"""Reads the calls that were chosen in an OpenAPI document, with their schemas and answers (pure)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from saga_contracts.declare.templates import LIKE
from saga_contracts.start import samples
from saga_contracts.start.choosing import ROLES, Choice, Operation, find
from saga_contracts.start.formats.openapi import following
from saga_contracts.start.formats.openapi.bodies import answered, example_of, fields_sent, old_body, reply_body
from saga_contracts.start.formats.openapi.document import Document, base_path
from saga_contracts.start.told import KEY_HEADER, Answer, Call, Step, Told, plain_name, step_name
from saga_contracts.wire import bodies

_OWN = ("authorization", "accept", "content-type", "cookie", "user-agent")
"""Headers that belong to the client or to the provider file."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What is sent in a call, where more is known of it than its schema: templates by place and name, the whole body."""

    values: Mapping[tuple[str, str], Any] = field(default_factory=dict)
    body: Any = None

    def value(self, place: str, name: str) -> Any:
        """Give what is sent in a place, or None where nothing is known."""
        return self.values.get((place, name))


def step_of(choice: Choice, document: Document, told: Told) -> Step:
    """Read one step that was chosen.

    Raises:
        UsageError: when a call is not there, or is not as OpenAPI says.
    """
    operations = document.operations()
    chosen = {role: find(word, operations, document.source) for role, word in choice.calls.items()}
    step = Step(choice.step, document.participant, f"{document.source}: {' | '.join(str(one) for one in chosen.values())}")
    step.forward = call_of(chosen["forward"], document, told, step)
    for role in ROLES[1:]:
        if role in chosen:
            setattr(step, role, _Reader(document, told, step, chosen[role], Sent(), finds=role == "lookup").call())
    return step


def call_of(chosen: Operation, document: Document, told: Told, step: Step, sent: Sent | None = None) -> Call:
    """Read one call of a step; its forward call is read first, since the others may need what it answers.

    Raises:
        UsageError: when it is not as OpenAPI says.
    """
    return _Reader(document, told, step, chosen, sent or Sent()).call()


class _Reader:
    def __init__(self, document: Document, told: Told, step: Step, chosen: Operation, sent: Sent, *, finds: bool = False) -> None:
        self.finds = finds
        self.document, self.told, self.step, self.chosen, self.sent = document, told, step, chosen, sent
        self.operation, shared = document.operation(chosen)
        self.parameters = self._parameters(shared)
        self.made = Call(chosen.method, chosen.path, str(chosen))

    def call(self) -> Call:
        self._path()
        for one in self.parameters:
            if one["in"] == "query" and self._is_asked_by(one):
                self.made.query[one["name"]] = self._value(one)
            if one["in"] == "header" and one["name"].lower() not in _OWN:
                self._header(one)
        self.made.names |= {one["name"].lower() for one in self.parameters}
        self._body()
        self.made.answers = list(self._answers())
        self.made.links = following.links(self.operation.get("responses") or {}, self.document)
        if self.step.forward is None:
            self.step.callback = following.called_back(self.operation, self.made, self.document, self.told)
        for reference in sorted(set(self.document.outside)):
            self.made.questions.append(f"The document leads to {reference}, which is not read. What stands there?")
        self.document.outside.clear()
        return self.made

    def _is_asked_by(self, one: dict[str, Any]) -> bool:
        """Is this part of the query sent? A look-up asks by what the forward call sent, too."""
        told = self.sent.value("query", one["name"]) is not None
        known = self.finds and (
            KEY_HEADER.fullmatch(one["name"].replace("_", "-")) or self.told.known(one["name"], self.step.name)
        )
        return bool(one.get("required") or told or known)

    def _parameters(self, shared: list[Any]) -> list[dict[str, Any]]:
        own = self.operation.get("parameters") or []
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for one in (self.document.resolve(each) for each in (*shared, *own)):
            if isinstance(one, dict) and isinstance(one.get("name"), str) and isinstance(one.get("in"), str):
                found[one["in"], one["name"]] = one
        return list(found.values())

    def _path(self) -> None:
        server = base_path(self.document)
        if server and self.step.forward is None:
            self.made.guesses.append(
                f"paths begin behind {server}, where the document's server is; that belongs to the provider file."
            )
        path = self.chosen.path
        for one in self.parameters:
            place = "{" + one["name"] + "}"
            if one["in"] == "path" and place in path:
                path = path.replace(place, self._in_path(one))
        self.made.path = path

    def _in_path(self, one: dict[str, Any]) -> str:
        """Give what fills a place of the path: a field that the forward call has there, too, its reply's id, or a new field."""
        name, forward = one["name"], self.step.forward
        if self.sent.value("path", name) is not None:
            return str(self.sent.value("path", name))
        known = self.told.known(name, self.step.name)
        linked = following.linked(name, self.chosen.name, self.step) or following.linked(
            name, f"{self.chosen.method} {self.chosen.path}", self.step
        )
        if linked:
            return linked
        if forward is not None and (known is None or known not in forward.path):
            output = _output(name, forward, alone=self._unknown_places(forward) == 1)
            located = None if output else following.located(self.chosen.path, name, self.step)
            if located:
                self.made.guesses.append(f"{{{name}}} is the end of the header Location of the forward call's reply.")
                return located
            if output:
                self.step.outputs[step_name(output)] = f"/{output}"
                following.show(forward, output)
                self.made.guesses.append(f"{{{name}}} is the field `{output}` of the forward call's reply.")
                return f"{{outputs.{self.step.name}.{step_name(output)}}}"
            self.made.questions.append(f"By what is {{{name}}} known here? No field of the forward call's reply has this name.")
        return self._field(name, self._schema_of(one), one.get("example"))

    def _unknown_places(self, forward: Call) -> int:
        places = [one["name"] for one in self.parameters if one["in"] == "path" and "{" + one["name"] + "}" in self.chosen.path]
        return sum((self.told.known(one, self.step.name) or "?") not in forward.path for one in places)

    def _header(self, one: dict[str, Any]) -> None:
        if KEY_HEADER.fullmatch(one["name"]):
            self.made.headers[one["name"]] = "{key}"
            if self._schema_of(one).get("format") == "uuid":
                self.step.key_form = "uuid"
        elif one.get("required") or self.sent.value("header", one["name"]) is not None:
            self.made.headers[one["name"]] = self._value(one)

    def _value(self, one: dict[str, Any]) -> str:
        sent = self.sent.value(one["in"], one["name"])
        if sent is None and self.finds and KEY_HEADER.fullmatch(one["name"].replace("_", "-")):
            return "{key}"
        return self._field(one["name"], self._schema_of(one), one.get("example")) if sent is None else str(sent)

    def _body(self) -> None:
        kind, media = self._media()
        if media is None:
            return
        found = samples.written(media.get("schema") or {}, "body", self.document.resolve)
        schema = found.schema
        if not bodies.is_json(kind):
            self.made.headers["Content-Type"] = kind
        if self.sent.body is not None:
            self.made.body = self.sent.body
            return
        if not (bodies.is_json(kind) or bodies.media_type(kind) == bodies.FORM):
            self.made.questions.append(f"The body is of the kind {kind[:60]}: write it as one text.")
            return
        example = example_of(media, self.document)
        names = fields_sent(schema, bodies.media_type(kind) == bodies.FORM)
        if not names and "properties" not in schema:
            self.made.body = self._field(f"{self.step.name}_body", schema, example)
            self._ask_of_cut(found.cut)
            return
        told = example if isinstance(example, dict) else {}
        properties = schema.get("properties", {})
        self.made.names |= {name.lower() for name in properties}
        self.made.body = {name: self._field(name, properties[name], told.get(name)) for name in names}
        self._ask_of_cut([one for one in found.cut if any(one.startswith(f"body.{name}") for name in names)])
        left = [name for name in properties if name not in names]
        if left:
            shown = f"{', '.join(left[:20])}{' and others' if left[20:] else ''}"
            self.made.questions.append(f"These optional fields are left out of the body: {shown}. Which of them are sent?")

    def _media(self) -> tuple[str, dict[str, Any] | None]:
        if self.document.is_old:
            return old_body(self.parameters, self.operation, self.document)
        content = self.document.mapping(self.operation.get("requestBody")).get("content")
        if not isinstance(content, dict) or not content:
            return "", None
        kind = min(content, key=lambda one: (not bodies.is_json(one), bodies.media_type(one) != bodies.FORM))
        return kind, content[kind] if isinstance(content[kind], dict) else {}

    def _answers(self) -> Iterator[Answer]:
        responses = cast("dict[str, Any]", self.operation.get("responses") or {})
        for status, one in responses.items():
            if not status.isdigit():
                if status.upper() == "2XX":
                    self.made.questions.append("The document says 2XX: which status is it?")
                continue
            response = self.document.mapping(one)
            media = answered(response, self.document)
            body, more = None, dict[str, Any]()
            if media is not None:
                found = samples.written(media.get("schema") or {}, "", self.document.resolve, answered=True)
                body, more = reply_body(found.schema, example_of(media, self.document))
            headers = tuple(self.document.mapping(response.get("headers")))
            yield Answer(int(status), body, str(response.get("description") or ""), headers=headers, more=more)

    def _ask_of_cut(self, cut: list[str]) -> None:
        if cut:
            self.made.questions.append(f"Not taken over: {'; '.join(cut[:5])}. Complete `payload.schema` where it matters.")

    def _schema_of(self, parameter: dict[str, Any]) -> dict[str, Any]:
        schema = parameter if self.document.is_old else parameter.get("schema")
        kept = {name: value for name, value in schema.items() if name != "required"} if isinstance(schema, dict) else {}
        return samples.written(kept, parameter["name"], self.document.resolve).schema or {"type": "string"}

    def _field(self, name: str, schema: dict[str, Any], example: Any) -> str:
        return self.told.field(name, samples.sample(schema, example), self.step.name)


def _output(name: str, forward: Call, *, alone: bool) -> str | None:
    """Give the field of the forward call's reply that a place of another path is named after.

    Args:
        name: What the place is called.
        forward: The forward call.
        alone: Is it the only place of the path that is not known? Then it may be the reply's `id`, whatever its name.
    """
    good = next((one for one in forward.answers if one.status < 300 and isinstance(one.body, dict)), Answer(0, {}))  # noqa: PLR2004
    done = {**good.body, **good.more}
    plain = {one: _bare(one) for one, value in done.items() if one == plain_name(one) and isinstance(_value_of(value), str | int)}
    alike = [one for one in plain if plain[one] == _bare(name)]
    ending = sorted((one for one in plain if _bare(name).endswith(plain[one])), key=lambda one: -len(one))
    return next(iter([*alike, *ending, *(one for one in plain if alone and one == "id")]), None)


def _bare(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _value_of(declared: Any) -> Any:
    return declared[LIKE] if isinstance(declared, dict) and set(declared) == {LIKE} else declared
