"""Playing pair decks: two steps of one saga at one participant, their calls mixed, each judged by its own expectations.

What a later step makes of an earlier one is not declared, so the earlier one is looked at only while nothing of the later one
stands. A history that is not kept by one of the steps alone shows nothing of the two.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from saga_contracts.declare.outcomes import State
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive import adoption, expectations, pairs
from saga_contracts.derive.adoption import Evidence, Waivers
from saga_contracts.derive.expectations import CALLBACKS, Expectation, Letter
from saga_contracts.derive.pairs import PairDeck, PairHistory, PairPlay
from saga_contracts.wire.likeness import same, short
from saga_verifier.play.called import Called
from saga_verifier.play.driver import Driver
from saga_verifier.trials.meeting.party import CannotTellError, NotApplicableError, Party
from saga_verifier.verdicts import Broken, HistoryResult

Plain = Mapping[str, HistoryResult]
_ITS_OWN = ("O21", "O31")
"""Deviations that a history has whether the other step is there or not."""
_OF_PAIRS = ("O13", "O24")
"""Obligations that a pair shows; the others are shown by the decks of the steps."""


def play(
    deck: PairDeck,
    drivers: tuple[Driver, Driver],
    plain: tuple[Plain, Plain],
    today: date,
    known: Callable[[PairHistory], HistoryResult | None] = lambda _: None,
) -> Iterator[HistoryResult]:
    """Play the histories of a pair in which both steps are called.

    Args:
        deck: The pair's deck.
        drivers: Call the first and the second step.
        plain: What the histories of each step alone showed, by name.
        today: The day on which waivers are judged.
        known: Gives a result that need not be found out again.
    """
    second = drivers[1].slice
    waivers = Waivers(second.waivers, second.step.step, today)
    for history in pairs.played(deck, (drivers[0].slice, second)):
        yield known(history) or _Pair(history, drivers, plain).played(waivers)


@dataclass
class _Pair:
    """One history of a pair under way."""

    history: PairHistory
    drivers: tuple[Driver, Driver]
    plain: tuple[Plain, Plain]
    calls: list[Called] = field(default_factory=list)
    parties: list[Party] = field(default_factory=list)
    last: dict[int, Expectation] = field(default_factory=dict)
    undone: set[int] = field(default_factory=set)
    moved: set[int] = field(default_factory=set)
    """Of whose effect or status something changed when the precondition of the other was set up."""
    kept_for_ever: set[int] = field(default_factory=set)
    """Whose undoing was answered as impossible, which is right once the saga is over."""

    def played(self, waivers: Waivers) -> HistoryResult:
        """Play it, and give what it showed."""
        trouble, why, found = "", "", []
        try:
            why, trouble = self._alone(waivers)
            found = [] if why or trouble else self._play()
        except CannotTellError as error:
            trouble = str(error)
        except NotApplicableError as error:
            why = str(error)
        finally:
            for party in self.parties:
                party.driver.release(party.instance)
        unwaived = any(not waivers.hides(one.obligation) for one in found)
        verdict = Verdict.UNPROVEN if trouble else Verdict.BROKEN if unwaived else Verdict.WAIVED if found else Verdict.KEPT
        checks = tuple(one for one in self.history.obligations if one in _OF_PAIRS)
        return HistoryResult(
            self.history.name, Verdict.NOT_APPLICABLE if why else verdict, checks, tuple(found), self._seen(), (),
            trouble, tuple(call.as_json() for call in self.calls), inapplicable=why,
        )  # fmt: skip

    def _seen(self) -> frozenset[Evidence]:
        seen = [party.looking.evidence for party in self.parties]
        return frozenset.intersection(*seen) if seen else frozenset()

    def _alone(self, waivers: Waivers) -> tuple[str, str]:
        """Give why nothing can be told, since one step alone deviates: that it is waived, or a trouble."""
        for number, driver in enumerate(self.drivers):
            name = driver.slice.step.step
            word = " ".join(one.play.letter for one in self.history.plays if one.step == name)
            shown = self.plain[number].get(word)
            broken = [one.obligation for one in shown.broken if one.obligation not in _ITS_OWN] if shown is not None else []
            excused = shown is not None and shown.verdict == Verdict.WAIVED
            declared = adoption.declared_broken(driver.slice)
            if excused or (broken and all(one in declared or waivers.hides(one) for one in broken)):
                return f"{word} of {name} alone is not kept, which is waived or declared.", ""
            if shown is not None and (broken or shown.trouble):
                return "", f"{word} of {name} alone is not kept, so that nothing can be told of the pair: mend that first"
        return "", ""

    def _play(self) -> list[Broken]:
        first = self.drivers[0].fresh()
        for driver in self.drivers:
            instance = driver.of_saga(first.call.saga_id, first.payload)
            self.parties.append(Party(driver.slice.step.step, driver, instance, self.calls))
        for place, one in enumerate(self.history.plays):
            found = self._event(place, one)
            if found:
                return found
        return self._end()

    def _event(self, place: int, one: PairPlay) -> list[Broken]:
        number = [party.name for party in self.parties].index(one.step)
        party, expects = self.parties[number], one.play.expects
        if not party.began:
            self._prepare(number)
        may_be_impossible = self._is_over(number) and one.play.letter == Letter.COMPENSATE
        wrong = party.act(one.play.letter, expects, ("impossible",) if may_be_impossible else ())
        self.last[number] = expects
        self._hand_over(number)
        if wrong:
            self._excuse(number, one.play.letter)
            return [self._broken(place, number, expects.obligation, wrong)]
        if may_be_impossible and party.impossible:
            self.kept_for_ever.add(number)
        if one.play.letter == Letter.COMPENSATE:
            self.undone.add(number)
        return self._told(place, number, one.play.letter)

    def _prepare(self, number: int) -> None:
        """Set up the precondition of a step right before its first call; what stands of the other one should not change by it."""
        party, other = self.parties[number], self.parties[1 - number]
        seen = other.read(asks=other.began).fields
        letters = [one.play.letter for one in self.history.plays if one.step == party.name]
        party.instance = party.driver.prepare(party.instance, expectations.under(letters))
        after = other.read(asks=other.began)
        told = self.last[1 - number].told if other.began else ()
        if not same(seen, after.fields) or any(one.outcome not in told for one in after.told):
            self.moved.add(1 - number)

    def _hand_over(self, number: int) -> None:
        """Tell the later step what the earlier one gave."""
        name = self.parties[number].name
        outputs = self.parties[number].instance.call.outputs.get(name, {})
        other = self.parties[1 - number]
        if outputs and name in other.driver.slice.outputs:
            other.instance = replace(other.instance, call=other.instance.call.knowing(name, outputs))

    def _is_over(self, number: int) -> bool:
        """Can the saga only be over when this step is undone: is the other one done that is never undone and waits for it?"""
        slices = (self.drivers[0].slice, self.drivers[1].slice)
        later = self.last.get(1)
        return number == 0 and pairs.ends_with(slices) and later is not None and later.following.state == State.APPLIED

    def _excuse(self, number: int, letter: Letter) -> None:
        """Both steps may ask for the same precondition, of which there is enough for one."""
        asked = [{one.state for one in driver.slice.step.given.enough} for driver in self.drivers]
        party = self.parties[number]
        if asked[0] & asked[1] and party.refused_at_once and letter not in CALLBACKS:
            names = ", ".join(sorted(asked[0] & asked[1]))
            raise NotApplicableError(
                f"Both steps ask for the precondition {names}, and {party.name} is refused beside the other."
            )

    def _told(self, place: int, number: int, letter: Letter) -> list[Broken]:
        """Ask both for their status, the other one only after an undoing, or where nothing is made of it."""
        for whose in (number, 1 - number):
            expects = self.last.get(whose)
            if expects is None or not self._is_looked_at(whose) or (whose != number and letter != Letter.COMPENSATE):
                continue
            party = self.parties[whose]
            told = party.read(asks=True).told if party.looking.asks else []
            wrong = next((one for one in told if one.outcome not in expects.told and not one.unsent), None)
            if wrong is not None:
                said = f"the status call of {party.name} says {wrong.status} ({wrong.outcome})"
                text = f"{said} instead of {' or '.join(expects.told)}"
                return [self._broken(place, whose, expects.told_obligation, text)]
        return []

    def _end(self) -> list[Broken]:
        """Read both effects at the end, as far as each can be told from the other's."""
        for number, world in enumerate(self.history.worlds):
            party = self.parties[number]
            if world is None or number not in self.last or not self._is_looked_at(number) or not party.looking.probes:
                continue
            reading = party.read(asks=False)
            if not party.looking.fits(reading, party.instance, (world,)):
                wanted = short(party.looking.declared(party.instance, world))
                text = f"at the end the probe of {party.name} reads {reading.found} instead of {wanted}"
                return [self._broken(len(self.history.plays) - 1, number, self.last[number].effect_obligation, text)]
        return []

    def _is_looked_at(self, number: int) -> bool:
        """Does nothing but the step's own calls decide what is seen of it?"""
        later = self.last.get(1)
        stands = later is not None and later.following.state in (State.APPLIED, State.IN_PROGRESS)
        built_on = number == 0 and self._is_ordered() and stands
        return number not in self.moved | self.kept_for_ever and not built_on

    def _is_ordered(self) -> bool:
        facts = self.drivers[1].slice.facts.pairs or ()
        return any(one.ordered for one in facts if one.beside == self.parties[0].name)

    def _broken(self, place: int, number: int, blamed: str, text: str) -> Broken:
        """Give a deviation; who is harmed by the undoing of the other step is not at fault itself."""
        before = " ".join(f"{one.step}:{one.play.letter}" for one in self.history.plays[: place + 1])
        other_undone = (1 - number) in self.undone
        return Broken(
            "O24" if other_undone else blamed, f"{self.parties[0].name} and {self.parties[1].name}, after {before}: {text}"
        )
