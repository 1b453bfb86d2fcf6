"""A participant made from a saga file: which call of which step came, what is answered, what is remembered (pure).

What each step does with a call stands in `right`; here requests are recognised by the declared templates, and replies written out.
"""

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from saga_contracts.declare import templates
from saga_contracts.declare.outcomes import Outcome, State
from saga_contracts.declare.outputs import pointer
from saga_contracts.declare.saga import KeyStyle, Reply
from saga_contracts.derive.slices import StepSlice
from saga_contracts.errors import SagapactError
from saga_contracts.stand_in import world
from saga_contracts.stand_in.book import Book, Post, Row
from saga_contracts.stand_in.right import NOTHING_ECHOED, Delivery, Echoed, Right, Sight
from saga_contracts.wire import bodies, correlation, replies
from saga_contracts.wire.keys import key_of, saga_of
from saga_contracts.wire.matching import Declared, Heard, meant, names_found
from saga_contracts.wire.requests import content_type_of, headers_of, path_of, query_of
from saga_contracts.wire.unfilling import Bound, agree, as_context, bound_value

ROLES = ("forward", "compensate", "status", "probe")


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
        row: What it was about and has changed; None when nothing has.
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
    """A callback that has to be sent until it is taken."""

    method: str
    url: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    content: bytes
    taken: Reply


class Participant:
    """Some steps of a saga at one participant.

    Args:
        rules: The rules of each step, by its name.
        book: What is remembered; empty at first.
    """

    def __init__(self, rules: Sequence[Right], book: Book) -> None:
        self.rules = {one.step.step: one for one in rules}
        self.book = book
        self._calls = [call for one in rules for call in calls_of(one.slice)]

    def hear(self, heard: Heard) -> Said:
        """Answer a call.

        Raises:
            NotServedError: when it is none that is declared.
        """
        found = self._meant(heard)
        acts = [one for one in found if one[0].role in ("forward", "compensate")]
        if not acts:
            return self._tell(found)
        if len(found) > 1:
            names = " and ".join(f"{call.step}/{call.role}" for call, _ in found)
            raise NotServedError(
                400, f"{heard.method} {heard.path} may be {names}: they look the same. Send the correlation headers."
            )
        return self._act(*acts[0])

    def set_up(self, state: str, params: dict[str, Any]) -> Post:
        """Take a precondition.

        Raises:
            NotServedError: when no step declares it.
        """
        declared = [one for rules in self.rules.values() for one in (*rules.step.given.enough, *rules.step.given.refusing)]
        if state not in {one.state for one in declared}:
            known = ", ".join(sorted({repr(one.state) for one in declared})) or "none"
            raise NotServedError(404, f"The saga file declares no state {state!r} for these steps (declared: {known}).")
        post = Post(self.book.tick(), state, params)
        self.book.posts.append(post)
        return post

    def work(self, row: Row) -> tuple[Outgoing | None, float | None]:
        """Do accepted work: gives the callback to send, and the seconds after which there is more to do, or None for each."""
        later = self.rules[row.step].work(row)
        return self.owed(row), later

    def is_at_work(self, row: Row) -> bool:
        """Is there work to do, or a callback to send?"""
        return row.step in self.rules and (row.state == State.IN_PROGRESS or row.tells is not None)

    def owed(self, row: Row) -> Outgoing | None:
        """Give the callback that has to be sent for a row; None when there is none."""
        rules = self.rules[row.step]
        callback = rules.step.callback
        if callback is None:
            return None
        context = self._context(rules.slice, row.known)
        telling = rules.telling(row, callback, echo(rules.slice, row.known, context))
        if telling is None:
            return None
        declared = dict(replies.callback_bodies(rules.step))[telling.outcome]
        body = templates.examples(templates.fill(declared, context))
        if telling.outcome == Outcome.DONE:
            body = self._with_own_outputs(rules, row, body, declared)
        return Outgoing(
            telling.method,
            path_of(callback.request, context),
            query_of(callback.request, context),
            {**headers_of(callback.request, context), **telling.echoed.headers},
            bodies.write(_with_all(body, telling.echoed.body), content_type_of(callback.request)) or b"",
            callback.replies.done,
        )

    def _meant(self, heard: Heard) -> list[tuple[Declared, Bound]]:
        """Give the declared calls that may be meant: those of the step that the correlation names, where it names one."""
        told = {name: correlated(rules.slice, heard) for name, rules in self.rules.items()}
        found = meant([call for call in self._calls if told[call.step] is not None], heard)
        if not found:
            near = ", ".join(sorted({f"{one.request.method} {one.request.path}" for one in self._calls}))
            text = f"{heard.method} {heard.path} is none of the declared calls, or lacks a part of one. Declared: {near}."
            raise NotServedError(404, text)
        return [(call, {**(told[call.step] or {}), **values}) for call, values in found]

    def _act(self, call: Declared, found: Bound) -> Said:
        rules = self.rules[call.step]
        row = self._row(rules, found)
        if not row.forwarded:
            row.learned = world.standing(rules.slice, self.book.posts, {**row.bound, **found}).learned
        row.bound = {**found, **row.bound}
        row.touched = self.book.tick()
        self.book.keep(row)
        if call.role == "compensate":
            reply = rules.compensate(row)
        else:
            payload = {name: value for name, value in found.items() if name.partition(".")[0] in ("payload", "outputs")}
            standing = world.standing(rules.slice, self.book.posts, {**found, **row.known})
            reply = rules.forward(row, Sight(standing, payload))
        accepted = call.role == "forward" and rules.accepts(row, reply)
        return self._said(rules, call.role, row, reply, {**found, **row.known}, accepted=accepted)

    def _row(self, rules: Right, found: Bound) -> Row:
        identity = identity_of(rules.slice, found)
        return self.book.row(rules.step.step, identity) or Row(rules.step.step, identity)

    def _tell(self, found: Sequence[tuple[Declared, Bound]]) -> Said:
        """Answer status calls and probes: where one request is both, or several probes, their fields stand together."""
        said: Said | None = None
        fields: dict[str, Any] = {}
        for call, values in found:
            rules = self.rules[call.step]
            if call.role == "probe":
                fields |= self._reading(rules, values)
                said = said or self._said(rules, "probe", None, Reply(status=200), values)
            else:
                row = self._row(rules, values)
                reply = rules.status(row)
                if row.state != State.ABSENT:
                    self.book.keep(row)
                said = self._said(rules, "status", row, reply, {**values, **row.known})
        assert said is not None  # noqa: S101  (something was found)
        return _joined(said, fields) if fields else said

    def _reading(self, rules: Right, values: Bound) -> dict[str, Any]:
        row = self.book.newest(rules.step.step, values)
        now = world.standing(rules.slice, self.book.posts, values)
        if row is None or now.at > row.touched:
            return world.reads(rules.slice, now, 0, self._context(rules.slice, {**now.learned, **values}))
        own = world.standing(rules.slice, self.book.posts, row.known)
        return world.reads(rules.slice, own, row.effect, self._context(rules.slice, {**own.learned, **values, **row.known}))

    def _said(self, rules: Right, role: str, row: Row | None, reply: Reply, values: Bound, *, accepted: bool = False) -> Said:
        context = self._context(rules.slice, values)
        body = templates.examples(templates.fill(reply.body, context))
        if role == "forward" and row is not None:
            body = self._with_own_outputs(rules, row, body, reply.body)
        echoed = rules.echoed(echo(rules.slice, values, context))
        body = _with_all(body, echoed.body)
        headers = {name: bodies.as_text(templates.fill(value, context)) for name, value in reply.headers.items()}
        content_type = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
        written = bodies.write(body, content_type) or b""
        if written and not content_type:
            headers["Content-Type"] = bodies.JSON
        return Said(reply.status, {**headers, **echoed.headers}, written, rules.delivery(role), row, accepted)

    def _context(self, slice_: StepSlice, values: Bound) -> dict[str, Any]:
        """Give the values of templates; what nobody named is what the file gives as its example."""
        examples = {"payload": slice_.payload.example, "outputs": slice_.outputs}
        return _merged(examples, as_context({**names_of(slice_, values), **values}))

    def _with_own_outputs(self, rules: Right, row: Row, body: Any, declared: Any) -> Any:
        """Put the outputs of this very step key where the file shows an example of them."""
        made = body
        for name, path in rules.step.forward.outputs.items():
            own = rules.own_output(row, name, pointer(made, path))
            changed = _with(made, path, own)
            if changed is not None and replies.fits_body(declared, changed) is None:
                made = changed
        return made


def calls_of(slice_: StepSlice) -> Iterator[Declared]:
    """Give the calls that a participant hears for a step."""
    examples = {"payload": slice_.payload.example, "outputs": slice_.outputs}
    for role in ROLES:
        call = getattr(slice_.step, role)
        if call is not None:
            yield Declared(slice_.step.step, role, call.request, examples)


def correlated(slice_: StepSlice, heard: Heard) -> Bound | None:
    """Give what the correlation headers of a call say; None when they speak of another step."""
    found: Bound = {}
    for name, template in slice_.correlation.sent.items():
        if name.lower() in heard.headers:
            values = bound_value(template, heard.headers[name.lower()], {}, {"step": slice_.step.step})
            if values is None or not agree(values, found):
                return None
            found |= values
    return found


def names_of(slice_: StepSlice, values: Bound) -> dict[str, str]:
    """Give saga id, key and step as far as one tells the other; empty texts for what nothing tells."""
    step, key, saga_id = slice_.step, values.get("key"), values.get("saga_id")
    if saga_id is None and key is not None:
        saga_id = saga_of(step, str(key))
    if key is None and saga_id is not None:
        key = key_of(step, str(saga_id))
    return {"saga_id": str(saga_id or ""), "key": str(key or ""), "step": step.step}


def echo(slice_: StepSlice, values: Bound, context: Mapping[str, Any]) -> Echoed:
    """Give what is given back of the correlation; nothing for who sent none."""
    if not names_of(slice_, values)["saga_id"]:
        return NOTHING_ECHOED
    declared = slice_.correlation
    in_body = {place: bodies.as_text(templates.fill(value, context)) for place, value in declared.echoed_in_body.items()}
    return Echoed(correlation.echoed(declared, context), in_body)


def identity_of(slice_: StepSlice, found: Bound) -> str:
    """Give what the calls of one step of one saga have in common."""
    step = slice_.step
    if step.key == KeyStyle.NATURAL:
        return json.dumps({name: _under(found, f"payload.{name}") for name in step.key_fields or ()}, sort_keys=True)
    names = names_of(slice_, found)
    if step.key != KeyStyle.NONE or names["saga_id"]:
        return names["key"]
    return json.dumps({name: found[name] for name in sorted(told_by_all(slice_)) if name in found})


def told_by_all(slice_: StepSlice) -> set[str]:
    """Give the names that every call of a step tells."""
    calls = [getattr(slice_.step, role) for role in ("forward", "compensate", "status")]
    return set.intersection(*(names_found(call.request) - {"step"} for call in calls if call is not None))


def _under(found: Bound, dotted: str) -> Any:
    """Give a value by its name, or what stands under that name."""
    return {name: value for name, value in found.items() if name == dotted or name.startswith(f"{dotted}.")}


def _joined(said: Said, fields: Mapping[str, Any]) -> Said:
    """Put what the probe reads into an answer; what the status call declares stands as it is."""
    body = bodies.body_of(said.body)
    whole = {**fields, **body} if isinstance(body, Mapping) else fields
    headers = {"Content-Type": bodies.JSON, **said.headers}
    return replace(said, headers=headers, body=bodies.write(whole) or b"")


def _with_all(body: Any, values: Mapping[str, str]) -> Any:
    """Give a body with further values at JSON pointers; a body that is none becomes an object."""
    made = copy.deepcopy(body) if body is not None or not values else {}
    for path, value in values.items():
        *parents, last = path.split("/")[1:]
        at = made
        for part in parents:
            at = at.setdefault(part, {})
        at[last] = value
    return made


def _with(document: Any, path: str, value: Any) -> Any:
    """Give a document with another value at a JSON pointer, or None when there is no such place."""
    made = copy.deepcopy(document)
    *parents, last = [raw.replace("~1", "/").replace("~0", "~") for raw in path.split("/")[1:]]
    at = made
    try:
        for part in parents:
            at = at[int(part)] if isinstance(at, list) else at[part]
        at[int(last) if isinstance(at, list) else last] = value
    except (KeyError, IndexError, ValueError, TypeError):
        return None
    return made


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Give nested values, the second's before the first's."""
    found = dict(one)
    for name, value in other.items():
        mine = found.get(name)
        both = isinstance(mine, Mapping) and isinstance(value, Mapping)
        found[name] = _merged(mine, value) if both else value
    return found
