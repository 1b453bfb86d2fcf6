"""The calls of a purchase as Temporal activities: one try each; how often they are tried is the workflow's to say."""

from dataclasses import dataclass
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from vas_client import REFUSED, UNKNOWN, VasClient

REFUSAL = "Refusal"
"""The type of the error that a refusal is; its detail says whether an earlier try may have had an effect."""


@dataclass
class Call:
    """What an activity needs to know."""

    step: str
    saga_id: str
    order: dict[str, Any]
    event: str = ""


@dataclass
class Told:
    """What came back; `unsure`: an earlier try may have had an effect as well."""

    outcome: str
    outputs: dict[str, Any]
    unsure: bool


class Calls:
    """The activities.

    Args:
        client: Sends the requests.
    """

    def __init__(self, client: VasClient) -> None:
        self._client = client

    @activity.defn
    async def forward(self, call: Call) -> Told:
        """Make a step's effect."""
        answer = await self._client.forward(call.step, call.saga_id, call.order)
        unsure = activity.info().attempt > 1
        if answer.outcome == UNKNOWN:
            raise ApplicationError(f"{call.step} has no clear answer")
        if answer.outcome == REFUSED:
            raise ApplicationError(f"{call.step} is refused", unsure, type=REFUSAL, non_retryable=True)
        return Told(answer.outcome, answer.outputs, unsure)

    @activity.defn
    async def packages_made(self, call: Call) -> str:
        """Ask what became of a package order."""
        return await self._client.packages_made(call.saga_id)

    @activity.defn
    async def undo(self, call: Call) -> None:
        """Undo a step."""
        if not await self._client.undo(call.step, call.saga_id, call.order):
            raise ApplicationError(f"{call.step} is not undone")

    @activity.defn
    async def tell_owner(self, call: Call) -> None:
        """Tell the owner of a step that is left as it is."""
        if not await self._client.tell_owner(call.step, call.saga_id, call.event):
            raise ApplicationError("the owner has not heard it")
