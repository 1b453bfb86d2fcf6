"""To which places callbacks may be told now: so that one place where nobody answers never holds up the others (pure).

A place where nobody was reached rests, longer each time, up to a bound, and gets one callback at a time; whoever is reached there
ends that. To any place at most so many are told at a time, and some tellers are kept for what was not told in vain before.
"""

from dataclasses import dataclass, field

AT_ONCE = 6
"""How many callbacks are told at a time."""
KEPT_FREE = 2
"""How many of them are left to callbacks that were not told in vain before."""
TO_ONE_PLACE = AT_ONCE - KEPT_FREE
"""How many of them may go to one place, so that one that begins to hang does not take them all."""
FIRST_REST_S = 0.2
LONGEST_REST_S = 2.0
FORGOTTEN_AFTER_S = 60.0


@dataclass(slots=True)
class _Place:
    under_way: int = 0
    silent: int = 0  # how often in a row nobody was reached
    rests_until_s: float = 0.0


@dataclass(slots=True)
class Places:
    """What is under way to which place, and where nobody was reached lately. Times: seconds of a clock that never goes back."""

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
        over = [name for name, one in self._known.items() if not one.under_way and now_s > one.rests_until_s + FORGOTTEN_AFTER_S]
        for name in over:
            del self._known[name]
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

    def end(self, name: str, now_s: float, *, reached: bool) -> None:
        """A callback was told, or nobody was reached."""
        self._under_way -= 1
        place = self._known[name]
        place.under_way -= 1
        place.silent = 0 if reached else place.silent + 1
        if place.silent:
            place.rests_until_s = now_s + min(FIRST_REST_S * 2 ** min(place.silent - 1, 10), LONGEST_REST_S)
        elif place.under_way == 0:
            del self._known[name]  # nothing to remember of it
