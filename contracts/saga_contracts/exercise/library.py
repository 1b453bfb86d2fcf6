"""The step client library as a client of the cases: who uses it has nothing to write but one line."""

from functools import cache
from typing import TYPE_CHECKING, Any

from saga_contracts.derive.cases import Role
from saga_contracts.exercise.given import Given
from saga_contracts.exercise.outcomes import TAKEN, UNKNOWN
from saga_contracts.wire.replies import callback_outcome

if TYPE_CHECKING:
    import httpx


def library_client(given: Given) -> str:
    """Meet one case with the step client library."""
    from saga_contracts.client import Backoff, StepCall, StepClient  # noqa: PLC0415  (httpx is loaded when it is used)

    if given.message is not None:
        return _reads(given, given.message)
    call = StepCall(saga_id=given.saga_id, payload=given.payload, outputs=given.outputs, callback_url=given.callback_url)
    participants = {given.step.participant: given.url}
    client = StepClient(given.saga, participants, http=_http(), backoff=Backoff(first_s=0.01))
    if given.role == Role.FORWARD:
        return client.forward(given.step.step, call).outcome.value
    if given.role == Role.COMPENSATE:
        return client.compensate(given.step.step, call).outcome.value
    if given.role == Role.LOOKUP:
        return client.lookup(given.step.step, call).outcome.value
    return client.status(given.step.step, call).outcome.value


def _reads(given: Given, message: Any) -> str:
    from saga_contracts.client import payload_faults  # noqa: PLC0415  (as above)

    if given.role == Role.CALLBACK:
        outcome = callback_outcome(given.step, message)
        return outcome.value if outcome is not None else UNKNOWN
    if given.role == Role.CREATION:
        right = message.get("saga") == given.saga.saga and not payload_faults(given.saga, message.get("payload"))
        return TAKEN if right and message.get("request_id") else UNKNOWN
    return TAKEN if given.saga.policies.owner_notification is not None and message.get("saga_id") else UNKNOWN


@cache
def _http() -> "httpx.Client":
    """Give the one HTTP client of this process, which keeps no connection: to make one takes longer than a case."""
    import httpx  # noqa: PLC0415  (as above)

    return httpx.Client(trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))
