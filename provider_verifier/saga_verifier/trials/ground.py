"""What the trials of one step stand on: who calls the participant, who runs it, and what it did undisturbed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from saga_verifier.depended import Services
from saga_verifier.isolation.interface import Isolation, Running
from saga_verifier.play.driver import Driver
from saga_verifier.provider_file import ProviderFile
from saga_verifier.verdicts import HistoryResult


@dataclass(frozen=True, slots=True)
class Ground:
    """What a trial may use.

    Attributes:
        driver: Calls the step, wherever the participant is at the moment.
        running: The participant: it can be killed and started again.
        isolation: The backend that runs it.
        provider: Its provider file.
        today: The day on which waivers are judged.
        seed: Of everything that is left to chance; printed, so that it can be played again.
        plain: What the undisturbed histories showed, by name.
        services: Those that the participant depends on, as the harness plays them; None: it plays none.
    """

    driver: Driver
    running: Running
    isolation: Isolation
    provider: ProviderFile
    today: date
    seed: int
    plain: Mapping[str, HistoryResult] = field(default_factory=dict)
    services: Services | None = None
