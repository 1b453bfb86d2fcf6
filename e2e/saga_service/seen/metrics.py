"""Figures in the text form that Prometheus reads.

Everything comes from the databases when it is asked for: each process of the service tells the same, a restart loses nothing.
Durations are quantiles of the sagas that came to their end last (`figures.WINDOW` of each database); the client library's summary
has none, and a histogram would have to guess the buckets. Read them with `max by (saga, quantile)`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from saga_service.kept import figures
from saga_service.kept.figures import Figures

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
QUANTILES = (0.5, 0.75, 0.95, 0.99)


@dataclass(frozen=True, slots=True, eq=False)
class Seen(Collector):
    """All that is shown.

    Attributes:
        figures: Of all databases.
        escalations: The number of escalated sagas that nobody has settled.
        up: By participant whose health is asked for: is it healthy?
    """

    figures: Figures
    escalations: int
    up: Mapping[str, bool]

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Give every family of samples."""
        found, prefix = self.figures, "saga_service_"
        yield _gauge(f"{prefix}sagas", "Sagas that are kept, by state", ("saga", "state"), found.sagas)
        yield _quantiles(f"{prefix}saga_duration_seconds", "From creation to the first end", ("saga",), found.durations)
        yield _quantiles(f"{prefix}step_duration_seconds", "From the first call until applied", ("saga", "step"), found.steps)
        window: dict[tuple[str, ...], float] = {name: len(values) for name, values in found.durations.items()}
        yield _gauge(f"{prefix}saga_duration_sagas", "Sagas that the durations are taken from", ("saga",), window)
        labels = ("saga", "step", "finding")
        yield _gauge(f"{prefix}checker_findings", "What the checker found, as long as it is kept", labels, found.findings)
        said = "Sagas whose participants did not tell the checker all"
        yield _gauge(f"{prefix}checks_unanswered", said, ("saga",), found.unanswered)
        yield _gauge(f"{prefix}escalations_open", "Escalated sagas that nobody has settled", (), {(): self.escalations})
        up: dict[tuple[str, ...], float] = {(name,): int(is_up) for name, is_up in self.up.items()}
        yield _gauge(f"{prefix}participant_up", "Is the participant healthy?", ("participant",), up)


def exposition(seen: Seen) -> bytes:
    """Write it."""
    registry = CollectorRegistry()
    registry.register(seen)
    return generate_latest(registry)


def _gauge(name: str, said: str, labels: Sequence[str], values: Mapping[tuple[str, ...], float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, said, labels=labels)
    for place, value in sorted(values.items()):
        family.add_metric(place, value)
    return family


def _quantiles(
    name: str, said: str, labels: Sequence[str], values: Mapping[tuple[str, ...], Sequence[float]]
) -> GaugeMetricFamily:
    found = {(*place, str(share)): figures.quantile(seconds, share) for place, seconds in values.items() for share in QUANTILES}
    return _gauge(name, said, (*labels, "quantile"), found)
