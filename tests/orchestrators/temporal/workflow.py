"""The purchase as a Temporal workflow: steps forward, a list of what is to be undone, the list backwards when a step fails.

A step is noted on that list *before* its call is made: when no clear answer comes, it may have its effect all the same. Steps
side by side are let finish before anything is undone.
"""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from temporal.activities import REFUSAL, Call, Calls, Told
    from vas_client import ACCEPTED, DONE

TRIES = {"reserve_money": 2, "apply_vas": 2, "create_packages": 2, "notify": 3}
CALL_TIME = timedelta(seconds=3)
CALLBACK_TIME = timedelta(seconds=10)
PAUSE = timedelta(milliseconds=50)


class StepFailedError(Exception):
    """A step has not done what it should.

    Attributes:
        clean: It was refused, and no earlier try can have had an effect.
    """

    def __init__(self, step: str, *, clean: bool) -> None:
        super().__init__(f"{step} {'is refused' if clean else 'has no clear answer'}")
        self.step, self.clean = step, clean


class Purchase:
    """What both forms of the workflow share: single steps, the undoing, the owner, what is told to who asks."""

    def __init__(self) -> None:
        self.steps: dict[str, dict[str, Any]] = {step: {"status": "NEW", "outputs": {}} for step in TRIES}
        self.went, self.why = ["RUNNING"], ""
        self.to_undo: list[str] = []
        self.told: str | None = None
        self.order: dict[str, Any] = {}

    @workflow.query
    def look(self) -> dict[str, Any]:
        """Tell where the purchase stands."""
        return {"status": self.went[-1], "went": self.went, "why": self.why, "steps": self.steps}

    @workflow.signal
    def settle(self, outcome: str) -> None:
        """Take the callback of `create_packages`: the first one counts."""
        self.told = self.told or outcome

    async def forward(self, step: str) -> None:
        """Make a step.

        Raises:
            StepFailedError: when it is not done.
        """
        self.steps[step]["status"] = "ACTIVE"
        try:
            answer = await self._answer(step)
        except ActivityError as error:
            raise self._failed(step, clean=_is_clean_refusal(error.cause)) from None
        if answer.outcome != DONE:
            raise self._failed(step, clean=answer.outcome == "refused" and not answer.unsure)
        self.steps[step] = {"status": "DONE", "outputs": answer.outputs}

    async def _answer(self, step: str) -> Told:
        policy = RetryPolicy(initial_interval=PAUSE, backoff_coefficient=1, maximum_attempts=TRIES[step])
        call = self._call(step)
        try:
            answer = await workflow.execute_activity_method(
                Calls.forward, call, start_to_close_timeout=CALL_TIME, retry_policy=policy
            )
        except ActivityError:
            if step == "create_packages" and self.told:
                return Told(self.told, {}, unsure=True)
            raise
        if answer.outcome != ACCEPTED:
            return answer
        try:
            await workflow.wait_condition(lambda: self.told is not None, timeout=CALLBACK_TIME)
        except TimeoutError:
            self.told = await workflow.execute_activity_method(
                Calls.packages_made, call, start_to_close_timeout=CALL_TIME, retry_policy=policy
            )
        return Told(str(self.told), {}, answer.unsure)

    async def undo_all(self) -> list[str]:
        """Undo what is on the list, the last first; give what could not be undone."""
        self.went.append("ROLLING_BACK")
        stuck = []
        for step in reversed(self.to_undo):
            self.steps[step]["status"] = "UNDOING"
            policy = RetryPolicy(initial_interval=PAUSE, backoff_coefficient=1, maximum_attempts=TRIES[step])
            try:
                await workflow.execute_activity_method(
                    Calls.undo, self._call(step), start_to_close_timeout=CALL_TIME, retry_policy=policy
                )
                self.steps[step]["status"] = "UNDONE"
            except ActivityError:
                self.steps[step]["status"] = "NOT_UNDONE"
                stuck.append(step)
        return stuck

    async def tell_owner(self, steps: list[str], event: str) -> None:
        """Tell the owner of steps that are left as they are, until it is taken."""
        for step in steps:
            call = self._call(step)
            call.event = event
            await workflow.execute_activity_method(
                Calls.tell_owner, call, start_to_close_timeout=CALL_TIME, retry_policy=RetryPolicy(initial_interval=PAUSE)
            )

    async def end_undone(self, error: StepFailedError) -> str:
        """Bring a purchase to its end that cannot be finished."""
        self.why = str(error)
        stuck = await self.undo_all()
        await self.tell_owner(stuck, "compensation_failed")
        return self.end("NEEDS_HELP" if stuck else "ROLLED_BACK")

    async def end_forward(self) -> str:
        """Bring a purchase to its end that cannot go back any more."""
        try:
            await self.forward("notify")
        except StepFailedError as error:
            self.why, self.steps["notify"]["status"] = str(error), "GIVEN_UP"
            await self.tell_owner(["notify"], "step_exhausted")
            return self.end("NEEDS_HELP")
        return self.end("COMPLETED")

    def end(self, status: str) -> str:
        """Note the end."""
        self.went.append(status)
        return status

    def _call(self, step: str) -> Call:
        return Call(step, workflow.info().workflow_id, self.order)

    def _failed(self, step: str, *, clean: bool) -> StepFailedError:
        self.steps[step]["status"] = "REJECTED" if clean else "UNCLEAR"
        return StepFailedError(step, clean=clean)


def _is_clean_refusal(cause: BaseException | None) -> bool:
    return isinstance(cause, ApplicationError) and cause.type == REFUSAL and not cause.details[0]


@workflow.defn
class VasPurchase(Purchase):
    """The purchase as it must be."""

    @workflow.run
    async def run(self, order: dict[str, Any]) -> str:
        """Bring the purchase to its end; give how it ended."""
        self.order = order
        try:
            await self._undoable("reserve_money")
            await all_of(self._undoable("apply_vas"), self._undoable("create_packages"))
        except StepFailedError as error:
            return await self.end_undone(error)
        return await self.end_forward()

    async def _undoable(self, step: str) -> None:
        self.to_undo.append(step)
        try:
            await self.forward(step)
        except StepFailedError as error:
            if error.clean:
                self.to_undo.remove(step)
            raise


async def all_of(*steps: Awaitable[None]) -> None:
    """Wait until all have ended, then raise what the first of them raised."""
    for error in await asyncio.gather(*steps, return_exceptions=True):
        if error is not None:
            raise error
