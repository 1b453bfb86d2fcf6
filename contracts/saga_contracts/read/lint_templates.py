"""The rules of a saga's templates: which values may stand where, and that nothing leans on a reply that may be lost (pure).

The calls of a step use its key, the payload and outputs of earlier steps. A compensation or a status call may use outputs of its
own step as well: O33 is broken then, as `adoption` says, unless a look-up is declared.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from saga_contracts.declare import elements, templates
from saga_contracts.declare.calls import RepliesByName
from saga_contracts.declare.problems import Path, Problem, did_you_mean
from saga_contracts.declare.saga import Request, Saga, Step

_STEP_ROOTS = frozenset({"payload", "outputs", "key", "keys", "saga_id", "step"})
_NOTIFICATION_ROOTS = frozenset({"saga_id", "step", "event", "payload"})
_CORRELATION_ROOTS = frozenset({"saga_id", "step", "key"})
OWN = "outputs of its own"
"""Stands among the roots where a call may use the outputs of its own step."""
_BRACES = re.compile(r"\{\{|\}\}|\{[^{}]*\}|[{}]")
_NAME = re.compile(rf"\{{{templates.NAME}\}}")


def problems(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    """Give every faulty template of a step."""
    for path, value, roots in _places(step):
        yield from _in_value(saga, step, (*at, *path), value, roots)


def saga_problems(saga: Saga) -> Iterator[Problem]:
    """Give every faulty template outside of the steps."""
    told = saga.policies.owner_notification
    if told is not None:
        for part, value in _parts(told.request):
            at = ("policies", "owner_notification", "request", part)
            yield from _in_value(saga, None, at, value, _NOTIFICATION_ROOTS)
    for place, value in _correlation(saga):
        yield from _in_value(saga, None, place, value, _CORRELATION_ROOTS)
    for number, conserved in enumerate(saga.conserved):
        for index, read in enumerate(conserved.reads):
            for part, value in _parts(read.request):
                yield from _in_value(saga, None, ("conserved", number, "reads", index, "request", part), value, {"payload"})


def _correlation(saga: Saga) -> Iterator[tuple[Path, Any]]:
    correlation = saga.correlation
    if correlation.headers is not None:
        yield ("correlation", "headers"), correlation.headers
    if correlation.echo is not None:
        yield ("correlation", "echo", "headers"), correlation.echo.headers
        yield ("correlation", "echo", "body"), correlation.echo.body


def _places(step: Step) -> Iterator[tuple[Path, Any, frozenset[str] | set[str]]]:
    of_element = elements.ROOTS if step.for_each is not None else frozenset()
    for path, value, roots in _own_places(step):
        yield path, value, roots | of_element


def _own_places(step: Step) -> Iterator[tuple[Path, Any, frozenset[str] | set[str]]]:
    for role in ("forward", "compensate", "status", "lookup", "callback", "probe"):
        call = getattr(step, role)
        if call is None or call.request is None:
            continue
        roots = _STEP_ROOTS | ({"callback_url"} if role in ("forward", "callback") else set())
        own = {OWN} if role in ("compensate", "status") else set()
        for part, value in _parts(call.request):
            yield (role, "request", part), value, roots | own
        for place, value in _reply_parts(call):
            yield (role, "replies", *place), value, roots
    if step.callback is not None:
        yield ("callback", "outcomes"), step.callback.outcomes.model_dump(), _STEP_ROOTS
    if step.probe is not None:
        yield ("probe", "reads"), step.probe.reads.model_dump(), _STEP_ROOTS
    if step.semantic_lock is not None:
        yield ("semantic_lock", "resource"), step.semantic_lock.resource, {"payload"}
    yield ("given",), step.given.model_dump(exclude={"refusing_payload"}), {"payload", "keys", "outputs"}


def _parts(request: Request) -> Iterator[tuple[str, Any]]:
    for part in ("path", "query", "headers", "body"):
        yield part, getattr(request, part)


def _reply_parts(call: Any) -> Iterator[tuple[Path, Any]]:
    replies = getattr(call, "replies", None)
    each = replies.each() if isinstance(replies, RepliesByName) else [((name,), reply) for name, reply in replies or ()]
    for place, reply in each:
        yield (*place, "body"), reply.body
        yield (*place, "headers"), reply.headers


def _in_value(saga: Saga, step: Step | None, at: Path, value: Any, roots: frozenset[str] | set[str]) -> Iterator[Problem]:
    for name in templates.names_in(value):
        problem = problem_of_name(saga, step, name, roots)
        if problem:
            yield Problem(at, *problem)
    for text in _strings_in(value):
        for found in _BRACES.findall(text):
            if found not in ("{{", "}}") and not _NAME.fullmatch(found):
                what = f"`{found}` is no template: a template is a name such as {{payload.user_id}}."
                yield Problem(at, what, "Mend the name, or double the braces to mean the braces themselves.")
    yield from _directives(at, value)


def _strings_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from _strings_in(member)
    elif isinstance(value, list | tuple):
        for member in value:
            yield from _strings_in(member)


def _directives(at: Path, value: Any) -> Iterator[Problem]:
    if isinstance(value, Mapping):
        odd = [name for name in value if name.startswith("$") and (name != templates.LIKE or len(value) > 1)]
        for name in odd:
            if name == templates.LIKE:
                yield Problem(at, "`$like` stands alone in its object.", "Move the other fields out of it.")
            else:
                yield Problem(at, f"`{name}` is not known here.", did_you_mean(name, [templates.LIKE]))
        for member in value.values():
            yield from _directives(at, member)
    elif isinstance(value, list | tuple):
        for member in value:
            yield from _directives(at, member)


def problem_of_name(saga: Saga, step: Step | None, name: str, roots: frozenset[str] | set[str]) -> tuple[str, str] | None:
    """Tell why a template's name is not one that may stand here, with the mend."""
    root, _, rest = name.partition(".")
    if root not in roots and root in elements.ROOTS:
        return f"The template {{{name}}} is known only in a step with `for_each`.", "Declare it, or name the payload."
    if root not in roots:
        return f"The template {{{name}}} is not known here.", did_you_mean(root, sorted({*roots} - {OWN}))
    if root == "payload":
        return payload_problem(saga, rest)
    if root == "outputs" and OWN in roots and step is not None and rest.startswith(f"{step.step}."):
        return _own_output_problem(step, rest.removeprefix(f"{step.step}."))
    if root in _WITH_PARTS and step is not None:
        return _WITH_PARTS[root](saga, step, rest)
    return (f"The template {{{name}}} has no parts.", f"Write {{{root}}}.") if rest else None


def payload_problem(saga: Saga, field: str) -> tuple[str, str] | None:
    """Tell why this is no field of the payload, with the mend."""
    try:
        templates.look_up(field, saga.payload.example)
    except templates.TemplateError:
        return f"The payload has no field `{field}`.", did_you_mean(field, list(saga.payload.example))
    return None


def _item_problem(saga: Saga, step: Step, field: str) -> tuple[str, str] | None:
    found = elements.values(step, saga.payload.example)
    if "item" not in found:  # that there is no such list is a fault of its own
        return None
    try:
        templates.look_up(f"item.{field}" if field else "item", found)
    except templates.TemplateError:
        known = list(found["item"]) if isinstance(found["item"], Mapping) else []
        return f"The elements have no field `{field}`.", did_you_mean(field, known)
    return None


def _key_problem(saga: Saga, step: Step, name: str) -> tuple[str, str] | None:
    if name == step.step:
        return f"`{{keys.{name}}}` is the step's own key.", "Write {key}."
    try:
        earlier = sorted(saga.ancestors(step.step))
    except KeyError:  # as for outputs
        return None
    if name not in earlier:
        return f"`{name}` is not a step that is done before this one.", did_you_mean(name, earlier)
    if saga.step(name).for_each is not None:
        return f"The step `{name}` has a key for each element.", "Name a step that is run once."
    if name not in saga.key_forms:
        return f"The step `{name}` has no key that is one text.", "Name a step whose key is sent in a header, a path or a body."
    return None


def _own_output_problem(step: Step, output: str) -> tuple[str, str] | None:
    outputs = step.forward.outputs
    return None if output in outputs else (f"The step has no output `{output}`.", did_you_mean(output, outputs))


def _output_problem(saga: Saga, step: Step, rest: str) -> tuple[str, str] | None:
    name, _, output = rest.partition(".")
    if name == step.step:
        mend = "Use the step key, the payload or outputs of earlier steps: the reply may be lost."
        return "A call may not use its own step's reply (O33).", mend
    try:
        earlier = sorted(saga.ancestors(step.step))
    except KeyError:  # `after` names a step that is not there: that is a fault of its own
        return None
    if name not in earlier:
        return f"`{name}` is not a step that is done before this one.", did_you_mean(name, earlier)
    if output not in saga.step(name).forward.outputs:
        return f"The step `{name}` has no output `{output}`.", did_you_mean(output, saga.step(name).forward.outputs)
    return _may_be_missing(saga.step(name), step)


def _may_be_missing(earlier: Step, step: Step) -> tuple[str, str] | None:
    """An output of a step that may not have run can be used only by one that then does not run either."""
    if earlier.for_each is not None:
        what = f"`{earlier.step}` is run once for each element, so its output is not one value."
        return what, "Take the value from the payload or from a step that is run once."
    if earlier.when is not None and earlier.when != step.when:
        what = f"`{earlier.step}` runs only when `{earlier.when}`; otherwise there is no such output."
        return what, "Give this step the same `when`, or take the value from the payload or another step."
    return None


_WITH_PARTS = {"outputs": _output_problem, "item": _item_problem, "keys": _key_problem}
"""What tells why a name under a root of a step is none."""
