"""How sagas stand in environments, for people who look at many at once: the gate's own verdicts, kept while nothing has changed.

The gate works a verdict out in milliseconds, and a page shows dozens. What it rests on has a digest (`store.questions.evidence`);
a verdict is kept in memory with that digest and the day, so it is never older than what it rests on.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from threading import Lock

from sqlalchemy import Connection

from saga_broker.acts.candidates import LiveVersions
from saga_broker.acts.gathering import gather
from saga_broker.gate.run.model import Case, InFlight, RunVerdict
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
        in_flight: Since when it is no longer live, and until when sagas that it began may be on their way; None when it is live.
    """

    saga_version: str | None
    executes_as: str
    executor_version: str | None
    level: int
    verdict: RunVerdict
    in_flight: InFlight | None = None


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
        return any(part.executor_version is not None and part.in_flight is None for part in self.parts)

    @property
    def word(self) -> str:
        """Give the verdict in a word: `yes`, `no`, `unknown`, or `not there`."""
        if not self.is_there:
            return "not there"
        return {True: "yes", False: "no", None: "unknown"}[self.verdict.can_run]


@dataclass(frozen=True, slots=True)
class _Known:
    """A verdict with what it rests on.

    Attributes:
        mark: The digest of the evidence.
        today: The day on which waivers were judged.
        until: When sagas in flight are over, so that the verdict may be another one; None when there are none.
    """

    running: Running
    mark: str
    today: date
    until: datetime | None

    def holds(self, mark: str, now: datetime) -> bool:
        return self.mark == mark and self.today == now.date() and (self.until is None or now < self.until)


Key = tuple[str, Environment, str]


class _Kept:
    """Verdicts by database, environment and saga; the oldest leave when there are too many. All threads share one."""

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, Lock()
        self._found: OrderedDict[Key, _Known] = OrderedDict()

    def get(self, key: Key) -> _Known | None:
        with self._lock:
            return self._found.get(key)

    def put(self, key: Key, known: _Known) -> None:
        with self._lock:
            self._found[key] = known
            self._found.move_to_end(key)
            while len(self._found) > self._most:
                self._found.popitem(last=False)


_KEPT = _Kept(KEPT)
Asked = tuple[str, Environment]


def running(
    connection: Connection, sagas: Sequence[str], environments: Sequence[Environment], now: datetime
) -> dict[tuple[str, str], Running]:
    """Give how sagas stand in environments.

    Args:
        connection: The database.
        sagas: Names of sagas that are known.
        environments: Where they are asked about.
        now: The moment of the question, in UTC; waivers are judged on its day.

    Returns:
        By saga and name of the environment.
    """
    asked = [(saga, place) for saga in sagas for place in environments]
    keys = {(saga, place): (str(connection.engine.url), place, saga) for saga, place in asked}
    known = {one: _KEPT.get(key) for one, key in keys.items()}
    marks = _marks(connection, {one: found.running for one, found in known.items() if found is not None}, asked)
    fresh = {}
    for one in asked:
        found = known[one]
        if found is None or not found.holds(marks[one], now):
            fresh[one] = _asked(connection, *one, now)
    if any(_flying(found) for found in fresh.values()):
        marks |= _marks(connection, fresh, list(fresh))
    for one, new in fresh.items():
        _KEPT.put(keys[one], _Known(new, marks[one], now.date(), _until(new)))
    held = {one: found.running for one, found in known.items() if found is not None}
    return {(saga, place.name): {**held, **fresh}[saga, place] for saga, place in asked}


def _marks(connection: Connection, known: Mapping[Asked, Running], asked: Sequence[Asked]) -> dict[Asked, str]:
    flying = {(saga, place.id): _flying(found) for (saga, place), found in known.items()}
    sagas, places = dict.fromkeys(saga for saga, _ in asked), dict.fromkeys(place.id for _, place in asked)
    found = digests(connection, list(sagas), list(places), flying)
    return {(saga, place): found[saga, place.id] for saga, place in asked}


def _flying(found: Running) -> set[str]:
    return {part.saga_version for part in found.parts if part.in_flight is not None and part.saga_version is not None}


def _until(found: Running) -> datetime | None:
    ends = [part.in_flight.until for part in found.parts if part.in_flight is not None and part.in_flight.until is not None]
    return min(ends, default=None)


def _asked(connection: Connection, saga: str, environment: Environment, now: datetime) -> Running:
    found = gather(connection, saga, LiveVersions(connection, environment, []), now).cases
    whole = judge_all(found, USUAL_FAULTS, now.date())
    each = [whole] if len(found) == 1 else [judge(case, USUAL_FAULTS, now.date()) for case in found]
    return Running(saga, environment, tuple(map(_part, found, each)), whole)


def _part(case: Case, verdict: RunVerdict) -> Part:
    return Part(case.saga_version, case.executes_as, case.executor_version, case.level, verdict, case.in_flight)
