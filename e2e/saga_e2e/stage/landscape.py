"""The reference landscape: where its saga files and provider files are, in a checkout and in an installed package alike.

A landscape of one's own is made with `Landscape(...)` from any saga files and provider files.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from saga_contracts.declare.saga import Saga
from saga_contracts.errors import UsageError
from saga_contracts.sagafile import load_saga
from saga_e2e.proxy.calls import service_name
from saga_verifier.provider_file import Container, ProviderFile, Start, load_provider_file

REFERENCE_SAGA = "vas_purchase"


@dataclass(frozen=True, slots=True)
class Landscape:
    """Saga files, and how every service is started.

    Attributes:
        sagas: Saga file by saga.
        providers: Provider file by the service's name, the saga service included: its path, or what would stand in it.
    """

    sagas: Mapping[str, Path]
    providers: Mapping[str, Path | ProviderFile]

    def saga(self, name: str = REFERENCE_SAGA) -> Saga:
        """Read a saga.

        Raises:
            UsageError: when there is none of this name, or its file has faults.
        """
        if name not in self.sagas:
            raise UsageError(f"There is no saga {name}. Known: {', '.join(sorted(self.sagas)) or 'none'}.")
        return load_saga(self.sagas[name])

    def services(self, saga: Saga) -> dict[str, ProviderFile]:
        """Read the provider files of all services that a saga needs: its participants, the told owner, the saga service.

        Raises:
            UsageError: when one is missing or has faults.
        """
        names = needed(saga)
        missing = [name for name in names if name not in self.providers]
        if missing:
            raise UsageError(
                f"The saga {saga.saga} cannot be run: there is no provider file of {', '.join(missing)} "
                f"(known: {', '.join(sorted(self.providers)) or 'none'}). Add `provider.yaml` for each."
            )
        return {name: _read(self.providers[name]) for name in names}


def needed(saga: Saga) -> tuple[str, ...]:
    """Name every service that a saga needs, each once: the saga service first."""
    told = saga.policies.owner_notification
    owner = () if told is None else (told.participant,)
    return tuple(dict.fromkeys((service_name(saga), *(step.participant for step in saga.steps), *owner)))


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
    service = services / "saga_service"
    theirs = service / "provider.yaml"
    reference = saga_service_in(services if service.is_dir() else _own_services())
    return Landscape(found, {**providers, "saga_service": theirs if theirs.is_file() else reference})


def saga_service_in(folder: Path) -> ProviderFile:
    """Give what would stand in the provider file of the reference saga service, whose package lies in a folder."""
    env = {
        "PORT": "{port}",
        "DATABASE_URL": "sqlite:///{workdir}/saga_service.sqlite",
        "SYSTEM_DATABASE_URL": "sqlite:///{workdir}/saga_service_system.sqlite",
    }
    start = Start(command=("{python}", "-m", "saga_service"), env=env, pass_env=("PATH",))
    inherited = {"PATH": os.environ["PATH"]} if "PATH" in os.environ else {}
    container = Container(
        image="sagapact-landscape:latest",
        command=("saga_service",),
        env={"HOST": "0.0.0.0", "DATABASE_URL": "{database_url}", "SYSTEM_DATABASE_URL": "{database_url}"},  # noqa: S104  (inside)
    )
    return ProviderFile(format=1, provider="saga_service", start=start, container=container, folder=folder, inherited=inherited)


def _read(provider: Path | ProviderFile) -> ProviderFile:
    return provider if isinstance(provider, ProviderFile) else load_provider_file(provider)
