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

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from saga_contracts.declare import templates
from saga_contracts.declare.outcomes import Outcome
from saga_contracts.declare.outputs import Teller, told_by
from saga_contracts.declare.saga import ProviderState, Reply, Request, Saga, Step, StepClass, Under
from saga_contracts.derive import adoption, expectations
from saga_contracts.derive.examples import example_context, with_fields
from saga_contracts.derive.expectations import Letter, Situation
from saga_contracts.derive.slices import StepSlice, step_slice
from saga_contracts.wire import fresh, replies

REFUSED_PAYLOAD = "refused"
"""The parameter `payload` of a fresh step key whose payload is the one that is refused (`given.refusing_payload`)."""
WHOLE = "_saga"
"""Stands in the place of the step in the name of a case that belongs to the whole saga; no step can have this name."""


class Role(StrEnum):
    """The roles of a call."""

    FORWARD = "forward"
    COMPENSATE = "compensate"
    STATUS = "status"
    LOOKUP = "lookup"
    CALLBACK = "callback"
    CREATION = "creation"  # the owner starts a saga at the saga service
    NOTIFICATION = "notification"  # the owner is told what could not be undone or finished


MESSAGES = (Role.CALLBACK, Role.CREATION, Role.NOTIFICATION)
"""Roles whose caller is the provider of a message: a changed caller would go unnoticed otherwise."""


@dataclass(frozen=True, slots=True)
class Case:
    """One exchange that a contract must hold.

    Attributes:
        name: Its identity, `saga/step/role/case`.
        participant: Who is called; for a callback, who calls.
        states: Provider states in the order in which they are set up.
        request: The call as templates.
        reply: What comes back, as declared; for a callback, None.
        message: The callback's body as templates; for a call, None.
        outcome: What the client must make of the reply.
        obligations: Which obligations the case serves.
        slice: The step's slice when this case carries it in its pact.
        consumer: Who receives the message, when it is not the pacticipant that executes the saga.
        fields: Fields of the payload, by dots, that have another value than the example's.
    """

    name: str
    saga: str
    step: str
    role: Role
    participant: str
    states: tuple[ProviderState, ...]
    outcome: str
    obligations: tuple[str, ...]
    request: Request
    reply: Reply | None = None
    message: Any = None
    slice: StepSlice | None = field(default=None, compare=False)
    consumer: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)

    def called_in(self, saga: Saga) -> Saga:
        """Give the saga as this case is called in it: with its own values in some fields of the example."""
        return with_fields(saga, self.fields) if self.fields else saga

    @property
    def short_name(self) -> str:
        """Its name within its role, such as `done_again`."""
        return self.name.rpartition("/")[2]


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
    return (_creation(saga), *_notifications(saga))


@dataclass(frozen=True, slots=True)
class Course:
    """How a case of a step comes about.

    Attributes:
        word: The calls that come before, such as `F C`; empty: none.
        letter: The call itself; None for a status call.
        under: The domain precondition.
        obligations: What the case serves.
    """

    word: str
    letter: Letter | None
    under: Under
    obligations: tuple[str, ...]


def course_of(slice_: StepSlice, role: Role, name: str) -> Course | None:
    """Give how a case comes about; None when the step has no such case."""
    for own_role, own_name, before, letter, serves in _CALLS:
        if (own_role, own_name) == (role, name):
            word = _word(slice_, before)
            return None if word is None else Course(word, letter, _under(before, letter), serves)
    asked = {Role.STATUS: _QUESTIONS, Role.LOOKUP: _LOOKUPS}
    for own_name, before, serves in asked.get(role, ()):
        if own_name == name:
            word = _word(slice_, before)
            return None if word is None else Course(word, None, _under(before, None), serves)
    return None


def read_as(saga: Saga, step: Step, role: Role, reply: Reply) -> str:
    """Give what a client must make of a declared reply that comes as it is declared."""
    context = example_context(saga, step)
    readers: dict[Role, Callable[..., Any]] = {
        Role.FORWARD: replies.forward_outcome,
        Role.COMPENSATE: replies.compensate_outcome,
        Role.STATUS: replies.status_outcome,
        Role.LOOKUP: replies.lookup_outcome,
    }
    return str(readers[role](step, replies.example_of(reply, context), context).value)


def fresh_state(saga: str, step: str) -> str:
    """Give the name of the state that asks for a fresh step key."""
    return f"a fresh step key for {saga}/{step}"


def arrived_state(saga: str, step: str, word: str) -> str:
    """Give the name of the state that says which calls were made before."""
    return f"{saga}/{step} arrived: {word}"


def _step_cases(saga: Saga, step: Step) -> Iterator[Case]:
    slice_ = step_slice(saga, step.step)
    for row in _rows(saga, slice_):
        carries = row.role == Role.FORWARD and row.name in ("done", "in_progress")
        yield Case(
            name=f"{saga.saga}/{step.step}/{row.role}/{row.name}",
            saga=saga.saga,
            step=step.step,
            role=row.role,
            participant=step.participant,
            states=_states(saga, step, row.word, row.under),
            outcome=row.outcome,
            obligations=_of_reading(row) if step.only_reads else row.obligations,
            request=getattr(step, row.role.value).request,
            reply=row.reply,
            slice=slice_ if carries else None,
            fields=step.given.fields(row.under),
        )
    yield from _callback_cases(saga, step)


def _of_reading(row: "_Row") -> tuple[str, ...]:
    return tuple(one for one in row.obligations if one in adoption.OF_READING)


@dataclass(frozen=True, slots=True)
class _Row:
    """One case of a step before it has its states."""

    role: Role
    name: str
    word: str
    under: Under
    outcome: str
    reply: Reply
    obligations: tuple[str, ...]


_CALLS: tuple[tuple[Role, str, str, Letter, tuple[str, ...]], ...] = (
    (Role.FORWARD, "done", "", Letter.FORWARD, ("O1", "O31")),
    (Role.FORWARD, "in_progress", "", Letter.FORWARD, ("O1", "O18", "O31")),
    (Role.FORWARD, "done_again", "{done}", Letter.FORWARD, ("O3", "O31")),
    (Role.FORWARD, "refused", "", Letter.REFUSED, ("O1", "O2", "O31")),
    (Role.FORWARD, "refused_again", "{refused}", Letter.FORWARD, ("O32", "O31")),
    (Role.FORWARD, "suspended", "C", Letter.FORWARD, ("O9", "O31")),
    (Role.FORWARD, "misused", "M", Letter.MISUSED, ("O4", "O31")),
    (Role.FORWARD, "retryable", "", Letter.RETRYABLE, ("O1", "O31")),
    (Role.COMPENSATE, "done", "{done}", Letter.COMPENSATE, ("O1", "O6", "O13", "O31")),
    (Role.COMPENSATE, "done_again", "{done} C", Letter.COMPENSATE, ("O7", "O13", "O31")),
    (Role.COMPENSATE, "null", "", Letter.COMPENSATE, ("O8", "O13", "O31")),
    (Role.COMPENSATE, "after_refusal", "{refused}", Letter.COMPENSATE, ("O2", "O13", "O31")),
)
"""The calls of a step: role, name, what came before, the call itself, what the case serves."""
_QUESTIONS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("absent", "", ("O14", "O31", "O33")),
    ("applied", "{done}", ("O14", "O31", "O33")),
    ("refused", "{refused}", ("O14", "O31", "O33")),
    ("compensated", "{done} C", ("O14", "O31", "O33")),
    ("null_compensated", "C", ("O8", "O14", "O31", "O33")),
)
"""The status calls of a step: name, what came before, what the case serves."""
_LOOKUPS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("absent", "", ("O33", "O31")),
    ("found", "{done}", ("O33", "O31")),
)
"""The look-ups of a step: name, what came before, what the case serves."""


def _rows(saga: Saga, slice_: StepSlice) -> Iterator[_Row]:
    step = slice_.step
    for role, name, before, letter, serves in _CALLS:
        word = _word(slice_, before)
        if word is None or not _possible(slice_, role, name, letter) or not _can_be_made(step, role, before):
            continue
        under = _under(before, letter)
        usual = _demanded(slice_, _situation(slice_, word, under), letter, name)
        for reply in () if usual is None else expectations.declared(step, role.value, usual)[:1]:
            outcome = read_as(saga, step, role, reply)
            yield _Row(role, name, word, under, outcome, reply, serves)
    for name, before, serves in _QUESTIONS if step.status is not None else ():
        word = _word(slice_, before)
        if word is not None and _can_be_made(step, Role.STATUS, before):
            under = _under(before, None)
            state = _situation(slice_, word, under).state
            for reply in expectations.declared(step, Role.STATUS.value, state.value)[:1]:
                yield _Row(Role.STATUS, name, word, under, state.value, reply, serves)
    for name, before, serves in _LOOKUPS if step.lookup is not None else ():
        word = _word(slice_, before)
        for reply in () if word is None else expectations.declared(step, Role.LOOKUP.value, name)[:1]:
            yield _Row(Role.LOOKUP, name, str(word), _under(before, None), name, reply, serves)


def _can_be_made(step: Step, role: Role, before: str) -> bool:
    """Have the calls that came before told the outputs of the step's own that a call needs?"""
    needed = step.own_outputs(role.value)
    accepted = told_by(step, Teller.ACCEPTED) if step.tells_later else {}
    return not needed or before.startswith("{done}") or (before.startswith("{refused}") and needed <= accepted.keys())


def _under(before: str, letter: Letter | None) -> Under:
    return expectations.under([letter] if letter else [], refusing="{refused}" in before)


def _word(slice_: StepSlice, before: str) -> str | None:
    """Write out what came before; None when it cannot come at this step."""
    callback = slice_.step.tells_later
    if "C" in before and slice_.step.compensate is None:
        return None
    if before == "C" and slice_.step.own_outputs("compensate"):
        return None
    if "{refused}" in before and not expectations.can_be_refused(slice_.step):
        return None
    if before == "M" and not fresh.can_be_misused(slice_.payload, slice_.step):
        return None
    return before.format(done="F D" if callback else "F", refused="F X" if callback else "R")


def _possible(slice_: StepSlice, role: Role, name: str, letter: Letter) -> bool:
    """Does this call ever come at this step?"""
    callback = slice_.step.tells_later
    if slice_.step.only_reads and name not in ("done", "refused", "retryable"):
        return False
    if role == Role.COMPENSATE:
        return slice_.step.compensate is not None
    if letter == Letter.RETRYABLE:  # what HTTP itself calls passing is not one reply that a contract could demand
        return slice_.step.given.retryable is not None and bool(slice_.step.forward.replies.retryable)
    if letter == Letter.REFUSED:
        return not callback and expectations.can_be_refused(slice_.step)
    return name not in ("done", "in_progress") or callback == (name == "in_progress")


def _situation(slice_: StepSlice, word: str, under: Under) -> Situation:
    """Give the situation that a word leads to; after `M` the key belongs to another payload, as after `F`."""
    situation = Situation(refusing=under == Under.REFUSING)
    for letter in word.replace("M", "F").split():
        situation = expectations.after_event(situation, Letter(letter), callback=slice_.step.tells_later)
    return situation


def _demanded(slice_: StepSlice, situation: Situation, letter: Letter, case: str) -> str | None:
    """Give the name of the one declared reply that a contract can demand.

    That is the reply which the file declares for this very case (of a list the first), or the only one that is right. Where
    several different replies are right, a contract of one reply would accuse a participant that gives another: the deck judges
    it, and the client is shown each of them by a client-only case.
    """
    names = expectations.answers(slice_, situation, letter)
    if not names or names[0] == case:
        return names[0] if names else None
    role = "compensate" if letter == Letter.COMPENSATE else "forward"
    looks = [expectations.declared(slice_.step, role, name) for name in names]
    if case == "suspended" and len(looks[0]) > 1:  # which of the refusals it would be is not said
        return None
    return names[0] if all(look == looks[0] for look in looks) else None


def _callback_cases(saga: Saga, step: Step) -> Iterator[Case]:
    for outcome, body in replies.callback_bodies(step):
        refused = outcome == Outcome.REFUSED
        if refused and not step.given.can_refuse:
            continue
        under = Under.REFUSING if refused else Under.ENOUGH
        assert step.callback is not None  # noqa: S101  (it has outcomes)
        yield Case(
            name=f"{saga.saga}/{step.step}/{Role.CALLBACK}/{outcome}",
            saga=saga.saga,
            step=step.step,
            role=Role.CALLBACK,
            participant=step.participant,
            states=_states(saga, step, "F X" if refused else "F D", under),
            outcome=outcome.value,
            obligations=("O18", "O31"),
            request=step.callback.request,
            message=dict(body),
            fields=step.given.fields(under),
        )


def _creation(saga: Saga) -> Case:
    return Case(
        name=f"{saga.saga}/{WHOLE}/{Role.CREATION}/started",
        saga=saga.saga,
        step=saga.steps[0].step,
        role=Role.CREATION,
        participant=saga.owner,
        states=(ProviderState(state=f"the saga {saga.saga} is started", params={"saga": saga.saga}),),
        outcome="taken",
        obligations=("O28",),
        request=Request(method="POST", path="/sagas"),
        message={
            "saga": saga.saga,
            "request_id": {templates.LIKE: "request-1"},
            "payload": {templates.LIKE: saga.payload.example},
        },
    )


def _notifications(saga: Saga) -> Iterator[Case]:
    told = saga.policies.owner_notification
    if told is None:
        return
    events = {"compensation_failed": StepClass.COMPENSATABLE, "step_exhausted": StepClass.RETRIABLE}
    for event, step_class in events.items():
        step = next((step for step in saga.steps if step.step_class == step_class), None)
        if step is not None:
            params = {"saga": saga.saga, "step": step.step, "event": event}
            yield Case(
                name=f"{saga.saga}/{WHOLE}/{Role.NOTIFICATION}/{event}",
                saga=saga.saga,
                step=step.step,
                role=Role.NOTIFICATION,
                participant=saga.consumer,
                states=(ProviderState(state=f"the owner of {saga.saga} has to be told", params=params),),
                outcome="taken",
                obligations=("O27", "O31"),
                request=told.request,
                message=_with_event(told.request.body, event),
                consumer=told.participant,
            )


def _with_event(body: Any, event: str) -> Any:
    if isinstance(body, str):
        return body.replace("{event}", event)
    if isinstance(body, Mapping):
        return {name: _with_event(member, event) for name, member in body.items()}
    return [_with_event(member, event) for member in body] if isinstance(body, list | tuple) else body


def _states(saga: Saga, step: Step, word: str, under: Under) -> tuple[ProviderState, ...]:
    fields = step.given.fields(under)
    context = example_context(with_fields(saga, fields), step)
    domain = tuple(ProviderState(state=one.state, params=templates.fill(one.params, context)) for one in step.given.states(under))
    named = {"saga": saga.saga, "step": step.step, **({"payload": REFUSED_PAYLOAD} if fields else {})}
    fresh = ProviderState(state=fresh_state(saga.saga, step.step), params=named)
    if not word:
        return (fresh, *domain)
    arrived = ProviderState(
        state=arrived_state(saga.saga, step.step, word), params={"saga": saga.saga, "step": step.step, "word": word}
    )
    return (fresh, *domain, arrived)
