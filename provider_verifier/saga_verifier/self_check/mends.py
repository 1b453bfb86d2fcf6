"""Why a deviation gets through, or cannot be planted at all, and what to declare so that it is caught (pure)."""

from collections.abc import Iterator
from datetime import date

from saga_contracts.declare.saga import NONE, KeyStyle, StepClass
from saga_contracts.derive import adoption, expectations, resources
from saga_contracts.derive.adoption import Evidence, Level
from saga_contracts.derive.slices import StepSlice
from saga_contracts.stand_in.deviations import Deviation, at_hand
from saga_verifier.self_check.table import Fate

_NEEDS = {Evidence.REPLY: Level.PACTS, Evidence.STATUS: Level.STATUS, Evidence.EFFECT: Level.EFFECTS}
_NAMES = {Evidence.STATUS: "the status call", Evidence.EFFECT: "the effect probe"}
_FIELDS = {Evidence.STATUS: "status", Evidence.EFFECT: "probe"}
_OF_EFFECTS = ("O2", "O3", "O32")
_REFUSED = ("applies-refused", "applies-refused-later", "refuses-undoing-refused")
"""Deviations that only a participant shows which was made to refuse."""
NO_REASON = "No participant of this step can do that, as it is declared."
_RETRYABLE = ("applies-retryable", "retries-for-ever", "refuses-retryable")
"""Deviations that only a participant shows which was made to answer 'try again'."""
_WITHOUT_REPLY = ("fails-on-null", "forgets-null", "undoes-null", "applies-after-undoing", "refuses-undoing-refused")
"""Deviations that only a compensation shows which comes without a reply to the forward call."""
_NEEDS_ITS_OWN = "The compensation needs what only the reply to the forward call tells, so it never comes without one."
_UNDOING = ("status-lies", "status-tombstone", "works-on", "tells-done-after-undoing")
"""Deviations about other obligations that only a participant shows whose step is undone."""
_OF_TWO_SAGAS = ("keeps-nothing", "never-frees", "keeps-for-refused", "frees-others", "undoes-others")
"""Deviations that only a second saga on the same resource shows."""
_NEVER_MET = "No second saga comes to it in a way that would show this."
_CALLING_BACK = (
    "never-calls-back",
    "tells-other-outcome",
    "calls-back-otherwise",
    "calls-back-uncorrelated",
    "works-on",
    "tells-done-after-undoing",
)
"""Deviations that only a participant with a callback can have."""


def unseen(deviation: Deviation, slice_: StepSlice) -> tuple[str, str]:
    """Tell why a deviation that was planted was not seen, and the mend."""
    could = list(deviation.evidence(slice_)) or ([] if slice_.step.probe else [Evidence.EFFECT])
    lacking = [kind for kind in could if kind not in at_hand(slice_)]
    if lacking:
        kind = min(lacking, key=lambda one: _NEEDS[one])
        return f"Only {' or '.join(_NAMES[one] for one in lacking)} could show it, {_absent(kind, slice_)}.", _mend(kind, slice_)
    if not could:
        why = "The probe reads the same with and without the effect, under the precondition that refuses."
        return why, "Let `probe.reads` give `refusing` other values than `applied`, or refuse under another precondition."
    return (
        "The file declares what would show it, but nothing was seen.",
        "Report this as a defect of sagapact, with the saga file.",
    )


def beyond(deviation: Deviation, slice_: StepSlice, today: date) -> tuple[Fate, str, str] | None:
    """Tell why a deviation need not be played: the step only reads, or the file gives the obligation up; None: it must be."""
    step = slice_.step
    if step.only_reads and deviation.obligation in _OF_EFFECTS:
        return Fate.NOT_APPLICABLE, "A step that only reads has no effect, and remembers no call.", ""
    reason = adoption.given_up(slice_).get(deviation.obligation)
    if reason is None or (deviation.kind in _CALLING_BACK and step.callback is None):
        return None
    waivers = adoption.Waivers(slice_.waivers, step.step, today)
    if waivers.hides(deviation.obligation):
        return Fate.WAIVED, f"{reason} {waivers.words(deviation.obligation)}", ""
    mend = f"{_declare_instead(deviation, slice_)}waive it with a reason, a person and a day."
    return Fate.NOT_CAUGHT, f"{reason} A right participant is no better.", f"{mend[:1].upper()}{mend[1:]}"


def _declare_instead(deviation: Deviation, slice_: StepSlice) -> str:
    """Say what would make an obligation kept that the file gives up; empty when nothing would."""
    step = slice_.step
    if step.undo == NONE and deviation.obligation in adoption.UNDOING:
        field = "compensate"
    elif step.key == KeyStyle.NONE and deviation.obligation in adoption.KEY_OBLIGATIONS:
        field = "key"
    else:
        field = "lookup" if step.lookup is None else ""
    return f"declare `{field}` at {step.step}, or " if field else f"at {step.step} "


def impossible(deviation: Deviation, slice_: StepSlice) -> tuple[Fate, str, str]:
    """Tell why a deviation cannot be planted at a step: it does not apply there, or a precondition is missing."""
    step = slice_.step
    nothing_to_break = adoption.applies(slice_, deviation.obligation) if step.only_reads else None
    if nothing_to_break is not None:
        return Fate.NOT_APPLICABLE, nothing_to_break, ""
    if deviation.kind in _REFUSED and (step.compensate is not None or deviation.kind != "refuses-undoing-refused"):
        missing = _precondition(deviation.kind, slice_)
        if missing is not None:
            return Fate.NOT_CAUGHT, *missing
    if deviation.kind in _RETRYABLE:
        return _never_retryable(slice_)
    if deviation.obligation == "O4" and not step.has_key:
        return Fate.NOT_APPLICABLE, "The step has no key.", ""
    reason = adoption.applies(slice_, deviation.obligation)
    return Fate.NOT_APPLICABLE, reason or _nothing_to_do_it_with(deviation, slice_), ""


def _never_retryable(slice_: StepSlice) -> tuple[Fate, str, str]:
    step = slice_.step
    if step.forward.replies.retryable is None:
        return Fate.NOT_APPLICABLE, "The step declares no reply that means 'try again'.", ""
    why = "The step declares a reply that means 'try again', but nothing says how to make its participant give it."
    return Fate.NOT_CAUGHT, why, f"Declare `given.retryable` at {step.step}: the states under which it answers so."


def _precondition(kind: str, slice_: StepSlice) -> tuple[str, str] | None:
    """Tell which precondition is missing for a refusal; None when the step never refuses, or none is missing."""
    given = slice_.step.given
    if slice_.step.step_class == StepClass.RETRIABLE or not adoption.declares_refusal(slice_.step):
        return None
    if not expectations.can_be_refused(slice_.step):
        why = "The step declares a refusal, but nothing says how to make its participant refuse."
        return why, f"Declare `given.refusing` at {slice_.step.step}: the states under which it refuses."
    if kind == "applies-refused-later" and not given.enough:
        why = "Nothing says how the precondition becomes true after a refusal."
        return why, f"Declare `given.enough` at {slice_.step.step}: the states under which it does not refuse."
    return None


def _absent(kind: Evidence, slice_: StepSlice) -> str:
    if _declared(kind, slice_):
        return f"which level {slice_.level} does not look at"
    below = slice_.level < _NEEDS[kind]
    return "which the step does not declare" + (f", and level {slice_.level} does not look at it" if below else "")


def _mend(kind: Evidence, slice_: StepSlice) -> str:
    declare = "" if _declared(kind, slice_) else f"Declare `{_FIELDS[kind]}` at {slice_.step.step}"
    place = "for the saga" if slice_.step.level is None else f"at {slice_.step.step}"
    raised = f"`level: {_NEEDS[kind].value}` {place}" if slice_.level < _NEEDS[kind] else ""
    if declare and raised:
        return f"{declare}, and {raised}."
    return f"{declare}." if declare else f"Set {raised}."


def _declared(kind: Evidence, slice_: StepSlice) -> bool:
    return (slice_.step.status if kind == Evidence.STATUS else slice_.step.probe) is not None


def _nothing_to_do_it_with(deviation: Deviation, slice_: StepSlice) -> str:
    return next((why for holds, why in _lacks(deviation, slice_) if holds), NO_REASON)


def _lacks(deviation: Deviation, slice_: StepSlice) -> Iterator[tuple[bool, str]]:
    """Give what a step may lack for a deviation, each with the sentence that says so."""
    step, kind = slice_.step, deviation.kind
    yield step.callback is None and kind in _CALLING_BACK, "The step has no callback."
    yield kind in _OF_TWO_SAGAS and slice_.level == Level.PACTS, "At level 1 no second saga is played."
    yield not step.polls and kind == "never-ends", "The step is not polled."
    yield step.lookup is None and kind == "finds-nothing", "The step has no look-up."
    yield kind == "finds-nothing", "The step is looked up while its outcome is still to come, so nothing found is right."
    yield step.status is None and kind.startswith("status-"), "The step has no status call."
    yield kind in _REFUSED and not adoption.declares_refusal(step), "The step declares no refusal."
    yield kind == "applies-refused-later", "The step refuses a payload, and that never comes to be allowed."
    yield kind == "tells-other-outcome", "The callback tells one outcome only."
    yield (
        step.compensate is None and kind in _UNDOING,
        adoption.applies(slice_, "O6") or "The step has no compensation yet.",
    )
    yield bool(step.own_outputs("compensate")) and kind in _WITHOUT_REPLY, _NEEDS_ITS_OWN
    yield step.needs_its_own and kind.startswith("status-"), "Its calls need its own reply, so this would never be seen alone."
    yield kind in _OF_TWO_SAGAS, resources.why_no_lock(slice_) or resources.why_never_harmed(slice_) or _NEVER_MET
    yield step.polls and kind.startswith("status-"), "The step is polled: what its status call tells is its outcome."
    yield deviation.obligation == "O31", "The saga declares fewer than two correlation headers in replies."
    yield deviation.obligation == "O33", "The reply to a repeated call has no output that could be another value."
