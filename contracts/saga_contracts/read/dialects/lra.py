"""The dialect `lra`: a participant of MicroProfile Long Running Actions (Eclipse MicroProfile LRA 2.0) (pure).

The business call runs in the context of the action that the header `Long-Running-Action` names by a URI. The coordinator undoes
it by `PUT`, answered 200 (done), 202 (still at work), 409 (it failed for good) or 410 (the participant knows no such action), and
asks by `GET`, which tells the participant's state as a plain text. A business call in an action that has ended is answered 412.
"""

from collections.abc import Mapping
from typing import Any

from saga_contracts.read.dialects.filling import Dialect, Filled, is_refused, is_undone, without_nothing

CONTEXT = "Long-Running-Action"


def _told(state: str) -> Filled:
    return {"status": 200, "headers": {"Content-Type": "text/plain"}, "body": state}


_GONE = [{"status": 410}, {"status": 404}]
_COMPLETED: Filled = {"applied": _told("Completed"), "in_progress": _told("Completing"), "absent": [_told("Active"), *_GONE]}
_FORGOTTEN: Filled = {"applied": _GONE, "absent": [_told(one) for one in ("Completed", "FailedToComplete", "FailedToCompensate")]}


class Lra(Dialect):
    """A participant of a Long Running Action."""

    path: str | None = None
    """The resource: the business call is `POST PATH`, the others are `PUT PATH/compensate` and `GET PATH/status`."""
    compensate: str | None = None
    """Path of the method that undoes; default: `PATH/compensate`."""
    status: str | None = None
    """Path of the method that tells the state; default: `PATH/status`."""
    completes: str | None = None
    """The earlier step whose action this step ends well: the call is `PUT PATH/complete` then."""
    forgets: str | None = None
    """The earlier step whose action need not be remembered any more: the call is `DELETE PATH/forget` then."""
    coordinator: str = "http://lra-coordinator/lra-coordinator"
    """Where actions are: the id of one is `COORDINATOR/{saga_id}`."""

    def fill(self, step: Mapping[str, Any]) -> Filled:
        """Give the calls of a participant in one action."""
        if self.completes:
            return self._later("PUT", "complete", self.completes, _COMPLETED)
        if self.forgets:
            return self._later("DELETE", "forget", self.forgets, _FORGOTTEN)
        filled: Filled = {
            "key": "header",
            "key_form": f"{self.coordinator.rstrip('/')}/{{saga_id}}",
            "forward": self._forward(step),
        }
        if is_undone(step):
            filled["compensate"] = self._compensate()
        filled["status"] = self._status(step)
        return filled

    def _forward(self, step: Mapping[str, Any]) -> Filled:
        replies: Filled = {"done": {"status": 200}}
        if is_refused(step):
            replies["refused"] = {"status": 409}
        if is_undone(step):
            replies["suspended"] = {"status": 412}
        return {"request": _request("POST", self.path), "replies": replies}

    def _compensate(self) -> Filled:
        replies = {"done": 200, "null": 410, "impossible": 409, "retryable": 202}
        request = _request("PUT", self._at(self.compensate, "compensate"))
        return {"request": request, "replies": {name: {"status": status} for name, status in replies.items()}}

    def _status(self, step: Mapping[str, Any]) -> Filled:
        replies: Filled = {"applied": [_told("Active"), _told("Completed")], "absent": _GONE}
        if is_undone(step):
            replies["compensated"] = _told("Compensated")
            replies["in_progress"] = _told("Compensating")
        return {"request": _as_text(_request("GET", self._at(self.status, "status"))), "replies": replies}

    def _later(self, method: str, what: str, step: str, told: Filled) -> Filled:
        """Give the call that comes to the action of an earlier step; a participant that has forgotten it is done, too."""
        action = f"{{keys.{step}}}"
        request, asked = _request(method, self._at(None, what), action), _request("GET", self._at(self.status, "status"), action)
        replies = {"done": [{"status": 200}, {"status": 204}, {"status": 410}], "retryable": {"status": 202}}
        return {"forward": {"request": request, "replies": replies}, "status": {"request": _as_text(asked), "replies": told}}

    def _at(self, own: str | None, method: str) -> str | None:
        return own or (None if self.path is None else f"{self.path.rstrip('/')}/{method}")


def _request(method: str, path: str | None, action: str = "{key}") -> Filled:
    return without_nothing({"method": method, "path": path, "headers": {CONTEXT: action}})


def _as_text(request: Filled) -> Filled:
    return {**request, "headers": {**request["headers"], "Accept": "text/plain"}}
