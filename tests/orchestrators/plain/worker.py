"""Does the next thing of one transaction: one call at most, written down before it is sent and when it is answered."""

import time
import uuid
from typing import Any

from plain import declared, moves, tables
from plain.calls import Calls, later
from plain.moves import Legs, Saga, Step
from plain.settings import FAULT
from plain.tables import NEVER, Leg, Txn

_DONE = ("done", "done_again", "null")
_ENDED = ("FINISHED", "UNDONE", "NEEDS_HELP")
_A_WHILE_S = 0.15


def work() -> None:
    """Do what is due, for ever."""
    while True:
        ref = tables.taken()
        if ref is None:
            time.sleep(0.02)
            continue
        txn, legs = tables.found(ref) or (None, {})
        if txn is not None:
            due = Moving(declared.saga_file(txn.kind), txn, legs).on()
            tables.given_back(ref, sum(leg.told is not None for leg in legs.values()), due)


class Moving:
    """One transaction in the hands of a worker."""

    def __init__(self, saga: Saga, txn: Txn, legs: Legs) -> None:
        self.saga, self.txn, self.legs, self.calls = saga, txn, legs, Calls(saga, txn, legs)

    def on(self) -> float:
        """Do the next thing; give when there is something to do again, in seconds since 1970."""
        for leg in self.legs.values():
            if leg.told is not None and leg.state in moves.BUSY:
                self._told(leg)
        if self.txn.phase in _ENDED:
            return self._after_the_end()
        if self.txn.phase == "UNDOING":
            return self._back("UNDONE", rolling_back=True)
        return self._forward()

    def _forward(self) -> float:
        busy = [step for step in self.saga["steps"] if self._leg(step).state in moves.BUSY]
        due = [step for step in busy if self._leg(step).due <= time.time()]
        for step in [*moves.startable(self.saga, self.legs), *due][:1]:
            self._next_try(step, self._leg(step))
            return 0.0
        if busy and not (FAULT == "undoes beside running siblings" and moves.has_failed(self.saga, self.legs)):
            return min(self._leg(step).due for step in busy)
        if moves.is_undone(self.saga, self.legs):
            tables.moved(self.txn, "UNDOING")
            return 0.0
        return self._back("FINISHED", rolling_back=False)  # optional steps that failed

    def _back(self, end: str, *, rolling_back: bool) -> float:
        todo = moves.to_undo(self.saga, self.legs, rolling_back=rolling_back)
        if FAULT == "begins siblings after a failure" and any(leg.state == "undone" for leg in self.legs.values()):
            for step in moves.startable(self.saga, self.legs)[:1]:
                self._next_try(step, self._leg(step))
        ready = moves.undoable(self.saga, todo, self.legs)
        if not ready:
            return self._end(end)
        due = [step for step in ready if self._leg(step).due <= time.time()]
        return self._undo(due[0], self._leg(due[0])) if due else min(self._leg(step).due for step in ready)

    def _end(self, phase: str) -> float:
        found = moves.news(self.saga, self.legs)
        owed = dict(found)
        if FAULT == "tells the owner without need":
            owed.setdefault(self.saga["steps"][0]["step"], "compensation_failed")
        for name, event in owed.items():
            leg = self.legs[name]
            leg.news, leg.due = event if FAULT != "tells the owner another event" else "compensation_failed", 0.0
            tables.saved(leg)
        tables.moved(self.txn, "NEEDS_HELP" if found else phase)
        return 0.0

    def _after_the_end(self) -> float:
        if FAULT == "reopens what has ended" and self.txn.trail.count("RUNNING") == 1:
            time.sleep(_A_WHILE_S)
            tables.moved(self.txn, "RUNNING")
            return 0.0
        if FAULT == "calls again after the end":
            time.sleep(_A_WHILE_S)
            self.calls.ask(self.saga["steps"][0])
        to_tell = [leg for leg in self.legs.values() if leg.news and FAULT != "forgets the owner"]
        for leg in to_tell:
            if leg.due <= time.time():
                self._tell(leg)
        return min((leg.due for leg in to_tell if leg.news), default=NEVER)

    def _next_try(self, step: Step, leg: Leg) -> None:
        if leg.state == "accepted" and step.get("status"):
            leg.state, leg.tries = "asked", 0  # no callback came in time
        if leg.state == "asked":
            self._answered_status(step, leg, self.calls.ask(step))
        elif leg.state == "accepted":
            self._give_up(step, leg)
        elif leg.sending and FAULT == "takes what was under way at a crash for done":
            leg.state, leg.sending = "ok", 0
        else:
            self._try(step, leg)
        tables.saved(leg)

    def _try(self, step: Step, leg: Leg) -> None:
        again = leg.sending  # it was under way when the process ended
        leg.unclear, leg.state, leg.sending = leg.unclear or again, "sent", 1
        tables.saved(leg)
        values = self.calls.values(step["step"])
        if (again and FAULT == "takes a new key after a crash") or (leg.tries and FAULT == "takes a new key for each try"):
            values["key"] += uuid.uuid4().hex[:4]
        word, body = self.calls.make(step, "forward", values)
        leg.sending, leg.tries = 0, leg.tries + 1
        for _ in range(30 if FAULT == "asks for the status without end" else 0):
            self.calls.ask(step)
        self._answered(step, leg, word, body)

    def _answered(self, step: Step, leg: Leg, word: str, body: Any) -> None:
        if word in _DONE:
            leg.state, leg.outputs = "ok", declared.outputs(step, body)
        elif word == "in_progress":
            allowed_ms = step.get("callback_timeout_ms", 60_000) if FAULT != "waits for a callback without end" else 1e9
            leg.state, leg.due = "accepted", time.time() + allowed_ms / 1000
        elif word in ("refused", "suspended", "misused"):
            leg.state, leg.unclear = "no", leg.unclear or word == "misused"
        elif leg.tries < step.get("tries", 3) or FAULT == "tries without end":
            leg.unclear, leg.due = 1, later(step, leg.tries)
        elif step["class"] == "pivot" and step.get("status"):
            leg.unclear, leg.state, leg.tries, leg.due = 1, "asked", 0, 0.0  # it may have happened
        else:
            self._give_up(step, leg)

    def _answered_status(self, step: Step, leg: Leg, word: str) -> None:
        """Take a status; that a step is absent decides nothing, since a call may still be on its way."""
        leg.tries += 1
        if FAULT == "believes that what is absent stays absent" and word == "absent":
            word = "refused"
        if FAULT == "takes a failing status call for absent" and word == "nothing clear":
            word = "refused"
        if word == "applied" and not step["forward"].get("outputs"):
            leg.state = "ok"
        elif word in ("refused", "compensated"):
            leg.state = "no"
        elif word == "nothing clear" and leg.tries < step.get("tries", 3):
            leg.due = later(step, leg.tries)
        else:
            self._give_up(step, leg)

    def _give_up(self, step: Step, leg: Leg) -> None:
        leg.state = "unsure" if step["class"] == "compensatable" else "spent"
        if FAULT == "takes silence for success":
            leg.state = "ok"

    def _told(self, leg: Leg) -> None:
        """Take a callback's word; one that says nothing that is declared changes nothing."""
        step = next(step for step in self.saga["steps"] if step["step"] == leg.step)
        common, values = step["callback"]["request"].get("body", {}), self.calls.values(leg.step)
        for outcome, fields in step["callback"]["outcomes"].items():
            if fields and declared.fits(declared.filled({**common, **fields}, values), leg.told):
                leg.state, leg.due = ("ok" if outcome == "done" else "no"), 0.0
                leg.outputs = leg.outputs or declared.outputs(step, leg.told)
                tables.saved(leg)
                return

    def _undo(self, step: Step, leg: Leg) -> float:
        leg.state, leg.sending = "undoing", 1
        tables.saved(leg)
        for _ in range(2 if FAULT == "undoes twice" else 1):
            word = "done" if FAULT == "calls no compensation" else self.calls.make(step, "compensate")[0]
        leg.sending, leg.undo_tries = 0, leg.undo_tries + 1
        how = step["compensate"]
        if word in _DONE:
            leg.state = "undone"
        elif word == "impossible" or leg.undo_tries >= how.get("tries", step.get("tries", 3)):
            leg.state = "stuck" if FAULT != "takes a failed undoing for done" else "undone"
        else:
            leg.due = later(how if how.get("backoff") else step, leg.undo_tries)
        tables.saved(leg)
        return 0.0

    def _tell(self, leg: Leg) -> None:
        """Tell the owner, until it is taken."""
        if self.calls.tell(leg.step, leg.news) or FAULT == "tells the owner only once":
            leg.news = ""
        else:
            leg.undo_tries += 1
            leg.due = time.time() + min(5.0, 0.05 * 2.0 ** min(leg.undo_tries, 10))
        tables.saved(leg)

    def _leg(self, step: Step) -> Leg:
        return self.legs[step["step"]]
