"""Waiting for the end of accepted work, as the participant tells it by a callback or to who polls, and judging what is told."""

from saga_contracts.declare.outcomes import Outcome, State
from saga_contracts.declare.outputs import Teller
from saga_contracts.derive.decks import Play
from saga_contracts.derive.expectations import Letter
from saga_contracts.wire.likeness import short
from saga_verifier.play import own_outputs, told_later
from saga_verifier.play.called import Instance
from saga_verifier.play.own_outputs import CannotCallError
from saga_verifier.play.record import NAMES, DivergedError, Record, UnmadeError, said


def await_end(record: Record, play: Play) -> None:
    """Wait until accepted work is over, as the participant tells by itself or when it is asked."""
    if record.refused_at_once:
        return
    if record.driver.slice.step.polls:
        _poll(record, play)
    else:
        _await_callback(record, play)


def _poll(record: Record, play: Play) -> None:
    began_s = told_later.now()
    asked_of = _askable(record, play)
    if asked_of is None:
        return
    for called in record.driver.until_over(asked_of, record.longest_wait_s):
        record.calls.append(called)
    wanted = State.APPLIED if play.letter == Letter.DONE else State.REFUSED
    took_ms = (told_later.now() - began_s) * 1000
    if called.outcome == wanted:
        record.callback_ms.append(took_ms)
        if wanted == State.APPLIED:
            record.judge_outputs(f"the status call {said(called)}", called.body, called.headers, Teller.STATUS)
        return
    record.missed_callback = called.outcome not in (State.APPLIED, State.REFUSED, State.COMPENSATED)
    reading = record.looking.read(record.instance)
    lies = (
        record.looking.probes
        and record.looking.fits(reading, record.instance, play.expects.worlds)
        and not record.missed_callback
    )
    text = f"{took_ms:.0f} ms after it was asked for first the status call says {said(called)} instead of {wanted}"
    record.deviates("O14" if lies else "O18", text)
    raise DivergedError


def _askable(record: Record, play: Play) -> Instance | None:
    """Give the instance with all that the status call needs; None where nothing of work is found that came to a refusal."""
    try:
        instance, sought = own_outputs.known(record.driver, record.instance, "status", record.calls.append)
    except CannotCallError as error:
        record.deviates("O33", f"{NAMES[play.letter]} cannot be asked for: {error}")
        raise UnmadeError from None
    if sought is not None and play.letter == Letter.CALLBACK_REFUSED:
        return None
    if sought is not None:
        record.deviates("O33", f"{NAMES[play.letter]} cannot be asked for: the look-up finds nothing of accepted work")
        raise UnmadeError
    return instance


def _await_callback(record: Record, play: Play) -> None:
    declared_s = record.driver.slice.step.callback_timeout_ms / 1000
    wait_s = declared_s if record.longest_wait_s is None else min(declared_s, record.longest_wait_s)
    accepted_at_s = told_later.now()
    callback = record.driver.callbacks.wait(record.instance.key, wait_s, record.judged_callbacks)
    if callback is None:
        strays = record.driver.callbacks.strays(accepted_at_s)
        seen = f"; a {strays[0].method} to {strays[0].path} came instead" if strays else ""
        record.missed_callback = True
        record.deviates("O18", f"no callback came within {wait_s * 1000:.0f} ms{seen}")
        raise DivergedError
    record.judged_callbacks += 1
    record.callback_ms.append((told_later.now() - accepted_at_s) * 1000)
    wanted = Outcome.DONE if play.letter == Letter.DONE else Outcome.REFUSED
    if told_later.outcome_of(record.driver, record.instance, callback) != wanted:
        record.deviates("O18", f"the callback says {short(callback.body, 160)} instead of {wanted}")
    elif wanted == Outcome.DONE:
        told = f"the callback {short(callback.body, 160)}"
        record.judge_outputs(told, callback.body, callback.headers, Teller.CALLBACK)
