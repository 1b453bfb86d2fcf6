"""Chooses the isolation in which a participant is verified, by the name that the user gave it.

The backend `container` is loaded only when it is asked for: it needs the Docker library, which takes its time.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from saga_contracts.errors import SagapactError, UsageError
from saga_verifier.isolation.interface import Isolation
from saga_verifier.isolation.process.backend import ProcessIsolation
from saga_verifier.provider_file import ProviderFile

PROCESS, CONTAINER = "process", "container"
BACKENDS = (PROCESS, CONTAINER)
POSTGRES_IMAGE = "SAGAPACT_POSTGRES_IMAGE"
FORWARDER_IMAGE = "SAGAPACT_BASE_IMAGE"
"""Variables of the caller's environment that name images; they win over the provider file."""


def backend(
    name: str,
    provider: ProviderFile,
    logs: Path | None,
    say: Callable[[str], None],
    besides: Mapping[str, ProviderFile] | None = None,
) -> Isolation:
    """Give the isolation to start a participant in.

    Args:
        name: One of `BACKENDS`.
        provider: The participant.
        logs: Where the whole log of a container is kept that did not end as it should; None: nowhere.
        say: Told what takes long.
        besides: Further programs that it is to start, by the names that they are started under.

    Raises:
        UsageError: when the provider file does not say how it runs there.
    """
    return ProcessIsolation() if name == PROCESS else _containers(provider, logs, say, besides or {})


def placed(name: str, provider: ProviderFile) -> ProviderFile:
    """Give a provider as it is started there: in a container it listens at `container.port`, and has another database."""
    if name == PROCESS:
        return provider
    probes = {step: form.model_copy(update={"url": form.container_url or form.url}) for step, form in provider.probes.items()}
    start = provider.start.model_copy(update={"port": None})
    database = None if provider.database is None else provider.database.in_container()
    return provider.model_copy(update={"start": start, "probes": probes, "database": database})


def _containers(
    provider: ProviderFile, logs: Path | None, say: Callable[[str], None], besides: Mapping[str, ProviderFile]
) -> Isolation:
    if provider.container is None:
        raise UsageError(
            f"Cannot verify {provider.provider} in a container: its provider file does not say which image it is. Add:\n"
            f'    container: {{image: "registry/{provider.provider}:1.0", env: {{HOST: "0.0.0.0"}}}}\n'
            "or verify it with --isolation process."
        )
    try:
        from saga_verifier.isolation.container.backend import ContainerIsolation  # noqa: PLC0415  (see above)
        from saga_verifier.isolation.container.run import Settings  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise SagapactError(
            f"Cannot verify in a container: {error.name} is not installed, since it is part of the extra [verifier]. "
            "Install it with: pip install 'sagapact[verifier]'"
        ) from None
    usual = Settings()
    settings = Settings(
        postgres_image=os.environ.get(POSTGRES_IMAGE) or provider.container.postgres_image or usual.postgres_image,
        forwarder_image=os.environ.get(FORWARDER_IMAGE) or usual.forwarder_image,
        log_folder=logs,
        say=say,
    )
    files = {provider.provider: provider, **besides}
    containers = {name: one.container.spec(one.folder) for name, one in files.items() if one.container is not None}
    return ContainerIsolation(containers, settings)
