"""`sagapact verify`: one command in a provider's CI."""

import json
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from saga_broker.client.broker import BrokerClient
from saga_broker.client.selectors import read_selectors
from saga_contracts.build import Build, describe_build
from saga_contracts.declare.verdict import Verdict
from saga_contracts.errors import SagapactError, UsageError
from saga_verifier import backends, reporting, run
from saga_verifier.isolation.guarding.with_parent import die_with_parent
from saga_verifier.isolation.interface import Isolation
from saga_verifier.provider_file import ProviderFile, load_provider_files
from saga_verifier.verdicts import HistoryResult
from saga_verifier.verification import Progress


@click.command()
@click.argument("provider_file", type=click.Path(path_type=Path))
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
def verify(
    provider_file: Path,
    broker_url: str | None,
    pacts: tuple[Path, ...],
    names: tuple[str, ...],
    provider_version: str | None,
    branch: str | None,
    build_url: str | None,
    folder: Path | None,
    faults: int,
    selectors: str | None,
    no_publish: bool,  # noqa: FBT001
    isolation: str,
    logs: Path | None,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Start each provider of PROVIDER_FILE alone, and find out whether it keeps its contracts and decks.

    Exit status: 0 kept, 1 broken, 2 wrong usage, 3 unproven or pending, 4 could not find out; of several pacts or providers the
    worst, where a broken one comes first and one that could not be found out next.
    """
    _end_politely()
    providers = load_provider_files(provider_file, only=names)
    chosen = read_selectors(selectors) if selectors else ()
    settings = run.Settings(faults, datetime.now(tz=UTC).date(), chosen, publish=not no_publish)
    progress = None if as_json or not sys.stderr.isatty() else Progress(history_ended=_dot)
    if pacts and chosen:
        raise UsageError("--selectors choose among a broker's pacts, and --pact names files. Give one of them.")
    if not pacts and not broker_url:
        raise UsageError("Cannot verify: neither --broker-url (or SAGAPACT_BROKER_URL) nor --pact is given. Name one of them.")
    version = None if pacts else _version(describe_build(provider_version, branch, build_url, folder=folder))
    isolations = [backends.backend(isolation, one, logs, _say) for one in providers]

    def verified(provider: ProviderFile, backend: Isolation) -> run.ProviderOutcome:
        started = backends.placed(isolation, provider)
        if version is None:
            return run.verify_files(started, pacts, backend, settings, progress)
        with BrokerClient(str(broker_url)) as broker:
            return run.verify_provider(started, version, broker, backend, settings, progress)

    outcomes = []
    for provider, backend in zip(providers, isolations, strict=True):
        try:
            outcome = verified(provider, backend)
        except SagapactError as error:
            if len(providers) == 1:
                raise
            number = "" if version is None else version.number
            outcome = run.ProviderOutcome(provider.provider, number, (), trouble=str(error))  # the others may well be found out
        outcomes.append(outcome)
        for line in reporting.lines(outcome) if not as_json else ():
            click.echo(line)
    if as_json:
        click.echo(json.dumps(reporting.all_as_json(outcomes), indent=2, ensure_ascii=False))
    sys.exit(run.worst_status(outcomes))


def _version(build: Build) -> run.Version:
    return run.Version(build.version, build.branch, build.build_url)


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
