"""Measures each kind of request against a running broker: what it costs, and how long a client waits."""

import json
import os
import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from tests.benchmarks.broker.history import Size
from tests.benchmarks.broker.load import Sent, ask, send
from tests.benchmarks.broker.questions import Question, questions
from tests.benchmarks.broker.servers import Running, Used

WARM_UP = 20


@dataclass(frozen=True, slots=True)
class Figure:
    """What one kind of request costs; the best of several runs by the broker's processor time.

    Attributes:
        cpu_ms: The broker's processor time for one request.
        database_ms: PostgreSQL's; 0 on SQLite, which works in the broker's process.
        sender_ms: The load generator's own.
        load: The machine's load average beside it.
    """

    name: str
    requests: int
    per_second: float
    p50_ms: float
    p95_ms: float
    cpu_ms: float
    database_ms: float
    sender_ms: float
    memory_mib: float
    peak_mib: float
    load: float


def measure(running: Running, size: Size, requests: int, runs: int, only: str | None = None) -> Iterator[Figure]:
    """Measure every kind of request.

    Args:
        running: The broker, which holds the history.
        size: The history.
        requests: How many requests of the cheapest kind are sent in a run.
        runs: How often each kind is measured.
        only: Measure only the kinds whose name contains this.

    Raises:
        RuntimeError: An answer is not the one that was meant.
    """
    for question in questions(size):
        if only is not None and only not in question.name:
            continue
        wanted = max(question.clients, round(requests * question.share))
        _warm_up(running, question, min(WARM_UP, wanted))
        found = [_run(running, question, wanted) for _ in range(runs)]
        yield min(found, key=lambda figure: figure.cpu_ms)


def _warm_up(running: Running, question: Question, wanted: int) -> None:
    first, *others = question.make(wanted)
    answer = json.loads(ask(running.port, first))
    if not question.check(answer):
        msg = f"{question.name}: the answer is not the one that was meant: {json.dumps(answer)[:1000]}"
        raise RuntimeError(msg)
    send(running.port, others, question.clients)


def _run(running: Running, question: Question, wanted: int) -> Figure:
    messages = question.make(wanted)
    before = running.used()
    sent = send(running.port, messages, question.clients)
    return _figure(question, sent, before, running.used())


def _figure(question: Question, sent: Sent, before: Used, after: Used) -> Figure:
    count = len(sent.took)
    return Figure(
        name=question.name,
        requests=count,
        per_second=round(count / sent.lasted_s, 1),
        p50_ms=round(statistics.median(sent.took) * 1000, 2),
        p95_ms=round(statistics.quantiles(sent.took, n=20)[-1] * 1000, 2),
        cpu_ms=round((after.broker_s - before.broker_s) / count * 1000, 2),
        database_ms=round((after.database_s - before.database_s) / count * 1000, 2),
        sender_ms=round(sent.own_cpu_s / count * 1000, 2),
        memory_mib=round(after.memory_mib),
        peak_mib=round(after.peak_mib),
        load=round(os.getloadavg()[0], 2),
    )
