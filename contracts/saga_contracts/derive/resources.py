"""What two sagas have in common at one step: which fields of the payload name it, and what can be shown with it (pure).

A semantic lock names it; else `given.enough_for_two` does. Where neither stands, a precondition that the forward call uses up, as
the probe reads it, is had in common by setting it up once more for the second saga. Else two sagas keep apart.
"""

from saga_contracts.declare import elements, templates
from saga_contracts.declare.kinds import KeyStyle
from saga_contracts.declare.saga import StepClass
from saga_contracts.derive.slices import StepSlice


def of_lock(slice_: StepSlice) -> frozenset[str]:
    """Give the fresh fields of the payload that name what the semantic lock keeps; none without a lock."""
    lock = slice_.step.semantic_lock
    return frozenset() if lock is None else _fresh(slice_, lock.resource)


def had_in_common(slice_: StepSlice) -> frozenset[str]:
    """Give the fresh fields of the payload that two sagas on one resource have in common; none: they keep apart."""
    given = slice_.step.given
    if given.enough_for_two is not None:
        return of_lock(slice_) | _fresh(slice_, [one.params for one in given.enough_for_two])
    if slice_.step.semantic_lock is not None:
        return of_lock(slice_)
    return _fresh(slice_, [one.params for one in given.enough]) if _is_used_up(slice_) else frozenset()


def are_told_apart(slice_: StepSlice, common: frozenset[str]) -> bool:
    """Have two sagas keys of their own, though they have these fields in common?"""
    step = slice_.step
    if not step.has_key:
        return False
    return step.key != KeyStyle.NATURAL or any(one in slice_.payload.fresh and one not in common for one in step.key_fields or ())


def is_prepared_again(slice_: StepSlice, common: frozenset[str]) -> bool:
    """Is the precondition of a second saga that of the first one, so that it is set up once more: is there nothing of its own?"""
    given = slice_.step.given
    if slice_.step.semantic_lock is not None or given.enough_for_two is not None:
        return False
    return any(_fresh(slice_, one.params) <= common for one in given.enough)


def why_no_lock(slice_: StepSlice) -> str | None:
    """Tell why nothing shows a semantic lock; None when something does."""
    lock = slice_.step.semantic_lock
    if lock is None:
        return "The step declares no semantic lock."
    if not are_told_apart(slice_, had_in_common(slice_)):
        return "Two sagas that ask for what the lock keeps would have one key, or none, so that they cannot be told apart."
    if not of_lock(slice_) and not slice_.step.given.enough:
        return "No fresh field names what the lock keeps, so that every run would meet the locks of earlier ones."
    return None


def why_never_released(slice_: StepSlice) -> str | None:
    """Tell why nothing shows that a lock is released; None when something does."""
    lock = slice_.step.semantic_lock
    if lock is None or why_no_lock(slice_) is not None:
        return why_no_lock(slice_)
    if slice_.step.compensate is None and lock.released_by is None:
        return "The participant sees neither a compensation nor the end of the saga (`semantic_lock.released_by`)."
    return None


def why_never_harmed(slice_: StepSlice) -> str | None:
    """Tell why nothing shows that undoing spares other sagas; None when something does."""
    if slice_.step.step_class != StepClass.COMPENSATABLE:
        return f"A {slice_.step.step_class} step is never undone."
    if slice_.step.compensate is None:
        return "The step has no compensation yet."
    if not are_told_apart(slice_, frozenset()):
        return "Two sagas cannot be told apart by the key of their calls."
    return None


def _is_used_up(slice_: StepSlice) -> bool:
    """Does the forward call lower a number that the probe reads, and that the precondition has set?"""
    probe = slice_.step.probe
    if probe is None or not slice_.step.given.enough:
        return False
    context = {**elements.with_element(slice_.step, slice_.payload.example), "outputs": slice_.example_outputs}
    context |= {"key": "key", "saga_id": "saga", "step": slice_.step.step}
    before, applied = (templates.fill(one, context) for one in (probe.reads.before, probe.reads.applied))
    return any(_is_number(value) and _is_number(applied[name]) and applied[name] < value for name, value in before.items())


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _fresh(slice_: StepSlice, value: object) -> frozenset[str]:
    """Give the fresh fields that the templates in a value name, by themselves or with what stands around them."""
    names = {elements.in_payload(slice_.step, name) or name for name in templates.names_in(value)}
    return frozenset(one for one in slice_.payload.fresh if any(f"{one}.".startswith(f"{name}.") for name in names))
