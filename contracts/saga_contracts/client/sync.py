"""The step client for code without `async`."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Self

import httpx

from saga_contracts.client import results
from saga_contracts.client.calls import NOTIFICATION_TIMEOUT_S, Calls, Prepared
from saga_contracts.client.results import DEFAULT_BACKOFF, Backoff, Meaning, StepResult
from saga_contracts.client.transport import http_request, received
from saga_contracts.declare.outcomes import LookedUp, Outcome, Sought, Told
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
        sought = self._sought(step, "compensate", call)
        if sought is not None and sought.outcome != Sought.FOUND:
            return results.undone_without(sought)
        return self._repeated(self._calls.compensate(step, call if sought is None else call.knowing(step, sought.outputs)))

    def status(self, step: str, call: StepCall) -> StepResult[Told]:
        """Ask for a step's durable state. A failing call is `retryable` or `unknown`, never `absent`."""
        sought = self._sought(step, "status", call)
        if sought is not None and sought.outcome != Sought.FOUND:
            return results.told_without(sought)
        return self._repeated(self._calls.status(step, call if sought is None else call.knowing(step, sought.outputs)))

    def lookup(self, step: str, call: StepCall) -> StepResult[LookedUp]:
        """Look up the outputs of a step whose reply was lost. `compensate` and `status` do so by themselves where they need it.

        Raises:
            UsageError: when the step declares no look-up.
        """
        return self._repeated(self._calls.lookup(step, call))

    def outcome(self, step: str, call: StepCall) -> StepResult[Told]:
        """Ask for the outcome of an accepted forward call, as often and as long as the step declares (`completion: poll`).

        Returns:
            The last answer; `in_progress` or `absent` when the outcome did not come in time: the step is then uncertain.

        Raises:
            UsageError: when the step is not polled.
        """
        polling = self._calls.outcome(step, call)
        until = time.monotonic() + polling.timeout_s
        result = self._once(polling.status)
        while not polling.is_over(result) and result.tries < polling.most and time.monotonic() < until:
            self._sleep(polling.interval_s)
            result = results.joined(result, self._once(polling.status))
        return replace(result, uncertain=not polling.is_over(result))

    def attempt_forward(self, step: str, call: StepCall) -> StepResult[Outcome]:
        """As `forward`, with exactly one try."""
        return self._once(self._calls.forward(step, call))

    def attempt_compensate(self, step: str, call: StepCall) -> StepResult[Outcome]:
        """As `compensate`, with exactly one try."""
        sought = self._sought(step, "compensate", call, tries=1)
        if sought is not None and sought.outcome != Sought.FOUND:
            return results.undone_without(sought)
        return self._once(self._calls.compensate(step, call if sought is None else call.knowing(step, sought.outputs)))

    def attempt_status(self, step: str, call: StepCall) -> StepResult[Told]:
        """As `status`, with exactly one try."""
        sought = self._sought(step, "status", call, tries=1)
        if sought is not None and sought.outcome != Sought.FOUND:
            return results.told_without(sought)
        return self._once(self._calls.status(step, call if sought is None else call.knowing(step, sought.outputs)))

    def attempt_notification(self, step: str, event: str, call: StepCall) -> bool:
        """Tell the owner once what became of a step; was it taken?"""
        answer = self._send(self._calls.notification(step, event, call), NOTIFICATION_TIMEOUT_S)
        return self._calls.taken(step, event, call, answer)

    def _sought(self, step: str, role: str, call: StepCall, tries: int | None = None) -> StepResult[LookedUp] | None:
        """Look up what a call needs and nobody told; None when it needs nothing."""
        if not self._calls.needs_lookup(step, role, call):
            return None
        prepared = self._calls.lookup(step, call)
        return self._repeated(prepared if tries is None else replace(prepared, tries=tries))

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
