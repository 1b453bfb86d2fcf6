"""The purchase as samples of the saga pattern often write it: a step is noted for the undoing once it has succeeded.

Two things are wrong: a step without a clear answer is never undone, although it may have its effect; and the first failure of
two steps side by side starts the undoing while the other one still runs.
"""

import asyncio
from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from temporal.workflow import Purchase, StepFailedError


@workflow.defn
class NaiveVasPurchase(Purchase):
    """The purchase as it must not be."""

    @workflow.run
    async def run(self, order: dict[str, Any]) -> str:
        """Bring the purchase to its end; give how it ended."""
        self.order = order
        try:
            await self._undoable("reserve_money")
            await asyncio.gather(self._undoable("apply_vas"), self._undoable("create_packages"))
        except StepFailedError as error:
            return await self.end_undone(error)
        return await self.end_forward()

    async def _undoable(self, step: str) -> None:
        await self.forward(step)
        self.to_undo.append(step)
