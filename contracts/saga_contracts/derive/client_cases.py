"""Client-only cases: answers that no provider can be verified against, but that every client will meet (pure).

A participant is not asked to be overloaded, silent or out of its contract; a client has to know what these mean all the same.
Such cases are served by a stub of the harness and never stand in a pact.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from saga_contracts.declare.saga import Reply, Request, Saga, Step
from saga_contracts.derive import cases
from saga_contracts.derive.cases import Role


class Kind(StrEnum):
    """What the stub does."""

    UNAVAILABLE = "unavailable"  # status 503: try again
    FAILING = "failing"  # status 500 of a status call: never to be read as "absent"
    ALSO = "also"  # a declared reply that no contract demands: another one may come as well, or no provider can be brought to it
    NO_ANSWER = "no_answer"  # nothing comes back in time: the effect is not known
    CONNECTION_LOST = "connection_lost"  # the connection ends without an answer: the effect is not known
    UNDECLARED = "undeclared"  # a refusal that the saga file does not know
    UNDECLARED_SUCCESS = "undeclared_success"  # a success that the saga file does not know
    RETRIED = "retried"  # status 503, then success: the same call again, with the same key
    REFUSED_ONCE = "refused_once"  # a refusal is final: no further call


class Answer(StrEnum):
    """How one call is answered, if not by a reply."""

    SILENCE = "silence"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class ClientCase:
    """One thing that a client must know how to take.

    Attributes:
        name: Its identity, `saga/step/role/kind`.
        answers: What the stub answers, call by call; the last one stands for all further calls.
        calls: How many calls must come.
        tries: How often the client is asked to send the call at most.
        outcome: What the client must make of it.
    """

    name: str
    saga: str
    step: str
    role: Role
    kind: Kind
    request: Request
    answers: tuple[Reply | Answer, ...]
    calls: int
    tries: int
    outcome: str
    obligations: tuple[str, ...]


_READING: dict[Role, tuple[str, ...]] = {Role.STATUS: ("O14",), Role.LOOKUP: ("O33",)}
"""What a case of a role serves, when it is not O1."""


def derive(saga: Saga) -> tuple[ClientCase, ...]:
    """Give every client-only case of a saga, in the order of its steps."""
    return tuple(case for step in saga.steps for case in _step_cases(saga, step))


def _step_cases(saga: Saga, step: Step) -> Iterator[ClientCase]:
    demanded = [(case.role, case.reply) for case in cases.derive_step(saga, step)]
    for role in (Role.FORWARD, Role.COMPENSATE, Role.STATUS, Role.LOOKUP):
        call = getattr(step, role.value)
        if call is None or role.value in (step.not_the_clients or {}):
            continue
        reading = _READING.get(role, ("O1",))
        for place, reply in call.replies.each():
            if (role, reply) not in demanded and cases.left_out(step, role, str(place[0])) is None:
                name = f"{saga.saga}/{step.step}/{role}/{Kind.ALSO}_{_named(place)}"
                outcome = cases.read_as(saga, step, role, reply)
                yield ClientCase(name, saga.saga, step.step, role, Kind.ALSO, call.request, (reply,), 1, 1, outcome, reading)
        for kind, answers, outcome in _one_call(step, role):
            name = f"{saga.saga}/{step.step}/{role}/{kind}"
            yield ClientCase(name, saga.saga, step.step, role, kind, call.request, answers, 1, 1, outcome, reading)
        for kind, answers, calls, outcome, obligation in _several_calls(step, role):
            name = f"{saga.saga}/{step.step}/{role}/{kind}"
            yield ClientCase(name, saga.saga, step.step, role, kind, call.request, answers, calls, 2, outcome, obligation)


def _named(place: tuple[str | int, ...]) -> str:
    """Give the name of a declared reply; of several, the later ones are counted: `refused`, `refused_2`."""
    name, *number = place
    return f"{name}_{int(number[0]) + 1}" if number and number[0] else str(name)


def _one_call(step: Step, role: Role) -> Iterator[tuple[Kind, tuple[Reply | Answer, ...], str]]:
    yield Kind.UNAVAILABLE, (Reply(status=503),), "retryable"
    if role in (Role.STATUS, Role.LOOKUP):
        yield Kind.FAILING, (Reply(status=500),), "retryable"
    yield Kind.NO_ANSWER, (Answer.SILENCE,), "retryable"
    yield Kind.CONNECTION_LOST, (Answer.DROP,), "retryable"
    yield Kind.UNDECLARED, (Reply(status=_undeclared(step, role, (418, 421, 423, 426))),), "unknown"
    yield Kind.UNDECLARED_SUCCESS, (Reply(status=_undeclared(step, role, (206, 207, 208, 226))),), "unknown"


def _several_calls(step: Step, role: Role) -> Iterator[tuple[Kind, tuple[Reply | Answer, ...], int, str, tuple[str, ...]]]:
    if (step.undo_tries if role == Role.COMPENSATE else step.tries) < 2:  # noqa: PLR2004  (a call with one try is not repeated)
        return
    if role == Role.COMPENSATE and step.compensate is not None:
        yield Kind.RETRIED, (Reply(status=503), step.compensate.replies.done[0]), 2, "done", ("O7",)
    if role != Role.FORWARD:
        return
    replies = step.forward.replies
    first = "in_progress" if step.tells_later else "done"
    for reply in replies.named(first)[:1]:
        yield Kind.RETRIED, (Reply(status=503), reply), 2, first, ("O3",)
    for reply in replies.named("refused")[:1]:
        yield Kind.REFUSED_ONCE, (reply,), 1, "refused", ("O32",)


def _undeclared(step: Step, role: Role, candidates: tuple[int, ...]) -> int:
    declared: set[int] = {reply.status for _, reply in getattr(step, role.value).replies.each()}
    free: list[int] = [status for status in (*candidates, *range(430, 450)) if status not in declared]
    return free[0]
