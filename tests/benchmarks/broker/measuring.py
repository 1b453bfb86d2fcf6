"""Measures each kind of request against a running broker: what it costs, and how long a client waits."""

import json
import os
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.benchmarks.broker.history import Size
from tests.benchmarks.broker.load import Connection, Sent, ask, send
from tests.benchmarks.broker.questions import Question, questions
from tests.benchmarks.broker.routes import Asked, exchange, readable
from tests.benchmarks.broker.servers import Running, Used

WARM_UP = 20
LEAST_ASKED, MOST_ASKED, ASKED_FOR_S, ROUTE_RUNS = 3, 40, 0.3, 3


@dataclass(frozen=True, slots=True)
class Figure:
    """What one kind of request costs; the best of several runs by the broker's processor time.

    Attributes:
        cpu_ms: The broker's processor time for one request.
        database_ms: PostgreSQL's; 0 on SQLite, which works in the broker's process.
        sender_ms: The load generator's own.
        load: The machine's load average beside it.
        kib: The size of one answer; 0 when it was not looked at.
        is_judged: Its cost must not grow with the history.
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
    kib: float = 0.0
    is_judged: bool = True


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


def measure_routes(running: Running, size: Size, only: str | None = None) -> tuple[list[Figure], list[str]]:
    """Ask every route that reads; give the figures, and the routes of which the variables are not known."""
    asked, unknown = readable(running.port, size)
    with Connection(running.port) as connection:
        figures = [_route(running, connection, one) for one in asked if only is None or only in one.name]
    return figures, unknown


def _route(running: Running, connection: Connection, asked: Asked) -> Figure:
    begun = time.perf_counter()
    exchange(connection, asked)
    wanted = round(min(MOST_ASKED, max(LEAST_ASKED, ASKED_FOR_S / (time.perf_counter() - begun))))
    runs = []
    for _ in range(ROUTE_RUNS):
        before, own = running.used(), time.process_time()
        sizes, took = [], []
        for _ in range(wanted):
            begun = time.perf_counter()
            sizes.append(exchange(connection, asked))
            took.append(time.perf_counter() - begun)
        figure = _cost(asked.name, Sent(took, sum(took), time.process_time() - own), before, running.used())
        runs.append(replace(figure, kib=round(sizes[-1] / 1024, 1), is_judged=asked.is_judged))
    return min(runs, key=lambda figure: figure.cpu_ms + figure.database_ms)


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
    return _cost(question.name, sent, before, running.used())


def _cost(name: str, sent: Sent, before: Used, after: Used) -> Figure:
    count = len(sent.took)
    return Figure(
        name=name,
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
