"""The figures of the sagas of one database: how many there are in each state, and how long the last ones took."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine, Subquery, func, select

from saga_service import tables
from saga_service.kept.tables import checks, findings
from saga_service.records import Role, SagaState, StepState

WINDOW = 1000
"""Of each database, the durations of so many sagas are read: those that came to their end last."""
_ENDS = (SagaState.COMMITTED, SagaState.COMPENSATED, SagaState.ESCALATED)

Seconds = dict[tuple[str, ...], list[float]]


@dataclass(slots=True)
class Figures:
    """What is counted.

    Attributes:
        sagas: Their number by saga and state.
        findings: The number of checker findings that are kept, by saga, step and kind.
        unanswered: The number of sagas whose participants did not tell the checker all, by saga.
        durations: By saga: how long each took from its creation to its first end, in seconds.
        steps: By saga and step: how long each took from its first call until it was applied.
    """

    sagas: dict[tuple[str, ...], int] = field(default_factory=dict)
    findings: dict[tuple[str, ...], int] = field(default_factory=dict)
    unanswered: dict[tuple[str, ...], int] = field(default_factory=dict)
    durations: Seconds = field(default_factory=dict)
    steps: Seconds = field(default_factory=dict)


def read(reading: Engine) -> Figures:
    """Read the figures of one database."""
    sagas = tables.sagas.c
    last = select(sagas.saga_id).where(sagas.state.in_(_ENDS)).order_by(sagas.updated_at.desc()).limit(WINDOW).subquery()
    of_saga = tables.sagas.c.saga_id == findings.c.saga_id
    found = select(sagas.saga, findings.c.step, findings.c.finding, func.count()).join(findings, of_saga)
    unanswered = select(sagas.saga, func.count()).join(checks, checks.c.saga_id == sagas.saga_id)
    with reading.connect() as connection:
        return Figures(
            _counted(connection.execute(select(sagas.saga, sagas.state, func.count()).group_by(sagas.saga, sagas.state))),
            _counted(connection.execute(found.group_by(sagas.saga, findings.c.step, findings.c.finding))),
            _counted(connection.execute(unanswered.where(checks.c.verdict == "unknown").group_by(sagas.saga))),
            _durations(connection, last),
            _step_durations(connection, last),
        )


def together(found: Sequence[Figures]) -> Figures:
    """Put the figures of several databases together."""
    return Figures(
        _sums(one.sagas for one in found),
        _sums(one.findings for one in found),
        _sums(one.unanswered for one in found),
        _lists(one.durations for one in found),
        _lists(one.steps for one in found),
    )


def quantile(values: Sequence[float], share: float) -> float:
    """Give the value that this share of the values does not exceed, between two of them in a straight line.

    >>> quantile([4.0, 1.0, 3.0, 2.0], 0.5)
    2.5
    >>> quantile([7.0], 0.99)
    7.0
    """
    ordered, place = sorted(values), (len(values) - 1) * share
    below, above = ordered[int(place)], ordered[min(int(place) + 1, len(ordered) - 1)]
    return below + (above - below) * (place - int(place))


def _durations(connection: Connection, last: Subquery) -> Seconds:
    sagas, states = tables.sagas.c, tables.states.c
    ended = (
        select(sagas.saga, sagas.created_at, func.min(states.at))
        .join(tables.states, states.saga_id == sagas.saga_id)
        .where(sagas.saga_id.in_(select(last.c.saga_id)), states.state.in_(_ENDS))
        .group_by(sagas.saga_id, sagas.saga, sagas.created_at)
    )
    found: Seconds = defaultdict(list)
    for saga, created_at, ended_at in connection.execute(ended):
        found[(saga,)].append(ended_at - created_at)
    return found


def _step_durations(connection: Connection, last: Subquery) -> Seconds:
    sagas, steps, tried = tables.sagas.c, tables.steps.c, tables.attempts.c
    applied = (
        select(sagas.saga, steps.step, func.min(tried.started_at), steps.updated_at)
        .join(tables.steps, steps.saga_id == sagas.saga_id)
        .join(tables.attempts, (tried.saga_id == steps.saga_id) & (tried.step == steps.step))
        .where(sagas.saga_id.in_(select(last.c.saga_id)), steps.state == StepState.APPLIED, tried.role == Role.FORWARD)
        .group_by(sagas.saga_id, sagas.saga, steps.step, steps.updated_at)
    )
    found: Seconds = defaultdict(list)
    for saga, step, began_at, applied_at in connection.execute(applied):
        found[saga, step.partition(":")[0]].append(applied_at - began_at)  # the elements of a list are one step
    return found


def _counted(rows: Iterable[Sequence[object]]) -> dict[tuple[str, ...], int]:
    return {tuple(map(str, row[:-1])): int(str(row[-1])) for row in rows}


def _sums(parts: Iterable[Mapping[tuple[str, ...], int]]) -> dict[tuple[str, ...], int]:
    found: dict[tuple[str, ...], int] = defaultdict(int)
    for part in parts:
        for name, number in part.items():
            found[name] += number
    return dict(found)


def _lists(parts: Iterable[Seconds]) -> Seconds:
    found: Seconds = defaultdict(list)
    for part in parts:
        for name, values in part.items():
            found[name] += values
    return dict(found)
