"""The world that preconditions make, and what the effect probe reads in it (pure).

A precondition that was set up is recognised by the declared templates, so that the values in it are known as well. Which of the
two declared preconditions stands is told by what was set up last.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from saga_contracts.declare import elements, templates
from saga_contracts.declare.saga import ProviderState, Under
from saga_contracts.derive.slices import StepSlice
from saga_contracts.stand_in.book import Post
from saga_contracts.wire.likeness import same
from saga_contracts.wire.unfilling import Bound, agree, bound_value


@dataclass(frozen=True, slots=True)
class Standing:
    """Which precondition of a step stands.

    Attributes:
        under: The precondition.
        learned: The values that stand in it.
        at: When it was set up; 0: never, so that there is enough.
    """

    under: Under = Under.ENOUGH
    learned: Bound = field(default_factory=dict)
    at: int = 0

    @property
    def refusing(self) -> bool:
        """Does it refuse?"""
        return self.under == Under.REFUSING


def standing(slice_: StepSlice, posts: Sequence[Post], values: Bound) -> Standing:
    """Give the precondition that stands for an instance with these values.

    Args:
        slice_: The step.
        posts: What was set up, in order.
        values: What is known of the instance; other preconditions are not its own.
    """
    given = slice_.step.given
    ways = [_Way(Under.ENOUGH, given.enough), _Way(Under.REFUSING, given.refusing), _Way(Under.RETRYABLE, given.retryable or ())]
    ways.append(_Way(Under.ENOUGH, given.enough_for_two or ()))
    ways.sort(key=lambda way: (len(way.states), _literals(way.states)), reverse=True)
    relevant = [post for post in posts if any(_of(slice_, way, post, values) for way in ways)]
    whole = (found for way in ways if (found := _set_up_last(slice_, way, relevant, values)) is not None)
    return next(whole, None) or next(_single(slice_, ways, relevant, values), None) or Standing()


def reads(slice_: StepSlice, standing_: Standing, effect: float, context: Mapping[str, Any]) -> dict[str, Any]:
    """Give what the effect probe reads.

    Args:
        slice_: A step with a probe.
        standing_: The precondition that stands.
        effect: How often the effect is there.
        context: The values of templates.
    """
    probe = slice_.step.probe
    assert probe is not None  # noqa: S101  (the caller looked)
    before, applied = (templates.fill(one, context) for one in (probe.reads.before, probe.reads.applied))
    now = templates.fill(probe.reads.refusing or probe.reads.before, context) if standing_.refusing else before
    if effect == 0:
        return dict(now)
    return {name: _moved(now.get(name), before[name], applied[name], effect) for name in before}


def _moved(now: Any, before: Any, applied: Any, effect: float) -> Any:
    """Give a field after an effect that is there so often: numbers are moved, lists grow, all else is as declared or odd."""
    if same(before, applied):
        return now
    if all(isinstance(one, int | float) and not isinstance(one, bool) for one in (now, before, applied)):
        moved = now + effect * (applied - before)
        return int(moved) if moved == int(moved) else moved
    if effect == 1:
        return applied
    return [applied, effect]


@dataclass(frozen=True, slots=True)
class _Way:
    under: Under
    states: tuple[ProviderState, ...]


def _literals(states: Sequence[ProviderState]) -> int:
    values = [value for one in states for value in one.params.values()]
    return sum(next(templates.names_in(value), None) is None for value in values)


def _values_in(slice_: StepSlice, declared: ProviderState, post: Post, values: Bound) -> Bound | None:
    """Give the values of a precondition that is the declared one and may be the instance's own; else None."""
    if declared.state != post.state or declared.params.keys() != post.params.keys():
        return None
    example = slice_.payload.example
    examples = {"payload": example, "outputs": slice_.outputs, **elements.values(slice_.step, example)}
    found = bound_value(declared.params, post.params, examples)
    return found if found is not None and agree(found, values) else None


def _of(slice_: StepSlice, way: _Way, post: Post, values: Bound) -> bool:
    return any(_values_in(slice_, one, post, values) is not None for one in way.states)


def _set_up_last(slice_: StepSlice, way: _Way, relevant: Sequence[Post], values: Bound) -> Standing | None:
    """Is the whole of a precondition what was set up last, in its order?"""
    last = relevant[len(relevant) - len(way.states) :]
    if not way.states or len(last) < len(way.states):
        return None
    learned: Bound = {}
    for declared, post in zip(way.states, last, strict=True):
        found = _values_in(slice_, declared, post, {**values, **learned})
        if found is None:
            return None
        learned |= found
    return Standing(way.under, learned, last[-1].at)


def _single(slice_: StepSlice, ways: Sequence[_Way], relevant: Sequence[Post], values: Bound) -> Iterator[Standing]:
    """Give what single states say that belong to one of the two preconditions only, the newest first."""
    for post in reversed(relevant):
        for way in ways:
            others = [one for other in ways if other is not way for one in other.states]
            own = [one for one in way.states if not any(same(one.model_dump(), other.model_dump()) for other in others)]
            for declared in own:
                found = _values_in(slice_, declared, post, values)
                if found is not None:
                    yield Standing(way.under, found, post.at)
