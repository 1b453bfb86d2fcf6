"""The dialect `dtm`: a branch of a transaction of dtm (dtm-labs) over HTTP, in the modes saga and TCC (pure).

dtm calls each branch by `POST` with `gid`, `branch_id`, `trans_type` and `op` in the query. The status tells the result: 200 is
success, 409 a failure for good, 425 'still at work'; or, as older services do, `dtm_result` in a 200: `FAILURE`, `ONGOING`.
Anything else is tried again. A call that undoes has to succeed at last.

There is no status call. A branch behind dtm's barrier answers a call that comes after its undoing with 200 and does nothing.
"""

from collections.abc import Mapping
from typing import Any, Literal

from saga_contracts.read.dialects.filling import Dialect, Filled, is_refused, is_undone, without_nothing

_OPS = {"saga": ("action", "compensate"), "tcc": ("try", "cancel")}


def _with(result: str) -> Filled:
    return {"status": 200, "body": {"dtm_result": result}}


_DONE: Filled = {"status": 200}
_ONGOING = [{"status": 425}, _with("ONGOING")]


class Dtm(Dialect):
    """A branch of a transaction of dtm."""

    mode: Literal["saga", "tcc"] = "saga"
    forward: str | None = None
    """Path of the action, or of the try."""
    compensate: str | None = None
    """Path of the compensation, or of the cancel."""
    confirms: str | None = None
    """The earlier step whose try this step confirms: in the mode TCC, `forward` is the path of the confirm then."""

    def fill(self, step: Mapping[str, Any]) -> Filled:
        """Give the calls of one branch."""
        act, undo = ("confirm", "") if self.confirms else _OPS[self.mode]
        replies: Filled = {"done": _DONE, "retryable": _ONGOING}
        if is_refused(step):
            replies["refused"] = [{"status": 409}, _with("FAILURE")]
        filled: Filled = {"key": "pair", "forward": {"request": self._request(self.forward, act), "replies": replies}}
        if self.confirms:
            filled |= {"key": "path", "key_form": "{saga_id}"}  # the branch is the try's, so its id is no name of this step
        if is_undone(step):
            undone = {"done": _DONE, "retryable": _ONGOING}
            filled["compensate"] = {"request": self._request(self.compensate, undo), "replies": undone}
            filled["suspended_forward"] = "accepted"
        return filled

    def _request(self, path: str | None, op: str) -> Filled:
        gid, branch = ("{key}", self.confirms) if self.confirms else ("{saga_id}", "{step}")
        query = {"gid": gid, "trans_type": self.mode, "branch_id": branch, "op": op}
        return without_nothing({"method": "POST", "path": path, "query": query})
