"""The rules that hold a saga file to what will be asked of its participants: it can be met, told apart and shown (pure).

A file that is accepted here has a right participant: for each event in each situation the file declares a reply that such a
participant can give, and whoever reads it knows which one it is. What the effect probe reads depends on the effect.
"""

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

from saga_contracts.declare import templates
from saga_contracts.declare.outcomes import State
from saga_contracts.declare.problems import Path, Problem, did_you_mean
from saga_contracts.declare.saga import NONE, KeyStyle, Saga, Step, StepClass
from saga_contracts.declare.steps import OPTIONAL_CASES
from saga_contracts.derive import expectations
from saga_contracts.derive.examples import example_context
from saga_contracts.derive.expectations import Letter, Situation
from saga_contracts.derive.slices import step_slice
from saga_contracts.wire import bodies, fresh, replies
from saga_contracts.wire.likeness import same
from saga_contracts.wire.replies import Received
from saga_contracts.wire.requests import content_type_of

_FORWARD_ALIKE = {**{name: name for name in replies.FORWARD}, "done_again": "done", "suspended": "refused", "misused": "refused"}
"""Replies that mean the same to whoever called: done, or no effect of this call."""
_COMPENSATE_ALIKE = {**{name: name for name in replies.COMPENSATE}, "done_again": "done", "null": "done"}


def problems(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    """Give every demand of a step that nobody can meet, tell apart or show."""
    for rule in _RULES:
        yield from rule(saga, step, at)


def fresh_problems(saga: Saga) -> Iterator[Problem]:
    """Give the fresh fields of the payload that have no fresh values."""
    missing = list(_not_there(saga))
    yield from missing
    for index, why in () if missing else fresh.without_values(saga.payload):
        mend = "Take it out of `fresh`, or let the schema allow more values."
        yield Problem(("payload", "fresh", index), f"{why[0].upper()}{why[1:]}.", mend)


def _not_there(saga: Saga) -> Iterator[Problem]:
    for index, name in enumerate(saga.payload.fresh):
        try:
            templates.look_up(name, saga.payload.example)
        except templates.TemplateError:
            at: Path = ("payload", "fresh", index)
            yield Problem(at, f"`{name}` is no field of the example.", did_you_mean(name, list(saga.payload.example)))


def _answers(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    """Each event in each situation needs a declared reply that a right participant can give."""
    slice_ = step_slice(saga, step.step)
    for situation, letter in _events(step):
        if not expectations.answers(slice_, situation, letter):
            role = "compensate" if letter == Letter.COMPENSATE else "forward"
            what, mend = _unanswerable(situation, letter)
            yield Problem((*at, role, "replies"), what, mend)


def _events(step: Step) -> Iterator[tuple[Situation, Letter]]:
    """Give every situation that the step can come to, with every call that can come then."""
    callback = step.tells_later
    refuses = expectations.can_be_refused(step)
    undone = step.step_class == StepClass.COMPENSATABLE and step.compensate is not None
    states = [State.ABSENT, State.APPLIED]
    states += [State.IN_PROGRESS] if callback else []
    states += [State.REFUSED] if refuses else []
    states += [State.COMPENSATED] if undone else []
    letters = [Letter.FORWARD, *([Letter.COMPENSATE] if undone else [])]
    for state, letter in product(states, letters):
        if not (state == State.ABSENT and letter == Letter.FORWARD and not callback):  # told by a rule of its own
            yield Situation(state, refused=state == State.REFUSED, refusing=state == State.REFUSED), letter


def _unanswerable(situation: Situation, letter: Letter) -> tuple[str, str]:
    if letter == Letter.FORWARD and situation.state == State.COMPENSATED:
        what = "A forward call that comes after its compensation must be refused, and no declared reply says so (O9)."
        return what, "Declare `suspended` (or `refused`), or set `suspended_forward: accepted` at the step."
    if letter == Letter.FORWARD and situation.state == State.REFUSED:
        return "A repeated forward call stays refused, and no declared reply says so (O32).", "Declare `refused`."
    call = "compensation" if letter == Letter.COMPENSATE else "forward call"
    return f"No declared reply is right for a {call} of a step that is {situation.state}.", "Declare `done`."


def _told_apart(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    """A reply that comes as declared must not read as another one of different meaning."""
    context = example_context(saga, step)
    calls = (
        ("forward", replies.FORWARD, _FORWARD_ALIKE, "O1"),
        ("compensate", replies.COMPENSATE, _COMPENSATE_ALIKE, "O1"),
        ("status", replies.STATUS, {name: name for name in replies.STATUS}, "O14"),
        ("lookup", replies.LOOKUP, {name: name for name in replies.LOOKUP}, "O33"),
    )
    for role, means, alike, obligation in calls:
        call = getattr(step, role)
        if call is None:
            continue
        for place, other in replies.mistaken(call.replies, means, _same_in(alike), context):
            what = f"It looks the same as `{other}` ({obligation})."
            yield Problem((*at, role, "replies", *place), what, "Tell them apart by status, a header or a literal body field.")
    told = [(outcome, templates.examples(templates.fill(body, context))) for outcome, body in replies.callback_bodies(step)]
    for outcome, body in told:
        if replies.callback_outcome(step, body, context) != outcome:
            what = f"A callback that tells `{outcome}` reads as another outcome (O18)."
            yield Problem((*at, "callback", "outcomes", outcome.value), what, "Tell them apart by a literal field.")


def _implied_misuse(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    """What HTTP implies for a misused key must not read as another meaning, where the file declares no reply for it."""
    if step.forward.replies.misused is not None or step.key == KeyStyle.NONE or not fresh.can_be_misused(saga.payload, step):
        return
    read = replies.forward_replies(step, Received(replies.IMPLIED_MISUSE.status), example_context(saga, step))
    other = next((name for name in read if _FORWARD_ALIKE[name] != _FORWARD_ALIKE["misused"]), None)
    if other is not None:
        what = f"Status 422, which answers another payload under the same key, reads as this one (`{other}`, O4)."
        yield Problem((*at, "forward", "replies", other), what, "Declare `misused`, or tell this reply apart from a bare 422.")


def _same_in(alike: dict[str, str]) -> Callable[[str, str], bool]:
    return lambda one, other: alike[one] == alike[other]


def _probe(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    """A probe shows an effect only if what it reads depends on the effect."""
    if step.probe is None:
        return
    context = example_context(saga, step)
    here = (*at, "probe", "reads")
    read: dict[str, Any] = {}
    for name in ("before", "applied", "refusing"):
        fields = getattr(step.probe.reads, name)
        if fields is not None:
            read[name] = templates.fill(fields, context)
            if not fields:
                yield Problem((*here, name), "It names no field, so that any reading would do.", "Name what the effect changes.")
    if read["before"] and same(read["before"], read["applied"]):
        what = "The probe reads the same with the effect and without it, so it shows nothing."
        yield Problem((*here, "applied"), what, "Name a field that the effect changes.")
    missing = sorted(set(read["applied"]) ^ set(read["before"]))
    if missing:
        what = f"`{missing[0]}` is read in one of `before` and `applied` only."
        yield Problem((*here, "applied"), what, "Name the same fields in both, so that each of them is compared.")


def _writable(_: Saga, step: Step, at: Path) -> Iterator[Problem]:
    """A declared body can be written under its declared media type."""
    for role in ("forward", "compensate", "status", "lookup", "probe", "callback"):
        call = getattr(step, role)
        if call is None or call.request is None:
            continue
        why = bodies.unwritable(call.request.body, content_type_of(call.request))
        if why is not None:
            mend = "Write the body as one text, or declare a media type of JSON."
            yield Problem((*at, role, "request", "body"), why, mend)


def _left_out(_: Saga, step: Step, at: Path) -> Iterator[Problem]:
    """What is not the client's business is a case of the step, and none that every client needs."""
    calls = {role: names for role, names in OPTIONAL_CASES.items() if getattr(step, role) is not None}
    known = ["status", *(text for role, names in calls.items() for name in names for text in (name, f"{role}/{name}"))]
    for name in step.not_the_clients or {}:
        if name not in known:
            what = f"`{name}` is no case of this step that a client can do without."
            yield Problem((*at, "not_the_clients", name), what, did_you_mean(name, known))


_RULES: tuple[Callable[[Saga, Step, Path], Iterator[Problem]], ...] = (
    _answers,
    _told_apart,
    _implied_misuse,
    _probe,
    _writable,
    _left_out,
)


def notes(saga: Saga) -> Iterator[str]:
    """Say what a good file leaves unasked, and why: one sentence each."""
    for step in saga.steps:
        if step.needs_its_own and step.lookup is None:
            yield (
                f"{step.step}: its calls need the reply to its own forward call, which may be lost; so O33 is broken: "
                "declare `lookup`, or waive it."
            )
        if step.undo == NONE:
            yield (
                f"{step.step}: no compensation yet, so that what was done stays when the saga fails; the obligations of undoing "
                "are broken, as declared, until they are waived."
            )
        if step.probe is not None and step.probe.request is None:
            yield (
                f"{step.step}: no call of the API shows its effect, so the provider file has to say how it is read "
                f"(`probes: {{{saga.saga}/{step.step}: …}}`); until it does, what needs the effect is unproven."
            )
        if step.has_key and not fresh.can_be_misused(saga.payload, step):
            yield (
                f"{step.step}: no other payload can be sent under the same key, since the forward call holds nothing of it but "
                "its path and its key; so O4 (key misuse) is not asked."
            )
