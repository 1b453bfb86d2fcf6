"""Sorts the answers of a call into the outcomes of a saga file, as far as custom tells; the rest is asked (pure).

By custom a status of 200 to 299 means done, 202 that it was accepted only, 404 that there is nothing. What a refusal is, and what
a state is told by, no status tells for sure.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from saga_contracts.start.told import Answer, Call, Step
from saga_contracts.start.writing import Block, Note, ask, guess

_ACCEPTED, _GONE, _MISSING = HTTPStatus.ACCEPTED, HTTPStatus.GONE, HTTPStatus.NOT_FOUND
_REFUSALS = (409, 402, 412, 422, 404, 403, 400)
"""What may be a refusal, the likeliest first; other statuses from 400 on speak of the caller or of 'try again'."""
_OK, _LAST_OK = 200, 299


def forward(step: Step, call: Call, *, refuses: bool) -> Block:
    """Give the replies of a forward call.

    Args:
        step: The step.
        call: Its forward call.
        refuses: May the step refuse, by its class?
    """
    block = Block()
    done = sorted((one for one in _good(call) if one.status != _ACCEPTED), key=_likeliest_done)
    accepted = _with(call, _ACCEPTED)
    if step.callback is not None or polled(step):
        _put_accepted(block, accepted or next(iter(done), None))
        done = done if accepted else done[1:]
    if done:
        _put_done(block, done)
    if step.callback is None and accepted and done:
        block.note(ask("202 is answered, too: when, and is the outcome told by callback or by the status call (`completion`)?"))
    elif step.callback is None and not polled(step) and not done:
        _put_no_done(block, accepted)
    _put_refusals(block, call, refuses=refuses)
    if (gone := _with(call, _GONE)) and step.compensate:
        block.put("suspended", _reply(gone), guess("410 answers a forward call that comes after its compensation."))
    elif step.compensate or step.undone_by:
        asked = "What is answered to a forward call that comes after its compensation (`suspended`; default: as `refused`)?"
        block.note(ask(asked))
    _put_left_out(block, call)
    return block


def compensate(call: Call | None, source: str) -> Block:
    """Give the replies of a compensation; without a call, what has to be told of it."""
    if call is None:
        return Block().put(
            "done", {"status": _OK}, ask(f"What does {source} answer when it was undone, and with nothing to undo?")
        )
    block, good = Block(), sorted(_good(call), key=_likeliest_done)
    if good and good[0].status == _ACCEPTED:
        block.put("done", _reply(good[0]), ask("202 says that the undoing was accepted. Is it done then, or how does one know?"))
    elif good:
        block.put("done", _reply(good[0]), _by(good[0]))
    else:
        block.put("done", {"status": _OK}, ask("No answer is described that says the step is undone. What is it?"))
    nothing = _with(call, _MISSING) or _with(call, _GONE)
    if nothing:
        what = f"Is {nothing.status} also the answer when the forward call never came, and does it count as success then?"
        block.put("null", _reply(nothing), ask(what))
    else:
        block.note(ask("What is answered when there is nothing to undo, since the forward call never came (`null`)?"))
    others = [one for one in call.answers if one.status in _REFUSALS and one.status != _MISSING]
    if others:
        names = ", ".join(_named(one) for one in others)
        block.note(ask(f"Also described: {names}. Does one mean that it cannot be undone any more (`impossible`) or try again?"))
    return block


def status(step: Step, call: Call) -> Block:
    """Give the replies of a status call."""
    block, good = Block(), _good(call)
    first = good[0] if good else Answer(_OK)
    notes = [_by(first)] if good else [ask("No answer is described that tells the step's state. What is it?")]
    told = " and ".join(["applied", "refused", *(["compensated"] if step.compensate or step.undone_by else [])])
    field = _states(call)
    by = f" By `{field}`?" if field else ""
    block.put(
        "applied", _reply(first), *notes, ask(f"By which literal fields are {told} told apart?{by} Declare each that exists.")
    )
    missing = _with(call, _MISSING)
    if missing:
        block.put("absent", _reply(missing), _by(missing))
    else:
        block.put("absent", {"status": int(_MISSING)}, ask("What is answered when the forward call never came?"))
    return block


def polled(step: Step) -> bool:
    """Is the work accepted only, and is there a call that may tell its outcome, and no callback?"""
    call = step.forward
    if call is None or step.callback is not None or step.status is None:
        return False
    return _with(call, _ACCEPTED) is not None and all(one.status == _ACCEPTED for one in _good(call))


def can_refuse(call: Call | None) -> bool:
    """Is there an answer that may be a refusal?"""
    return call is not None and any(one.status in _REFUSALS for one in call.answers)


def _likeliest_done(one: Answer) -> tuple[bool, bool, bool, int]:
    return (not one.says_done, one.status == _ACCEPTED, one.status != HTTPStatus.CREATED, one.status)


def _put_done(block: Block, done: list[Answer]) -> None:
    block.put("done", _reply(done[0]), _by(done[0]))
    if done[1:]:
        block.put("done_again", _reply(done[1]), guess(f"{done[1].status} answers the same call once more."))
    if done[2:]:
        block.note(ask(f"Also described: {', '.join(_named(one) for one in done[2:])}. What do they mean?"))


def _put_no_done(block: Block, accepted: Answer | None) -> None:
    if accepted is None:
        block.put("done", {"status": _OK}, ask("No answer is described that says the step is done. What is it?"))
        return
    how = "`completion: callback` with `callback`, or `completion: poll` with `status`, and this as `in_progress`"
    block.put("done", _reply(accepted), ask(f"202 says that the work was accepted. If it is not done then, declare {how}."))


def _put_left_out(block: Block, call: Call) -> None:
    known = (*_REFUSALS, _GONE)
    left = [one for one in call.answers if not one.says_done and one.status > _LAST_OK and one.status not in known]
    if left:
        block.note(Note(f"Left out, as a fault of the caller or as 'try again': {', '.join(_named(one) for one in left)}."))


def _put_accepted(block: Block, answer: Answer | None) -> None:
    if answer is None:
        block.put("in_progress", {"status": int(_ACCEPTED)}, ask("What is answered when the work was accepted?"))
    else:
        block.put("in_progress", _reply(answer), _by(answer))


def _put_refusals(block: Block, call: Call, *, refuses: bool) -> None:
    found = sorted((one for one in call.answers if one.status in _REFUSALS), key=lambda one: _REFUSALS.index(one.status))
    names = ", ".join(_named(one) for one in found)
    if not refuses:
        if names:
            block.note(ask(f"A retriable step never refuses, but these are described: {names}. What do they mean here?"))
    elif found:
        question = f"Which of these refuse the step for good, and which are faults of the caller: {names}?"
        block.put("refused", _reply(found[0]), ask(question))
    else:
        block.note(ask("No refusal is described. Can the step refuse, and with which answer (`refused`)?"))


def _good(call: Call) -> list[Answer]:
    return [one for one in call.answers if one.says_done or _OK <= one.status <= _LAST_OK]


def _with(call: Call, number: int) -> Answer | None:
    return next((one for one in call.answers if one.status == number), None)


def _reply(answer: Answer) -> dict[str, Any]:
    headers = {"headers": dict(answer.shown)} if answer.shown else {}
    return {"status": int(answer.status), **headers, **({} if answer.body is None else {"body": answer.body})}


def _by(answer: Answer) -> Note:
    more = f" It has more fields ({len(answer.more)}); declare those that are read." if answer.more else ""
    return guess(f"by its status{f' and {_quoted(answer.said)}' if answer.said else ''}.{more}")


def _named(answer: Answer) -> str:
    return f"{answer.status}{f' {_quoted(answer.said)}' if answer.said else ''}"


def _quoted(said: str) -> str:
    first = " ".join(said.split())
    return f"'{first if len(first) <= 60 else first[:60] + '…'}'"  # noqa: PLR2004  (a few words)


def _states(call: Call) -> str | None:
    """Give the name of the field that seems to tell the state."""
    for one in _good(call):
        names = list(one.body) if isinstance(one.body, Mapping) else []
        found = next((name for name in ("state", "status", "phase", "result") if name in names), None)
        if found:
            return found
    return None
