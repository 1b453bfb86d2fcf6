"""One saga's step calls, ready for either client: what to send, how long to wait, how to read what comes back (pure)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Generic

from saga_contracts.client import results
from saga_contracts.client.results import DEFAULT_BACKOFF, Backoff, Meaning, StepResult, backoff_of
from saga_contracts.declare import elements
from saga_contracts.declare.outcomes import LookedUp, Outcome, State, Told
from saga_contracts.declare.saga import Request, Saga, Step
from saga_contracts.errors import UsageError
from saga_contracts.wire import replies, requests
from saga_contracts.wire.replies import Received
from saga_contracts.wire.requests import BuiltRequest, StepCall

NOTIFICATION_TIMEOUT_S = 5.0
"""How long the owner may take to answer; the saga file gives no time for it."""


@dataclass(frozen=True, slots=True)
class Prepared(Generic[Meaning]):
    """One call of one step.

    Attributes:
        timeout_s: How long one try may take, from the first byte sent to the last one received.
        tries: How often the call may be sent at most.
        backoff: How long to wait between tries.
        read: Gives the result of one try from its reply; None stands for no reply.
    """

    request: BuiltRequest
    timeout_s: float
    tries: int
    backoff: Backoff
    read: Callable[[Received | None], StepResult[Meaning]]


@dataclass(frozen=True, slots=True)
class Polling:
    """The status calls that ask for the outcome of an accepted forward call.

    Attributes:
        status: The call, made once each time.
        interval_s: From one to the next.
        timeout_s: How long it is asked for at most.
    """

    status: Prepared[Told]
    interval_s: float
    timeout_s: float

    @property
    def most(self) -> int:
        """How often it is asked for at most."""
        return int(self.timeout_s // self.interval_s) + 1

    @staticmethod
    def is_over(result: StepResult[Told]) -> bool:
        """Is the outcome known? Neither `absent` nor a failing call tells it: the work may not have been seen there yet."""
        return result.outcome in (State.APPLIED, State.REFUSED, State.COMPENSATED)


class Calls:
    """Prepares the calls of one saga.

    Args:
        saga: The saga's definition.
        participants: Base URL of each participant, by name.
        backoff: How long to wait between tries where the file does not say.

    Raises:
        UsageError: when an address is no HTTP address.
    """

    def __init__(self, saga: Saga, participants: Mapping[str, str], backoff: Backoff = DEFAULT_BACKOFF) -> None:
        self.saga, self._backoff = saga, backoff
        self._addresses = requests.base_urls(participants)

    def forward(self, name: str, call: StepCall) -> Prepared[Outcome]:
        """Prepare a step's forward call."""
        step = self._step(name)
        context = requests.call_context(step, call, self.saga.key_forms)
        return self._prepared(step, step.forward.request, call, lambda received: results.forward_result(step, received, context))

    def compensate(self, name: str, call: StepCall) -> Prepared[Outcome]:
        """Prepare a step's compensating call."""
        step = self._step(name)
        if step.compensate is None:
            raise UsageError(
                f"The step {name} of {self.saga.saga} declares no compensation. Call only what the saga file declares."
            )
        context = requests.call_context(step, call, self.saga.key_forms)
        prepared = self._prepared(
            step, step.compensate.request, call, lambda received: results.compensate_result(step, received, context)
        )
        return replace(prepared, tries=step.undo_tries, backoff=backoff_of(step, undo=True, otherwise=self._backoff))

    def status(self, name: str, call: StepCall) -> Prepared[Told]:
        """Prepare a step's status call."""
        step = self._step(name)
        if step.status is None:
            raise UsageError(
                f"The step {name} of {self.saga.saga} declares no status call. Call only what the saga file declares."
            )
        context = requests.call_context(step, call, self.saga.key_forms)
        return self._prepared(step, step.status.request, call, lambda received: results.status_result(step, received, context))

    def lookup(self, name: str, call: StepCall) -> Prepared[LookedUp]:
        """Prepare looking up the outputs of a step."""
        step = self._step(name)
        if step.lookup is None:
            raise UsageError(f"The step {name} of {self.saga.saga} declares no look-up. Call only what the saga file declares.")
        context = requests.call_context(step, call)
        return self._prepared(step, step.lookup.request, call, lambda received: results.lookup_result(step, received, context))

    def needs_lookup(self, name: str, role: str, call: StepCall) -> bool:
        """Does a call need outputs of its own step that nobody told, and that can be looked up?"""
        step = self._step(name)
        return step.lookup is not None and not step.own_outputs(role) <= call.outputs.get(name, {}).keys()

    def outcome(self, name: str, call: StepCall) -> Polling:
        """Prepare asking for the outcome of an accepted forward call."""
        step = self._step(name)
        if not step.polls:
            raise UsageError(f"The step {name} of {self.saga.saga} is not polled. Its outcome is told in another way.")
        prepared = self.status(name, call)
        return Polling(prepared, step.polling.interval_ms / 1000, step.polling.timeout_ms / 1000)

    def notification(self, step: str, event: str, call: StepCall) -> BuiltRequest:
        """Prepare the call that tells the owner what became of a step.

        Raises:
            UsageError: when the saga's policies name no owner notification.
        """
        told = self.saga.policies.owner_notification
        if told is None:
            raise UsageError(f"The saga {self.saga.saga} declares no owner notification. Add it to its policies.")
        address = requests.address_of(told.participant, self._addresses)
        return requests.notification_request(self.saga, told.request, requests.notification_context(step, event, call), address)

    def taken(self, step: str, event: str, call: StepCall, received: Received | None) -> bool:
        """Did the owner take the notification?"""
        told = self.saga.policies.owner_notification
        if told is None or received is None:
            return False
        context = requests.notification_context(step, event, call)
        return replies.fits(told.replies.done, received, context) is None

    def _step(self, name: str) -> Step:
        try:
            return elements.step_of(self.saga, name)
        except KeyError:
            known = ", ".join(step.step for step in self.saga.steps)
            raise UsageError(f"The saga {self.saga.saga} has no step {name!r}. Its steps: {known}.") from None

    def _prepared(
        self, step: Step, request: Request, call: StepCall, read: Callable[[Received | None], StepResult[Meaning]]
    ) -> Prepared[Meaning]:
        address = requests.address_of(step.participant, self._addresses)
        built = requests.step_request(self.saga, step, request, call, address)
        backoff = backoff_of(step, undo=False, otherwise=self._backoff)
        return Prepared(built, step.timeout_ms / 1000, step.tries, backoff, read)
