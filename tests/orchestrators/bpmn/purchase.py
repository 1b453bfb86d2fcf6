"""One purchase: does the tasks that the diagram asks for, each bound to a call by its id, and saves after each of them.

Where a call has no clear answer after all tries, the task counts as done and the purchase as failed: a BPMN engine undoes only
what was completed. With `unclear_is_error` it ends with the task's error instead, as many samples do it, and is never undone.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from bpmn.engine import Diagram, Instance
from vas_client import ACCEPTED, DONE, REFUSED, UNKNOWN, VasClient

TRIES = {"reserve_money": 2, "apply_vas": 2, "create_packages": 2, "notify": 3}
UNDOES = {"cancel_reservation": "reserve_money", "withdraw_services": "apply_vas", "remove_packages": "create_packages"}
"""By task for compensation: the step whose call it makes."""
WAIT_S = 10.0
PAUSE_S, LONGEST_PAUSE_S = 0.05, 5.0


def variables(order: Mapping[str, Any]) -> dict[str, Any]:
    """Give the variables of a new purchase."""
    steps: dict[str, dict[str, Any]] = {step: {"state": "open", "tries": 0, "told": None, "outputs": {}} for step in TRIES}
    return {"order": dict(order), "failed": False, "stuck": False, "why": "", "went": ["running"], "steps": steps}


class Purchase:
    """Brings one instance of the diagram to its end.

    Args:
        purchase: Its id.
        instance: Where it stands.
        save: Keeps where it stands.
        client: Makes the calls.
        unclear_is_error: Does a step without a clear answer end with its error?
    """

    def __init__(
        self,
        purchase: str,
        diagram: Diagram,
        instance: Instance,
        save: Callable[[], None],
        client: VasClient,
        *,
        unclear_is_error: bool,
    ) -> None:
        self._id, self._diagram, self._instance, self._save, self._client = purchase, diagram, instance, save, client
        self._data, self._steps = instance.data, instance.data["steps"]
        self._unclear_is_error = unclear_is_error
        self._told = asyncio.Event()

    def tell(self, step: str, outcome: str) -> None:
        """Take a callback: the first one counts."""
        if self._steps[step]["told"] is None:
            self._steps[step]["told"] = outcome
            self._save()
            self._told.set()

    async def run(self) -> None:
        """Do tasks until the end is reached."""
        under_way: dict[str, asyncio.Task[Callable[[], None]]] = {}
        while self._instance.end() is None:
            for name in set(self._instance.ready()) - set(under_way):
                under_way[name] = asyncio.create_task(self._do(name))
            await asyncio.wait(under_way.values(), return_when=asyncio.FIRST_COMPLETED)
            for name in [name for name, task in under_way.items() if task.done()]:
                under_way.pop(name).result()()
                if (end := self._instance.end()) is not None:
                    self._data["went"].append(end)
                self._save()

    async def _do(self, name: str) -> Callable[[], None]:
        """Do a task; give what is to be noted, at once and together with what the engine makes of it."""
        if name in self._diagram.undoes:
            return await self._undo(name, self._diagram.undoes[name])
        if name == "tell_owner":
            return await self._tell_owner()
        outcome = await self._forward(name)
        return lambda: self._note(name, outcome)

    def _note(self, step: str, outcome: str) -> None:
        """Note how a step ended and go on."""
        clean = self._steps[step]["tries"] == 1 or step == "notify"
        self._steps[step]["state"] = {DONE: "done", REFUSED: "rejected"}.get(outcome, "unclear")
        self._data["failed"] |= outcome != DONE
        if outcome != DONE:
            self._data["why"] = f"{step}: {outcome}"
        if outcome == DONE or not (step == "notify" or (outcome == REFUSED and clean) or self._unclear_is_error):
            self._instance.complete(step)
        else:
            self._instance.fail(step)

    async def _forward(self, step: str) -> str:
        """Make a step's call until the answer is clear; give `done`, `refused` or `unknown`."""
        entry = self._steps[step]
        outcome = ACCEPTED if entry["state"] == "accepted" else UNKNOWN
        for attempt in range(TRIES[step]):
            if attempt:
                await asyncio.sleep(PAUSE_S)
            if outcome != UNKNOWN or entry["told"]:
                break
            entry["tries"] += 1  # before it is sent: after a crash it is known that something may have happened
            entry["state"] = "working"
            self._save()
            answer = await self._client.forward(step, self._id, self._data["order"])
            outcome, entry["outputs"] = answer.outcome, answer.outputs
        if outcome == ACCEPTED and not entry["told"]:
            entry["state"] = "accepted"  # after a crash it is waited for, not sent again
            self._save()
            return await self._told_later(step)
        return str(entry["told"] or outcome)

    async def _told_later(self, step: str) -> str:
        """Wait for the callback; when its time is over, ask."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._told.wait(), WAIT_S)
        return str(self._steps[step]["told"] or await self._client.packages_made(self._id))

    async def _undo(self, event: str, step: str) -> Callable[[], None]:
        """Undo a step if it was completed: what other engines do at an event that throws a compensation."""
        if self._data["went"][-1] != "undoing":
            self._data["went"].append("undoing")
        undone = await self._undone(step) if self._instance.was_completed(step) else None

        def note() -> None:
            if undone is not None:
                self._steps[step]["state"] = "undone" if undone else "undo_failed"
                self._data["stuck"] |= not undone
            self._instance.complete(event)

        return note

    async def _undone(self, step: str) -> bool:
        self._steps[step]["state"] = "undoing"
        self._save()
        for attempt in range(TRIES[step]):
            if attempt:
                await asyncio.sleep(PAUSE_S)
            if await self._client.undo(UNDOES[self._diagram.undone_by[step]], self._id, self._data["order"]):
                return True
        return False

    async def _tell_owner(self) -> Callable[[], None]:
        """Tell the owner of each step that is left as it is, until it is taken."""
        events = {"undo_failed": "compensation_failed", "unclear": "step_exhausted", "rejected": "step_exhausted"}
        for step, entry in self._steps.items():
            pause_s = PAUSE_S
            if entry["state"] in events and (entry["state"] == "undo_failed" or step == "notify"):
                while not await self._client.tell_owner(step, self._id, events[entry["state"]]):
                    await asyncio.sleep(pause_s)
                    pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        return lambda: self._instance.complete("tell_owner")
