"""`sagapact announce` says how a provider version is started; `sagapact worker` verifies what was announced."""

import os
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from saga_broker.client.broker_options import broker_url_option
from saga_broker.client.jobs import JobsClient
from saga_broker.client.transport import CREDENTIAL_VARIABLES, TOKEN_VARIABLE
from saga_contracts.build import describe_build
from saga_contracts.errors import SagapactError, UsageError
from saga_verifier import backends
from saga_verifier.isolation.guarding.with_parent import die_with_parent
from saga_verifier.provider_file import ProviderFile, load_provider_file
from saga_verifier.worker.order import Bounds

CONTAINER_LABEL = "container"
AT_ONCE = 4
MAX_ARCHIVE = 10 * 1024 * 1024
_SECRETS = frozenset({*CREDENTIAL_VARIABLES, "SAGAPACT_WORK_DATABASE_URL"})

_labels_option = click.option(
    "--labels", default="", envvar="SAGAPACT_LABELS", help="Words with commas between them; also from SAGAPACT_LABELS."
)


@click.command()
@click.argument("provider_file", type=click.Path(path_type=Path))
@click.option("--version", help="Version of the provider; default: the commit, from the CI's variables or git.")
@click.option("--branch", help="Its branch; default: from the CI's variables or git.")
@click.option("--image", help="The image to start, best with its digest: name@sha256:…; needs `container` in the provider file.")
@click.option(
    "--archive",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A .tar.gz with what the provider file needs to start the provider; it may hold the provider file.",
)
@_labels_option
@click.option("--at-once", type=click.IntRange(1, 64), help="Jobs of it at the same time; default: 4, or 1 with a fixed port.")
@broker_url_option
def announce(
    provider_file: Path,
    version: str | None,
    branch: str | None,
    image: str | None,
    archive: Path | None,
    labels: str,
    at_once: int | None,
    broker_url: str,
) -> None:
    """Tell the broker how a version is started, so that workers verify it by themselves.

    The provider file is sent as it is; values of ${NAME} are not: a worker has its own (--pass-env).
    """
    if image and archive:
        raise UsageError("--image and --archive are two ways to say what is started. Leave out one of them.")
    provider = load_provider_file(provider_file, _Anything())
    if image and provider.container is None:
        raise UsageError(f"--image needs the section `container` in {provider_file}: it says how the image is run.")
    build = describe_build(version, branch, None)
    wanted = {*_words(labels), *([CONTAINER_LABEL] if image else [])}
    with JobsClient(broker_url) as client:
        client.announce(
            provider.provider,
            build.version,
            provider_file.read_text(encoding="utf-8"),
            branch=build.branch,
            image=image,
            archive=None if archive is None else _read(archive),
            labels=sorted(wanted),
            at_once=at_once or _at_once(provider),
        )
        every = client.jobs(provider=provider.provider)
        waiting = [one for one in every if one.provider_version == build.version and one.state in {"queued", "running"}]
    to_do = f"{len(waiting)} contracts to verify" if waiting else "nothing to verify yet: no contract is new for it"
    click.echo(f"announced: {provider.provider} {build.version}; {to_do}")
    for text in dict.fromkeys(one.waits_for for one in waiting if one.waits_for):
        click.echo(f"  {text}")


@click.command()
@broker_url_option
@click.option(
    "--work-database-url",
    envvar="SAGAPACT_WORK_DATABASE_URL",
    required=True,
    help="The broker's work database; with a password better by SAGAPACT_WORK_DATABASE_URL.",
)
@_labels_option
@click.option("--token", help=f"This worker's own token; better by {TOKEN_VARIABLE}.")
@click.option(
    "--isolation",
    default=backends.PROCESS,
    show_default=True,
    envvar="SAGAPACT_ISOLATION",
    type=click.Choice(backends.BACKENDS),
    help="How providers are started; container gives the label `container`, too.",
)
@click.option("--faults", default=1, show_default=True, type=click.IntRange(0, 4), help="The most faults in one history.")
@click.option("--job-timeout", default=1800.0, show_default=True, type=click.FloatRange(1), help="Seconds that a job may take.")
@click.option(
    "--grace", default=30, show_default=True, type=click.IntRange(0), help="Seconds to finish a job in when told to end."
)
@click.option("--pass-env", multiple=True, metavar="NAME", help="A variable that provider files may ask for (repeatable).")
@click.option("--end-with", type=int, hidden=True, help="The process id of who started this, with whom it ends.")
def worker(
    broker_url: str,
    work_database_url: str,
    labels: str,
    token: str | None,
    isolation: str,
    faults: int,
    job_timeout: float,
    grace: int,
    pass_env: tuple[str, ...],
    end_with: int | None,
) -> None:
    """Verify what was announced, job by job, until told to end (SIGTERM): then the job at work is finished or given back.

    It starts foreign code: in a process of its own, without this worker's token and environment. Where providers are not trusted,
    give it a user or a machine of its own, and --isolation container.
    """
    try:
        from saga_verifier.worker.process import Worker  # noqa: PLC0415  (loads DBOS)
    except ModuleNotFoundError as error:
        raise SagapactError(
            f"Cannot take jobs: {error.name} is not installed, since it is part of the extra [verifier]. "
            "Install it with: pip install 'sagapact[verifier]'"
        ) from None
    if end_with is not None:
        die_with_parent(end_with, signal.SIGTERM)
    own = {*_words(labels), *([CONTAINER_LABEL] if isolation == backends.CONTAINER else [])}
    bounds = Bounds(isolation, faults, job_timeout, _lent(pass_env))
    with JobsClient(broker_url, token=token) as client:
        Worker(client, work_database_url, tuple(sorted(own)), bounds, grace, _say).run()


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _lent(names: tuple[str, ...]) -> dict[str, str]:
    secret = [name for name in names if name in _SECRETS]
    if secret:
        raise UsageError(f"--pass-env {secret[0]} would give a provider this worker's own credentials. Leave it out.")
    missing = [name for name in names if name not in os.environ]
    if missing:
        raise UsageError(f"--pass-env {missing[0]}: there is no such variable. Set it, or leave it out.")
    return {name: os.environ[name] for name in names}


def _read(archive: Path) -> bytes:
    try:
        if archive.stat().st_size > MAX_ARCHIVE:
            raise UsageError(f"The archive {archive} has more than {MAX_ARCHIVE} bytes. Put in only what the provider needs.")
        return archive.read_bytes()
    except OSError as error:
        raise UsageError(f"Cannot read the archive {archive}: {error.strerror or error}. Correct --archive.") from None


def _at_once(provider: ProviderFile) -> int:
    return 1 if provider.start.port is not None else AT_ONCE


def _say(text: str) -> None:
    click.echo(f"sagapact: {text}", err=True)


class _Anything(Mapping[str, str]):
    """An environment in which everything is set: a provider file is looked at where it is not started."""

    def __getitem__(self, name: str) -> str:
        return f"value-of-{name}"

    def __contains__(self, name: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0
