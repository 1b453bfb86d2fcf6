"""Playing one history against the running participant, and judging what it does, event by event.

A deviation does not end a history where it can go on: wrong words, missing headers and late replies are noted, and the rest is
played and judged. It ends where the step's durable state is no longer the one that the rest speaks of; what was not reached
stands in `unseen`. Before blame is given the effect is read: who tells the truth about a wrong effect is not accused of lying.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from saga_contracts.declare.obligations import CATALOGUE
from saga_contracts.declare.outcomes import Outcome, State
from saga_contracts.declare.outputs import Teller
from saga_contracts.declare.saga import Completion, Under
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive import expectations
from saga_contracts.derive.adoption import Waivers
from saga_contracts.derive.decks import Play
from saga_contracts.derive.expectations import CALLBACKS, OF_ANOTHER, Expectation, Letter
from saga_contracts.wire.likeness import short
from saga_verifier.play import told_later
from saga_verifier.play.awaiting import await_end
from saga_verifier.play.called import Called
from saga_verifier.play.calling import call_until_clear
from saga_verifier.play.looking import keeps_its_own
from saga_verifier.play.own_outputs import CannotCallError
from saga_verifier.play.record import NAMES, CannotJudgeError, DivergedError, Record, UnmadeError
from saga_verifier.play.seeing import AT_FIRST, Seeing
from saga_verifier.verdicts import Broken, HistoryResult

_TELLS = {"done": Teller.DONE, "in_progress": Teller.ACCEPTED}
"""Outcomes of a forward call whose replies hold outputs."""


@dataclass
class Playing(Record):
    """Plays one history, and judges it event by event."""

    def __post_init__(self) -> None:
        """Make the instance, and see what this level of adoption looks at."""
        super().__post_init__()
        self.seeing = Seeing(self)

    def run(self) -> None:
        """Play all events; what comes later (`end`) is left to the caller.

        Raises:
            SagapactError: when the participant cannot be put into a precondition.
        """
        try:
            self._begin()
            self._events()
        except CannotJudgeError as reason:
            self.trouble = str(reason)
        except UnmadeError:
            pass  # what this event speaks of was not seen either
        except DivergedError:
            self.reached += 1

    def _events(self) -> None:
        for play in self.history.plays:
            self._event(play)
            self.reached += 1

    def _may_start_again(self, letter: Letter, called: Called) -> bool:
        """May a call have started work anew that was over, or was never to be: accepted too late, or sent once more?"""
        if letter not in (Letter.FORWARD, Letter.MISUSED):
            return False
        if self.situation().state == State.APPLIED:
            works_later = self.driver.slice.step.completion != Completion.SYNC
            return works_later and keeps_its_own(self.driver.slice, self.driver.prober)
        too_late = self.situation().state in (State.COMPENSATED, State.REFUSED)
        return too_late and letter == Letter.FORWARD and called.outcome == Outcome.IN_PROGRESS

    @property
    def is_to_be_looked_at(self) -> bool:
        """Will effect and status be looked at once more when all is over?"""
        return self.over and self.leaves_work and not self.looked_again

    @property
    def was_told(self) -> bool:
        """Was every question for the status answered? A pause of the machine, too, leaves one unanswered."""
        return all(called.letter != "S" or called.status is not None or called.unsent for called in self.calls)

    @property
    def over(self) -> bool:
        """Was every event played and judged?"""
        return not self.trouble and self.reached == len(self.history.plays)

    def end(self) -> None:
        """Judge what came later: callbacks, and what a worker did that had been undone at work."""
        awaited = self.judged_callbacks
        for obligation, text in told_later.judged(
            self.driver, self.history, self.instance, refused_at_once=self.refused_at_once, awaited=awaited
        ):
            self.deviates(obligation, text)
            self.told_wrong = True
        self.look_again()

    def look_again(self) -> None:
        """Judge the effect and the status once all work that was left must be over; a second time does nothing."""
        if self.is_to_be_looked_at:
            self.looked_again = True
            try:
                self.seeing.look(self.history.ends, "at the end", self.wrong)
            except DivergedError:
                pass
            except CannotJudgeError as reason:
                self.trouble = str(reason)

    @property
    def perhaps_by_asking(self) -> Broken | None:
        """Give the deviation that asking for the status may have caused; None when it has caused none.

        Of calls that come while the participant is at work none can tell which came first, they or the end of the work: what
        deviates from then on may be kept another time by chance.
        """
        if self.changed is None or not self.looking.asks or self.lied or self.told_wrong:
            return None
        over, found = self.changed
        at_work = self.history.first_call_at_work
        return found if at_work is None or over < at_work else None

    def result(self, waivers: Waivers) -> HistoryResult:
        """Give what the history showed."""
        unwaived = [one for one in self.broken if not waivers.hides(one.obligation)]
        verdict = Verdict.BROKEN if unwaived else Verdict.UNPROVEN if self.trouble else Verdict.KEPT
        if verdict == Verdict.KEPT and self.broken:
            verdict = Verdict.WAIVED
        return HistoryResult(
            self.history.name,
            verdict,
            self.history.obligations,
            tuple(self.broken),
            self.looking.evidence,
            tuple(sorted(self._unseen())),
            self.trouble,
            tuple(call.as_json() for call in self.calls),
        )

    def _unseen(self) -> set[str]:
        """Give the obligations that only events speak of which were not reached."""
        reached, rest = self.history.plays[: self.reached], self.history.plays[self.reached :]
        spoken = [{one for play in plays for one in _spoken_of(play)} for plays in (reached, rest)]
        return spoken[1] - spoken[0]

    def _begin(self) -> None:
        if self.again is None:
            self.instance = self.driver.prepare(self.instance, self.history.under)
        begins = self.history.begins
        worlds = expectations.worlds(begins)
        reading = self.looking.read(self.instance)
        if self.history.under == Under.RETRYABLE:
            self.before = reading  # a participant that cannot work now need not have what `enough` asks for
            return
        if self.looking.probes and not self.looking.fits(reading, self.instance, worlds):
            if reading.fields is None:
                raise CannotJudgeError(reading.unread)
            wanted = short(self.looking.declared(self.instance, worlds[0]))
            raise CannotJudgeError(f"the precondition is not there: the probe reads {reading.found} instead of {wanted}")
        if self.looking.asks:
            told = expectations.told(self.driver.slice, begins)
            self.seeing.look(Expectation((), (), "O14", told, "O14", worlds, "O15", begins), AT_FIRST, None)

    def _event(self, play: Play) -> None:
        if play.improves:
            self.instance = self.driver.prepare(self.instance, Under.ENOUGH)
        when = f"after {NAMES[play.letter]}"
        if play.letter in CALLBACKS:
            await_end(self, play)
            self.after_event(self.reached)
            self.seeing.look(play.expects, when, None)
            self.seeing.judge_lookup(play.expects, when)
            return
        called, allowed = self._call(play)
        if called.unsent and self.unsent is None:
            self.unsent = self.situation()
        if called.status is None:
            raise DivergedError
        self.wrong = called if self._judge_reply(play, called, allowed) else None
        self.after_event(self.reached)
        self.perhaps_started_again = self.perhaps_started_again or self._may_start_again(play.letter, called)
        if play.letter == Letter.RETRYABLE:
            self.seeing.look_for_nothing(play.expects, when, self.wrong)
            return
        self.seeing.look(play.expects, when, self.wrong)
        self.seeing.judge_lookup(play.expects, when)
        if self.wrong is not None and play.expects.obligation == "O13" and not (self.looking.probes or self.looking.asks):
            raise DivergedError  # nothing shows that it was undone, and its reply does not say so

    def _call(self, play: Play) -> tuple[Called, tuple[str, ...]]:
        try:
            return call_until_clear(self.driver, self.instance, play.expects, play.letter, self._tried(play))
        except CannotCallError as error:
            self.deviates("O33", f"{NAMES[play.letter]} cannot be made: {error}")
            raise UnmadeError from None

    def _was_to_be_tried_again(self) -> bool:
        """Was the event before this one answered 'try again', as its precondition says?"""
        return self.reached > 0 and self.history.plays[self.reached - 1].letter == Letter.RETRYABLE

    def _tried(self, play: Play) -> Callable[[Called], None]:
        """Note each try of a call; one that is not answered in time breaks O21."""

        def note(called: Called) -> None:
            self.calls.append(called)
            if called.status is None:
                allowed_ms = self.driver.slice.step.timeout_ms
                self.deviates("O21", f"{NAMES[play.letter]} was not answered within {allowed_ms} ms: it {called.error}")

        return note

    def _judge_reply(self, play: Play, called: Called, allowed: tuple[str, ...]) -> bool:
        """Judge one reply; is it another than must come?"""
        if play.letter not in OF_ANOTHER:  # that gives back the other element's key
            self._judge_correlation(play, called)
        if play.letter == Letter.RETRYABLE and called.outcome == Outcome.RETRYABLE:
            return False
        if called.outcome == Outcome.RETRYABLE and self._was_to_be_tried_again():
            text = f"{NAMES[play.letter]} was answered 'try again' ({called.status}) although the precondition has become true"
            is_repeated = play.letter == Letter.FORWARD and not self.driver.slice.step.only_reads
            self.deviates("O3" if is_repeated else play.expects.obligation, text)
            raise DivergedError
        if called.outcome == Outcome.RETRYABLE:
            raise CannotJudgeError(f"{NAMES[play.letter]} was answered 'try again' ({called.status}) to the last try")
        if not set(called.names) & set(allowed):
            expected = " or ".join(play.expects.outcomes)
            answer = f"{called.status} {short(called.body, 160)} ({called.outcome})"
            meaning = CATALOGUE[play.expects.obligation].meaning
            text = f"{NAMES[play.letter]} was answered {answer} instead of {expected}. {meaning}"
            self.deviates(play.expects.obligation, text)
            return True
        told = _TELLS.get(str(called.outcome))
        if told is not None and play.letter == Letter.FORWARD:
            self.judge_outputs(f"the reply {short(called.body, 160)}", called.body, called.headers, told)
        first_call = sum(call.letter == Letter.FORWARD for call in self.calls) == 1
        self.refused_at_once = self.refused_at_once or (first_call and called.outcome == Outcome.REFUSED)
        return False

    def _judge_correlation(self, play: Play, called: Called) -> None:
        for text in self.driver.unechoed(self.instance, called.headers, called.body):
            self.deviates("O31", f"the reply to {NAMES[play.letter]} has {text}")


def _spoken_of(play: Play) -> Iterator[str]:
    yield from (play.expects.obligation, play.expects.told_obligation, play.expects.effect_obligation)
    if play.letter == Letter.COMPENSATE:
        yield from ("O12", "O13")
