"""One step of a saga as its file declares it: participant, class, key, preconditions, calls (pure)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, StringConstraints, Tag

from saga_contracts.declare.calls import Backoff, Callback, Compensate, Forward, Lookup, Poll, Probe, Status
from saga_contracts.declare.kinds import NONE, Completion, Json, KeyStyle, Model, Name, Pacticipant, StepClass
from saga_contracts.declare.templates import own_names

OPTIONAL_CASES = {
    "forward": ("done_again", "refused", "refused_again", "retryable", "suspended", "misused"),
    "compensate": ("done_again", "after_refusal"),
    "status": ("absent", "applied", "refused", "compensated", "null_compensated"),
}
"""Contract cases that a client may do without and still run the saga, by the role of their call."""


class ProviderState(Model):
    """A domain precondition that the participant can be put into."""

    state: str
    params: dict[str, Json] = Field(default={})


class Under(StrEnum):
    """Which of its preconditions a step is in."""

    ENOUGH = "enough"
    REFUSING = "refusing"
    RETRYABLE = "retryable"


class Given(Model):
    """The preconditions of a step, in the participant's own words."""

    enough: tuple[ProviderState, ...] = ()
    """Exactly enough for one forward call to succeed."""
    refusing: tuple[ProviderState, ...] = ()
    """A forward call is refused."""
    refusing_payload: Annotated[dict[str, Json], Field(min_length=1, max_length=20)] | None = None
    """Instead of `refusing`: fields of the payload (by dots) with values for which a forward call is refused under `enough`."""
    retryable: Annotated[tuple[ProviderState, ...], Field(min_length=1)] | None = None
    """A forward call is answered 'try again' and has no effect; under `enough` the same call succeeds."""
    enough_for_two: Annotated[tuple[ProviderState, ...], Field(min_length=1)] | None = None
    """Enough for two sagas on one resource: for the forward call of each."""

    @property
    def each(self) -> tuple[ProviderState, ...]:
        """Every state of every precondition."""
        return (*self.enough, *self.refusing, *(self.retryable or ()), *(self.enough_for_two or ()))

    @property
    def can_refuse(self) -> bool:
        """Is it said how a forward call comes to be refused?"""
        return bool(self.refusing or self.refusing_payload)

    def states(self, under: Under) -> tuple[ProviderState, ...]:
        """Give the states of a precondition; a refusal by payload needs those of `enough`."""
        if under == Under.RETRYABLE:
            return self.retryable or ()
        return self.refusing if under == Under.REFUSING and not self.refusing_payload else self.enough

    def fields(self, under: Under) -> dict[str, Json]:
        """Give the fields of the payload that a forward call has under a precondition; none: as it is."""
        return self.refusing_payload or {} if under == Under.REFUSING else {}


class SemanticLock(Model):
    """What a step keeps for its saga until the step is undone or the saga ends."""

    resource: str
    """Template of what is locked, such as `{payload.account_id}`."""
    conflict: Literal["refused", "retryable"] = "refused"
    """The outcome that another saga gets meanwhile."""
    released_by: Name | None = None
    """A later step at the same participant whose forward call frees what is held, as the end of the saga does."""


Place = Literal[KeyStyle.HEADER, KeyStyle.PATH, KeyStyle.BODY]


class KeyPlaces(Model):
    """Where the step key stands in each call of the step, when that is not the same place in all of them."""

    forward: Place = KeyStyle.HEADER
    compensate: Place = KeyStyle.HEADER
    status: Place = KeyStyle.HEADER


def _kind_of_key(value: object) -> str:
    return "places" if isinstance(value, dict | KeyPlaces) else "word"


Key = Annotated[Annotated[KeyStyle, Tag("word")] | Annotated[KeyPlaces, Tag("places")], Discriminator(_kind_of_key)]
"""How the calls of a step are known to belong together: one word for all of them, or a place for each."""


def _kind_of_undo(value: object) -> str:
    return "none" if value == NONE else "call"


Undo = Annotated[Annotated[Compensate, Tag("call")] | Annotated[Literal["none"], Tag("none")], Discriminator(_kind_of_undo)]
"""A compensation, or the word that there is none yet."""


class Step(Model):
    """One step of a saga."""

    step: Name
    participant: Pacticipant
    step_class: StepClass = Field(alias="class")
    after: tuple[Name, ...] = ()
    """Steps that must be done before; none: it starts at once."""
    level: Annotated[int, Field(ge=1, le=4)] | None = None
    """How much is asked of this step; default: the saga's level."""
    when: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = None
    """The step runs only when this holds, such as `{payload.amount} > 3`; nobody waits for a step that does not run."""
    otherwise: dict[str, Json] | None = None
    """Fields of the payload, reached by dots, with values for which `when` does not hold; with the example it holds."""
    for_each: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    """The step runs once for each element of a list of the payload, such as `{payload.items}`; its calls may name `{item.…}`."""
    undo_after: tuple[Name, ...] | None = None
    """Steps whose undoing must be over before this one is undone; default: all that come after it (the reverse order)."""
    optional: bool = False
    completion: Completion = Completion.SYNC
    tries: Annotated[int, Field(ge=1, le=10)] = 3
    """How often a call is sent at most, the first time included; `compensate.tries` may name another number for the undoing."""
    timeout_ms: Annotated[int, Field(ge=1, le=600_000)] = 5000
    backoff: Backoff | None = None
    """How long to wait between tries; default: as the saga service chooses."""
    callback_timeout_ms: Annotated[int, Field(ge=1, le=86_400_000)] = 60_000
    poll: Poll | None = None
    """How often, and how long at most, the status call is made with `completion: poll`; default: every 500 ms for a minute."""
    key: Key = KeyStyle.HEADER
    """Where the step key stands: a word for all calls, or `{forward: header, compensate: path, status: path}`."""
    key_reason: Annotated[str, StringConstraints(min_length=1)] | None = None
    """For `key: unneeded`: why the forward call may be repeated without a key."""
    key_form: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    """How the key is written: a template such as `{saga_id}-{step}`, or `uuid`, derived from both; default `{saga_id}:{step}`."""
    key_fields: tuple[str, ...] | None = None
    """For `key: natural`: the fields of the payload that identify the step, such as `order_id`."""
    not_the_clients: dict[str, Annotated[str, StringConstraints(min_length=1)]] | None = None
    """Contract cases that are not the business of the saga's client, with the reason: `status`, or the name of a case."""
    given: Given = Given()
    forward: Forward
    undo: Undo | None = Field(default=None, alias="compensate")
    """The call that undoes the step's effect; `none`: there is none yet, so nothing that speaks of undoing is kept."""
    status: Status | None = None
    lookup: Lookup | None = None
    """How outputs of this very step are found that a compensation or a status call needs, and nobody told."""
    callback: Callback | None = None
    probe: Probe | None = None
    semantic_lock: SemanticLock | None = None
    suspended_forward: Literal["refused", "accepted"] | None = None
    """What a forward call is answered that arrives after its compensation; default: `policies.suspended_forward`."""

    @property
    def compensate(self) -> Compensate | None:
        """The call that undoes the step's effect; None where there is none."""
        return self.undo if isinstance(self.undo, Compensate) else None

    @property
    def has_key(self) -> bool:
        """Is there anything by which its calls are known to belong together: a key, a pair, or fields of the payload?"""
        return not self.only_reads and self.key not in (KeyStyle.NONE, KeyStyle.UNNEEDED)

    @property
    def has_written_key(self) -> bool:
        """Does its key stand in its calls as one text?"""
        return self.has_key and self.key not in (KeyStyle.PAIR, KeyStyle.NATURAL)

    def key_place(self, role: str) -> KeyStyle:
        """Give where the key stands in the call of a role (`forward`, `compensate`, `status`)."""
        return getattr(self.key, role) if isinstance(self.key, KeyPlaces) else self.key

    @property
    def only_reads(self) -> bool:
        """Has it no effect, so that it needs no key and no compensation?"""
        return self.step_class == StepClass.READ_ONLY

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy the step; `compensate`, as the field is named in a file, stands for `undo`."""
        changes = dict(update or {})
        if "compensate" in changes:
            changes["undo"] = changes.pop("compensate")
        return super().model_copy(update=changes, deep=deep)

    def own_outputs(self, role: str) -> frozenset[str]:
        """Give the outputs of this very step that one of its calls (`compensate`, `status`) needs."""
        call = getattr(self, role)
        return frozenset() if call is None else own_names(self.step, call.request.model_dump())

    @property
    def needs_its_own(self) -> bool:
        """Does any of its calls need an output of this very step, which a lost reply would have told?"""
        return bool(self.own_outputs("compensate") | self.own_outputs("status"))

    @property
    def tells_later(self) -> bool:
        """Is a forward call accepted first, and its outcome told later?"""
        return self.completion != Completion.SYNC

    @property
    def polls(self) -> bool:
        """Is the outcome asked for by the status call?"""
        return self.completion == Completion.POLL

    @property
    def refuses_later(self) -> bool:
        """Is a refusal declared that is told later, by a callback or to who polls?"""
        if self.callback is not None:
            return self.callback.outcomes.refused is not None
        return self.polls and self.status is not None and self.status.replies.refused is not None

    @property
    def polling(self) -> Poll:
        """How the outcome is asked for."""
        return self.poll or Poll()

    @property
    def told_within_ms(self) -> int:
        """How long after its acceptance a forward call may be at work at most."""
        return self.polling.timeout_ms if self.polls else self.callback_timeout_ms

    @property
    def undo_tries(self) -> int:
        """How often the compensation is sent at most."""
        own = self.compensate.tries if self.compensate is not None else None
        return self.tries if own is None else own

    @property
    def undo_backoff(self) -> Backoff | None:
        """How long the compensation waits between its tries."""
        own = self.compensate.backoff if self.compensate is not None else None
        return self.backoff if own is None else own
