"""How sagas stand in environments, for people who look at many at once: the gate's own verdicts, kept while nothing has changed.

The gate works a verdict out in milliseconds, and a page shows dozens. What it rests on has a digest (`store.questions.evidence`);
a verdict is kept in memory under that digest and the day, so it is never older than what it rests on.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from threading import Lock

from sqlalchemy import Connection

from saga_broker.acts.gathering import cases
from saga_broker.gate.run.model import Case, RunVerdict
from saga_broker.gate.run.reasons import USUAL_FAULTS
from saga_broker.gate.run.rule import judge, judge_all
from saga_broker.rows import Environment
from saga_broker.store.questions.evidence import digests

KEPT = 2000
"""So many verdicts are kept in memory."""


@dataclass(frozen=True, slots=True)
class Part:
    """One version of a saga that is live.

    Attributes:
        saga_version: None when none is there.
        executes_as: The pacticipant that makes the calls.
        executor_version: Its version; None when none is there.
        level: The saga's declared level of adoption.
    """

    saga_version: str | None
    executes_as: str
    executor_version: str | None
    level: int
    verdict: RunVerdict


@dataclass(frozen=True, slots=True)
class Running:
    """A saga in an environment.

    Attributes:
        parts: Each version of it that is in question, with its own verdict.
        verdict: That of all of them together.
    """

    saga: str
    environment: Environment
    parts: tuple[Part, ...]
    verdict: RunVerdict

    @property
    def is_there(self) -> bool:
        """Is any version of who executes it in the environment?"""
        return any(part.executor_version is not None for part in self.parts)

    @property
    def word(self) -> str:
        """Give the verdict in a word: `yes`, `no`, `unknown`, or `not there`."""
        if not self.is_there:
            return "not there"
        return {True: "yes", False: "no", None: "unknown"}[self.verdict.can_run]


class Kept:
    """Verdicts by what they rest on; the oldest leave when there are too many. One is shared by all threads of a process."""

    def __init__(self, most: int = KEPT) -> None:
        self._most, self._lock = most, Lock()
        self._found: OrderedDict[tuple[object, ...], Running] = OrderedDict()

    def get(self, key: tuple[object, ...]) -> Running | None:
        """Give what is kept under a key."""
        with self._lock:
            found = self._found.get(key)
            if found is not None:
                self._found.move_to_end(key)
            return found

    def put(self, key: tuple[object, ...], running: Running) -> None:
        """Keep a verdict."""
        with self._lock:
            self._found[key] = running
            while len(self._found) > self._most:
                self._found.popitem(last=False)


_KEPT = Kept()


def running(
    connection: Connection, sagas: Sequence[str], environments: Sequence[Environment], today: date
) -> dict[tuple[str, str], Running]:
    """Give how sagas stand in environments.

    Args:
        connection: The database.
        sagas: Names of sagas that are known.
        environments: Where they are asked about.
        today: The day on which waivers are judged.

    Returns:
        By saga and name of the environment.
    """
    marks = digests(connection, sagas, [one.id for one in environments])
    return {
        (saga, place.name): _one(connection, saga, place, today, marks[saga, place.id])
        for saga in sagas
        for place in environments
    }


def _one(connection: Connection, saga: str, environment: Environment, today: date, mark: str) -> Running:
    key = (saga, environment.uuid, environment.name, today, mark)
    found = _KEPT.get(key)
    if found is None:
        found = _asked(connection, saga, environment, today)
        _KEPT.put(key, found)
    return found


def _asked(connection: Connection, saga: str, environment: Environment, today: date) -> Running:
    found = cases(connection, saga, environment, [])
    whole = judge_all(found, USUAL_FAULTS, today)
    each = [whole] if len(found) == 1 else [judge(case, USUAL_FAULTS, today) for case in found]
    return Running(saga, environment, tuple(map(_part, found, each)), whole)


def _part(case: Case, verdict: RunVerdict) -> Part:
    return Part(case.saga_version, case.executes_as, case.executor_version, case.level, verdict)
