"""The step client for code without `async`."""

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

import httpx

from saga_contracts.client import results
from saga_contracts.client.calls import NOTIFICATION_TIMEOUT_S, Calls, Prepared
from saga_contracts.client.results import DEFAULT_BACKOFF, Backoff, Meaning, StepResult
from saga_contracts.client.transport import http_request, received
from saga_contracts.declare.outcomes import Outcome, Told
from saga_contracts.declare.saga import Saga
from saga_contracts.rim import sender
from saga_contracts.wire.replies import Received
from saga_contracts.wire.requests import BuiltRequest, StepCall


class StepClient:
    """Calls the steps of one saga.

    `forward`, `compensate` and `status` try as often as the step declares, always with the same step key; `attempt_…` try once.
    What a call came to is a value (`StepResult`), a failure included.

    Args:
        saga: The saga's definition.
        participants: Base URL of each participant, by name.
        http: A client to send with, which the caller closes; default: one of its own, which does not look at proxy variables.
            Only one of `saga_contracts.rim.sender.bounded_client` is bounded in a reply's headers, too.
        backoff: How long to wait between tries where the saga file does not say.
        sleep: Waits so many seconds.

    Raises:
        UsageError: when an address is no HTTP address.
    """

    def __init__(
        self,
        saga: Saga,
        participants: Mapping[str, str],
        http: httpx.Client | None = None,
        backoff: Backoff = DEFAULT_BACKOFF,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._calls = Calls(saga, participants, backoff)
        self._http, self._is_own = http or sender.bounded_client(), http is None
        self._sleep = sleep

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that this client opened itself."""
        if self._is_own:
            self._http.close()

    def forward(self, step: str, call: StepCall) -> StepResult[Outcome]:
        """Make a step's effect.

        Args:
            step: The step's name; of one that is run for each element, with the element's number, such as `ship:2`.
            call: The values of this saga.

        Returns:
            The last try's outcome; look at `uncertain` too before a refusal is taken for "no effect".

        Raises:
            UnsendableError: when the call cannot be made from these values.
            UsageError: when the saga has no such step.
        """
        return self._repeated(self._calls.forward(step, call))

    def compensate(self, step: str, call: StepCall) -> StepResult[Outcome]:
        """Undo a step's effect, or see to it that it never comes. Arguments and errors as in `forward`."""
        return self._repeated(self._calls.compensate(step, call))

    def status(self, step: str, call: StepCall) -> StepResult[Told]:
        """Ask for a step's durable state. A failing call is `retryable` or `unknown`, never `absent`."""
        return self._repeated(self._calls.status(step, call))

    def attempt_forward(self, step: str, call: StepCall) -> StepResult[Outcome]:
        """As `forward`, with exactly one try."""
        return self._once(self._calls.forward(step, call))

    def attempt_compensate(self, step: str, call: StepCall) -> StepResult[Outcome]:
        """As `compensate`, with exactly one try."""
        return self._once(self._calls.compensate(step, call))

    def attempt_status(self, step: str, call: StepCall) -> StepResult[Told]:
        """As `status`, with exactly one try."""
        return self._once(self._calls.status(step, call))

    def attempt_notification(self, step: str, event: str, call: StepCall) -> bool:
        """Tell the owner once what became of a step; was it taken?"""
        answer = self._send(self._calls.notification(step, event, call), NOTIFICATION_TIMEOUT_S)
        return self._calls.taken(step, event, call, answer)

    def _repeated(self, prepared: Prepared[Meaning]) -> StepResult[Meaning]:
        result = self._once(prepared)
        while result.worth_retrying and result.tries < prepared.tries:
            self._sleep(prepared.backoff.after_s(result))
            result = results.joined(result, self._once(prepared))
        return result

    def _once(self, prepared: Prepared[Meaning]) -> StepResult[Meaning]:
        return prepared.read(self._send(prepared.request, prepared.timeout_s))

    def _send(self, request: BuiltRequest, timeout_s: float) -> Received | None:
        return send(self._http, request, timeout_s)


def send(http: httpx.Client, request: BuiltRequest, timeout_s: float) -> Received | None:
    """Send one request and give the reply, or None when no whole reply came in time.

    Raises:
        UnsendableError: when the address is none; nothing was sent.
    """
    return received(sender.send(http, http_request(http, request, timeout_s), timeout_s))
