"""The dialect `ietf`: the header `Idempotency-Key` as the draft of the IETF's HTTPAPI group has it (pure).

The key is a string of structured fields, so it stands between quotes. A repeated call is answered as the first one; 409 says
that the first one is still at work, 422 that the same key came with another payload, 400 that there was no key. What a refusal
looks like, how a call is undone and how its state is asked for is each service's own; the dialect sends the key there, too.
"""

from collections.abc import Mapping
from typing import Any

from saga_contracts.read.dialects.filling import Dialect, Filled, is_undone, without_nothing

_HEADERS = {"Idempotency-Key": "{key}"}


class Ietf(Dialect):
    """A service that takes the header `Idempotency-Key`."""

    path: str | None = None
    """Where the forward call is posted to."""
    compensate: str | None = None
    """Where the compensation is posted to; absent: the step writes it itself."""
    status: str | None = None
    """What the status call gets; absent: the step writes it itself, or has none."""

    def fill(self, step: Mapping[str, Any]) -> Filled:
        """Give the calls that bear the key, and the replies that the draft names."""
        replies = {"done": {"status": 201}, "misused": {"status": 422}, "retryable": {"status": 409}}
        filled: Filled = {
            "key": "header",
            "key_form": '"{saga_id}:{step}"',
            "forward": {"request": _request("POST", self.path), "replies": replies},
        }
        if is_undone(step) and (self.compensate is not None or isinstance(step.get("compensate"), Mapping)):
            done = {"done": {"status": 200}, "retryable": {"status": 409}}
            filled["compensate"] = {"request": _request("POST", self.compensate), "replies": done}
        if self.status is not None or isinstance(step.get("status"), Mapping):
            filled["status"] = {"request": _request("GET", self.status)}
        return filled


def _request(method: str, path: str | None) -> Filled:
    return without_nothing({"method": method, "path": path, "headers": dict(_HEADERS)})
