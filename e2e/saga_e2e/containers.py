"""The reference landscape in containers: which image and command each service is, with a database of its own on PostgreSQL.

Building the images is `images`; starting them is the backend `saga_verifier.isolation.container`.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from saga_e2e.images import Images
from saga_verifier.isolation.container import ContainerIsolation
from saga_verifier.isolation.container_run import Settings
from saga_verifier.isolation.container_spec import ContainerSpec, inside_url
from saga_verifier.isolation.spec import Health, Spec

SAGA_SERVICE = "saga_service"
BROKER_PORT = 9292
DATABASE_URL = "postgresql+psycopg://{database_user}:{database_password}@{database_host}:{database_port}/{database_name}"
"""What the services' SQLAlchemy takes."""


def service_container(name: str, image: str) -> ContainerSpec:
    """Say how a service of the landscape runs as a container.

    Args:
        name: A participant's name, or that of the saga service.
        image: The landscape's image.
    """
    own = {"HOST": "0.0.0.0", "DATABASE_URL": DATABASE_URL}  # noqa: S104  (inside its container)
    if name == SAGA_SERVICE:
        return ContainerSpec(image, command=(SAGA_SERVICE,), env={**own, "SYSTEM_DATABASE_URL": DATABASE_URL})
    return ContainerSpec(image, command=(f"participants.{name}",), env=own)


def broker_container(image: str, database_url: str = "{database_url}") -> ContainerSpec:
    """Say how the broker runs as a container.

    Args:
        image: The broker's image.
        database_url: Its database; default: one of its own on the run's PostgreSQL server.
    """
    return ContainerSpec(image, port=BROKER_PORT, env={"SAGAPACT_DATABASE_URL": database_url})


def broker_spec(name: str = "broker") -> Spec:
    """Give what is started as the broker."""
    return Spec(name, (), health=Health("/diagnostic/status/heartbeat", 60))


def addresses_inside(names: Iterable[str], containers: Mapping[str, ContainerSpec]) -> str:
    """Give the value of SAGA_PARTICIPANTS for a saga service that reaches the participants without a proxy."""
    return json.dumps({name: inside_url(name, containers[name]) for name in names if name != SAGA_SERVICE})


def containers_of(images: Images, services: Iterable[str]) -> dict[str, ContainerSpec]:
    """Say how each of some services of the landscape runs as a container, building its image when that is not there."""
    image = images.image("landscape")
    return {name: service_container(name, image) for name in services}


def container_isolation(
    images: Images, containers: Mapping[str, ContainerSpec], log_folder: Path | None = None
) -> ContainerIsolation:
    """Give the backend for some containers, with the images that this machine can have.

    Args:
        images: The images.
        containers: What each service is as a container.
        log_folder: Where the logs of containers are kept that did not end as they should.
    """
    settings = Settings(images.postgres(), images.base(), log_folder=log_folder, say=images.say)
    return ContainerIsolation(containers, settings)
