"""The rules that hold a saga file to what its participants can know (pure).

A participant knows of a step what its calls say and what its preconditions name, nothing else. So it must be able to tell
which of its calls came, whose call it is, and every value that it is to give back; else no participant could be right.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from saga_contracts.declare import templates
from saga_contracts.declare.problems import Path, Problem
from saga_contracts.declare.saga import ProviderState, Reply, Saga, Step
from saga_contracts.derive.examples import CALLBACK_URL, SAGA_ID, example_context
from saga_contracts.wire import matching
from saga_contracts.wire.keys import UUID
from saga_contracts.wire.likeness import differs
from saga_contracts.wire.matching import Declared
from saga_contracts.wire.requests import StepCall, UnsendableError, step_request
from saga_contracts.wire.unfilling import leaves, readable

_BODILESS = (204, 205, 304)
_ROLES = ("forward", "compensate", "status", "lookup", "probe")


def problems(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    """Give everything that a participant of a step would have to know and cannot."""
    for rule in _RULES:
        yield from rule(saga, step, at)


def _recognised(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    """Each call must be told from the others; a status call and the probe may be one."""
    context = example_context(saga, step)
    made = {role: call.request for role in _ROLES if (call := getattr(step, role)) is not None and call.request is not None}
    calls = [Declared(step.step, role, request, context) for role, request in made.items()]
    sent = StepCall(SAGA_ID, saga.payload.example, context["outputs"], CALLBACK_URL.replace("{key}", context["key"]))
    for call in calls:
        try:
            heard = matching.heard_of(step_request(saga, step, call.request, sent, ""))
        except UnsendableError as error:
            yield Problem((*at, call.role, "request"), str(error), "Change the template, or the example.")
            continue
        others = {one.role for one, _ in matching.meant(calls, heard)} - {call.role}
        if others and {call.role, *others} != {"status", "probe"}:
            what = f"It looks the same as the call `{min(others)}`, so that the participant cannot tell which one came."
            yield Problem(
                (*at, call.role, "request"), what, "Tell them apart by the method, the path, a header or a literal field."
            )


def _replies(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    """Whatever stands in a reply must be known to who answers."""
    echoed = [*saga.correlation.echoed.values(), *saga.correlation.echoed_in_body.values()]
    for role in ("forward", "compensate", "status", "lookup"):
        call = getattr(step, role)
        for place, reply in call.replies.each() if call is not None else ():
            known = _known(saga, step, _before(step, role, str(place[0])))
            here = (*at, role, "replies", *place)
            yield from _unknown(saga, [reply.body, reply.headers], known, here, "the calls that came by then do not tell it")
            yield from _unknown(
                saga, echoed, known, here, "nothing of the call tells it, but the correlation is to be given back"
            )
            yield from _carries(saga, reply, here)


def _carries(saga: Saga, reply: Reply, here: Path) -> Iterator[Problem]:
    bodiless = reply.status in _BODILESS or not (reply.body is None or isinstance(reply.body, dict))
    if saga.correlation.echoed_in_body and bodiless:
        what = "The correlation is to stand in the body of every reply, and this one has no body of fields."
        yield Problem(here, what, "Declare another status, or echo the correlation in a header.")


def _callback(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    if step.callback is None:
        return
    known = _known(saga, step, ("forward",)) | {"callback_url"}
    correlation = saga.correlation
    told = [step.callback.request.model_dump(), step.callback.outcomes.model_dump()]
    told += [correlation.echoed, correlation.echoed_in_body]
    yield from _unknown(saga, told, known, (*at, "callback"), "the forward call does not tell it")


def _probe(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    """What is read must follow from the address, the preconditions and, once it is applied, the forward call."""
    probe, given = step.probe, step.given
    if probe is None:
        return
    here = (*at, "probe")
    forward = _known(saga, step, ("forward",))
    asked = forward if probe.request is None else _known(saga, step, ("probe",))  # the provider file may ask by whatever it knows
    enough, refusing = asked | _in_states(given.enough), asked | _in_states(given.refusing)
    worlds = [("before", probe.reads.before, enough), ("applied", probe.reads.applied, enough | forward)]
    worlds += [("refusing", probe.reads.refusing, refusing)] if probe.reads.refusing is not None else []
    if probe.reads.refusing is None and given.refusing:
        worlds.append(("before", probe.reads.before, refusing))
    for name, fields, known in worlds:
        yield from _unknown(saga, fields, known, (*here, "reads", name), "neither the address nor the precondition tells it")
    if probe.request is None:
        return
    linked = forward | _in_states(given.enough)
    for name in sorted(needs(saga, probe.request.model_dump()) - linked):
        what = f"It is asked by `{{{name}}}`, which neither the forward call nor the precondition holds."
        yield Problem((*here, "request"), what, "Ask by a value that the participant knows of this step.")
    if not needs(saga, probe.request.model_dump()) and not given.enough:
        what = "Its address is the same for every saga, and no precondition (`given.enough`) sets back what it reads."
        yield Problem((*here, "request"), what, "Put a fresh field of the payload into the address, or declare the precondition.")


def _lookup(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    """What is looked up by must be known of the step: its forward call holds it."""
    if step.lookup is None:
        return
    request = step.lookup.request.model_dump()
    for name in sorted(needs(saga, request) - _known(saga, step, ("forward",))):
        what = f"It is looked up by `{{{name}}}`, which the forward call does not hold."
        yield Problem((*at, "lookup", "request"), what, "Look it up by a value that the participant knows of this step.")


def _one_call(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    """Where status call and probe are one request, its one answer must be right for both."""
    if step.status is None or step.probe is None or step.status.request != step.probe.request:
        return
    context, reads = example_context(saga, step), step.probe.reads
    for place, reply in step.status.replies.each():
        name = place[0]
        body = {} if reply.body is None else reply.body
        fields = body if isinstance(body, dict) and templates.LIKE not in body else None
        read = templates.fill(reads.applied if name == "applied" else reads.before, context)
        shared = sorted(set(read) & set(fields or ())) if name != "in_progress" else []
        odd = [field for field in shared if differs(fields[field], read[field], context) is not None] if fields else []
        if fields is None or reply.status in _BODILESS or odd:
            what = "The probe is the same call, and this reply has no room for what it reads."
            yield Problem((*at, "status", "replies", *place), what, "Ask the probe at another address.")


def _before(step: Step, role: str, name: str) -> tuple[str, ...]:
    """Give the calls that have come whenever a reply is given."""
    if step.own_outputs(role) or (role, name) == ("lookup", "found"):
        return (role, "forward")
    if role == "compensate" and name == "done" and step.compensate is not None and step.compensate.replies.null is not None:
        return ("compensate", "forward")
    if role == "status" and name == "compensated" and step.compensate is not None:
        return ("status", "compensate")
    return (role, "forward") if role == "status" and name != "absent" else (role,)


def _known(saga: Saga, step: Step, roles: Iterable[str]) -> set[str]:
    """Give the names that calls tell, their correlation included."""
    found = readable(saga.correlation.sent.values(), ("step",))
    for role in roles:
        call = getattr(step, role)
        found |= matching.names_found(call.request) if call is not None and call.request is not None else set()
    if "key" in found and step.key_form != UUID:
        found.add("saga_id")
    if any(f"keys.{name}" in found and form != UUID for name, form in saga.key_forms.items()):
        found.add("saga_id")
    return found | {"key", "keys"} if "saga_id" in found else found


def _in_states(states: Iterable[ProviderState]) -> set[str]:
    texts = [leaf for one in states for leaf in leaves(one.params) if isinstance(leaf, str)]
    return readable(texts)


def _unknown(saga: Saga, value: Any, known: set[str], here: Path, why: str) -> Iterator[Problem]:
    for name in sorted(needs(saga, value)):
        if not any(name == one or name.startswith(f"{one}.") for one in known):
            what = f"It holds `{{{name}}}`, and the participant cannot know that: {why}."
            yield Problem(here, what, "Put it into the request, or take it out of here.")


def needs(saga: Saga, value: Any) -> set[str]:
    """Give the names whose values differ from saga to saga; a field of the payload that is always the same is a constant."""
    names = set(templates.names_in(value)) - {"step"}
    return {name for name in names if not name.startswith("payload.") or _changes(saga, name.removeprefix("payload."))}


def _changes(saga: Saga, field: str) -> bool:
    """Has a field another value in another saga: is it fresh, or one by which a call is refused?"""
    refused = [name for step in saga.steps for name in step.given.refusing_payload or ()]
    inside = any(field.startswith(f"{one}.") for one in refused)
    return inside or any(one == field or one.startswith(f"{field}.") for one in (*saga.payload.fresh, *refused))


_RULES: tuple[Callable[[Saga, Step, Path], Iterator[Problem]], ...] = (
    _recognised,
    _replies,
    _callback,
    _probe,
    _lookup,
    _one_call,
)
