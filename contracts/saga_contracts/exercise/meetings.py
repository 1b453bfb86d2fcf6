"""What a client meets in one turn of a case, and what can be said of it afterwards: the mock provider, a stub, or a message."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from saga_contracts.declare.saga import Reply, Saga
from saga_contracts.derive.cases import Case, Role
from saga_contracts.derive.client_cases import Answer, ClientCase
from saga_contracts.derive.examples import example_context
from saga_contracts.exercise.counterexamples import Message
from saga_contracts.exercise.outcomes import misreported, words
from saga_contracts.exercise.served import stub
from saga_contracts.exercise.served.calls import difference as difference_of
from saga_contracts.exercise.served.expected import expected_call
from saga_contracts.rim.server import Received
from saga_contracts.wire import correlation

SAFE_REPEATS = 3
"""So often a library may by itself repeat a call that only reads, when the connection ends (RFC 9110, 9.2.2; some do)."""
NO_CALL = "the client did not call as the contract says: no call came. Let the test call `given.url` by the client."
MEND = "Mend how the client reads it, or the saga file if the declaration is wrong."


class Meeting:
    """One meeting; what it is not asked about is as it should be.

    Attributes:
        message: What the client has to read, if it is a message.
        is_timed: Is it answered at once, so that a client that got no answer may have met a slow machine?
        may_raise: May the client raise an error?
    """

    message: Any = None
    is_timed = True
    may_raise = False

    def __init__(self, saga: Saga, case: Case | ClientCase) -> None:
        self.saga, self.case = saga, case

    @contextmanager
    def open(self, timeout_s: float) -> Iterator[str]:  # noqa: ARG002  (for those who are silent)
        """Serve until the block is left; gives the base URL.

        Args:
            timeout_s: How long the client waits for an answer, as it is told.
        """
        yield ""

    def finding(self, reported: Any) -> str | None:
        """Tell what was wrong with the calls, or else with the reported outcome; None: nothing."""
        return self.miscalled() or misreported(self.case.role, reported) or self.misread(reported)

    def miscalled(self) -> str | None:
        """Tell what was wrong with the calls."""
        return None

    def misread(self, reported: Any) -> str | None:
        """Tell what was wrong with an outcome that a client of this role may report."""
        raise NotImplementedError


class MockMeeting(Meeting):
    """A call to Pact's mock provider."""

    case: Case

    @contextmanager
    def open(self, timeout_s: float) -> Iterator[str]:  # noqa: ARG002  (it answers at once)
        """Serve the case."""
        from saga_contracts.exercise.served import interactions  # noqa: PLC0415  (loads Pact, which only a running test needs)

        with interactions.serve(self.saga, self.case, last_reply(self.saga, self.case)) as self._exchange:
            yield self._exchange.heard.url

    def miscalled(self) -> str | None:
        """Tell what the mock provider did not know, and count."""
        calls = self._exchange.heard.calls
        if not calls and not self._exchange.heard.fault:
            return NO_CALL
        if self._exchange.mismatches:
            return f"the client did not call as the contract says.\n{self._exchange.mismatches}"
        return None if len(calls) == 1 else _too_often(len(calls), 1, 1, f"status {self._status}")

    def misread(self, reported: Any) -> str | None:
        """Compare the outcome."""
        return None if reported == self.case.outcome else _another(reported, f"the reply {self._status}", self.case.outcome)

    @property
    def _status(self) -> int:
        return self.case.reply.status if self.case.reply is not None else 0


class StubMeeting(Meeting):
    """A call to a stub."""

    case: ClientCase

    def __init__(self, saga: Saga, case: ClientCase) -> None:
        super().__init__(saga, case)
        self.is_timed = Answer.SILENCE not in case.answers
        self._expected = expected_call(saga, case.step, case.request)

    @contextmanager
    def open(self, timeout_s: float) -> Iterator[str]:
        """Serve the case."""
        self._timeout_s = timeout_s
        step = self.saga.step(self.case.step)
        context = example_context(self.saga, step)
        echo = correlation.echoed(self.saga.correlation, context)
        script = stub.Script(self.case.answers, context, echo, timeout_s, last_reply(self.saga, self.case))
        with stub.serve(script, self._expected) as self._stub:
            yield self._stub.url

    def miscalled(self) -> str | None:
        """Compare each call, measure the silence, and count."""
        calls = self._stub.calls
        if self._stub.fault:
            return f"the client did not call as the contract says. {self._stub.fault}"
        if not calls:
            return NO_CALL
        if self._stub.outlasted_s:
            return (
                f"the client had not given up {self._stub.outlasted_s - self._timeout_s:g} s after its time-out of "
                f"{self._timeout_s:g} s, and got no answer. Let it wait no longer than `given.timeout_s`."
            )
        return self._different(calls) or self._miscounted(calls)

    def misread(self, reported: Any) -> str | None:
        """Compare the outcome."""
        return (
            None if reported == self.case.outcome else _another(reported, f"it (answered: {self._answered})", self.case.outcome)
        )

    def _different(self, calls: list[Received]) -> str | None:
        for number, call in enumerate(calls, 1):
            difference = difference_of(call, self._expected)
            if difference:
                return f"call {number} of the client is not as the contract says. {difference}"
        return None

    def _miscounted(self, calls: list[Received]) -> str | None:
        repeated = len(calls) - self.case.calls
        by_the_library = SAFE_REPEATS if self.case.request.method == "GET" and Answer.DROP in self.case.answers else 0
        if 0 <= repeated <= by_the_library:
            return None
        return _too_often(len(calls), self.case.calls, self.case.tries, self._answered)

    @property
    def _answered(self) -> str:
        return ", then ".join(f"status {one.status}" if isinstance(one, Reply) else one.value for one in self.case.answers)


class MessageMeeting(Meeting):
    """A message that the client only reads."""

    is_timed = False

    def __init__(self, saga: Saga, case: Case, message: Message) -> None:
        super().__init__(saga, case)
        self._meant, self.message = message, message.body
        self.may_raise = not message.is_declared

    def finding(self, reported: Any) -> str | None:
        """Compare the outcome; a message that is not declared must only not be taken for one that is."""
        if self._meant.is_declared:
            return super().finding(reported)
        declared = [word for word in words(self.case.role) if word != self._meant.outcome]
        return self.misread(reported) if reported in declared else None

    def misread(self, reported: Any) -> str | None:
        """Compare the outcome."""
        if reported == self._meant.outcome:
            return None
        undeclared = "" if self._meant.is_declared else ", which the saga file does not declare"
        return _another(reported, f"the message {self.message}{undeclared}", self._meant.outcome)


def last_reply(saga: Saga, case: Case | ClientCase) -> Reply:
    """Give the reply that ends the loop of a client that calls until all is well."""
    if case.role not in (Role.FORWARD, Role.COMPENSATE, Role.STATUS, Role.LOOKUP):
        return Reply(status=200)
    replies = getattr(saga.step(case.step), case.role.value).replies
    good = (reply for name in ("done", "done_again", "applied") for reply in replies.named(name))
    return next(good, Reply(status=200))


def _too_often(found: int, wanted: int, tries: int, answered: str) -> str:
    return f"the client called {found} times instead of {wanted} (answered: {answered}, tries allowed: {tries})."


def _another(reported: Any, what: str, meant: str) -> str:
    return f"the client made {reported!r} of {what}, but it means {meant!r}. {MEND}"
