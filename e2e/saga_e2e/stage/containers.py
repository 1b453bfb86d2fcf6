"""A landscape in containers: which image and command each service is, with a database of its own on PostgreSQL.

What a service is as a container stands in its provider file. Building the images is `images`; starting containers is the backend
`saga_verifier.isolation.container.backend`.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from saga_contracts.errors import UsageError
from saga_e2e.stage import broker_program
from saga_e2e.stage.images import Images
from saga_verifier.isolation.container.backend import ContainerIsolation
from saga_verifier.isolation.container.run import Settings
from saga_verifier.isolation.container.spec import ContainerSpec
from saga_verifier.isolation.engine import Engine
from saga_verifier.provider_file import ProviderFile

BROKER_IMAGE = "sagapact-broker:latest"
BROKER_PORT = 9292


def container_isolation(
    services: Mapping[str, ProviderFile],
    *,
    broker: bool = False,
    log_folder: Path | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> ContainerIsolation:
    """Give the backend for the services of a landscape; in a checkout, an image of ours that is not there is built first.

    Args:
        services: Their provider files by name, that of the saga service included.
        broker: Will a broker be started, too?
        log_folder: Where the logs of containers are kept that did not end as they should.
        say: Told what takes long, and which images were chosen.

    Raises:
        UsageError: when a provider file does not say how its service runs in a container.
        SagapactError: when no engine can be used, or an image is not to be had.
    """
    containers = containers_of(services)
    if broker:
        containers[broker_program.NAME] = broker_container()
    with Engine() as engine:
        images = Images(engine, say)
        newest = {name: images.newest(name) for name in sorted({one.image for one in containers.values() if one.image})}
        chosen = {name: replace(one, image=newest.get(one.image, "")) for name, one in containers.items()}
        settings = Settings(images.server(_wanted_server(services)), images.forwarder(), log_folder=log_folder, say=say)
    return ContainerIsolation(chosen, settings)


def containers_of(services: Mapping[str, ProviderFile]) -> dict[str, ContainerSpec]:
    """Read how each service runs as a container.

    Raises:
        UsageError: when one of them does not say it.
    """
    specs = {name: file.container.spec(file.folder) for name, file in services.items() if file.container is not None}
    missing = [name for name in services if name not in specs]
    if missing:
        raise UsageError(
            f"Cannot run {', '.join(missing)} in containers: the provider files do not say which image each one is. Add "
            '`container: {image: …, env: {HOST: "0.0.0.0"}}` to each, or run with --isolation process.'
        )
    return specs


def broker_container() -> ContainerSpec:
    """Say how the broker runs as a container, with a database of its own on the run's PostgreSQL server."""
    return ContainerSpec(BROKER_IMAGE, port=BROKER_PORT, env={"SAGAPACT_DATABASE_URL": "{database_url}"})


def _wanted_server(services: Mapping[str, ProviderFile]) -> str:
    """Give the image of the PostgreSQL server that the provider files name first; all services share one server."""
    named = (file.container.postgres_image for file in services.values() if file.container is not None)
    return next((image for image in named if image), "")
