"""What cannot be derived from a saga file, said before the first call comes (pure)."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from saga_contracts.declare import elements
from saga_contracts.declare.saga import KeyStyle
from saga_contracts.derive import expectations, resources
from saga_contracts.derive.adoption import declares_refusal
from saga_contracts.derive.examples import CALLBACK_URL, SAGA_ID
from saga_contracts.derive.slices import StepSlice
from saga_contracts.stand_in.caller import calls_of, told_by_all
from saga_contracts.wire.keys import key_of
from saga_contracts.wire.matching import heard_of, meant
from saga_contracts.wire.requests import StepCall, step_request
from saga_contracts.wire.unfilling import readable


def doubts(slices: Sequence[StepSlice]) -> Iterator[str]:
    """Say what a participant of these steps does not know, one sentence each."""
    for slice_ in slices:
        yield from _whose(slice_)
        yield from _never(slice_)
    yield from _alike(slices)


def _whose(slice_: StepSlice) -> Iterator[str]:
    if slice_.step.key not in (KeyStyle.NONE, KeyStyle.UNNEEDED) or slice_.step.only_reads:
        return
    name = slice_.step.step
    if "saga_id" in readable(slice_.correlation.sent.values(), ("step",)) | told_by_all(slice_):
        yield f"{name} has no key: its calls are told apart by the saga's id in the correlation alone."
    elif fields := [one for one in sorted(told_by_all(slice_)) if _is_fresh(slice_, one)]:
        yield f"{name} has no key: its calls are told apart by {', '.join(fields)} alone, so two sagas with the same values meet."
    else:
        yield f"{name} has no key, and its calls share no value: every saga meets the effects of the others."


def _never(slice_: StepSlice) -> Iterator[str]:
    step = slice_.step
    if declares_refusal(step) and not expectations.can_be_refused(step):
        yield f"{step.step} is never refused here: the file declares no precondition that refuses (`given.refusing`)."
    if step.semantic_lock is not None and (why := resources.why_no_lock(slice_)) is not None:
        yield f"{step.step} keeps nothing from other sagas: {why}"


def _alike(slices: Sequence[StepSlice]) -> Iterator[str]:
    """Calls of two steps that look the same are told apart by what the correlation or the key says of the step."""
    calls = [call for slice_ in slices for call in calls_of(slice_)]
    for slice_ in slices:
        step = slice_.step
        url = CALLBACK_URL.replace("{key}", key_of(step, SAGA_ID))
        sent = StepCall(SAGA_ID, slice_.payload.example, slice_.example_outputs, url)
        for role in ("forward", "compensate", "status", "lookup"):
            call = getattr(step, role)
            found = [] if call is None else meant(calls, heard_of(step_request(slice_, step, call.request, sent, "")))
            others = sorted({one.step for one, _ in found} - {step.step})
            if others:
                yield (
                    f"{step.step}/{role} looks the same as a call of {others[0]}: they are told apart only by what correlation "
                    "or key say of the step."
                )
    yield from _same_reading(slices)


def _same_reading(slices: Sequence[StepSlice]) -> Iterator[str]:
    probes = [(one.step.step, one.step.probe) for one in slices if one.step.probe is not None]
    for (first, one), (second, other) in combinations(probes, 2):
        shared = sorted(set(one.reads.before) & set(other.reads.before))
        asked, other_asked = one.request, other.request
        if asked is None or other_asked is None or not shared:
            continue
        if (asked.method, asked.path) == (other_asked.method, other_asked.path):
            yield f"The probes of {first} and {second} read `{shared[0]}` at one address: as for the step that was called last."


def _is_fresh(slice_: StepSlice, name: str) -> bool:
    return elements.in_payload(slice_.step, name) in slice_.payload.fresh
