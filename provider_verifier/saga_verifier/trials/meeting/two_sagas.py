"""Playing the trials of two sagas: both come to one resource, one call after another; each call shows what it does to the other.

Where the precondition of the second saga is that of the first, it is set up once more; if that takes the first one's effect away,
or the participant then refuses all the same, nothing can be told here, and the result says what to declare.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from saga_contracts.declare import templates
from saga_contracts.declare.outcomes import State
from saga_contracts.declare.saga import Under
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive import adoption
from saga_contracts.derive.adoption import Evidence, Waivers
from saga_contracts.derive.expectations import CALLBACKS, Letter
from saga_contracts.derive.trials import Trial
from saga_contracts.derive.trials.two_sagas import Meeting, Turn
from saga_contracts.wire import fresh
from saga_verifier.play.called import Called, Instance
from saga_verifier.play.driver import Driver
from saga_verifier.trials.meeting.effects import Effects
from saga_verifier.trials.meeting.party import CannotTellError, NotApplicableError, Party
from saga_verifier.trials.untold import inapplicable, untold
from saga_verifier.verdicts import Broken, HistoryResult

_MEND = "Declare `given.enough_for_two`, or the `semantic_lock`"
_BLIND = f"The probe reads at one place what all sagas did, and nothing says what two of them come to. {_MEND}."
_PARTLY = "The probe reads some of what both sagas did at one place and some apart, so that nobody can tell what is whose."
_ITS_OWN = ("O21", "O31")
"""Deviations that a history has whether another saga comes or not."""


def play(
    driver: Driver,
    trials: Sequence[Trial],
    plain: Mapping[str, HistoryResult],
    today: date,
    others: Mapping[str, Driver] | None = None,
) -> Iterator[HistoryResult]:
    """Play the trials of two sagas; nothing needs to be known of how the participant runs.

    Args:
        driver: Calls the step.
        trials: What to play.
        plain: What the histories of one saga alone showed, by name.
        today: The day on which waivers are judged.
        others: Who calls the other steps of the saga at this participant, by their names.
    """
    waivers = Waivers(driver.slice.waivers, driver.slice.step.step, today)
    known: set[str] = set()
    excused = frozenset(adoption.declared_broken(driver.slice))
    for trial in trials:
        if not isinstance(trial, Meeting):
            continue
        result = _kept_alone(trial, plain, waivers, excused) or _Meeting(driver, trial, others or {}, known).played(waivers)
        known |= {one.obligation for one in result.broken}
        yield result


def _kept_alone(
    trial: Meeting, plain: Mapping[str, HistoryResult], waivers: Waivers, excused: frozenset[str]
) -> HistoryResult | None:
    """Give the result when one saga alone deviates already, so that nothing can be told of two; None when none does."""
    for word in trial.alone:
        shown = plain.get(word)
        if shown is None:
            continue
        broken = [one.obligation for one in shown.broken if one.obligation not in _ITS_OWN]
        if shown.trouble or any(one not in excused and not waivers.hides(one) for one in broken):
            return untold(trial, f"{word} of one saga alone is not kept, so that nothing can be told of two: mend that first")
        if broken:
            return inapplicable(trial, f"{word} of one saga alone is not kept, waived or declared ({', '.join(broken)}).")
    return None


@dataclass
class _Meeting:
    """One trial under way."""

    driver: Driver
    trial: Meeting
    others: Mapping[str, Driver]
    known: set[str]
    calls: list[Called] = field(default_factory=list)
    parties: list[Party] = field(default_factory=list)
    told: dict[int, tuple[State, ...]] = field(default_factory=dict)
    blind: str = ""

    def played(self, waivers: Waivers) -> HistoryResult:
        trouble, why, found = "", "", []
        try:
            self._join()
            for turn in self.trial.turns:
                found = self._turn(turn)
                if found:
                    break
        except CannotTellError as error:
            trouble = str(error)
        except NotApplicableError as error:
            why = str(error)
        finally:
            for party in self.parties:
                party.driver.release(party.instance)
        why = why or ("" if found or trouble else self.blind)
        if why:
            return replace(inapplicable(self.trial, why), calls=tuple(call.as_json() for call in self.calls))
        unwaived = any(not waivers.hides(one.obligation) for one in found)
        verdict = Verdict.UNPROVEN if trouble else Verdict.BROKEN if unwaived else Verdict.WAIVED if found else Verdict.KEPT
        calls = tuple(call.as_json() for call in self.calls)
        checks = self.trial.obligations
        return HistoryResult(self.trial.name, verdict, checks, tuple(found), self._seen(), (), trouble, calls)

    def _seen(self) -> frozenset[Evidence]:
        seen = self.parties[0].looking.evidence if self.parties else frozenset()
        return seen if self.parties and self.effects.judged else seen - {Evidence.EFFECT}

    @property
    def _each_in_turn(self) -> bool:
        """Is the precondition of each saga set up right before its first call? With a lock that would free what is kept."""
        step = self.driver.slice.step
        return self.trial.again or (step.semantic_lock is None and step.given.enough_for_two is None)

    def _join(self) -> None:
        """Make the sagas; what they have in common is theirs before the first call, unless it is set up for each."""
        for number in range(self.trial.sagas):
            instance = self.driver.fresh()
            if number:
                first = self.parties[0].instance.payload
                common = {name: templates.look_up(name, first) for name in self.trial.common}
                instance = replace(instance, call=replace(instance.call, payload=fresh.with_fields(instance.payload, common)))
            party = Party(f"saga {number + 1}", self.driver, instance, self.calls, prepared=not self._each_in_turn)
            self.parties.append(party)
            if not self._each_in_turn:
                self._prepare(number)
        self.effects = Effects(self.parties, self.parties[0].looking.probes)
        given = self.driver.slice.step.given
        shares = bool(self.trial.common) or self.trial.again or given.enough_for_two is not None
        if self.effects.judged and self.effects.at_one_address(0, 1) and not shares:
            self.effects.judged, self.blind = False, _BLIND
        if self.effects.judged and self.effects.partly_at_one_address(0, 1):
            self.effects.judged, self.blind = False, _PARTLY
        self.effects.settle()

    def _prepare(self, number: int) -> None:
        given, party = self.driver.slice.step.given, self.parties[number]
        under = Under.REFUSING if self.trial.begins_refusing and number == 0 else Under.ENOUGH
        states = given.states(under) if given.enough_for_two is None or under == Under.REFUSING else given.enough_for_two
        wanted = self.driver.filled(party.instance, states)
        there = self.driver.filled(self.parties[0].instance, states) if number and not self._each_in_turn else []
        if any(one not in there for one in wanted):
            party.instance = self.driver.set_up(party.instance, wanted)
        party.prepared = True

    def _turn(self, turn: Turn) -> list[Broken]:
        if turn.letter is None or turn.expects is None:
            return self._end(turn)
        party = self.parties[turn.saga]
        if self._each_in_turn and not party.began:
            self._prepare_again(turn.saga)
        more = ("null", "done_again") if self._is_unsure() and turn.letter == Letter.COMPENSATE else ()
        wrong = party.act(turn.letter, turn.expects, more)
        if turn.letter == Letter.REFUSED and party.accepted and not wrong:
            wrong = party.await_end(Letter.CALLBACK_REFUSED)
        self.told[turn.saga] = turn.told
        if wrong:
            return self._replied_otherwise(turn, wrong)
        if turn.expects.following.state == State.IN_PROGRESS:
            return []
        return self._look(turn)

    def _replied_otherwise(self, turn: Turn, wrong: str) -> list[Broken]:
        refused = self.parties[turn.saga].refused_at_once or turn.letter in CALLBACKS
        lock = self.driver.slice.step.semantic_lock
        if (
            lock is None
            and turn.saga
            and refused
            and (self.trial.again or self.trial.common)
            and turn.letter != Letter.COMPENSATE
        ):
            raise NotApplicableError(f"The participant refuses a second saga under the same precondition ({wrong}). {_MEND}.")
        return [self._broken(turn, turn.blamed, wrong)]

    def _prepare_again(self, number: int) -> None:
        """Set the precondition up for a further saga: what the earlier ones did must stay."""
        self._prepare(number)
        self.effects.settle()
        for earlier, there in self.effects.there.items():
            party = self.parties[earlier]
            told = party.read(asks=True).told if party.looking.asks else []
            if any(called.outcome not in self.told[earlier] for called in told):
                why = f"Setting the precondition up for a second saga takes away what {party.name} did. {_MEND}."
                raise NotApplicableError(why)
            if there and self.effects.vanished(earlier):
                if not told:
                    why = f"Once the precondition is set up for a second saga, nothing is seen of {party.name}. {_MEND}."
                    raise NotApplicableError(why)
                self.effects.unseen.add(earlier)

    def _is_unsure(self) -> bool:
        """May setting up a precondition have taken away what nobody can see?"""
        looking = self.parties[0].looking
        return self.trial.again and not (looking.asks or looking.probes)

    def _look(self, turn: Turn) -> list[Broken]:
        """See what an event did, to its own saga and to the others."""
        assert turn.expects is not None  # noqa: S101  (the end of a saga is looked at otherwise)
        readings = {number: party.read(asks=party.began) for number, party in enumerate(self.parties) if party.prepared}
        there = turn.expects.following.state == State.APPLIED
        others = self._blamed_for_others(turn)
        found: list[Broken] = []
        for number, text, still in self.effects.moved(turn.saga, readings, there=there):
            alone = number != turn.saga and not self.effects.at_one_address(number, turn.saga)
            undone = turn.letter == Letter.COMPENSATE and still and there is False
            blamed = others if alone else "O6" if undone else turn.blamed
            found.append(self._broken(turn, blamed, text))
        for number, reading in readings.items():
            wrong = next((one for one in reading.told if one.outcome not in self.told.get(number, ())), None)
            if wrong is not None and not wrong.unsent:
                said = f"the status call of {self.parties[number].name} says {wrong.status} ({wrong.outcome})"
                text = f"{said} instead of {' or '.join(self.told[number])}"
                found.append(self._broken(turn, others if number != turn.saga else turn.blamed, text))
        return list({one.obligation: one for one in reversed(found)}.values())[:1] if found else []

    def _blamed_for_others(self, turn: Turn) -> str:
        is_free = self.driver.slice.step.semantic_lock is None
        return "O24" if is_free or turn.letter == Letter.COMPENSATE else turn.blamed

    def _broken(self, turn: Turn, blamed: str, text: str) -> Broken:
        """Give a deviation; of what is broken in an earlier, simpler trial already, that one is the cause."""
        cause = "O23" if blamed == "O2" else "O22" if turn.conflict else blamed
        blamed = cause if cause in self.known else blamed
        before = " ".join(f"{one.letter or 'the end'}{one.saga + 1 if one.saga else ''}" for one in self._until(turn))
        return Broken(blamed, f"after {before}: {text}")

    def _until(self, turn: Turn) -> Sequence[Turn]:
        return self.trial.turns[: self.trial.turns.index(turn) + 1]

    def _end(self, turn: Turn) -> list[Broken]:
        """Let the saga end: the step is called that frees what was held."""
        lock = self.driver.slice.step.semantic_lock
        name = lock.released_by or "" if lock is not None else ""
        driver = self.others.get(name)
        if driver is None:
            raise CannotTellError(f"the step {name}, which frees the lock, is not in this contract")
        party = self.parties[turn.saga]
        instance = self._in_saga(driver, party)
        called = driver.forward(driver.prepare(instance, Under.ENOUGH))
        self.calls.append(called)
        if called.outcome not in ("done", "in_progress"):
            raise CannotTellError(f"{name}, which frees the lock, was answered {called.status} ({called.outcome})")
        self.effects.settle()
        self.told[turn.saga] = tuple(State)  # what becomes of the step at the end is not declared
        return []

    def _in_saga(self, driver: Driver, party: Party) -> Instance:
        instance = driver.of_saga(party.instance.call.saga_id, party.instance.payload)
        outputs = party.instance.call.outputs.get(self.driver.slice.step.step, {})
        return replace(instance, call=instance.call.knowing(self.driver.slice.step.step, outputs))
