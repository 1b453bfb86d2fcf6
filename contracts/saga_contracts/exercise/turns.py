"""The turns of a case: each is one meeting of the client with a participant or a message, judged when it is over.

    for turn in turns(saga, case, recording, source="native"):
        with turn:
            turn.report(client(turn.given))

Most cases have one turn; some have one for each of their counter-examples, too. A turn that failed although the client may only
have run out of time, because the machine was slow, is played once more with a long time-out.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import pytest

from saga_contracts.declare.saga import Saga
from saga_contracts.derive import cases
from saga_contracts.derive.cases import MESSAGES, Case
from saga_contracts.derive.client_cases import ClientCase
from saga_contracts.exercise.counterexamples import client_cases, messages
from saga_contracts.exercise.given import Client, Given, make_given, timeout_s
from saga_contracts.exercise.meetings import Meeting, MessageMeeting, MockMeeting, StubMeeting
from saga_contracts.exercise.outcomes import reported
from saga_contracts.exercise.recording import Recording

NEARLY = 0.9
"""A client that took this part of its time-out may have run into it."""


class ContractNotKeptError(AssertionError):
    """The client did not call as the case says, or made another outcome of what it got."""


def turns(saga: Saga, case: Case | ClientCase, recording: Recording, *, source: str) -> Iterator["Turn"]:
    """Give the turns of a case, one after the other, and record the case when all were kept.

    Raises:
        ContractNotKeptError: not from here, but from a turn that is left.
    """
    for meeting in _meetings(saga, case):
        turn = Turn(meeting, recording)
        yield turn
        if turn.ran_out_of_time:
            yield Turn(meeting, recording, patient=True)
    if isinstance(case, Case):
        from saga_contracts.exercise.served import interactions  # noqa: PLC0415  (loads Pact, which only a running test needs)

        recording.exercised(saga, case.name, source, interactions.document(case.called_in(saga), case))


def exercise(saga: Saga, case: Case | ClientCase, client: Client, recording: Recording, *, source: str) -> None:
    """Let a client meet one case, compare what it did and what it made of it, and record the interaction.

    Raises:
        ContractNotKeptError: when the client did not call as the case says, or made another outcome of the reply.
    """
    recording.expect(saga, [one.name for one in cases.derive(saga)], [one.name for one in cases.derive_messages(saga)])
    for turn in turns(saga, case, recording, source=source):
        with turn:
            turn.report(client(turn.given))


class Turn:
    """One meeting of a client; a context manager.

    Attributes:
        given: What the client is given, once entered.
        ran_out_of_time: Did it fail in a time in which the machine may have been too slow for it? Then it has to be played again.
    """

    given: Given

    def __init__(self, meeting: Meeting, recording: Recording, *, patient: bool = False) -> None:
        self.ran_out_of_time = False
        self._meeting, self._recording, self._patient = meeting, recording, patient
        self._reported: Any = None
        self._stack = ExitStack()

    def report(self, outcome: Any) -> None:
        """Take what the client made of it."""
        self._reported = reported(outcome)

    def __enter__(self) -> Self:
        meeting = self._meeting
        url = self._stack.enter_context(meeting.open(timeout_s(meeting.saga, meeting.case.step, patient=self._patient)))
        self.given = make_given(meeting.saga, meeting.case, url, meeting.message, patient=self._patient)
        self._began = time.monotonic()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        took_s = time.monotonic() - self._began
        self._stack.close()
        if isinstance(error, Exception):
            return self._judge_error(error, took_s)
        if error is not None:
            self._note_failure(error)
            return False
        self._judge(self._meeting.finding(self._reported), took_s)
        return True

    def _judge(self, finding: str | None, took_s: float) -> None:
        if finding is None or self._was_hurried(took_s):
            return
        self._recording.failed(self._meeting.case.name)
        raise ContractNotKeptError(f"{self._meeting.case.name}: {finding}")

    def _judge_error(self, error: Exception, took_s: float) -> bool:
        """Say whether the error is no failure (or none yet)."""
        if self._meeting.may_raise or self._was_hurried(took_s):
            return True
        self._recording.failed(self._meeting.case.name)
        finding = self._meeting.miscalled()
        error.add_note(
            f"The client raised this in the case {self._meeting.case.name}." + (f" Before: {finding}" if finding else "")
        )
        return False

    def _was_hurried(self, took_s: float) -> bool:
        self.ran_out_of_time = self._meeting.is_timed and not self._patient and took_s >= NEARLY * self.given.timeout_s
        return self.ran_out_of_time

    def _note_failure(self, error: BaseException) -> None:
        if not isinstance(error, pytest.skip.Exception):
            self._recording.failed(self._meeting.case.name)


def _meetings(saga: Saga, case: Case | ClientCase) -> Iterator[Meeting]:
    if isinstance(case, ClientCase):
        yield from (StubMeeting(saga, one) for one in client_cases(case))
        return
    saga = case.called_in(saga)
    if case.role in MESSAGES:
        yield from (MessageMeeting(saga, case, message) for message in messages(saga, case))
    else:
        yield MockMeeting(saga, case)
