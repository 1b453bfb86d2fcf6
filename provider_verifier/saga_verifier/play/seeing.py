"""Judging what is seen after an event: what the status call tells, what the probe reads, what the look-up finds.

Before blame is given the effect is read: who tells the truth about a wrong effect is not accused of lying.
"""

import httpx

from saga_contracts.declare.obligations import CATALOGUE
from saga_contracts.declare.outcomes import Outcome, Sought, State
from saga_contracts.declare.outputs import Teller, outputs_in
from saga_contracts.derive import expectations
from saga_contracts.derive.expectations import Expectation, Letter, World
from saga_contracts.wire.likeness import same, short
from saga_verifier.play.called import Called
from saga_verifier.play.looking import Reading
from saga_verifier.play.record import CannotJudgeError, DivergedError, Record, said

AT_FIRST = "before the first call"
_CLAIMS_NOTHING = (Outcome.REFUSED, Outcome.SUSPENDED, Outcome.MISUSED, Outcome.IMPOSSIBLE)
"""Replies that say that the call changed nothing."""


class Seeing:
    """Looks at one history under way, and judges what it sees.

    Args:
        record: What is known of it; deviations are noted there.
    """

    def __init__(self, record: Record) -> None:
        self.record = record

    def look(self, expects: Expectation, when: str, wrong: Called | None) -> None:
        """Compare status and effect with what must be; `wrong` is the reply of this event when it was another than must come.

        Raises:
            DivergedError: when the durable state is another.
        """
        looking = self.record.looking
        if not looking.probes and not looking.asks:
            return
        reading = looking.read(self.record.instance, asks=True)
        if looking.probes and reading.fields is None:
            raise CannotJudgeError(f"{when} {reading.unread}")
        if reading.unasked and when != AT_FIRST:  # nobody asks for what was never called
            self.record.deviates("O33", f"{when} the status cannot be asked: {reading.unasked}")
        self._judge_asking(expects, reading, when)
        for called in reading.told if self.record.driver.slice.step.polls else ():
            if called.outcome == State.APPLIED:
                self.record.judge_outputs(f"the status call {said(called)}", called.body, called.headers, Teller.STATUS)
        if looking.probes and not looking.fits(reading, self.record.instance, expects.worlds):
            if wrong is None or not self._explains(expects, wrong, reading):
                wanted = short(looking.declared(self.record.instance, expects.worlds[0]))
                meaning = CATALOGUE[expects.effect_obligation].meaning
                self.record.deviates(
                    expects.effect_obligation, f"{when} the probe reads {reading.found} instead of {wanted}. {meaning}"
                )
            raise DivergedError
        self._judge_told(expects, reading, when, wrong)

    def judge_lookup(self, expects: Expectation, when: str) -> None:
        """Judge what the look-up finds, whether a call needs it or not: the reply that told the outputs might have been lost."""
        if (
            self.record.driver.slice.step.lookup is None or self.record.unsent is not None
        ):  # what was not sent cannot be found undone
            return
        called = self.record.driver.look_up(self.record.instance)
        self.record.calls.append(called)
        right = expectations.looked_up(expects.following)
        if called.outcome not in right:
            self.record.deviates("O33", f"{when} the look-up says {said(called)} instead of {' or '.join(right)}")
        elif called.outcome == Sought.FOUND:
            found = outputs_in(self.record.driver.slice.step, called.body, called.headers, Teller.LOOKUP)
            before = {name: self.record.outputs[name] for name in found or {} if name in self.record.outputs}
            if found is None or any(not same(found[name], value) for name, value in before.items()):
                self.record.deviates("O33", f"{when} the look-up gave the outputs {short(found)} instead of {short(before)}")

    def look_for_nothing(self, expects: Expectation, when: str, wrong: Called | None) -> None:
        """See that a call which is to be tried again changed nothing; while the participant cannot work, it may not tell.

        Raises:
            DivergedError: when it did.
        """
        reading = self.record.looking.read(self.record.instance, asks=True)
        before, after = self.record.before.fields, reading.fields
        if before is not None and after is not None and not same(before, after):
            if wrong is None:
                text = f"{when} the probe reads {reading.found} instead of {short(before)}, as before it"
                self.record.deviates(expects.effect_obligation, text)
            raise DivergedError
        reading.told = [called for called in reading.told if called.outcome != Outcome.RETRYABLE]
        self._judge_told(expects, reading, when, wrong)

    def _judge_told(self, expects: Expectation, reading: Reading, when: str, wrong: Called | None) -> None:
        """Judge what the status call told, the effect being as it must be, or unseen."""
        for called in reading.told:
            if self._may_tell(expects, called):
                continue
            if wrong is None:
                text = f"{when} the status call says {said(called)} instead of {' or '.join(expects.told)}"
                self.record.deviates(self._blamed_for_telling(expects, called), text)
                self.record.lied = True
            if not self.record.looking.probes:
                raise DivergedError
            return  # the other answer may tell what came of it meanwhile

    def _may_tell(self, expects: Expectation, called: Called) -> bool:
        """Is this right: as declared, or since nothing was found to be asked for, or as before an undoing that was not sent?"""
        if called.outcome in expects.told or (called.unsent and "absent" in expectations.looked_up(expects.following)):
            return True
        undone = self.record.unsent is not None and expects.following.state == State.COMPENSATED
        return (
            undone
            and self.record.unsent is not None
            and called.outcome in expectations.told(self.record.driver.slice, self.record.unsent)
        )

    def _blamed_for_telling(self, expects: Expectation, told: Called) -> str:
        if self._ends_otherwise(expects, told):
            return "O18"
        return "O14" if self._is_a_lie(expects, told) else expects.told_obligation

    def _ends_otherwise(self, expects: Expectation, told: Called) -> bool:
        """Does the status call, by which the outcome is asked for, tell that work ended which another end was right for?"""
        at_work = self.record.driver.slice.step.polls and expects.following.state == State.IN_PROGRESS
        return at_work and told.outcome in (State.APPLIED, State.REFUSED)

    def _is_a_lie(self, expects: Expectation, told: Called) -> bool:
        """Does it tell of an effect that is not there? Else it may be the truth about what was forgotten, or applied unseen."""
        return told.outcome == State.APPLIED and (self.record.looking.probes or expects.obligation == "O8")

    def _judge_asking(self, expects: Expectation, reading: Reading, when: str) -> None:
        """The status call changes nothing: neither its own answer nor the effect (O15); work in progress may end in between."""
        if not reading.told:
            return
        first, second = reading.told
        if first.outcome in expects.told and second.status is None:  # that changed nothing that anybody saw
            self.record.deviates("O21", f"{when} the status call says {said(first)}, and asked again it {second.error}")
            raise DivergedError
        changed = first.outcome in expects.told and not self._may_tell(expects, second)
        if changed and not self._ends_otherwise(expects, second):
            self.record.deviates("O15", f"{when} the status call says {said(first)}, and asked again {said(second)}")
            raise DivergedError
        if expects.following.state == State.IN_PROGRESS or self.record.leaves_work:
            return
        if self.record.looking.fits(reading, self.record.instance, expects.worlds):
            again = self.record.looking.read(self.record.instance)
            if again.fields is None:
                raise CannotJudgeError(f"{when}, and after the status call, {again.unread}")
            if not same(reading.fields, again.fields):
                text = f"{when} the probe reads {reading.found} before the status call and {again.found} after it"
                self.record.deviates("O15", text)
                raise DivergedError

    def _explains(self, expects: Expectation, wrong: Called, reading: Reading) -> bool:
        """Does a wrong reply tell the truth about the wrong effect? Then the reply is the one fault."""
        applied = self.record.looking.fits(reading, self.record.instance, (World.APPLIED,))
        undone = expects.following.state == State.COMPENSATED and wrong.letter == Letter.COMPENSATE
        if wrong.outcome == Outcome.DONE:
            return applied != undone
        says_no = httpx.codes.is_client_error(wrong.status or 0)
        return (wrong.outcome in _CLAIMS_NOTHING or says_no) and (applied == undone)
