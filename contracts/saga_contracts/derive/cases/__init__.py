"""Contract cases: every exchange that an owner's client can have with each participant (pure, deterministic).

A case is one call in one state of the step, the declared reply, and the outcome that the client must make of it. The state of
the step is reached by real calls (`arrived: F C`), only the domain precondition is the provider's own business. From each case
comes one Pact interaction, keyed and described `saga/step/role/case`.

States in a pact, in this order, so that a stock verifier can serve them by handlers:

1. `a fresh step key for SAGA/STEP` gives the values `stepKey`, `sagaId`, `callbackUrl` and every fresh payload field,
   and, where one stands in a path and has to be encoded there, the encoded one as `stepKeyInPath` or `FIELDInPath`; with the
   parameter `payload: refused` the payload is the one of `given.refusing_payload`;
2. the domain preconditions in the provider's own words, with example values of the payload;
3. `SAGA/STEP arrived: F C`: these calls were made with the step key before (letters as in `model`). Where the step's own calls
   need one of its outputs, it gives what these calls told as `outputs.STEP.NAME`, and as `outputs.STEP.NAMEInPath`.
"""

from collections.abc import Iterator

from saga_contracts.declare.saga import Saga, Step
from saga_contracts.derive import adoption
from saga_contracts.derive.cases.case import MESSAGES, REFUSED_PAYLOAD, WHOLE, Case, Role, arrived_state, fresh_state, states
from saga_contracts.derive.cases.courses import Course, Row, course_of, read_as, rows
from saga_contracts.derive.cases.messages import callback_cases, creation, notifications
from saga_contracts.derive.slices import step_slice

__all__ = [
    "MESSAGES",
    "REFUSED_PAYLOAD",
    "WHOLE",
    "Case",
    "Course",
    "Role",
    "arrived_state",
    "course_of",
    "derive",
    "derive_left_out",
    "derive_messages",
    "derive_step",
    "fresh_state",
    "left_out",
    "read_as",
]


def derive(saga: Saga) -> tuple[Case, ...]:
    """Give every case of a saga, in the order of its steps."""
    return tuple(case for step in saga.steps for case in derive_step(saga, step))


def derive_step(saga: Saga, step: Step) -> tuple[Case, ...]:
    """Give every case of one step that is the business of the saga's client."""
    return tuple(case for case in _step_cases(saga, step) if left_out(step, case.role, case.short_name) is None)


def derive_left_out(saga: Saga, step: Step) -> tuple[tuple[Case, str], ...]:
    """Give the cases that the file says are not the client's business, each with the reason.

    Their calls may be made all the same, by whoever plays a deck.
    """
    told = ((case, left_out(step, case.role, case.short_name)) for case in _step_cases(saga, step))
    return tuple((case, reason) for case, reason in told if reason is not None)


def left_out(step: Step, role: Role, name: str) -> str | None:
    """Tell why a case is not the client's business; None when it is."""
    reasons = step.not_the_clients or {}
    return next((reasons[one] for one in (role.value, name, f"{role}/{name}") if one in reasons), None)


def derive_messages(saga: Saga) -> tuple[Case, ...]:
    """Give the messages between the saga's owner and the saga service; none when one process is both.

    They are cases of the receiver: of the saga service for the creation, of the owner for the notifications. A run of contract
    tests needs not exercise them; those that it exercises stand in a pact.
    """
    if saga.owner == saga.consumer:
        return ()
    return (creation(saga), *notifications(saga))


def _step_cases(saga: Saga, step: Step) -> Iterator[Case]:
    slice_ = step_slice(saga, step.step)
    for row in rows(saga, slice_):
        carries = row.role == Role.FORWARD and row.name in ("done", "in_progress")
        yield Case(
            name=f"{saga.saga}/{step.step}/{row.role}/{row.name}",
            saga=saga.saga,
            step=step.step,
            role=row.role,
            participant=step.participant,
            states=states(saga, step, row.word, row.under),
            outcome=row.outcome,
            obligations=_of_reading(row) if step.only_reads else row.obligations,
            request=getattr(step, row.role.value).request,
            reply=row.reply,
            slice=slice_ if carries else None,
            fields=step.given.fields(row.under),
        )
    yield from callback_cases(saga, step)


def _of_reading(row: "Row") -> tuple[str, ...]:
    return tuple(one for one in row.obligations if one in adoption.OF_READING)
