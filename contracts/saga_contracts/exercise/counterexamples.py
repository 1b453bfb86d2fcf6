"""What means something else than a case does, so that no client can pass without looking (pure).

A client that only reads a message could give the right outcome without reading. So beside the message of its case it is given
others, in an order that it is not told: each other one that the saga file declares, and one that it does not declare. And a
client that may try twice could send two calls in any case; so beside a second try that succeeds it is given one that does not.
"""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from saga_contracts.declare import templates
from saga_contracts.declare.outcomes import Outcome
from saga_contracts.declare.saga import Saga, Step
from saga_contracts.derive.cases import Case, Role
from saga_contracts.derive.client_cases import ClientCase, Kind
from saga_contracts.derive.examples import example_context
from saga_contracts.exercise.outcomes import UNKNOWN
from saga_contracts.wire.replies import callback_bodies, callback_outcome

UNHEARD_OF = "unheard_of"


@dataclass(frozen=True, slots=True)
class Message:
    """A message that a client is given.

    Attributes:
        outcome: What it means; `unknown` when the saga file does not declare it.
    """

    body: Any
    outcome: str

    @property
    def is_declared(self) -> bool:
        """Does the saga file declare it?"""
        return self.outcome != UNKNOWN


def messages(saga: Saga, case: Case) -> list[Message]:
    """Give the message of a case and its counter-examples; the order is the same each time, and tells nothing."""
    step = saga.step(case.step)
    context = example_context(saga, step)
    bodies = {outcome: _example(body, context) for outcome, body in _declared(step, case)}
    found = [Message(body, outcome) for outcome, body in bodies.items()]
    strange = next((body for body in _strange(step, case, context) if _is_unheard_of(step, case, body, bodies)), None)
    found += [] if strange is None else [Message(strange, UNKNOWN)]
    return sorted(found, key=lambda one: zlib.crc32(f"{case.name} {one.outcome}".encode()))


def client_cases(case: ClientCase) -> list[ClientCase]:
    """Give a client-only case, and what means something else."""
    if case.kind != Kind.RETRIED:
        return [case]
    exhausted = replace(case, answers=case.answers[:1] * case.tries, outcome=Outcome.RETRYABLE.value)
    return sorted([case, exhausted], key=lambda one: zlib.crc32(f"{case.name} {one.outcome}".encode()))


def _declared(step: Step, case: Case) -> Iterator[tuple[str, Any]]:
    yield case.outcome, case.message
    for outcome, body in callback_bodies(step) if case.role == Role.CALLBACK else ():
        if outcome != case.outcome:
            yield outcome.value, body


def _strange(step: Step, case: Case, context: Mapping[str, Any]) -> Iterator[Any]:
    """Give bodies that mean nothing: other words in the places of the declared ones; the rest left out; nothing at all."""
    if case.role == Role.CALLBACK and step.callback is not None:
        common = step.callback.request.body or {}
        yield _example({**common, **_other_words(getattr(step.callback.outcomes, case.outcome))}, context)
        yield _example(common, context)
    yield _other_words(case.message)
    yield {}
    yield UNHEARD_OF


def _other_words(body: Any) -> Any:
    """Keep the literal texts of a body, as another one; whatever else it holds is left out."""
    if not isinstance(body, Mapping) or set(body) == {templates.LIKE}:
        return {}
    inside = {name: _other_words(member) for name, member in body.items()}
    literal = [name for name, member in body.items() if isinstance(member, str) and not any(templates.names_in(member))]
    return {name: member for name, member in inside.items() if member} | dict.fromkeys(literal, UNHEARD_OF)


def _is_unheard_of(step: Step, case: Case, body: Any, declared: Mapping[str, Any]) -> bool:
    if case.role == Role.CALLBACK:
        return callback_outcome(step, body) is None
    return body not in declared.values()


def _example(body: Any, context: Mapping[str, Any]) -> Any:
    return templates.examples(templates.fill(body, context))
