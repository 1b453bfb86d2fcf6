"""The rules of a saga that need more than one field: order, classes, templates, addressing, replies (pure).

Decides the obligations that can be read off the file (O25 class order, O33 addressable by key). Each problem carries the path of
the field it belongs to; `sagafile` turns it into a fault with line and column.
"""

import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import jsonschema
from jsonschema.exceptions import SchemaError

from saga_contracts import templates
from saga_contracts.obligations import CATALOGUE
from saga_contracts.saga import Completion, KeyStyle, Request, Saga, Step, StepClass, Transport

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule: where, what, and the mend."""

    path: Path
    what: str
    mend: str


def problems(saga: Saga) -> list[Problem]:
    """Give every broken rule of a saga whose shape is right."""
    found = list(_payload(saga))
    found += _names(saga)
    ordered = not any(True for _ in _order(saga))
    found += _order(saga)
    for index, step in enumerate(saga.steps):
        for rule in _STEP_RULES:
            found += rule(saga, step, ("steps", index))
        if ordered:
            found += _class_order(saga, step, ("steps", index))
        found += _templates(saga, step, ("steps", index), ordered=ordered)
    found += _policies(saga)
    found += _waivers(saga)
    return found


def _payload(saga: Saga) -> Iterator[Problem]:
    schema, example = saga.payload.json_schema, saga.payload.example
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        at: Path = ("payload", "schema", *error.absolute_path)
        yield Problem(at, f"Not a JSON Schema: {error.message}.", "Mend the schema.")
        return
    for fault in jsonschema.Draft202012Validator(schema).iter_errors(example):
        at = ("payload", "example", *fault.absolute_path)
        yield Problem(at, f"The example does not fit the schema: {fault.message}.", "Change the example or the schema.")
    for index, name in enumerate(saga.payload.fresh):
        if not isinstance(example.get(name), str):
            mend = _did_you_mean(name, [field for field, value in example.items() if isinstance(value, str)])
            yield Problem(("payload", "fresh", index), f"`{name}` is not a text field of the example.", mend)


def _names(saga: Saga) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, step in enumerate(saga.steps):
        if step.step in seen:
            yield Problem(("steps", index, "step"), f"The step `{step.step}` stands twice.", "Give each step its own name.")
        seen.add(step.step)


def _order(saga: Saga) -> Iterator[Problem]:
    names = [step.step for step in saga.steps]
    for index, step in enumerate(saga.steps):
        for position, before in enumerate(step.after):
            if before not in names:
                yield Problem(("steps", index, "after", position), f"There is no step `{before}`.", _did_you_mean(before, names))
    if len(set(names)) < len(names):
        return
    cycle = _find_cycle({step.step: [name for name in step.after if name in names] for step in saga.steps})
    if cycle:
        index = names.index(cycle[0])
        yield Problem(("steps", index, "after"), f"These steps wait for one another: {' → '.join(cycle)}.", "Break the cycle.")


def _find_cycle(graph: dict[str, list[str]]) -> list[str]:
    done: set[str] = set()

    def visit(name: str, trail: list[str]) -> list[str]:
        if name in trail:
            return [*trail[trail.index(name) :], name]
        if name in done:
            return []
        for before in graph[name]:
            cycle = visit(before, [*trail, name])
            if cycle:
                return cycle
        done.add(name)
        return []

    for start in graph:
        cycle = visit(start, [])
        if cycle:
            return cycle
    return []


def _transports(_: Saga, step: Step, at: Path) -> Iterator[Problem]:
    for role in ("forward", "compensate", "status", "callback", "probe"):
        call = getattr(step, role)
        if call is not None and call.transport != Transport.HTTP:
            what = f"The transport `{call.transport}` does not work yet."
            yield Problem((*at, role, "transport"), what, "Use `http`; messages come with choreographed sagas.")


def _undo(_: Saga, step: Step, at: Path) -> Iterator[Problem]:
    if step.step_class == StepClass.COMPENSATABLE and step.compensate is None:
        yield Problem(at, "A compensatable step needs a compensation (`compensate`).", "Add it, or declare another class.")
    if step.step_class != StepClass.COMPENSATABLE and step.compensate is not None:
        yield Problem(
            (*at, "compensate"), f"A {step.step_class} step is never undone (O25).", "Remove `compensate` or change the class."
        )


def _replies(_: Saga, step: Step, at: Path) -> Iterator[Problem]:
    replies = step.forward.replies
    here = (*at, "forward", "replies")
    if step.completion == Completion.SYNC:
        if replies.done is None:
            yield Problem(here, "The reply for the outcome `done` is missing.", "Declare it.")
        if step.callback is not None:
            yield Problem((*at, "callback"), "A step with `completion: sync` has no callback.", "Set `completion: callback`.")
    else:
        if replies.in_progress is None:
            yield Problem(here, "A callback step needs the reply `in_progress`.", "Declare it, usually status 202.")
        if step.callback is None:
            yield Problem(at, "A step with `completion: callback` needs `callback`.", "Declare the participant's later call.")
    if step.step_class == StepClass.RETRIABLE and (replies.refused or step.given.refusing):
        yield Problem((*here, "refused"), "A retriable step never refuses (O25).", "Remove the refusal or change the class.")
    yield from _alike(step, here)


def _alike(step: Step, here: Path) -> Iterator[Problem]:
    """Two outcomes of different meaning that look the same on the wire break O1."""
    meaning = {"done": "done", "done_again": "done", "in_progress": "in_progress", "refused": "refused", "suspended": "refused",
               "misused": "refused", "retryable": "retryable"}  # fmt: skip
    seen: dict[str, str] = {}
    for outcome, means in meaning.items():
        reply = getattr(step.forward.replies, outcome)
        if reply is None:
            continue
        looks = repr((reply.status, reply.body))
        if looks in seen and meaning[seen[looks]] != means:
            yield Problem(
                (*here, outcome), f"It looks the same as `{seen[looks]}` (O1).", "Tell them apart by status or a body field."
            )
        seen.setdefault(looks, outcome)


def _key(_: Saga, step: Step, at: Path) -> Iterator[Problem]:
    for role in ("forward", "compensate", "status"):
        call = getattr(step, role)
        if call is None or step.key in (KeyStyle.NONE, KeyStyle.NATURAL):
            continue
        part = {KeyStyle.HEADER: "headers", KeyStyle.PATH: "path", KeyStyle.BODY: "body"}[step.key]
        where = (call.request.path, call.request.query) if part == "path" else getattr(call.request, part)
        if "key" not in set(templates.names_in(where)):
            what = f"The step key is declared in the {step.key}, but `{{key}}` does not stand there."
            yield Problem((*at, role, "request", part), what, f"Put `{{key}}` into `{part}`, or declare another `key`.")


def _ports(_: Saga, step: Step, at: Path) -> Iterator[Problem]:
    for role in ("forward", "compensate", "status", "probe"):
        call = getattr(step, role)
        if call is not None and not call.request.path.startswith("/"):
            yield Problem((*at, role, "request", "path"), "A path starts with `/`.", "Write it from the service's root.")


_STEP_RULES: tuple[Callable[[Saga, Step, Path], Iterator[Problem]], ...] = (_transports, _undo, _replies, _key, _ports)


def _class_order(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    ancestors = [saga.step(name) for name in sorted(saga.ancestors(step.step))]
    if step.step_class == StepClass.COMPENSATABLE:
        for before in ancestors:
            if before.step_class != StepClass.COMPENSATABLE:
                what = f"A compensatable step may not come after the {before.step_class} step `{before.step}` (O25)."
                yield Problem((*at, "class"), what, "Change the order or the class.")
    if step.step_class == StepClass.PIVOT:
        pivots = [other.step for other in saga.steps if other.step_class == StepClass.PIVOT]
        if pivots[0] != step.step:
            yield Problem((*at, "class"), f"There is a pivot already: `{pivots[0]}` (O25).", "A saga has at most one.")
        for before in ancestors:
            if before.step_class == StepClass.RETRIABLE:
                yield Problem(
                    (*at, "class"), f"A pivot may not come after the retriable step `{before.step}` (O25).", "Change the order."
                )


def _templates(saga: Saga, step: Step, at: Path, *, ordered: bool) -> Iterator[Problem]:
    """Judge every template; whether outputs come from earlier steps can be told only when the steps are in order."""
    for role, part, value, roots in _template_places(step):
        for name in templates.names_in(value):
            if not ordered and name.startswith("outputs."):
                continue
            problem = _template_problem(saga, step, name, roots)
            if problem:
                yield Problem((*at, role, *part), *problem)


def _template_places(step: Step) -> Iterator[tuple[str, Path, Any, set[str]]]:
    common = {"payload", "outputs", "key", "saga_id", "step"}
    for role in ("forward", "compensate", "status", "callback", "probe"):
        call = getattr(step, role)
        if call is None:
            continue
        roots = common | ({"callback_url"} if role in ("forward", "callback") else set())
        yield from ((role, ("request", part), value, roots) for part, value in _request_parts(call.request))
    if step.probe is not None:
        yield "probe", ("reads",), step.probe.reads.model_dump(), common
    yield "given", (), step.given.model_dump(), {"payload"}


def _request_parts(request: Request) -> Iterator[tuple[str, Any]]:
    for part in ("path", "query", "headers", "body"):
        yield part, getattr(request, part)


def _template_problem(saga: Saga, step: Step, name: str, roots: set[str]) -> tuple[str, str] | None:
    root, _, rest = name.partition(".")
    if root not in roots:
        return f"The template {{{name}}} is not known here.", _did_you_mean(root, sorted(roots))
    if root == "payload":
        return _payload_problem(saga, rest)
    if root == "outputs":
        return _output_problem(saga, step, rest)
    return (f"The template {{{name}}} has no parts.", f"Write {{{root}}}.") if rest else None


def _payload_problem(saga: Saga, rest: str) -> tuple[str, str] | None:
    try:
        templates.look_up(rest, saga.payload.example)
    except templates.TemplateError:
        return f"The payload has no field `{rest}`.", _did_you_mean(rest, list(saga.payload.example))
    return None


def _output_problem(saga: Saga, step: Step, rest: str) -> tuple[str, str] | None:
    name, _, output = rest.partition(".")
    if name == step.step:
        mend = "Use the step key, the payload or outputs of earlier steps: the reply may be lost."
        return "A call may not use its own step's reply (O33).", mend
    earlier = sorted(saga.ancestors(step.step))
    if name not in earlier:
        return f"`{name}` is not a step that is done before this one.", _did_you_mean(name, earlier)
    if output not in saga.step(name).forward.outputs:
        return f"The step `{name}` has no output `{output}`.", _did_you_mean(output, list(saga.step(name).forward.outputs))
    return None


def _policies(saga: Saga) -> Iterator[Problem]:
    told = saga.policies.owner_notification
    if told is None:
        return
    for part, value in _request_parts(told.request):
        for name in templates.names_in(value):
            root, _, rest = name.partition(".")
            at = ("policies", "owner_notification", "request", part)
            if root not in ("saga_id", "step", "event", "payload"):
                yield Problem(at, f"The template {{{name}}} is not known here.", "Use saga_id, step, event or payload.")
            elif root == "payload":
                problem = _payload_problem(saga, rest)
                if problem:
                    yield Problem(at, *problem)


def _waivers(saga: Saga) -> Iterator[Problem]:
    names = [step.step for step in saga.steps]
    for index, waiver in enumerate(saga.waivers):
        if waiver.obligation not in CATALOGUE:
            yield Problem(
                ("waivers", index, "obligation"), f"There is no obligation {waiver.obligation}.", "Use an id such as O8."
            )
        if waiver.step not in names:
            yield Problem(("waivers", index, "step"), f"There is no step `{waiver.step}`.", _did_you_mean(waiver.step, names))


def _did_you_mean(found: str, known: list[str]) -> str:
    close = difflib.get_close_matches(found, known, n=1)
    if close:
        return f"Did you mean `{close[0]}`?"
    return f"Known here: {', '.join(known)}." if known else "Remove it."
