"""The command that publishes pacts and sagas. It needs the base install only."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from saga_broker.client.broker import BrokerClient
from saga_broker.client.broker_options import broker_url_option
from saga_contracts.build import describe_build
from saga_contracts.declare.saga import Saga
from saga_contracts.derive import pactfile
from saga_contracts.errors import UsageError
from saga_contracts.sagafile import parse_saga
from saga_contracts.wire import exact

JSON_SUFFIX = ".json"

folder_option = click.option(
    "--folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="In a monorepo: the service's folder; the version is the last commit that touched it.",
)


@click.command()
@click.option("--pacts", type=click.Path(path_type=Path), help="Folder with the pact files, also in folders of it.")
@click.option("--saga", "sagas", type=click.Path(path_type=Path), multiple=True, help="Saga file; may be given several times.")
@click.option("--version", help="Version of the publishing pacticipant; default: the commit, from the CI's variables or git.")
@click.option("--branch", help="Its branch; default: from the CI's variables or git.")
@click.option("--build-url", help="Where it was built; default: from the CI's variables.")
@folder_option
@broker_url_option
def publish(
    pacts: Path | None,
    sagas: tuple[Path, ...],
    version: str | None,
    branch: str | None,
    build_url: str | None,
    folder: Path | None,
    broker_url: str,
) -> None:
    """Publish pact files and saga files under one version.

    A pact that was made from another version of one of the saga files is refused (exit status 2): nothing is published then.
    """
    files = _read_pacts(pacts) if pacts is not None else []
    parsed = [_read_saga(path) for path in sagas]
    _refuse_of_other_files(files, zip(sagas, parsed, strict=True))
    if not files and not parsed:
        msg = "Cannot publish: nothing was named. Give --pacts DIRECTORY, --saga FILE, or both."
        raise UsageError(msg)
    build = describe_build(version, branch, build_url, folder=folder)
    number = build.version
    with BrokerClient(broker_url) as client:
        for consumer in dict.fromkeys(file.consumer for file in files):
            own = [(file.consumer, file.provider, file.content) for file in files if file.consumer == consumer]
            client.publish_contracts(consumer, number, branch=build.branch, pact_files=own, build_url=build.build_url)
            for _, provider, _ in own:
                click.echo(f"published: pact between {consumer} {number} and {provider}")
        for saga, content, content_type in parsed:
            stored = client.publish_saga(
                saga.saga, number, content, content_type=content_type, branch=build.branch, build_url=build.build_url
            )
            click.echo(f"published: saga {stored.saga} {stored.version} (sha {stored.sha[:12]}, {len(stored.steps)} steps)")


@dataclass(frozen=True, slots=True)
class _PactFile:
    """A pact file that was read."""

    path: Path
    consumer: str
    provider: str
    content: bytes
    document: dict[str, Any]


def _read_pacts(directory: Path) -> list[_PactFile]:
    if not directory.is_dir():
        msg = f"Cannot publish the pacts of {directory}: it is no directory. Run the contract tests first, or correct --pacts."
        raise UsageError(msg)
    paths = sorted(directory.rglob("*.json"))
    if not paths:
        msg = f"Cannot publish the pacts of {directory}: it holds no pact file (*.json). Run the contract tests first."
        raise UsageError(msg)
    files = [_read_pact(path) for path in paths]
    _refuse_the_same_pair(files)
    return files


def _refuse_the_same_pair(files: Sequence[_PactFile]) -> None:
    known: dict[tuple[str, str], Path] = {}
    for file in files:
        other = known.setdefault((file.consumer, file.provider), file.path)
        if other != file.path:
            raise UsageError(
                f"Cannot publish: {other} and {file.path} are both the pact between {file.consumer} and {file.provider}, and a "
                "version has one. Remove the one that is left over, or name its folder by --pacts."
            )


def _refuse_of_other_files(files: Iterable[_PactFile], sagas: Iterable[tuple[Path, tuple[Saga, str, str]]]) -> None:
    """Refuse pacts that were made from another version of a saga file: no provider's result would count for this one."""
    named = list(sagas)
    stale = [
        f"{file.path} holds {', '.join(steps)} of another version of {path}"
        for file in files
        for path, (saga, _, _) in named
        if (steps := _stale_steps(file, saga))
    ]
    if stale:
        raise UsageError(
            f"Cannot publish: {'; '.join(stale)}. No provider could be verified for this saga file by such a pact. Run the "
            "contract tests again (pytest … --pacts FOLDER) and publish what they write."
        )


def _stale_steps(file: _PactFile, saga: Saga) -> tuple[str, ...]:
    try:
        return pactfile.made_from_another(file.document, saga)
    except UsageError as error:
        raise UsageError(f"Cannot publish {file.path}: {error}") from None


def _read_pact(path: Path) -> _PactFile:
    try:
        content = exact.as_utf8(path.read_bytes())
        document = exact.loads(content)
        consumer, provider = document["consumer"]["name"], document["provider"]["name"]
    except OSError as error:
        msg = f"Cannot publish {path}: {error.strerror or error}. Make it readable, or remove it."
        raise UsageError(msg) from error
    except (ValueError, KeyError, TypeError) as error:
        msg = f"Cannot publish {path}: it is no pact file, since consumer and provider cannot be read from it. Remove or mend it."
        raise UsageError(msg) from error
    return _PactFile(path, str(consumer), str(provider), content, document)


def _read_saga(path: Path) -> tuple[Saga, str, str]:
    try:
        content = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        msg = f"Cannot read the saga file {path}: {error}. Correct --saga."
        raise UsageError(msg) from error
    content_type = "application/json" if path.suffix == JSON_SUFFIX else "application/yaml"
    return parse_saga(content, str(path)), content, content_type
