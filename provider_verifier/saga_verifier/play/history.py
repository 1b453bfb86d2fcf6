"""Playing one history against the running participant, and judging what it does, event by event.

A deviation does not end a history where it can go on: wrong words, missing headers and late replies are noted, and the rest is
played and judged. It ends where the step's durable state is no longer the one that the rest speaks of; what was not reached
stands in `unseen`. Before blame is given the effect is read: who tells the truth about a wrong effect is not accused of lying.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from saga_contracts.declare.obligations import CATALOGUE
from saga_contracts.declare.outcomes import Outcome, Sought, State
from saga_contracts.declare.outputs import Teller, outputs_in
from saga_contracts.declare.saga import Completion, Under
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive import expectations
from saga_contracts.derive.adoption import Waivers
from saga_contracts.derive.decks import History, Play
from saga_contracts.derive.expectations import CALLBACKS, OF_ANOTHER, Expectation, Letter, Situation, World
from saga_contracts.wire.likeness import same, short
from saga_verifier.play import own_outputs, told_later
from saga_verifier.play.calling import call_until_clear
from saga_verifier.play.driver import Called, Driver, Instance
from saga_verifier.play.looking import Looking, Reading, keeps_its_own
from saga_verifier.play.own_outputs import CannotCallError
from saga_verifier.verdicts import Broken, HistoryResult

NAMES = {
    Letter.FORWARD: "the forward call (F)",
    Letter.REFUSED: "the forward call without its precondition (R)",
    Letter.COMPENSATE: "the compensation (C)",
    Letter.DONE: "the end of the work (D)",
    Letter.CALLBACK_REFUSED: "the end of the work (X)",
    Letter.MISUSED: "the forward call with another payload (M)",
    Letter.RETRYABLE: "the forward call that has to be tried again (T)",
    Letter.ANOTHER: "the forward call for another element (N)",
    Letter.ANOTHER_UNDONE: "the compensation of another element (U)",
}
_NOT_BY_ASKING = ("O18", "O21", "O31")
"""Obligations that speak of callbacks, time and headers: no status call changes these, but for a callback that never comes."""
_AT_FIRST = "before the first call"
_TELLS = {"done": Teller.DONE, "in_progress": Teller.ACCEPTED}
"""Outcomes of a forward call whose replies hold outputs."""
_CLAIMS_NOTHING = (Outcome.REFUSED, Outcome.SUSPENDED, Outcome.MISUSED, Outcome.IMPOSSIBLE)
"""Replies that say that the call changed nothing."""


class CannotJudgeError(Exception):
    """The history could not be judged (inside this room only)."""


class _DivergedError(Exception):
    """The step's durable state is another than the rest of the history speaks of (inside this module only)."""


class _UnmadeError(_DivergedError):
    """A call of the history cannot be made, and the rest speaks of another durable state (inside this module only)."""


@dataclass
class Playing:
    """One history under way.

    Args:
        asks_status: Is the status call made? Without it a history shows whether asking changes anything.
        longest_wait_s: No callback is waited for longer than this; None: as long as the file declares.
        after_event: Told of the number of each event (from 0) once it was answered, before anything is looked at: who disturbs
            the participant does it there.
    """

    driver: Driver
    history: History
    asks_status: bool = True
    longest_wait_s: float | None = None
    after_event: Callable[[int], None] = lambda _: None
    calls: list[Called] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    reached: int = 0
    trouble: str = ""
    outputs: dict[str, Any] = field(default_factory=dict)
    """Those that were told so far."""
    refused_at_once: bool = False
    judged_callbacks: int = 0
    callback_ms: list[float] = field(default_factory=list)
    missed_callback: bool = False
    lied: bool = False
    """Did the status call tell another state than the one that must be?"""
    told_wrong: bool = False
    """Did a callback deviate?"""
    changed: tuple[int, Broken] | None = None
    """The first deviation that a status call may have caused, and how many events were over when it was seen."""
    perhaps_started_again: bool = False
    """Did a forward call come that must have no effect, after which work may go on nevertheless?"""
    looked_again: bool = False
    unsent: Situation | None = None
    """Where the step was when a compensation was not sent, since the look-up found nothing."""
    wrong: Called | None = None
    """The reply to the last event, when it was another than must come."""
    before: Reading = field(default_factory=Reading)
    """What was read under a precondition of trying again, before the first call."""

    def __post_init__(self) -> None:
        """Make the instance, and see what this level of adoption looks at."""
        self.instance = self.driver.fresh()
        self.looking = Looking(self.driver, self.calls.append, asks_status=self.asks_status)

    def run(self) -> None:
        """Play all events; what comes later (`end`) is left to the caller.

        Raises:
            SagapactError: when the participant cannot be put into a precondition.
        """
        try:
            self._begin()
            for play in self.history.plays:
                self._event(play)
                self.reached += 1
        except CannotJudgeError as reason:
            self.trouble = str(reason)
        except _UnmadeError:
            pass  # what this event speaks of was not seen either
        except _DivergedError:
            self.reached += 1

    @property
    def leaves_work(self) -> bool:
        """May work still go on that must have no effect: of a call that was undone at work, came too late, or once more?"""
        return self.history.undone_at_work or self.perhaps_started_again

    def _may_start_again(self, letter: Letter, called: Called) -> bool:
        """May a call have started work anew that was over, or was never to be: accepted too late, or sent once more?"""
        if letter not in (Letter.FORWARD, Letter.MISUSED):
            return False
        if self._situation().state == State.APPLIED:
            works_later = self.driver.slice.step.completion != Completion.SYNC
            return works_later and keeps_its_own(self.driver.slice, self.driver.prober)
        too_late = self._situation().state in (State.COMPENSATED, State.REFUSED)
        return too_late and letter == Letter.FORWARD and called.outcome == Outcome.IN_PROGRESS

    @property
    def is_to_be_looked_at(self) -> bool:
        """Will effect and status be looked at once more when all is over?"""
        return self.over and self.leaves_work and not self.looked_again

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
                self._look(self.history.ends, "at the end", self.wrong)
            except _DivergedError:
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

    def deviates(self, obligation: str, text: str) -> None:
        """Note a deviation; of each obligation the first one counts."""
        found = Broken(obligation, text)
        if all(one.obligation != obligation for one in self.broken):
            self.broken.append(found)
        step = self.driver.slice.step
        seen_by_asking = obligation == "O33" and (step.polls or step.needs_its_own)
        if self.changed is None and not seen_by_asking and (obligation not in _NOT_BY_ASKING or self.missed_callback):
            self.changed = self.reached, found

    def _unseen(self) -> set[str]:
        """Give the obligations that only events speak of which were not reached."""
        reached, rest = self.history.plays[: self.reached], self.history.plays[self.reached :]
        spoken = [{one for play in plays for one in _spoken_of(play)} for plays in (reached, rest)]
        return spoken[1] - spoken[0]

    def _begin(self) -> None:
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
            self._look(Expectation((), (), "O14", told, "O14", worlds, "O15", begins), _AT_FIRST, None)

    def _event(self, play: Play) -> None:
        if play.improves:
            self.instance = self.driver.prepare(self.instance, Under.ENOUGH)
        when = f"after {NAMES[play.letter]}"
        if play.letter in CALLBACKS:
            self._await_end(play)
            self.after_event(self.reached)
            self._look(play.expects, when, None)
            self._judge_lookup(play.expects, when)
            return
        called, allowed = self._call(play)
        if called.unsent and self.unsent is None:
            self.unsent = self._situation()
        if called.status is None:
            raise _DivergedError
        self.wrong = called if self._judge_reply(play, called, allowed) else None
        self.after_event(self.reached)
        self.perhaps_started_again = self.perhaps_started_again or self._may_start_again(play.letter, called)
        if play.letter == Letter.RETRYABLE:
            self._look_for_nothing(play.expects, when, self.wrong)
            return
        self._look(play.expects, when, self.wrong)
        self._judge_lookup(play.expects, when)
        if self.wrong is not None and play.expects.obligation == "O13" and not (self.looking.probes or self.looking.asks):
            raise _DivergedError  # nothing shows that it was undone, and its reply does not say so

    def _call(self, play: Play) -> tuple[Called, tuple[str, ...]]:
        try:
            return call_until_clear(self.driver, self.instance, play.expects, play.letter, self._tried(play))
        except CannotCallError as error:
            self.deviates("O33", f"{NAMES[play.letter]} cannot be made: {error}")
            raise _UnmadeError from None

    def _was_to_be_tried_again(self) -> bool:
        """Was the event before this one answered 'try again', as its precondition says?"""
        return self.reached > 0 and self.history.plays[self.reached - 1].letter == Letter.RETRYABLE

    def _situation(self) -> Situation:
        """Give where the step is before the event that is under way."""
        return self.history.plays[self.reached - 1].expects.following if self.reached else self.history.begins

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
            raise _DivergedError
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
            self._judge_outputs(f"the reply {short(called.body, 160)}", called.body, called.headers, told)
        first_call = sum(call.letter == Letter.FORWARD for call in self.calls) == 1
        self.refused_at_once = self.refused_at_once or (first_call and called.outcome == Outcome.REFUSED)
        return False

    def _judge_correlation(self, play: Play, called: Called) -> None:
        for text in self.driver.unechoed(self.instance, called.headers, called.body):
            self.deviates("O31", f"the reply to {NAMES[play.letter]} has {text}")

    def _judge_outputs(self, said: str, body: Any, headers: Mapping[str, str], told: Teller) -> None:
        """Compare the outputs that are told with those that were told before: whichever arrives, its outputs are used."""
        outputs = outputs_in(self.driver.slice.step, body, headers, told)
        if outputs is None:
            self.deviates("O1", f"{said} lacks a declared output")
            return
        before = {name: self.outputs[name] for name in outputs if name in self.outputs}
        changed = any(not same(outputs[name], value) for name, value in before.items())
        if changed and not self.driver.slice.step.only_reads:
            self.deviates("O33", f"{said} gave the outputs {short(outputs)} instead of {short(before)}")
        else:
            self.outputs |= outputs
            self.instance = self.driver.knowing(self.instance, self.outputs)

    def _await_end(self, play: Play) -> None:
        """Wait until accepted work is over, as the participant tells by itself or when it is asked."""
        if self.refused_at_once:
            return
        if self.driver.slice.step.polls:
            self._poll(play)
        else:
            self._await_callback(play)

    def _poll(self, play: Play) -> None:
        began_s = told_later.now()
        asked_of = self._askable(play)
        if asked_of is None:
            return
        for called in self.driver.until_over(asked_of, self.longest_wait_s):
            self.calls.append(called)
        wanted = State.APPLIED if play.letter == Letter.DONE else State.REFUSED
        took_ms = (told_later.now() - began_s) * 1000
        if called.outcome == wanted:
            self.callback_ms.append(took_ms)
            if wanted == State.APPLIED:
                self._judge_outputs(f"the status call {_said(called)}", called.body, called.headers, Teller.STATUS)
            return
        self.missed_callback = called.outcome not in (State.APPLIED, State.REFUSED, State.COMPENSATED)
        reading = self.looking.read(self.instance)
        lies = self.looking.probes and self.looking.fits(reading, self.instance, play.expects.worlds) and not self.missed_callback
        text = f"{took_ms:.0f} ms after it was asked for first the status call says {_said(called)} instead of {wanted}"
        self.deviates("O14" if lies else "O18", text)
        raise _DivergedError

    def _askable(self, play: Play) -> Instance | None:
        """Give the instance with all that the status call needs; None where nothing of work is found that came to a refusal."""
        try:
            instance, sought = own_outputs.known(self.driver, self.instance, "status", self.calls.append)
        except CannotCallError as error:
            self.deviates("O33", f"{NAMES[play.letter]} cannot be asked for: {error}")
            raise _UnmadeError from None
        if sought is not None and play.letter == Letter.CALLBACK_REFUSED:
            return None
        if sought is not None:
            self.deviates("O33", f"{NAMES[play.letter]} cannot be asked for: the look-up finds nothing of accepted work")
            raise _UnmadeError
        return instance

    def _await_callback(self, play: Play) -> None:
        declared_s = self.driver.slice.step.callback_timeout_ms / 1000
        wait_s = declared_s if self.longest_wait_s is None else min(declared_s, self.longest_wait_s)
        accepted_at_s = told_later.now()
        callback = self.driver.callbacks.wait(self.instance.key, wait_s, self.judged_callbacks)
        if callback is None:
            strays = self.driver.callbacks.strays(accepted_at_s)
            seen = f"; a {strays[0].method} to {strays[0].path} came instead" if strays else ""
            self.missed_callback = True
            self.deviates("O18", f"no callback came within {wait_s * 1000:.0f} ms{seen}")
            raise _DivergedError
        self.judged_callbacks += 1
        self.callback_ms.append((told_later.now() - accepted_at_s) * 1000)
        wanted = Outcome.DONE if play.letter == Letter.DONE else Outcome.REFUSED
        if told_later.outcome_of(self.driver, self.instance, callback) != wanted:
            self.deviates("O18", f"the callback says {short(callback.body, 160)} instead of {wanted}")
        elif wanted == Outcome.DONE:
            said = f"the callback {short(callback.body, 160)}"
            self._judge_outputs(said, callback.body, callback.headers, Teller.CALLBACK)

    def _look(self, expects: Expectation, when: str, wrong: Called | None) -> None:
        """Compare status and effect with what must be; `wrong` is the reply of this event when it was another than must come.

        Raises:
            _DivergedError: when the durable state is another.
        """
        looking = self.looking
        if not looking.probes and not looking.asks:
            return
        reading = looking.read(self.instance, asks=True)
        if looking.probes and reading.fields is None:
            raise CannotJudgeError(f"{when} {reading.unread}")
        if reading.unasked and when != _AT_FIRST:  # nobody asks for what was never called
            self.deviates("O33", f"{when} the status cannot be asked: {reading.unasked}")
        self._judge_asking(expects, reading, when)
        for called in reading.told if self.driver.slice.step.polls else ():
            if called.outcome == State.APPLIED:
                self._judge_outputs(f"the status call {_said(called)}", called.body, called.headers, Teller.STATUS)
        if looking.probes and not looking.fits(reading, self.instance, expects.worlds):
            if wrong is None or not self._explains(expects, wrong, reading):
                wanted = short(looking.declared(self.instance, expects.worlds[0]))
                meaning = CATALOGUE[expects.effect_obligation].meaning
                self.deviates(expects.effect_obligation, f"{when} the probe reads {reading.found} instead of {wanted}. {meaning}")
            raise _DivergedError
        self._judge_told(expects, reading, when, wrong)

    def _judge_lookup(self, expects: Expectation, when: str) -> None:
        """Judge what the look-up finds, whether a call needs it or not: the reply that told the outputs might have been lost."""
        if self.driver.slice.step.lookup is None or self.unsent is not None:  # what was not sent cannot be found undone
            return
        called = self.driver.look_up(self.instance)
        self.calls.append(called)
        right = expectations.looked_up(expects.following)
        if called.outcome not in right:
            self.deviates("O33", f"{when} the look-up says {_said(called)} instead of {' or '.join(right)}")
        elif called.outcome == Sought.FOUND:
            found = outputs_in(self.driver.slice.step, called.body, called.headers, Teller.LOOKUP)
            before = {name: self.outputs[name] for name in found or {} if name in self.outputs}
            if found is None or any(not same(found[name], value) for name, value in before.items()):
                self.deviates("O33", f"{when} the look-up gave the outputs {short(found)} instead of {short(before)}")

    def _look_for_nothing(self, expects: Expectation, when: str, wrong: Called | None) -> None:
        """See that a call which is to be tried again changed nothing; while the participant cannot work, it may not tell.

        Raises:
            _DivergedError: when it did.
        """
        reading = self.looking.read(self.instance, asks=True)
        before, after = self.before.fields, reading.fields
        if before is not None and after is not None and not same(before, after):
            if wrong is None:
                text = f"{when} the probe reads {reading.found} instead of {short(before)}, as before it"
                self.deviates(expects.effect_obligation, text)
            raise _DivergedError
        reading.told = [called for called in reading.told if called.outcome != Outcome.RETRYABLE]
        self._judge_told(expects, reading, when, wrong)

    def _judge_told(self, expects: Expectation, reading: Reading, when: str, wrong: Called | None) -> None:
        """Judge what the status call told, the effect being as it must be, or unseen."""
        for called in reading.told:
            if self._may_tell(expects, called):
                continue
            if wrong is None:
                text = f"{when} the status call says {_said(called)} instead of {' or '.join(expects.told)}"
                self.deviates(self._blamed_for_telling(expects, called), text)
                self.lied = True
            if not self.looking.probes:
                raise _DivergedError
            return  # the other answer may tell what came of it meanwhile

    def _may_tell(self, expects: Expectation, called: Called) -> bool:
        """Is this right: as declared, or since nothing was found to be asked for, or as before an undoing that was not sent?"""
        if called.outcome in expects.told or (called.unsent and "absent" in expectations.looked_up(expects.following)):
            return True
        undone = self.unsent is not None and expects.following.state == State.COMPENSATED
        return undone and self.unsent is not None and called.outcome in expectations.told(self.driver.slice, self.unsent)

    def _blamed_for_telling(self, expects: Expectation, told: Called) -> str:
        if self._ends_otherwise(expects, told):
            return "O18"
        return "O14" if self._is_a_lie(expects, told) else expects.told_obligation

    def _ends_otherwise(self, expects: Expectation, told: Called) -> bool:
        """Does the status call, by which the outcome is asked for, tell that work ended which another end was right for?"""
        at_work = self.driver.slice.step.polls and expects.following.state == State.IN_PROGRESS
        return at_work and told.outcome in (State.APPLIED, State.REFUSED)

    def _is_a_lie(self, expects: Expectation, told: Called) -> bool:
        """Does it tell of an effect that is not there? Else it may be the truth about what was forgotten, or applied unseen."""
        return told.outcome == State.APPLIED and (self.looking.probes or expects.obligation == "O8")

    def _judge_asking(self, expects: Expectation, reading: Reading, when: str) -> None:
        """The status call changes nothing: neither its own answer nor the effect (O15); work in progress may end in between."""
        if not reading.told:
            return
        first, second = reading.told
        changed = first.outcome in expects.told and not self._may_tell(expects, second)
        if changed and not self._ends_otherwise(expects, second):
            self.deviates("O15", f"{when} the status call says {_said(first)}, and asked again {_said(second)}")
            raise _DivergedError
        if expects.following.state == State.IN_PROGRESS or self.leaves_work:
            return
        if self.looking.fits(reading, self.instance, expects.worlds):
            again = self.looking.read(self.instance)
            if again.fields is None:
                raise CannotJudgeError(f"{when}, and after the status call, {again.unread}")
            if not same(reading.fields, again.fields):
                text = f"{when} the probe reads {reading.found} before the status call and {again.found} after it"
                self.deviates("O15", text)
                raise _DivergedError

    def _explains(self, expects: Expectation, wrong: Called, reading: Reading) -> bool:
        """Does a wrong reply tell the truth about the wrong effect? Then the reply is the one fault."""
        applied = self.looking.fits(reading, self.instance, (World.APPLIED,))
        undone = expects.following.state == State.COMPENSATED and wrong.letter == Letter.COMPENSATE
        if wrong.outcome == Outcome.DONE:
            return applied != undone
        says_no = httpx.codes.is_client_error(wrong.status or 0)
        return (wrong.outcome in _CLAIMS_NOTHING or says_no) and (applied == undone)


def _spoken_of(play: Play) -> Iterator[str]:
    yield from (play.expects.obligation, play.expects.told_obligation, play.expects.effect_obligation)
    if play.letter == Letter.COMPENSATE:
        yield from ("O12", "O13")


def _said(called: Called) -> str:
    return (
        f"{called.status} {short(called.body)} ({called.outcome})" if called.status is not None else f"nothing: it {called.error}"
    )
