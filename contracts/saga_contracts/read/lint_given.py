"""The rules of a step's preconditions: they differ, one can follow another, and a participant can tell them apart (pure)."""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Any

from saga_contracts.declare import conditions, schemas, templates
from saga_contracts.declare.problems import Path, Problem
from saga_contracts.declare.saga import KeyStyle, ProviderState, Saga, Step, StepClass, Under
from saga_contracts.derive.examples import example_context
from saga_contracts.read.lint_knowledge import needs
from saga_contracts.read.lint_templates import payload_problem
from saga_contracts.wire import fresh, matching
from saga_contracts.wire.likeness import same

_WHAT = {Under.REFUSING: "a forward call is refused", Under.RETRYABLE: "a forward call is answered 'try again'"}


def problems(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    """Give every broken rule of a step's preconditions."""
    for rule in _RULES:
        yield from rule(saga, step, (*at, "given"))


def _differ(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    """Any two of the declared preconditions must differ."""
    given = step.given
    declared = {under: _filled(saga, step, getattr(given, under)) for under in Under if getattr(given, under)}
    for one, other in combinations(declared, 2):
        first, second = declared[one], declared[other]
        if len(first) == len(second) and all(any(_same_state(a, b) for b in first) for a in second):
            what = f"It is the same as `{one}`."
            yield Problem((*at, other.value), what, f"Name the state in which {_WHAT[other]}.")


def _filled(saga: Saga, step: Step, states: Sequence[ProviderState]) -> list[tuple[str, Any]]:
    return [(one.state, templates.fill(one.params, example_context(saga, step))) for one in states]


def _same_state(one: tuple[str, Any], other: tuple[str, Any]) -> bool:
    return one[0] == other[0] and same(one[1], other[1])


def _taken_back(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    """What holds for every saga must be taken back by `enough`; and what is to be tried again succeeds under it."""
    given = step.given
    if given.enough:
        return
    if given.refusing and not needs(saga, [one.params for one in given.refusing]):
        what = "It holds for every saga, and no precondition (`given.enough`) takes it back."
        yield Problem((*at, "refusing"), what, "Put a fresh field of the payload into its parameters, or declare `enough`.")
    if given.retryable:
        what = "No precondition (`given.enough`) takes it back, so that the same call could never succeed."
        yield Problem((*at, "retryable"), what, "Declare `enough`.")


def _refused_payload(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    """A payload that is refused is another one than the example, allowed, and seen in the forward call."""
    given, here = step.given, (*at, "refusing_payload")
    if given.refusing_payload is None:
        return
    yield from _beside_others(step, here)
    faulty = [(name, found) for name in given.refusing_payload if (found := payload_problem(saga, name)) is not None]
    for name, found in faulty:
        yield Problem((*here, name), *found)
    if faulty:
        return
    made = fresh.with_fields(saga.payload.example, given.refusing_payload)
    for broken in schemas.faults_of(saga.payload.json_schema, made):
        what = f"The payload that is to be refused does not fit the schema, so that no saga is started with it: {broken.what}."
        yield Problem(here, what, "Change the value or the schema.")
    if not conditions.runs(step, {"payload": made, "outputs": saga.outputs}):
        what = "With it the condition of the step (`when`) does not hold, so that the call is never made."
        yield Problem(here, what, "Write values for which the step runs and is refused.")
    yield from _seen(saga, step, here)


def _beside_others(step: Step, here: Path) -> Iterator[Problem]:
    if step.given.refusing:
        what = "A step is made to refuse either by its precondition (`refusing`) or by its payload (`refusing_payload`)."
        yield Problem(here, what, "Keep the one that is easier to bring about; declare both replies in the list `refused`.")
    if step.probe is not None and step.probe.reads.refusing is not None:
        what = "A refusal by payload comes under `enough`, so that the probe reads `before`; `refusing` is never read."
        yield Problem((*here[:-2], "probe", "reads", "refusing"), what, "Remove it.")
    if step.step_class == StepClass.RETRIABLE:
        yield Problem(here, "A retriable step never refuses (O25).", "Remove it or change the class.")


def _seen(saga: Saga, step: Step, here: Path) -> Iterator[Problem]:
    told = matching.names_found(step.forward.request)
    for name, value in (step.given.refusing_payload or {}).items():
        if same(value, templates.look_up(name, saga.payload.example)):
            yield Problem((*here, name), "The example has the same value.", "Write one for which the call is refused.")
        if not any(f"payload.{name}" == one or f"payload.{name}".startswith(f"{one}.") for one in told):
            what = f"The forward call does not hold `{{payload.{name}}}`, so that the participant cannot know it."
            yield Problem((*here, name), what, "Put it into the request, or name a field that stands there.")
        if step.key == KeyStyle.NATURAL and name in (step.key_fields or ()):
            what = "The field is a part of the natural key, so that all refused calls would have one key."
            yield Problem((*here, name), what, "Name another field.")


_RULES: tuple[Callable[[Saga, Step, Path], Iterator[Problem]], ...] = (_differ, _taken_back, _refused_payload)
