"""Writes one step of a saga file: its class, key, preconditions and calls, as far as a document told them (pure)."""

from collections.abc import Iterator
from typing import Any

from saga_contracts.start import finding, outcomes
from saga_contracts.start.told import Call, Callback, Step
from saga_contracts.start.writing import Block, Note, ask, guess

PIVOT, RETRIABLE, COMPENSATABLE, READ_ONLY = "pivot", "retriable", "compensatable", "read_only"
_KEY = "{key}"


def step_block(step: Step, kind: str) -> Block:
    """Give one step of a saga file.

    Args:
        step: What was told of it.
        kind: Its class.
    """
    block = Block()
    block.note(Note(f"From {step.source}."))
    block.put("step", step.name).put("participant", step.participant)
    block.put("class", kind, *_class_notes(step, kind))
    if step.after:
        notes = (guess("in the order in which the steps were named."),) if step.order_is_guessed else ()
        block.put("after", step.after, *notes)
    if step.tries:
        block.put("tries", step.tries)
    if step.callback:
        block.put("completion", "callback", guess("the document describes a callback."))
    elif outcomes.polled(step):
        what = (
            "The forward call is only accepted (202). Does the status call tell the outcome, or a callback, or is it done then?"
        )
        block.put("completion", "poll", ask(what))
        block.put("poll", {"interval_ms": 500, "timeout_ms": 60000}, guess("how often, and how long, is for you to say."))
    block.note(*(ask(one) for one in step.questions))
    if kind != READ_ONLY:
        _put_key(block, step)
    _put_given(block, step, kind)
    _put_forward(block, step, kind)
    _put_later_calls(block, step, kind)
    return block


def _put_later_calls(block: Block, step: Step, kind: str) -> None:
    if step.callback:
        block.put("callback", _callback(step.callback))
    if kind == COMPENSATABLE:
        _put_undoing(block, step)
    if step.status:
        block.put("status", _later(step, step.status).put("replies", outcomes.status(step, step.status)))
    elif kind != READ_ONLY:
        block.note(ask("Is there a call that tells the step's state (`status`)? With it the saga can be at level 2."))
    if step.lookup:
        block.put("lookup", finding.lookup(step, step.lookup, _later(step, step.lookup)))


def _class_notes(step: Step, kind: str) -> tuple[Note, ...]:
    if kind == READ_ONLY:
        return (guess("a GET reads only."),)
    if is_undone(step):
        return ()
    others = "compensatable (and what undoes it), the pivot (it decides, and is never undone), or retriable (repeated until done)"
    return (ask(f"Nothing is known that undoes this step. Is it {others}?"),)


_DIALECTS = {"lra": {"long-running-action"}, "dtm": {"gid", "branch_id", "op"}}
"""What the calls of known protocols hold."""


def _put_key(block: Block, step: Step) -> None:
    spoken = [name for name, words in _DIALECTS.items() if step.forward is not None and words <= step.forward.names]
    if spoken:
        what = f"Its calls look like those of the protocol {spoken[0]}"
        block.note(ask(f"{what}. Does it speak that? Then write a `dialect`, and leave out what it fills in."))
    header = _key_header(step.forward)
    if header:
        block.put("key", "header", guess(f"a call is known again by its header {header}."))
        if step.key_form:
            block.put("key_form", step.key_form, guess("the document wants such a key."))
        return
    ways = (
        "a key in a header, the path or the body, saga and step apart (`pair`), fields of the payload (`natural`, `key_fields`)"
    )
    others = "no need to, as with a PUT (`unneeded` with `key_reason`), nothing (`none`), or a protocol of its own (`dialect`)"
    block.put("key", "none", ask(f"By what does {step.participant} know a repeated call again: {ways}; {others}?"))


def _key_header(call: Call | None) -> str | None:
    return next((name for name, value in call.headers.items() if value == _KEY), None) if call else None


def _put_given(block: Block, step: Step, kind: str) -> None:
    given = dict(_states(step, refuses=kind != RETRIABLE))
    if given:
        block.put("given", given, guess("the states under which the document's answers were given."))
        return
    refusing = "" if kind == RETRIABLE else ", and in which is it refused (`given.refusing`)"
    block.note(ask(f"In which state of {step.participant} does the forward call succeed once (`given.enough`){refusing}?"))


def _states(step: Step, *, refuses: bool) -> Iterator[tuple[str, Any]]:
    answers = step.forward.answers if step.forward else []
    good = next((one for one in answers if one.states and one.status < 300), None)  # noqa: PLR2004  (an HTTP status)
    bad = next((one for one in answers if one.states and one.status >= 400), None)  # noqa: PLR2004
    for name, found in (("enough", good), ("refusing", bad if refuses else None)):
        if found is not None and found.states:
            yield name, [{"state": state, **({"params": params} if params else {})} for state, params in found.states]


def _put_forward(block: Block, step: Step, kind: str) -> None:
    call = step.forward
    if call is None:
        what = f"Which request to {step.participant} does this, with which answers? The document names none."
        request = {"method": "POST", "path": f"/{step.name}"}
        late = ", called after its compensation" if is_undone(step) else ""
        replies = Block().put("done", {"status": 200}, ask(f"What is answered when it is done, refused, accepted only{late}?"))
        block.put("forward", Block().put("request", request, ask(what)).put("replies", replies))
        return
    found = Block().put("request", _request(call), *_about(call))
    found.put("replies", outcomes.forward(step, call, refuses=kind != RETRIABLE))
    if step.outputs:
        outputs = {name: _output(place, step) for name, place in step.outputs.items()}
        found.put(
            "outputs", outputs, guess("values that other calls need, read from the reply or the callback that tells `done`.")
        )
    block.put("forward", found)


def _output(place: Any, step: Step) -> Any:
    """Say where an output stands; of work that is only accepted, it may stand in that reply alone."""
    later = step.callback.body if step.callback is not None else {}
    told_at_once = step.callback is None and not outcomes.polled(step)
    if told_at_once or (isinstance(place, str) and place.split("/")[1] in later):
        return place
    return {**(place if isinstance(place, dict) else {"body": place}), "of": "forward"}


def _callback(told: Callback) -> Block:
    what = "Which literal field of the callback tells `done`, and which one `refused`?"
    return (
        Block()
        .put("request", {"method": told.method, "path": "{callback_url}"})
        .put("outcomes", Block().put("done", told.body, ask(what)))
        .put("replies", {"done": {"status": told.answer}})
    )


def _put_undoing(block: Block, step: Step) -> None:
    call = step.compensate
    if not is_undone(step):
        block.put("compensate", "none", guess("steps after this one can be undone, so that one day this one has to be, too."))
        return
    if call is None:
        what = f"Which request does '{step.undone_by}'? The document names none."
        request = Block().put("request", {"method": "POST", "path": f"/{step.name}/undo"}, ask(what))
        block.put("compensate", request.put("replies", outcomes.compensate(None, step.participant)))
        return
    block.put("compensate", _later(step, call).put("replies", outcomes.compensate(call, step.participant)))


def _later(step: Step, call: Call) -> Block:
    """Give a call that comes after the forward call, and has to be known as one of the same step."""
    notes, header = _about(call), _key_header(step.forward)
    by_reply = f"{{outputs.{step.name}." in call.path
    if by_reply and call is step.compensate and step.lookup is None:
        other = "Can it be called by a key or field of the caller, or is there a call that finds the value by one (`lookup`)?"
        notes.append(ask(f"Its path needs what only the forward call's reply tells, and that reply may be lost. {other}"))
    if header and not by_reply and call is not step.lookup and not _key_header(call):
        notes.append(ask(f"No header {header} is described here. Does the call take the step's key, and where?"))
    return Block().put("request", _request(call), *notes)


def _request(call: Call) -> dict[str, Any]:
    found: dict[str, Any] = {"method": call.method, "path": call.path}
    for name in ("query", "headers", "body"):
        value = getattr(call, name)
        if value not in (None, {}):
            found[name] = value
    return found


def _about(call: Call) -> list[Note]:
    return [*(guess(one) for one in call.guesses), *(ask(one) for one in call.questions)]


def is_undone(step: Step) -> bool:
    """Is there something that undoes this step, be it known by its name only?"""
    return step.compensate is not None or step.undone_by is not None
