"""Why a deviation gets through, or cannot be planted at all, and what to declare so that it is caught (pure)."""

from datetime import date

from saga_contracts.declare.saga import StepClass
from saga_contracts.derive import adoption, expectations
from saga_contracts.derive.adoption import Evidence, Level
from saga_contracts.derive.slices import StepSlice
from saga_contracts.stand_in.deviations import Deviation, at_hand
from saga_verifier.self_check.table import Fate

_NEEDS = {Evidence.REPLY: Level.PACTS, Evidence.STATUS: Level.STATUS, Evidence.EFFECT: Level.EFFECTS}
_NAMES = {Evidence.STATUS: "the status call", Evidence.EFFECT: "the effect probe"}
_FIELDS = {Evidence.STATUS: "status", Evidence.EFFECT: "probe"}
_REFUSED = ("applies-refused", "applies-refused-later", "refuses-undoing-refused")
"""Deviations that only a participant shows which was made to refuse."""
NO_REASON = "No participant of this step can do that, as it is declared."
_RETRYABLE = ("applies-retryable", "retries-for-ever", "refuses-retryable")
"""Deviations that only a participant shows which was made to answer 'try again'."""
_UNDOING = ("status-lies", "status-tombstone", "works-on", "tells-done-after-undoing")
"""Deviations about other obligations that only a participant shows whose step is undone."""
_CALLING_BACK = (
    "never-calls-back",
    "tells-other-outcome",
    "calls-back-otherwise",
    "calls-back-uncorrelated",
    "works-on",
    "tells-done-after-undoing",
)
"""Deviations that only a participant with a callback can have."""
_TRIED_AGAIN = ("applies-retryable", "retries-for-ever", "refuses-retryable")
"""Deviations that only a participant shows which was made to answer 'try again'."""


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


def given_up(deviation: Deviation, slice_: StepSlice, today: date) -> tuple[Fate, str, str] | None:
    """Tell what the file says of an obligation that it gives up itself, as a right participant is no better; None: nothing."""
    reason = adoption.declared_broken(slice_).get(deviation.obligation)
    if reason is None:
        return None
    waivers = adoption.Waivers(slice_.waivers, slice_.step.step, today)
    if waivers.hides(deviation.obligation):
        return Fate.WAIVED, f"{reason} {waivers.words(deviation.obligation)}", ""
    mend = f"Declare what {slice_.step.step} gives up, or waive {deviation.obligation} with a reason, a person and a day."
    return Fate.NOT_CAUGHT, f"{reason} A right participant is no better.", mend


def impossible(deviation: Deviation, slice_: StepSlice) -> tuple[Fate, str, str]:
    """Tell why a deviation cannot be planted at a step: it does not apply there, or a precondition is missing."""
    step = slice_.step
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
        mend = f"Declare `given.refusing` at {slice_.step.step}: the states under which it refuses (or `given.refusing_payload`)."
        return why, mend
    if kind == "applies-refused-later" and not given.enough and not given.refusing_payload:
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
    raised = f"`level: {_NEEDS[kind].value}` for the saga" if slice_.level < _NEEDS[kind] else ""
    if declare and raised:
        return f"{declare}, and {raised}."
    return f"{declare}." if declare else f"Set {raised}."


def _declared(kind: Evidence, slice_: StepSlice) -> bool:
    return (slice_.step.status if kind == Evidence.STATUS else slice_.step.probe) is not None


def _nothing_to_do_it_with(deviation: Deviation, slice_: StepSlice) -> str:
    step, kind = slice_.step, deviation.kind
    never_undone = adoption.applies(slice_, "O6") or "The step has no compensation."
    reasons = (
        (step.callback is None and kind in _CALLING_BACK, "The step has no callback."),
        (step.status is None and kind.startswith("status-"), "The step has no status call."),
        (kind in _REFUSED and not adoption.declares_refusal(step), "The step declares no refusal."),
        (
            kind == "applies-refused-later" and bool(step.given.refusing_payload),
            "The step refuses by the payload, so that no precondition becomes true after a refusal.",
        ),
        (
            kind in _TRIED_AGAIN and step.given.retryable is None,
            "The step has no precondition under which a call has to be tried again (`given.retryable`).",
        ),
        (kind == "tells-other-outcome", "The callback tells one outcome only."),
        (kind in _UNDOING and step.compensate is None, never_undone),
        (deviation.obligation == "O31", "The saga declares fewer than two correlation headers in replies."),
        (deviation.obligation == "O33", "The reply to a repeated call has no output that could be another value."),
    )
    return next((text for applies, text in reasons if applies), NO_REASON)
