"""How often and how much the service looks after its sagas, from environment variables."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from saga_service.settings import number

HALF_A_DAY_MS = 12 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in seconds, batches in sagas.

    Attributes:
        check_after_s: How long after its end a saga is looked at by the checker (`SAGA_CHECK_AFTER_MS`): longer than any
            participant's replication lags.
        check_every_s: How often the checker looks for sagas that are due (`SAGA_CHECK_EVERY_MS`).
        check_pause_s: The first pause after a look that told nothing clear (`SAGA_CHECK_PAUSE_MS`).
        batch: How many sagas are taken each time (`SAGA_BATCH`).
    """

    check_after_s: float
    check_every_s: float
    check_pause_s: float
    batch: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the limits.

        Raises:
            UsageError: when a variable cannot be read.
        """

        def seconds(name: str, default_ms: int) -> float:
            return number(environment, name, default_ms) / 1000

        return cls(
            check_after_s=seconds("SAGA_CHECK_AFTER_MS", HALF_A_DAY_MS),
            check_every_s=seconds("SAGA_CHECK_EVERY_MS", 60_000),
            check_pause_s=seconds("SAGA_CHECK_PAUSE_MS", 60_000),
            batch=number(environment, "SAGA_BATCH", 100),
        )
