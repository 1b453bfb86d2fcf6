"""`sagapact verify`: one command in a provider's CI."""

import json
import signal
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from saga_broker.client.broker import BrokerClient
from saga_broker.client.selectors import read_selectors
from saga_contracts.build import Build, describe_build
from saga_contracts.declare.verdict import Verdict
from saga_contracts.errors import SagapactError, UsageError
from saga_contracts.rim import pictures
from saga_contracts.sagafile import load_saga
from saga_verifier import backends, reporting, run
from saga_verifier.isolation.guarding.with_parent import die_with_parent
from saga_verifier.play.together import usual_at_once
from saga_verifier.provider_file import ProviderFile, load_provider_files
from saga_verifier.self_check import playing, telling
from saga_verifier.verdicts import HistoryResult
from saga_verifier.verification import Progress


@click.command()
@click.argument("provider_file", required=False, type=click.Path(path_type=Path))
@click.option("--broker-url", envvar="SAGAPACT_BROKER_URL", help="The broker; also from SAGAPACT_BROKER_URL.")
@click.option(
    "--pact",
    "pacts",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A pact file, or a folder of them, instead of the broker's (repeatable).",
)
@click.option(
    "--provider", "names", multiple=True, help="Of a provider file with several services: which (repeatable); default: all."
)
@click.option("--provider-version", help="Version of the provider; default: from git or the CI's variables.")
@click.option("--branch", help="Branch of the provider; default: from git or the CI's variables.")
@click.option("--build-url", help="Address of this build; default: from the CI's variables.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="In a monorepo: the provider's folder; the version is the last commit that touched it.",
)
@click.option("--faults", default=1, show_default=True, type=click.IntRange(0, 4), help="The most faults in one history.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    help="How much is done at a time: histories whose keys and data are apart; default: by the cores. 1: one by one.",
)
@click.option("--selectors", help="Consumer version selectors as JSON; default: the broker's.")
@click.option("--no-publish", is_flag=True, help="Do not publish the results.")
@click.option(
    "--isolation",
    default=backends.PROCESS,
    show_default=True,
    envvar="SAGAPACT_ISOLATION",
    type=click.Choice(backends.BACKENDS),
    help="How the provider is started apart; also from SAGAPACT_ISOLATION.",
)
@click.option(
    "--logs",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep here the log of a container that did not end as it should.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@click.option(
    "--self-check",
    "saga_file",
    type=click.Path(path_type=Path),
    metavar="SAGA",
    help="Instead of a provider: which deviations the contracts and decks of this saga file would catch.",
)
@click.option("--svg", "picture", type=click.Path(path_type=Path), help="With --self-check: draw the table into this file.")
def verify(
    provider_file: Path | None,
    broker_url: str | None,
    pacts: tuple[Path, ...],
    names: tuple[str, ...],
    provider_version: str | None,
    branch: str | None,
    build_url: str | None,
    folder: Path | None,
    faults: int,
    jobs: int | None,
    selectors: str | None,
    no_publish: bool,  # noqa: FBT001
    isolation: str,
    logs: Path | None,
    as_json: bool,  # noqa: FBT001
    saga_file: Path | None,
    picture: Path | None,
) -> None:
    """Start each provider of PROVIDER_FILE alone, and find out whether it keeps its contracts and decks.

    With --self-check SAGA no provider is needed: participants made from the saga file, right and with each known deviation, show
    what the file's declarations are worth. Exit status then: 0 all is caught, 3 something gets through, 4 could not find out.

    Exit status: 0 kept, 1 broken, 2 wrong usage, 3 unproven or pending, 4 could not find out; of several pacts or providers the
    worst, where a broken one comes first and one that could not be found out next.
    """
    _end_politely()
    provider_file = _one_of(provider_file, saga_file, pacts)
    if saga_file is not None:
        sys.exit(_self_check(saga_file, faults, picture, as_json=as_json))
    providers = load_provider_files(provider_file, only=names)
    chosen = read_selectors(selectors) if selectors else ()
    settings = run.Settings(faults, datetime.now(tz=UTC).date(), chosen, publish=not no_publish, at_once=jobs or usual_at_once())
    progress = None if as_json or not sys.stderr.isatty() else Progress(history_ended=_dot)
    _check_source(pacts, broker_url, selects=bool(chosen))
    version = None if pacts else _version(describe_build(provider_version, branch, build_url, folder=folder))
    for one in providers:
        backends.backend(isolation, one, logs, _say)  # so that a wrong use of any of them is told before one is started
    verification = _Verification(isolation, logs, pacts, broker_url, version, settings, progress)
    outcomes = []
    for provider in providers:
        outcomes.append(verification.of(provider) if len(providers) == 1 else verification.of_one_of_several(provider))
        for line in reporting.lines(outcomes[-1]) if not as_json else ():
            click.echo(line)
    if as_json:
        click.echo(json.dumps(reporting.all_as_json(outcomes), indent=2, ensure_ascii=False))
    sys.exit(run.worst_status(outcomes))


@dataclass(frozen=True, slots=True)
class _Verification:
    """What the command line says of a verification, for each provider alike."""

    isolation: str
    logs: Path | None
    pacts: tuple[Path, ...]
    broker_url: str | None
    version: run.Version | None
    settings: run.Settings
    progress: Progress | None

    def of(self, provider: ProviderFile) -> run.ProviderOutcome:
        """Verify a provider, with a broker's contracts or those of files.

        Raises:
            SagapactError: when nothing could be found out.
        """
        backend = backends.backend(self.isolation, provider, self.logs, _say)
        started = backends.placed(self.isolation, provider)
        if self.version is None:
            return run.verify_files(started, self.pacts, backend, self.settings, self.progress)
        with BrokerClient(str(self.broker_url)) as broker:
            return run.verify_provider(started, self.version, broker, backend, self.settings, self.progress)

    def of_one_of_several(self, provider: ProviderFile) -> run.ProviderOutcome:
        """Verify a provider; what keeps it from being found out is its own value, since the others may well be."""
        try:
            return self.of(provider)
        except SagapactError as error:
            number = "" if self.version is None else self.version.number
            return run.ProviderOutcome(provider.provider, number, (), trouble=str(error))


def _one_of(provider_file: Path | None, saga_file: Path | None, pacts: tuple[Path, ...]) -> Path:
    """Give the one file that is named: the provider's, or the saga's of a self-check."""
    if saga_file is not None and (provider_file is not None or pacts):
        raise UsageError("--self-check needs the saga file only: leave out the provider file and --pact.")
    named = provider_file or saga_file
    if named is None:
        raise UsageError("Name the provider file, or a saga file with --self-check.")
    return named


def _check_source(pacts: tuple[Path, ...], broker_url: str | None, *, selects: bool) -> None:
    if pacts and selects:
        raise UsageError("--selectors choose among a broker's pacts, and --pact names files. Give one of them.")
    if not pacts and not broker_url:
        raise UsageError("Cannot verify: neither --broker-url (or SAGAPACT_BROKER_URL) nor --pact is given. Name one of them.")


def _version(build: Build) -> run.Version:
    return run.Version(build.version, build.branch, build.build_url)


def _self_check(saga_file: Path, faults: int, picture: Path | None, *, as_json: bool) -> int:
    """Tell what a saga file is worth; give the exit status."""
    found = playing.check(load_saga(saga_file), faults, datetime.now(tz=UTC).date())
    if picture is not None:
        pictures.write(picture, telling.svg(found))
    click.echo(json.dumps(telling.as_json(found), indent=2, ensure_ascii=False) if as_json else "\n".join(telling.lines(found)))
    return found.exit_status


def _end_politely() -> None:
    """Let Ctrl+C, a request to end, and the end of who started this stop the provider and remove what it left."""
    asked_to_end = (signal.SIGINT, signal.SIGTERM)

    def leave(number: int, _frame: object) -> None:
        for one in asked_to_end:
            signal.signal(one, signal.SIG_IGN)  # once is enough: another one would interrupt the cleaning up
        sys.exit(128 + number)

    for one in asked_to_end:
        signal.signal(one, leave)
    die_with_parent()


def _say(text: str) -> None:
    click.echo(f"sagapact: {text}", err=True)


def _dot(history: HistoryResult) -> None:
    click.echo("." if history.verdict == Verdict.KEPT else "!", nl=False, err=True)
