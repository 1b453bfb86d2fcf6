"""A participant made from a saga file: which call of which step came, what is answered, what is remembered (pure).

What each step does with a call stands in `right`; here requests are recognised by the declared templates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from saga_contracts.declare import templates
from saga_contracts.declare.outcomes import Outcome, State
from saga_contracts.declare.saga import Reply
from saga_contracts.errors import SagapactError
from saga_contracts.stand_in import sharing, world
from saga_contracts.stand_in.book import Book, Post, Row
from saga_contracts.stand_in.caller import calls_of, correlated, identity_of, is_of
from saga_contracts.stand_in.right import Delivery, Right, Sight
from saga_contracts.stand_in.writing import context_of, echo_of, is_row_of, with_all, with_outputs, with_outputs_in_headers
from saga_contracts.wire import bodies, replies
from saga_contracts.wire.matching import Declared, Heard, meant
from saga_contracts.wire.readings import made
from saga_contracts.wire.requests import content_type_of, headers_of, path_of, query_of
from saga_contracts.wire.unfilling import Bound

_ACTS = ("forward", "compensate")


class NotServedError(SagapactError):
    """A request is none of the declared calls, or cannot be answered.

    Attributes:
        status: What it is answered.
    """

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class Said:
    """An answer.

    Attributes:
        row: What it was about; None when it was a mere reading.
        accepted: Is there work to do for that row?
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    delivery: Delivery
    row: Row | None = None
    accepted: bool = False


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A callback that has to be sent until it is taken.

    Attributes:
        taken: The declared reply that takes it.
    """

    method: str
    url: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    content: bytes
    taken: Reply


class Participant:
    """Some steps of a saga at one participant.

    Args:
        rules: The rules of each step.
        book: What is remembered; empty at first.
    """

    def __init__(self, rules: Sequence[Right], book: Book) -> None:
        self.rules = {one.step.step: one for one in rules}
        self.book = book
        self._calls = [call for one in rules for call in calls_of(one.slice)]

    def hear(self, heard: Heard) -> Said:
        """Answer a call.

        Raises:
            NotServedError: when it is none that is declared, or may be several.
        """
        found = self._meant(heard)
        acts = [one for one in found if one[0].role in _ACTS]
        if not acts:
            return self._tell(found)
        if len({call.role for call, _ in found}) > 1:
            names = " and ".join(f"{call.step}/{call.role}" for call, _ in found)
            raise NotServedError(400, f"{heard.method} {heard.path} may be {names}: they look the same.")
        return self._act(*acts[0])  # steps that make the same call are one to a participant

    def set_up(self, state: str, params: dict[str, Any]) -> Post:
        """Take a precondition.

        Raises:
            NotServedError: when no step declares it.
        """
        given = [rules.step.given for rules in self.rules.values()]
        declared = sorted({one.state for each in given for one in each.each})
        if state not in declared:
            known = ", ".join(repr(one) for one in declared) or "none"
            raise NotServedError(404, f"The saga file declares no state {state!r} for these steps (declared: {known}).")
        post = Post(self.book.tick(), state, params)
        self.book.posts.append(post)
        return post

    def work(self, row: Row) -> tuple[Outgoing | None, float | None]:
        """Do accepted work: gives the callback to send, and the seconds after which there is more to do, or None for each."""
        later = self.rules[row.step].work(row)
        return self._owed(row), later

    def is_at_work(self, row: Row) -> bool:
        """Is there work to do, or a callback to send?"""
        return row.step in self.rules and (row.state == State.IN_PROGRESS or row.tells is not None)

    def _owed(self, row: Row) -> Outgoing | None:
        rules = self.rules[row.step]
        callback, values = rules.step.callback, row.known
        telling = rules.telling(row, callback, echo_of(rules.slice, values)) if callback is not None else None
        if callback is None or telling is None:
            return None
        context = context_of(rules.slice, values)
        declared = dict(replies.callback_bodies(rules.step))[telling.outcome]
        body = templates.examples(templates.fill(declared, context))
        if telling.outcome == Outcome.DONE:
            body = with_outputs(rules, row, body, declared)
        content = bodies.write(with_all(body, telling.echoed.body), content_type_of(callback.request))
        path, query = path_of(callback.request, context), query_of(callback.request, context)
        headers = {**headers_of(callback.request, context), **telling.echoed.headers}
        return Outgoing(telling.method, path, query, headers, content or b"", callback.replies.done)

    def _meant(self, heard: Heard) -> list[tuple[Declared, Bound]]:
        """Give the declared calls that may be meant: those of the step that correlation or key name, where they name one."""
        told = {name: correlated(rules.slice, heard) for name, rules in self.rules.items()}
        found = meant([call for call in self._calls if told[call.step] is not None], heard)
        if not found:
            near = ", ".join(sorted({f"{one.request.method} {one.request.path}" for one in self._calls}))
            text = f"{heard.method} {heard.path} is none of the declared calls, or lacks a part of one. Declared: {near}."
            raise NotServedError(404, text)
        whole = [(call, {**(told[call.step] or {}), **values}) for call, values in found]
        return [one for one in whole if is_of(self.rules[one[0].step].slice, one[1])] or whole

    def _act(self, call: Declared, found: Bound) -> Said:
        """Let a call change what is remembered."""
        rules = self.rules[call.step]
        row = self._row(rules, call.role, found)
        if not row.forwarded:
            row.learned = world.standing(rules.slice, self.book.posts, {**row.bound, **found}).learned
        row.bound = {**found, **row.bound}
        row.touched = self.book.tick()
        self.book.keep(row)
        reply = rules.compensate(row) if call.role == "compensate" else rules.forward(row, self._sight(rules, row, found))
        if call.role == "compensate":
            rules.after_undoing(row, sharing.rivals(rules.slice, self.book, row))
        sharing.release(self.rules.values(), self.book, row)
        accepted = call.role == "forward" and rules.accepts(row, reply)
        return _said(rules, call.role, row, reply, {**found, **row.known}, accepted=accepted)

    def _sight(self, rules: Right, row: Row, found: Bound) -> Sight:
        payload = {name: value for name, value in found.items() if name.partition(".")[0] in ("payload", "outputs", "item")}
        standing = world.standing(rules.slice, self.book.posts, {**found, **row.known})
        return Sight(standing, payload, sharing.is_locked(rules, self.book, row, standing))

    def _row(self, rules: Right, role: str, found: Bound) -> Row:
        """Give the row that a call speaks of: by the output that it names, else by what its calls have in common.

        Raises:
            NotServedError: when it names an output that no row has.
        """
        step = rules.step
        if step.own_outputs(role):
            mine = next((row for row in self.book.of(step.step) if is_row_of(rules, row, found)), None)
            if mine is None:
                raise NotServedError(404, f"{step.step}/{role} names an output of {step.step} that was never given.")
            return mine
        identity = identity_of(rules.slice, found)
        known = self.book.row(step.step, identity)
        if known is None and role == "lookup":
            known = self.book.newest(step.step, found)
        return known or Row(step.step, identity)

    def _tell(self, found: Sequence[tuple[Declared, Bound]]) -> Said:
        """Answer status calls and probes: where one request is both, or several probes, their fields stand together."""
        said: Said | None = None
        readings: list[tuple[int, dict[str, Any]]] = []
        for call, values in found:
            rules = self.rules[call.step]
            if call.role == "probe":
                readings.append(self._reading(rules, values))
                said = said or _said(rules, "probe", None, Reply(status=200), values)
            else:
                said = self._status(rules, values) if call.role == "status" else self._look_up(rules, values)
        assert said is not None  # noqa: S101  (something was found)
        fields = {name: value for _, read in sorted(readings, key=lambda one: one[0]) for name, value in read.items()}
        return _joined(said, fields) if readings else said

    def _status(self, rules: Right, values: Bound) -> Said:
        row = self._row(rules, "status", values)
        reply = rules.status(row)
        if row.state != State.ABSENT:
            self.book.keep(row)
        return _said(rules, "status", row, reply, {**values, **row.known})

    def _look_up(self, rules: Right, values: Bound) -> Said:
        row = self._row(rules, "lookup", values)
        return _said(rules, "lookup", row, rules.look_up(row), {**values, **row.known})

    def _reading(self, rules: Right, values: Bound) -> tuple[int, dict[str, Any]]:
        """Read the effect of the instance with these values, and when it changed; after a newer precondition there is none."""
        values = sharing.read_by(rules.slice, values)
        row = self.book.newest(rules.step.step, values)
        now = world.standing(rules.slice, self.book.posts, values)
        if row is None or now.at > row.touched:
            return now.at, world.reads(rules.slice, now, 0, context_of(rules.slice, {**now.learned, **values}))
        own = world.standing(rules.slice, self.book.posts, row.known)
        context = context_of(rules.slice, {**own.learned, **values, **row.known})
        return row.touched, world.reads(rules.slice, own, sharing.effect_of(rules.slice, self.book, row, values, own), context)


def _said(rules: Right, role: str, row: Row | None, reply: Reply, values: Bound, *, accepted: bool = False) -> Said:
    """Write a declared reply."""
    context = context_of(rules.slice, values)
    body, headers = templates.examples(templates.fill(reply.body, context)), replies.headers_of(reply, context)
    if role in ("forward", "status", "lookup") and row is not None:
        body = with_outputs(rules, row, body, reply.body, role)
        headers = with_outputs_in_headers(rules, row, headers, reply.headers, role)
    echoed = rules.echoed(echo_of(rules.slice, values))
    content_type = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    written = bodies.write(with_all(body, echoed.body), content_type) or b""
    if written and not content_type:
        headers["Content-Type"] = bodies.JSON
    return Said(reply.status, {**headers, **echoed.headers}, written, rules.delivery(role), row, accepted)


def _joined(said: Said, fields: Mapping[str, Any]) -> Said:
    """Put what the probe reads into an answer; what the status call declares stands as it is."""
    body = bodies.body_of(said.body)
    read = made(fields)
    whole = {**read, **body} if isinstance(read, Mapping) and isinstance(body, Mapping) else read
    headers = {"Content-Type": bodies.JSON, **said.headers}
    return replace(said, headers=headers, body=bodies.write(whole) or b"")
