"""The calls of one transaction: the values that they are made from, where they go, and what comes back."""

import time
from typing import Any

from plain import declared
from plain.moves import Legs, Saga, Step
from plain.settings import FAULT, HOOKS, PAUSE_MS, address
from plain.tables import Txn


class Calls:
    """Makes the calls of one transaction."""

    def __init__(self, saga: Saga, txn: Txn, legs: Legs) -> None:
        self.saga, self.txn, self.legs = saga, txn, legs

    def make(self, step: Step, role: str, values: dict[str, Any] | None = None) -> tuple[str, Any]:
        """Make a call of a step; give the name of the declared reply that came, and its body."""
        values = values or self.values(step["step"])
        request = step[role]["request"]
        if FAULT == "sends another body" and role == "forward" and request.get("body"):
            request = {**request, "body": {**request["body"], "note": "as ordered"}}
        if FAULT == "calls what nobody asked for" and role == "forward":
            self._send(step["participant"], {"method": "GET", "path": f"/internal/{self.txn.ref}"}, values)
        reply = self._send(step["participant"], request, values, step.get("timeout_ms", 5000) / 1000)
        return declared.meaning(step[role]["replies"], reply, values), None if reply is None else reply.body

    def ask(self, step: Step) -> str:
        """Ask a participant for the durable state of a step."""
        return self.make(step, "status")[0] if step.get("status") else "nothing clear"

    def tell(self, name: str, event: str) -> bool:
        """Tell the owner; has it taken it? Where nobody is declared, nobody is to be told."""
        owner = self.saga.get("policies", {}).get("owner_notification")
        if not owner:
            return True
        values = {**self.values(name), "event": event}
        return declared.meaning(owner["replies"], self._send(owner["participant"], owner["request"], values), values) == "done"

    def values(self, name: str) -> dict[str, Any]:
        """Give the values that the templates of a step's calls name."""
        key = f"{self.txn.ref}.{name}"
        known = {one: leg.outputs for one, leg in self.legs.items() if leg.outputs}
        own = {"payload": self.txn.data, "outputs": known, "saga_id": self.txn.ref, "step": name}
        return {**own, "key": key, "callback_url": f"{HOOKS}/{key}"}

    def _send(self, to: str, request: dict[str, Any], values: dict[str, Any], timeout_s: float = 2.0) -> declared.Reply | None:
        correlation = {"Saga-Id": self.txn.ref, "Saga-Step": values["step"]}
        return declared.called(address(to), request, values, correlation, timeout_s)


def later(declaring: Step, tries: int) -> float:
    """Give the time of the next try, in seconds since 1970."""
    pause = {"first_ms": PAUSE_MS, **declaring.get("backoff", {})}
    if FAULT == "ignores the pause between tries":
        return 0.0
    grown = pause["first_ms"] * pause.get("factor", 2) ** (tries - 1)
    return time.time() + float(min(grown, pause.get("longest_ms", grown))) / 1000
