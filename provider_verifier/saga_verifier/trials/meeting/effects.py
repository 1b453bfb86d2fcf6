"""What the effects of several who meet at a participant must come to, as their probes read them: by difference, event by event.

Every effect moves what is read by what the saga file says: a number by its difference, anything else to its other value. So it
does not matter what stood there before, and nothing but the one effect may move. Where two read at one address, each sees both.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from saga_contracts.declare import templates
from saga_contracts.derive.expectations import World
from saga_contracts.wire.likeness import same, short
from saga_verifier.play.looking import Reading
from saga_verifier.trials.meeting.party import Party


@dataclass
class Effects:
    """The effects of all parties.

    Args:
        parties: All of them.

    Attributes:
        judged: Are they looked at?
        now: What was read last, by party.
        there: Is its effect there?
        unseen: Whose effect was no longer seen, once a precondition was set up again.
    """

    parties: Sequence[Party]
    judged: bool
    now: dict[int, dict[str, Any]] = field(default_factory=dict)
    there: dict[int, bool] = field(default_factory=dict)
    unseen: set[int] = field(default_factory=set)

    def settle(self) -> None:
        """Read what stands now, whatever it is: preconditions were set up."""
        for number, party in enumerate(self.parties if self.judged else ()):
            if not party.prepared:
                continue
            self.now[number] = party.read(asks=False).fields or {}

    def vanished(self, number: int) -> bool:
        """Is nothing of a party's effect to be seen any more?"""
        if not self.judged:
            return False
        before = self._reads(number, World.BEFORE)
        return all(same(self.now[number].get(name), value) for name, value in before.items())

    def moved(self, number: int, readings: Mapping[int, Reading], *, there: bool) -> list[tuple[int, str, bool]]:
        """Judge what was read after an event of a party.

        Args:
            number: Whose event it was.
            readings: What the probe of each party read.
            there: Is its effect there now?

        Returns:
            For each party whose reading is wrong: its number, what is wrong in words, and whether nothing moved at all.
        """
        by = int(there) - int(self.there.get(number, False))
        self.there[number] = there
        found = []
        for other, reading in readings.items() if self.judged else ():
            party, read, before = self.parties[other], reading.fields or {}, self.now[other]
            self.now[other] = read
            allowed = [self._wanted(other, before, number, by)]
            allowed += [before] if number in self.unseen else []
            if not any(all(same(read.get(name), value) for name, value in one.items()) for one in allowed):
                text = f"the probe of {party.name} reads {short(read)} instead of {short({**before, **allowed[0]})}"
                found.append((other, text, same(read, before)))
        return found

    def at_one_address(self, one: int, other: int) -> bool:
        """Do the probes of two parties read at one address?"""
        return one == other or self._places(one) == self._places(other)

    def partly_at_one_address(self, one: int, other: int) -> bool:
        """Is something of two parties read at one address, and something not, so that nobody knows which is which?"""
        places = self._places(other)
        return not self.at_one_address(one, other) and any(place in places for place in self._places(one))

    def _wanted(self, other: int, before: Mapping[str, Any], number: int, by: int) -> dict[str, Any]:
        if not by or not self.at_one_address(other, number):
            return dict(before)
        effects = sum(there for one, there in self.there.items() if there and self.at_one_address(one, other))
        found: dict[str, Any] = {}
        for name, without in self._reads(number, World.BEFORE).items():
            with_it, stood = self._reads(number, World.APPLIED)[name], before.get(name)
            if same(without, with_it):
                found[name] = stood
            elif all(_is_number(one) for one in (without, with_it, stood)):
                found[name] = stood + by * (with_it - without)
            elif effects <= 1:
                found[name] = with_it if effects else without
        return found

    def _reads(self, number: int, world: World) -> dict[str, Any]:
        party = self.parties[number]
        return party.looking.declared(party.instance, world)

    def _places(self, number: int) -> list[Any]:
        """Give all that says where the effect of a party is read: addresses, or values that a program or statement is given."""
        party = self.parties[number]
        driver, probe = party.driver, party.driver.slice.step.probe
        context = driver.context(party.instance)
        if driver.prober is None:
            return [] if probe is None or probe.request is None else [templates.fill(probe.request.model_dump(), context)]
        if driver.prober.form.requests is not None:
            return [templates.fill(one.model_dump(), context) for one in driver.prober.form.requests]
        return list(_known(driver.prober.names, context))


def _known(names: Iterable[str], context: Mapping[str, Any]) -> Iterator[Any]:
    """Give the values of the names that an instance has; the others are placeholders of where the participant runs."""
    for name in sorted(names):
        with suppress(templates.TemplateError):
            yield templates.look_up(name, context)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
