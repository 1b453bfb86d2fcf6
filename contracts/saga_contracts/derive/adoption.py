"""What a level of adoption and a waiver mean: the one home of both (pure, no clock).

Replay, decks, coverage, the gate and the reports ask here. Three questions have their answer in this module:

* **What is asked** of a step (`asked`): the obligations that its declaration brings with it, and for each the evidence that the
  saga's level demands. What is asked and cannot be shown is unproven; it is never left out.
* **What is waived** (`Waivers`): one obligation at one step until the end of a day. A waiver hides nothing else, and after its
  day the deviation counts as broken.
* **What was shown** (`judge`): from the histories that were played to a verdict of every obligation and of the whole deck.
  Whoever holds the same histories comes to the same verdict on the same day, so a gate need not believe what a verifier
  concluded.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum, StrEnum

from saga_contracts.declare.obligations import order_of
from saga_contracts.declare.saga import NONE, KeyStyle, Step, StepClass, Waiver
from saga_contracts.declare.verdict import Verdict, worst
from saga_contracts.derive import resources
from saga_contracts.derive.slices import StepSlice
from saga_contracts.wire import fresh


class Level(IntEnum):
    """How much of the saga's promises a team asks for; each includes those before it."""

    PACTS = 1  # replies
    STATUS = 2  # and what the status call says
    EFFECTS = 3  # and what the effect probe reads
    FAILURES = 4  # and what crash, race and further instances do


class Evidence(StrEnum):
    """By what an obligation is shown."""

    REPLY = "reply"  # replies to forward call and compensation, callbacks
    STATUS = "status"  # the status call
    EFFECT = "effect"  # the effect probe
    FAILURE = "failure"  # crash, race, several instances: a way of playing that asks all of the others


_LOOKS_AT = {
    Level.PACTS: frozenset({Evidence.REPLY}),
    Level.STATUS: frozenset({Evidence.REPLY, Evidence.STATUS}),
    Level.EFFECTS: frozenset({Evidence.REPLY, Evidence.STATUS, Evidence.EFFECT}),
    Level.FAILURES: frozenset(Evidence),
}
_R, _S, _E, _X = Evidence.REPLY, Evidence.STATUS, Evidence.EFFECT, Evidence.FAILURE
SHOWN_BY: dict[str, frozenset[Evidence]] = {
    "O1": frozenset({_R}),
    "O2": frozenset({_S, _E}),
    "O3": frozenset({_R, _E}),
    "O4": frozenset({_R, _E}),
    "O5": frozenset({_X}),
    "O6": frozenset({_S, _E}),
    "O7": frozenset({_R, _S, _E}),
    "O8": frozenset({_R, _S, _E}),
    "O9": frozenset({_R, _S, _E}),
    "O10": frozenset({_X}),
    "O11": frozenset({_R, _S, _E}),
    "O12": frozenset({_S, _E}),
    "O13": frozenset({_R}),
    "O14": frozenset({_S}),
    "O15": frozenset({_S, _E}),
    "O16": frozenset({_X}),
    "O17": frozenset({_X}),
    "O18": frozenset({_R}),
    "O19": frozenset({_X}),
    "O21": frozenset({_R}),
    "O22": frozenset({_R, _E}),
    "O23": frozenset({_R}),
    "O24": frozenset({_S, _E}),
    "O30": frozenset({_X}),
    "O31": frozenset({_R}),
    "O32": frozenset({_R, _S, _E}),
    "O33": frozenset({_R}),
    "O34": frozenset({_X}),
    "O35": frozenset({_X}),
}
"""For each obligation that a deck can decide: the evidence of which every part is needed, as far as the level looks at it."""
KEY_OBLIGATIONS = ("O3", "O4", "O5", "O7", "O8", "O9", "O11", "O32")
"""Obligations that no participant can keep without a step key."""
UNDOING = ("O6", "O7", "O8", "O9", "O11", "O12", "O13")
_REFUSING = ("O2", "O32")
_OF_TWO_SAGAS = ("O22", "O23", "O24")
OF_READING = frozenset({"O1", "O21", "O31"})
"""Obligations of a step that only reads."""


def looks_at(level: int) -> frozenset[Evidence]:
    """Give the evidence that a level of adoption looks at; what is beyond it is not looked at, though it may be declared."""
    return _LOOKS_AT[Level(level)]


def applies(slice_: StepSlice, obligation: str) -> str | None:
    """Tell why an obligation does not apply to a step as it is declared, or None when it does."""
    step = slice_.step
    if step.only_reads and obligation not in OF_READING:
        return "A read_only step has no effect: it needs no key, and there is nothing to undo."
    why = _WHY_NOT.get(obligation)
    return None if why is None else why(slice_)


def _never_undone(step: Step) -> str | None:
    return None if step.step_class == StepClass.COMPENSATABLE else f"A {step.step_class} step is never undone."


def _never_refuses(step: Step) -> str | None:
    if step.step_class == StepClass.RETRIABLE:
        return "A retriable step never refuses."
    return None if declares_refusal(step) else "The step declares no refusal."


def _never_too_early(step: Step) -> str | None:
    """Without a look-up, a compensation that needs the reply to its forward call comes before none."""
    if step.lookup is not None or not step.own_outputs("compensate"):
        return None
    return "The compensation needs the reply to the forward call, so it never comes before it (O33)."


def _never_correlated(slice_: StepSlice) -> str | None:
    correlation = slice_.correlation
    return None if correlation.echoed or correlation.echoed_in_body else "The saga declares no correlation in replies."


def _never_misused(slice_: StepSlice) -> str | None:
    if slice_.step.key == KeyStyle.UNNEEDED:
        return f"The step needs no key: {slice_.step.key_reason}."
    if slice_.step.key == KeyStyle.NONE or fresh.can_be_misused(slice_.payload, slice_.step):
        return None
    return "No other payload can be sent under the same key: the forward call holds nothing of it but its key and its path."


def _never_undone_early(slice_: StepSlice) -> str | None:
    return _never_undone(slice_.step) or _never_too_early(slice_.step)


def _no_outputs(slice_: StepSlice) -> str | None:
    step = slice_.step
    if step.forward.outputs or step.needs_its_own:
        return None
    return "The step has no outputs, and its calls need none of its reply."


_WHY_NOT: Mapping[str, Callable[[StepSlice], str | None]] = {
    **dict.fromkeys((*UNDOING, "O10"), lambda slice_: _never_undone(slice_.step)),
    **dict.fromkeys(("O8", "O9"), _never_undone_early),
    **dict.fromkeys(_REFUSING, lambda slice_: _never_refuses(slice_.step)),
    "O4": _never_misused,
    "O18": lambda slice_: None if slice_.step.tells_later else "The step has no callback, and is not polled.",
    "O19": lambda slice_: None if slice_.step.callback is not None else "The step has no callback.",
    "O22": resources.why_no_lock,
    "O23": resources.why_never_released,
    "O24": lambda slice_: None if slice_.plays_two_elements else resources.why_never_harmed(slice_),
    "O31": _never_correlated,
    "O33": _no_outputs,
}
"""For each obligation that may not apply, what tells why it does not; a gate asks often, so only one at a time is worked out."""


def declares_refusal(step: Step) -> bool:
    """May the step's participant refuse, in its reply or later?"""
    return step.refuses_later or step.forward.replies.refused is not None or step.given.can_refuse


def asked(slice_: StepSlice) -> dict[str, frozenset[Evidence]]:
    """Give the obligations that a deck of this step has to decide, each with the evidence that its level demands."""
    looked_at = looks_at(slice_.level)
    found = {}
    for obligation, kinds in SHOWN_BY.items():
        if applies(slice_, obligation) is None and kinds & looked_at and not _beyond_contracts(slice_, obligation):
            found[obligation] = kinds & looked_at
    return found


def _beyond_contracts(slice_: StepSlice, obligation: str) -> bool:
    """At level 1 nobody has to serve preconditions: a refusal that none brings about is not looked at, rather than unproven.

    Nor is a second saga on the same resource.
    """
    given = slice_.step.given
    unbidden = obligation in _REFUSING and not (given.refusing or given.refusing_payload)
    return slice_.level == Level.PACTS and (unbidden or obligation in _OF_TWO_SAGAS)


def not_looked_at(slice_: StepSlice) -> tuple[str, ...]:
    """Give the obligations that apply to this step but of which its level asks no evidence at all."""
    found = asked(slice_)
    return tuple(one for one in SHOWN_BY if one not in found and applies(slice_, one) is None)


def declared_broken(slice_: StepSlice) -> dict[str, str]:
    """Give the obligations that the declaration itself gives up, of those that the level looks at, each with the reason."""
    looked_at = looks_at(slice_.level)
    return {one: why for one, why in given_up(slice_).items() if SHOWN_BY[one] & looked_at}


def given_up(slice_: StepSlice) -> dict[str, str]:
    """Give the obligations that the declaration itself gives up, whatever the level looks at, each with the reason."""
    found: dict[str, str] = {}
    if slice_.step.key == KeyStyle.NONE:
        found |= dict.fromkeys(KEY_OBLIGATIONS, "The step has no key (`key: none`): broken, as declared.")
    if slice_.step.undo == NONE:
        found |= dict.fromkeys(UNDOING, "The step has no compensation yet (`compensate: none`): broken, as declared.")
    if slice_.step.needs_its_own and slice_.step.lookup is None:
        found["O33"] = "Its calls need the reply to its own forward call, and no look-up is declared: broken, as declared."
    if slice_.step.own_outputs("compensate") and slice_.step.lookup is not None:
        found["O9"] = (
            "A compensation whose look-up finds nothing is not sent, so that a forward call that comes later has its effect: "
            "broken, as declared."
        )
    return {one: why for one, why in found.items() if applies(slice_, one) is None}


class Waivers:
    """The waivers of one step on one day."""

    def __init__(self, waivers: Iterable[Waiver], step: str, today: date) -> None:
        self._by_obligation = {one.obligation: one for one in waivers if one.step == step}
        self._today = today

    def hides(self, obligation: str) -> bool:
        """Is a deviation from this obligation waived today?"""
        waiver = self._by_obligation.get(obligation)
        return waiver is not None and date.fromisoformat(waiver.expires) >= self._today

    def of(self, obligation: str) -> Waiver | None:
        """Give the waiver of an obligation, be it expired or not."""
        return self._by_obligation.get(obligation)

    def judged(self, obligation: str) -> Verdict:
        """Give the verdict of an obligation that was not kept."""
        return Verdict.WAIVED if self.hides(obligation) else Verdict.BROKEN

    def words(self, obligation: str) -> str:
        """Tell what there is of a waiver, one sentence; empty when there is none."""
        waiver = self._by_obligation.get(obligation)
        if waiver is None:
            return ""
        if self.hides(obligation):
            return f"Waived by {waiver.person} until {waiver.expires}: {waiver.reason}."
        return f"The waiver expired on {waiver.expires}."


@dataclass(frozen=True, slots=True)
class Played:
    """What one played history showed, as far as judging needs it.

    Attributes:
        name: Its word, such as `F C F`.
        checks: The obligations that it checks.
        broken: The obligations from which it deviated.
        seen: The evidence that was looked at and judged to the end of the history.
        unseen: Obligations that it checks but could not show, because a deviation stood before them.
        trouble: Why it could not be judged at all; empty when it was.
        inapplicable: Why it does not apply to the participant, as that says positively; empty when it does.
    """

    name: str
    checks: tuple[str, ...]
    broken: tuple[str, ...] = ()
    seen: frozenset[Evidence] = frozenset()
    unseen: tuple[str, ...] = ()
    trouble: str = ""
    inapplicable: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is known about a step at a participant.

    Attributes:
        obligations: The verdict of every obligation that is asked for or was found broken, in the catalogue's order.
        why: For each that is not kept, the reason in one sentence.
        histories: The verdict of each history, by name.
        not_looked_at: Obligations that the level does not ask for.
    """

    obligations: Mapping[str, Verdict]
    why: Mapping[str, str]
    histories: Mapping[str, Verdict]
    not_looked_at: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        """Give the worst of histories and obligations."""
        return worst([*self.histories.values(), *self.obligations.values()])


def judge(slice_: StepSlice, histories: Sequence[Played], today: date) -> Judgement:
    """Judge a deck from what its histories showed.

    Args:
        slice_: The step's slice: what is asked, at which level, with which waivers.
        histories: What was played.
        today: The day of the question: waivers are judged on it.
    """
    waivers = Waivers(slice_.waivers, slice_.step.step, today)
    verdicts: dict[str, Verdict] = {}
    why: dict[str, str] = {}
    demands = asked(slice_)
    declared = declared_broken(slice_)
    deviating = {one for history in histories for one in history.broken}
    for obligation in sorted({*demands, *deviating, *declared}, key=order_of):
        verdict, reason = _obligation(slice_, obligation, demands.get(obligation, frozenset()), histories, declared, waivers)
        verdicts[obligation] = verdict
        if reason:
            why[obligation] = reason
    return Judgement(verdicts, why, {one.name: _history(one, waivers) for one in histories}, not_looked_at(slice_))


def _obligation(
    slice_: StepSlice,
    obligation: str,
    demanded: frozenset[Evidence],
    histories: Sequence[Played],
    declared: Mapping[str, str],
    waivers: Waivers,
) -> tuple[Verdict, str]:
    deviating = [one.name for one in histories if obligation in one.broken]
    if obligation in declared or deviating:
        reason = declared.get(obligation) or f"Broken in {', '.join(deviating)}."
        return waivers.judged(obligation), f"{reason} {waivers.words(obligation)}".rstrip()
    speaking = [one for one in histories if obligation in one.checks]
    if speaking and all(one.inapplicable for one in speaking):
        return Verdict.NOT_APPLICABLE, speaking[0].inapplicable
    showing = [one for one in speaking if not (one.trouble or one.inapplicable) and obligation not in one.unseen]
    missing = demanded - frozenset(kind for one in showing for kind in one.seen)
    if not showing:
        return Verdict.UNPROVEN, "No history that was judged to its end shows it."
    if missing:
        return Verdict.UNPROVEN, f"Nothing at hand shows it: {_missing(slice_, missing)}."
    return Verdict.KEPT, ""


def _history(history: Played, waivers: Waivers) -> Verdict:
    if any(not waivers.hides(one) for one in history.broken):
        return Verdict.BROKEN
    if history.inapplicable:
        return Verdict.NOT_APPLICABLE
    if history.trouble:
        return Verdict.UNPROVEN
    return Verdict.WAIVED if history.broken else Verdict.KEPT


_NEEDED = {
    Evidence.REPLY: "no reply was judged",
    Evidence.STATUS: "the step declares no status call",
    Evidence.EFFECT: "the step declares no effect probe",
    Evidence.FAILURE: "no trial of crash, race or further instances was played",
}
_UNREAD = "no call of the API shows the effect, and the provider file does not say how it is read (`probes`)"


def _missing(slice_: StepSlice, kinds: frozenset[Evidence]) -> str:
    probe = slice_.step.probe
    unread = {Evidence.EFFECT: _UNREAD} if probe is not None and probe.request is None else {}
    return "; ".join(text for kind, text in {**_NEEDED, **unread}.items() if kind in kinds)
