"""Figures of one broker process, in the form that Prometheus reads.

Requests are counted by the template of their route and never by their path: names of pacticipants must not make a new series
each. What stands in the database (events, webhooks, jobs) is counted when somebody asks.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from saga_broker.http.lanes import Lanes

NO_ROUTE = "none"
NO_ANSWER = 0
BUCKETS_S = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
Queues = Callable[[], Mapping[tuple[str, str], int]]
"""Counts what waits in the database, by queue and state."""


class Measures:
    """The figures of one process.

    Args:
        lanes: The threads that requests are answered in.
        connections: Counts the database connections in use, and those that are kept for the next one.
        queues: Counts what waits.
    """

    def __init__(self, lanes: Lanes, connections: Callable[[], tuple[int, int]], queues: Queues) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "sagapact_requests", "Requests answered.", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "sagapact_request_seconds",
            "From the request to the end of its answer.",
            ("method", "route"),
            buckets=BUCKETS_S,
            registry=self._registry,
        )
        ProcessCollector(registry=self._registry)
        self._registry.register(_Now(lanes, connections, queues))

    def saw(self, method: str, route: str, status: int, took_s: float) -> None:
        """Count a request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(took_s)

    def text(self) -> bytes:
        """Write all figures."""
        return generate_latest(self._registry)


class Measured:
    """ASGI middleware that counts requests; it stands between the envelope and the routes."""

    def __init__(self, app: ASGIApp, measures: Measures) -> None:
        self._app, self._measures = app, measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request and count it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = NO_ANSWER
        begun = time.perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            self._measures.saw(scope["method"], template_of(scope), status, time.perf_counter() - begun)


def template_of(scope: Scope) -> str:
    """Give the template of the route that answered a request."""
    return getattr(scope.get("route"), "path_format", NO_ROUTE)


class _Now:
    """What is counted when it is asked for."""

    def __init__(self, lanes: Lanes, connections: Callable[[], tuple[int, int]], queues: Queues) -> None:
        self._lanes, self._connections, self._queues = lanes, connections, queues

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Count."""
        lanes = {"reads": self._lanes.reads, "writes": self._lanes.writes}
        yield _gauge("sagapact_requests_at_work", "Requests that have a thread.", "lane", _of(lanes, "at_work"))
        yield _gauge("sagapact_requests_waiting", "Requests that wait for a thread.", "lane", _of(lanes, "waiting"))
        used, idle = self._connections()
        text = "Connections to the database."
        yield _gauge("sagapact_database_connections", text, "state", {"used": used, "idle": idle}.items())
        found = GaugeMetricFamily("sagapact_queue", "What is to be done, and was, by queue and state.", labels=("queue", "state"))
        for labels, count in sorted(self._queues().items()):
            found.add_metric(labels, count)
        yield found


def _of(lanes: Mapping[str, object], name: str) -> Iterator[tuple[str, int]]:
    return ((lane, getattr(found, name)) for lane, found in lanes.items())


def _gauge(name: str, text: str, label: str, values: Iterable[tuple[str, int]]) -> GaugeMetricFamily:
    found = GaugeMetricFamily(name, text, labels=(label,))
    for value, count in values:
        found.add_metric((value,), count)
    return found
