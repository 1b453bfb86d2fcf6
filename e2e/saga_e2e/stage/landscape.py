"""The reference landscape: where its saga files and provider files are, in a checkout and in an installed package alike.

A landscape of one's own is made with `Landscape(...)` from any saga files and provider files.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from saga_contracts.declare.saga import Saga
from saga_contracts.errors import UsageError
from saga_contracts.sagafile import load_saga
from saga_e2e.proxy.calls import service_name
from saga_verifier.provider_file import ProviderFile, load_provider_file

REFERENCE_SAGA = "vas_purchase"


@dataclass(frozen=True, slots=True)
class Landscape:
    """Saga files, and how every service is started.

    Attributes:
        sagas: Saga file by saga.
        providers: Provider file by the service's name, the saga service included: its path, or what would stand in it.
        orchestrator: The provider file of the orchestrator that runs every saga, in the place of the one that a saga names.
    """

    sagas: Mapping[str, Path]
    providers: Mapping[str, Path | ProviderFile]
    orchestrator: Path | ProviderFile | None = None

    def saga(self, name: str = REFERENCE_SAGA) -> Saga:
        """Read a saga.

        Raises:
            UsageError: when there is none of this name, or its file has faults.
        """
        if name not in self.sagas:
            raise UsageError(f"There is no saga {name}. Known: {', '.join(sorted(self.sagas)) or 'none'}.")
        saga = load_saga(self.sagas[name])
        if not saga.steps:
            raise UsageError(
                f"The saga {name} has no steps that are called, and only calls are run here: events come with a later version. "
                "Name a saga with steps."
            )
        return saga

    def services(self, saga: Saga) -> dict[str, ProviderFile]:
        """Read the provider files of all services that a saga needs: the orchestrator first, its participants, the told owner.

        Raises:
            UsageError: when one is missing or has faults.
        """
        names, chosen = needed(saga), None if self.orchestrator is None else _read(self.orchestrator)
        called = names if chosen is None else _called(saga)
        rest = [name for name in called if chosen is None or name != chosen.provider]
        missing = [name for name in rest if name not in self.providers]
        if missing:
            raise UsageError(
                f"The saga {saga.saga} cannot be run: there is no provider file of {', '.join(missing)} "
                f"(known: {', '.join(sorted(self.providers)) or 'none'}). Add `provider.yaml` for each."
            )
        found = {} if chosen is None else {chosen.provider: chosen}
        return found | {name: _read(self.providers[name]) for name in rest}


def needed(saga: Saga) -> tuple[str, ...]:
    """Name every service that a saga needs, each once: the saga service first."""
    return tuple(dict.fromkeys((service_name(saga), *_called(saga))))


def _called(saga: Saga) -> tuple[str, ...]:
    told = saga.policies.owner_notification
    owner = () if told is None else (told.participant,)
    return tuple(dict.fromkeys((*(step.participant for step in saga.steps), *owner)))


def reference_landscape() -> Landscape:
    """Find the landscape that comes with this package.

    Raises:
        UsageError: when it is not there.
    """
    services = _own_services()
    installed = services / "sagas"
    return landscape_in(installed if installed.is_dir() else services.parent / "contracts" / "sagas", services)


def _own_services() -> Path:
    """Give the folder with the reference services: in the installed package, or in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "landscape"
    return installed if installed.is_dir() else package.parent


def landscape_in(sagas: Path, services: Path) -> Landscape:
    """Find the landscape in two folders.

    Args:
        sagas: Holds one folder for each saga, with `saga.yaml` in it.
        services: Holds the folder `participants`, with one folder for each participant, and `saga_service`, unless the reference
            saga service is meant.

    Raises:
        UsageError: when there is no saga or no participant.
    """
    sagas, services = sagas.resolve(), services.resolve()  # programs are started in folders of their own
    found = {file.parent.name: file for file in sorted(sagas.glob("*/saga.yaml"))}
    providers = {file.parent.name: file for file in sorted((services / "participants").glob("*/provider.yaml"))}
    if not found or not providers:
        raise UsageError(
            f"The landscape is not complete: {len(found)} sagas in {sagas} (`NAME/saga.yaml`), {len(providers)} participants in "
            f"{services / 'participants'} (`NAME/provider.yaml`). Correct --sagas and --services, or name neither for the "
            "reference landscape."
        )
    theirs = services / "saga_service" / "provider.yaml"
    reference = _own_services() / "saga_service" / "provider.yaml"
    return Landscape(found, {**providers, "saga_service": theirs if theirs.is_file() else reference})


def _read(provider: Path | ProviderFile) -> ProviderFile:
    return provider if isinstance(provider, ProviderFile) else load_provider_file(provider)
