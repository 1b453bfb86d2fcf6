"""I11: every call of the saga is the one that the saga file declares, and every answer is a declared one (pure).

A request is compared with the one that the step client's renderer makes from the same file and values: method, path, query,
declared headers, those of the correlation, and body, field by field. Where a value is not known to the harness, only the shape
is compared.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from saga_contracts.declare import templates
from saga_contracts.declare.outputs import outputs_in
from saga_contracts.declare.saga import Request
from saga_contracts.wire import bodies, requests
from saga_contracts.wire.likeness import same, short
from saga_contracts.wire.requests import BuiltRequest, StepCall, UnsendableError
from saga_e2e.derive.faults import Role
from saga_e2e.judge.findings import Finding, Judged, judged
from saga_e2e.proxy import meanings
from saga_e2e.proxy.meanings import UNDECLARED
from saga_e2e.proxy.shapes import Incoming, readings_of_header, value_of
from saga_e2e.proxy.trace import Answered, Stray, TracedCall

_CALLBACK_URL = "{callback_url}"
_CORRELATED = (Role.FORWARD, Role.COMPENSATE, Role.STATUS)
"""The calls that say to which saga and step they belong by the declared headers (O31)."""


def conforms(case: Judged) -> Finding:
    """I11: every observed call and answer is one that the saga file declares."""
    broken = [*map(stray_text, case.evidence.strays)]
    for call in case.evidence.trace:
        broken += [f"{_call(call)}: {fault}" for fault in (*_request_faults(case, call), *_reply_faults(case, call))]
    return judged("I11", dict.fromkeys(broken), [], f"All {len(case.evidence.trace)} calls and their answers are declared ones.")


def of_strays(strays: Iterable[Stray]) -> Finding:
    """I11 of a run that has nothing but calls that the saga file does not declare."""
    return judged("I11", map(stray_text, strays), [], "Every call is a declared one.")


def stray_text(stray: Stray) -> str:
    """Say which call was not declared, and what it comes nearest to."""
    if stray.stranger:
        return f"{stray.request} to {stray.target} is a call of the saga {stray.stranger}, which nobody has created."
    return f"{stray.request} to {stray.target} is no call of the saga file. {stray.differs}"


def _call(call: TracedCall) -> str:
    return f"{call.request} of {call.step} to {call.target}"


def _request_faults(case: Judged, call: TracedCall) -> Iterator[str]:
    if call.role == Role.CALLBACK:
        if call.differs:
            yield call.differs
        if _told(case, call) is None:
            yield "Its body tells no outcome that the step declares, with the values of this saga."
        return
    declared = _declared(case, call)
    expected = None if declared is None else _rendered(case, call, declared)
    if declared is None or expected is None:
        if call.differs:
            yield call.differs
        return
    correlation = case.saga.correlation.sent if call.role in _CORRELATED else ()
    yield from _differences(declared, expected, call.sent, (*declared.headers, *correlation))


def _told(case: Judged, call: TracedCall) -> str | None:
    try:
        return meanings.told_by(case.saga, call.step, call.role, call.sent.body, _context(case, call))
    except templates.TemplateError:
        return call.told


def _declared(case: Judged, call: TracedCall) -> Request | None:
    if call.role == Role.NOTIFICATION:
        told = case.saga.policies.owner_notification
        return None if told is None else told.request
    declared = getattr(case.saga.step(call.step), call.role.value, None)
    return None if declared is None else declared.request


def _rendered(case: Judged, call: TracedCall, declared: Request) -> BuiltRequest | None:
    """Give the request as it should have been sent; None when a value of it is not known."""
    step, context = case.saga.step(call.step), case.evidence.step(call.step).context
    told_url = value_of(_CALLBACK_URL, _places(declared), _places(call.sent))
    values = StepCall(call.saga_id, context.get("payload", {}), context.get("outputs", {}), told_url)
    try:
        if call.role == Role.NOTIFICATION:
            if call.told is None and "event" in templates.names_in([declared.path, *_places(declared)]):
                return None
            known = requests.notification_context(call.step, call.told or "", values)
            return requests.notification_request(case.saga, declared, known, "")
        return requests.step_request(case.saga, step, declared, values, "")
    except UnsendableError:
        return None


def _places(request: Request | Incoming) -> list[Any]:
    return [dict(request.query), {name.lower(): value for name, value in request.headers.items()}, request.body]


def _differences(declared: Request, expected: BuiltRequest, sent: Incoming, headers: Iterable[str]) -> Iterator[str]:
    if sent.method != expected.method:
        yield f"The method is {sent.method} instead of {expected.method}."
    if [unquote(part) for part in sent.path.split("/")] != [unquote(part) for part in expected.url.split("/")]:
        yield f"The path is {sent.path[:200]} instead of {expected.url[:200]}."
    if sorted(sent.query) != sorted(expected.query):
        yield f"The query is {short(sent.query)} instead of {short(expected.query)}."
    values = {name.lower(): value for name, value in expected.headers}
    for name in headers:
        if values[name.lower()].strip() not in readings_of_header(name, sent.headers.get(name.lower(), "")):
            yield f"The header {name} is {'not the declared one' if name.lower() in sent.headers else 'missing'}."
    if expected.content is not None:
        difference = _in_body(expected.content, requests.content_type_of(declared), sent.body)
        if difference is not None:
            yield difference


def _in_body(content: bytes, content_type: str, sent: Any) -> str | None:
    expected = bodies.body_of(content, content_type)
    if bodies.media_type(content_type) == bodies.FORM and isinstance(sent, str):
        return _difference(sorted(parse_qsl(expected, True)), sorted(parse_qsl(sent, True)), "")
    return _difference(expected, sent, "")


def _difference(expected: Any, found: Any, where: str) -> str | None:
    """Say where two JSON values first differ; numbers are equal by value, and a field too many is a difference."""
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        for name in (*expected, *(name for name in found if name not in expected)):
            place = f"{where}.{name}"
            if name not in expected or name not in found:
                return f"The field `{place[1:]}` is {'missing' if name in expected else 'not declared'}."
            inside = _difference(expected[name], found[name], place)
            if inside is not None:
                return inside
        return None
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        inside_all = (
            _difference(one, other, f"{where}.{index}") for index, (one, other) in enumerate(zip(expected, found, strict=True))
        )
        return next((inside for inside in inside_all if inside is not None), None)
    place = f"The field `{where[1:]}`" if where else "The body"
    return None if same(expected, found) else f"{place} is {short(found)} instead of {short(expected)}."


def _reply_faults(case: Judged, call: TracedCall) -> Iterator[str]:
    for reply in call.replies:
        outcome = _outcome(case, call, reply)
        if outcome == UNDECLARED:
            yield f"It was answered {reply.status} {short(reply.body)}, which is not declared."
        elif call.role == Role.FORWARD and outcome == "done" and _outputs(case, call, reply) is None:
            yield f"Its answer {reply.status} {short(reply.body)} lacks an output that the step declares."


def _outputs(case: Judged, call: TracedCall, reply: Answered) -> dict[str, Any] | None:
    return outputs_in(case.saga.step(call.step), reply.body, reply.reply.headers)


def _outcome(case: Judged, call: TracedCall, reply: Answered) -> str | None:
    try:
        return meanings.outcome_of(case.saga, call.step, call.role, reply.reply, _context(case, call))
    except templates.TemplateError:
        return reply.outcome


def _context(case: Judged, call: TracedCall) -> meanings.Context:
    context = case.evidence.step(call.step).context
    return context if context and call.role != Role.NOTIFICATION else None
