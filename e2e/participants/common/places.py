"""To which places callbacks may be told now: so that one place where nobody answers never holds up the others (pure).

A place that gave no answer rests, longer each time, up to a bound; any answer ends that. To one place at most so many callbacks
are told at a time, and a part of all tellers is kept for places that are not known to be silent.
"""

from dataclasses import dataclass, field

AT_ONCE = 6
"""How many callbacks are told at a time."""
TO_ONE_PLACE = 2
"""How many of them to one place."""
KEPT_FREE = 2
"""How many are left to callbacks that were not told in vain before."""
FIRST_REST_S = 0.2
LONGEST_REST_S = 2.0


@dataclass(slots=True)
class _Place:
    under_way: int = 0
    silent: int = 0  # how often in a row nobody answered
    rests_until_s: float = 0.0


@dataclass(slots=True)
class Places:
    """What is under way to which place, and which gave no answer lately. Times are seconds of any clock that never goes back."""

    _known: dict[str, _Place] = field(default_factory=dict)
    _under_way: int = 0

    @property
    def is_full(self) -> bool:
        """Is as much under way as may be?"""
        return self._under_way >= AT_ONCE

    @property
    def is_nearly_full(self) -> bool:
        """Is there only room left for what was not told in vain before?"""
        return self._under_way >= AT_ONCE - KEPT_FREE

    def not_now(self, now_s: float) -> list[str]:
        """Name the places to which nothing is to be told now."""
        return [
            name
            for name, place in self._known.items()
            if place.under_way >= TO_ONE_PLACE
            or now_s < place.rests_until_s
            or (place.silent and (place.under_way or self.is_nearly_full))
        ]

    def begin(self, name: str) -> None:
        """A callback is on its way there."""
        self._under_way += 1
        self._known.setdefault(name, _Place()).under_way += 1

    def end(self, name: str, now_s: float, *, answered: bool) -> None:
        """A callback was answered, whatever the answer; or nobody answered."""
        self._under_way -= 1
        place = self._known[name]
        place.under_way -= 1
        place.silent = 0 if answered else place.silent + 1
        if place.silent:
            place.rests_until_s = now_s + min(FIRST_REST_S * 2 ** min(place.silent - 1, 10), LONGEST_REST_S)
        elif place.under_way == 0:
            del self._known[name]  # nothing to remember of it
