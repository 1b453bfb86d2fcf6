"""What a client is given to make one call, and nothing from which the outcome could be told without making it.

Every case of a step is given the same time-out, also those that are answered at once, so that it does not tell that no answer
will come; it is the declared one, but short, so that a run need not wait as long as production does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from saga_contracts.declare.saga import Saga, Step
from saga_contracts.derive.cases import Case, Role
from saga_contracts.derive.client_cases import ClientCase
from saga_contracts.derive.examples import example_context

TIMEOUT_MS = 500
"""The longest time-out that a client is given, as long as the machine keeps up."""
PATIENT_TIMEOUT_MS = 10_000
"""The shortest one where a client ran out of time that was to be answered at once: the machine was too slow, not the client."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a client is given to make one call.

    Attributes:
        saga: The saga.
        step: The step that is called; its time-out and its tries are as `timeout_s` and `tries` say.
        role: `forward`, `compensate`, `status`, or what `message` is: `callback`, `creation`, `notification`.
        url: Base URL of the participant; empty for a message.
        saga_id: Id of the saga instance, for the correlation header.
        key: The step key.
        payload: What the saga was started with.
        outputs: Outputs of earlier steps, by step.
        keys: Keys of earlier steps, by step.
        callback_url: Where the participant tells the outcome of a step with callback.
        message: The body of a callback, a creation or a notification; then the client only says what it makes of it.
        timeout_s: How long the client should wait for an answer.
        tries: How often the client should send the call at most.
    """

    saga: Saga
    step: Step
    role: Role
    url: str
    saga_id: str
    key: str
    payload: dict[str, Any]
    outputs: dict[str, dict[str, Any]]
    callback_url: str
    message: Any = None
    timeout_s: float = 5.0
    tries: int = 1
    keys: Mapping[str, str] = field(default_factory=dict)


Client = Callable[..., object]
"""Makes the call (or reads the message) and gives the outcome by its name, such as `done` or `refused`."""


def make_given(saga: Saga, case: Case | ClientCase, url: str, message: Any = None, *, patient: bool = False) -> Given:
    """Give what the client of a case is given.

    Args:
        saga: The saga as declared.
        case: The case.
        url: Where the participant is.
        message: What the client has to read, if it is a message.
        patient: Is the machine slow, so that a long time-out is needed?
    """
    tries = case.tries if isinstance(case, ClientCase) else 1
    bounded = _bounded(saga, tries, patient=patient)
    step = bounded.step(case.step)
    context = example_context(bounded, step)
    return Given(
        saga=bounded,
        step=step,
        role=case.role,
        url=url,
        saga_id=context["saga_id"],
        key=context["key"],
        payload=context["payload"],
        outputs=context["outputs"],
        callback_url=context["callback_url"],
        message=message,
        timeout_s=step.timeout_ms / 1000,
        tries=tries,
        keys=dict(context["keys"]),
    )


def timeout_s(saga: Saga, step: str, *, patient: bool) -> float:
    """Give how long the clients of a step are told to wait, in seconds."""
    return _timeout_ms(saga.step(step), patient=patient) / 1000


def _bounded(saga: Saga, tries: int, *, patient: bool) -> Saga:
    """Give the saga with the time-outs and tries of a test; nobody waits long between them."""

    def bounded(step: Step) -> Step:
        undo = step.undo if step.compensate is None else step.compensate.model_copy(update={"tries": tries, "backoff": None})
        times = {"timeout_ms": _timeout_ms(step, patient=patient), "tries": tries, "backoff": None}
        return step.model_copy(update={**times, "undo": undo})

    return saga.model_copy(update={"steps": tuple(bounded(step) for step in saga.steps)})


def _timeout_ms(step: Step, *, patient: bool) -> int:
    return max(step.timeout_ms, PATIENT_TIMEOUT_MS) if patient else min(step.timeout_ms, TIMEOUT_MS)
