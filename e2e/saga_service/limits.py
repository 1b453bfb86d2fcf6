"""How often and how much the service looks after its sagas, from environment variables."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from saga_contracts.client import UsageError
from saga_service.settings import named_texts, number

HALF_A_DAY_MS = 12 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in seconds, batches in sagas.

    Attributes:
        check_after_s: How long after its end a saga is looked at by the checker (`SAGA_CHECK_AFTER_MS`): longer than any
            participant's replication lags.
        check_every_s: How often the checker looks for sagas that are due (`SAGA_CHECK_EVERY_MS`).
        check_pause_s: The first pause after a look that told nothing clear (`SAGA_CHECK_PAUSE_MS`).
        health_paths: Where each participant tells its health (`SAGA_HEALTH`, a JSON object of names and paths, with `*` for
            all that are not named). A participant without a path is held for healthy.
        health_every_s: How often it is asked (`SAGA_HEALTH_EVERY_MS`).
        health_failures: After so many failing answers in turn it is down (`SAGA_HEALTH_FAILURES`); one good answer ends that.
        hook: Where automation is told of each escalation (`SAGA_ESCALATION_HOOK`, an HTTP address); empty: nowhere.
        hook_every_s: How often the service looks for escalations to tell (`SAGA_HOOK_EVERY_MS`).
        keep_s: How long a saga and its request id are kept after its end (`SAGA_KEEP_MS`): longer than `check_after_s`.
        forget_every_s: How often the service looks for sagas to forget (`SAGA_FORGET_EVERY_MS`).
        batch: How many sagas are taken each time (`SAGA_BATCH`).
    """

    check_after_s: float
    check_every_s: float
    check_pause_s: float
    health_paths: Mapping[str, str]
    health_every_s: float
    health_failures: int
    hook: str
    hook_every_s: float
    keep_s: float
    forget_every_s: float
    batch: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the limits.

        Raises:
            UsageError: when a variable cannot be read.
        """

        def seconds(name: str, default_ms: int) -> float:
            return number(environment, name, default_ms) / 1000

        check_after_s, keep_s = seconds("SAGA_CHECK_AFTER_MS", HALF_A_DAY_MS), seconds("SAGA_KEEP_MS", 60 * HALF_A_DAY_MS)
        if keep_s <= check_after_s:
            raise UsageError("SAGA_KEEP_MS is not longer than SAGA_CHECK_AFTER_MS. Keep sagas until the checker has looked.")
        return cls(
            check_after_s=check_after_s,
            check_every_s=seconds("SAGA_CHECK_EVERY_MS", 10_000),
            check_pause_s=seconds("SAGA_CHECK_PAUSE_MS", 60_000),
            health_paths=named_texts(environment, "SAGA_HEALTH", '{"billing": "/health"}'),
            health_every_s=seconds("SAGA_HEALTH_EVERY_MS", 5_000),
            health_failures=number(environment, "SAGA_HEALTH_FAILURES", 2),
            hook=_address(environment, "SAGA_ESCALATION_HOOK"),
            hook_every_s=seconds("SAGA_HOOK_EVERY_MS", 5_000),
            keep_s=keep_s,
            forget_every_s=seconds("SAGA_FORGET_EVERY_MS", 600_000),
            batch=number(environment, "SAGA_BATCH", 100),
        )


def _address(environment: Mapping[str, str], name: str) -> str:
    url = environment.get(name, "")
    if url and not url.startswith(("http://", "https://")):  # it may hold a secret, so it is not repeated
        raise UsageError(f"{name} is no HTTP address. Set it such as https://HOST/escalations.")
    return url
