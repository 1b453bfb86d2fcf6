"""`sagapact verify`: one command in a provider's CI."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import click

from saga_broker.client.broker import BrokerClient
from saga_broker.client.broker_options import broker_token_option
from saga_broker.client.selectors import read_selectors
from saga_contracts.build import Build, describe_build
from saga_contracts.declare.verdict import Verdict
from saga_contracts.errors import SagapactError, UsageError
from saga_contracts.rim import pictures
from saga_contracts.rim.redact import without_secrets
from saga_contracts.sagafile import load_saga
from saga_verifier import backends, run, several
from saga_verifier.ending import end_politely
from saga_verifier.play.together import usual_at_once
from saga_verifier.provider_file import ProviderFile
from saga_verifier.reporting import page
from saga_verifier.reporting.files import Wanted, write
from saga_verifier.reporting.options import result_options
from saga_verifier.reporting.telling import Telling
from saga_verifier.self_check import playing, telling
from saga_verifier.verdicts import HistoryResult
from saga_verifier.verification import Again, Progress
from saga_verifier.versions import Upgrade, recognised


@click.command()
@click.argument("provider_files", nargs=-1, metavar="PROVIDER_FILE...", type=click.Path(path_type=Path))
@click.option("--broker-url", envvar="SAGAPACT_BROKER_URL", help="The broker; also from SAGAPACT_BROKER_URL.")
@broker_token_option
@click.option(
    "--pact",
    "pacts",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A pact file, or a folder of them, instead of the broker's (repeatable).",
)
@click.option("--provider", "names", multiple=True, help="Of several providers: which (repeatable); default: all.")
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
    help="How much is done at a time: providers, and histories that are apart; default: by the cores. 1: one by one.",
)
@click.option(
    "--reuse",
    envvar="SAGAPACT_CACHE",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep results in this folder, and reuse them while nothing they depend on has changed; also from SAGAPACT_CACHE.",
)
@click.option("--no-reuse", is_flag=True, help="Reuse no result, whatever SAGAPACT_CACHE says.")
@click.option("--selectors", help="Consumer version selectors as JSON; default: the broker's.")
@click.option(
    "--publish/--no-publish",
    default=None,
    help="Publish the results to the broker; default: only where --provider-version says under what.",
)
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
@click.option(
    "--upgrade-from",
    metavar="VERSION|IMAGE|COMMAND",
    help="Also play each history with this deployed version and the provider in turns, on the same data, and back again.",
)
@click.option("--replay", "history", metavar="HISTORY", help="Play only this history or trial again, such as 'F C F'.")
@click.option(
    "--step", "steps", multiple=True, metavar="SAGA/STEP", help="With --replay: of which steps (repeatable); default: all."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of what trials leave to chance.")
@result_options
@click.option(
    "--self-check",
    "saga_file",
    type=click.Path(path_type=Path),
    metavar="SAGA",
    help="Instead of a provider: which deviations the contracts and decks of this saga file would catch.",
)
@click.option("--svg", "picture", type=click.Path(path_type=Path), help="With --self-check: draw the table into this file.")
def verify(
    provider_files: tuple[Path, ...],
    broker_url: str | None,
    pacts: tuple[Path, ...],
    names: tuple[str, ...],
    provider_version: str | None,
    branch: str | None,
    build_url: str | None,
    folder: Path | None,
    faults: int,
    jobs: int | None,
    reuse: Path | None,
    no_reuse: bool,  # noqa: FBT001
    selectors: str | None,
    publish: bool | None,  # noqa: FBT001
    isolation: str,
    logs: Path | None,
    upgrade_from: str | None,
    history: str | None,
    steps: tuple[str, ...],
    seed: int,
    wanted: Wanted,
    saga_file: Path | None,
    picture: Path | None,
) -> None:
    """Start each provider of each PROVIDER_FILE alone, and find out whether it keeps its contracts and decks.

    With --self-check SAGA no provider is needed: participants made from the saga file, right and with each known deviation, show
    what the file's declarations are worth. Exit status then: 0 all is caught, 3 something gets through, 4 could not find out.

    Exit status: 0 kept, 1 broken, 2 wrong usage, 3 unproven or pending, 4 could not find out; of several pacts or providers the
    worst, where a broken one comes first and one that could not be found out next.
    """
    end_politely()
    _check_named(provider_files, saga_file, pacts)
    wanted.check()
    if saga_file is not None:
        sys.exit(_self_check(saga_file, faults, picture, wanted))
    found = several.loaded(provider_files, names)
    providers = [one for _, one in found]
    workers = several.at_once(providers, jobs)
    chosen = read_selectors(selectors) if selectors else ()
    again = _again(history, steps)
    publishes = _publishes(publish, pacts, again, named=provider_version is not None)
    settings = run.Settings(
        faults, datetime.now(tz=UTC).date(), chosen, publish=publishes, seed=seed, again=again,
        at_once=max(1, (jobs or usual_at_once()) // workers),
        reuse=None if no_reuse else reuse,
    )  # fmt: skip
    progress = None if wanted.as_json or workers > 1 or not sys.stderr.isatty() else Progress(history_ended=_dot)
    _check_source(pacts, broker_url, selects=bool(chosen))
    version = None if pacts else _version(describe_build(provider_version, branch, build_url, folder=folder))
    for one in providers:
        backends.backend(isolation, one, logs, _say)  # so that a wrong use of any of them is told before one is started
    upgrades = _upgrades(upgrade_from, providers, isolation, logs, again)
    verification = _Verification(isolation, logs, pacts, broker_url, version, settings, upgrades, progress)
    files = {one.provider: str(path) for path, one in found}
    told = Telling(wanted, files, _asked_again(broker_url, isolation, seed, pacts), without_secrets(upgrade_from or ""))
    verify_one = verification.of if len(providers) == 1 else verification.of_one_of_several
    for outcome in several.verified(verify_one, providers, workers, settings.watch):
        told.tell(outcome)
    if broker_url and not pacts and not settings.publish and publish is None and again is None:
        _say("nothing was published, since --publish was not given.")
    sys.exit(told.end())


@dataclass(frozen=True, slots=True)
class _Verification:
    """What the command line says of a verification, for each provider alike."""

    isolation: str
    logs: Path | None
    pacts: tuple[Path, ...]
    broker_url: str | None
    version: run.Version | None
    settings: run.Settings
    upgrades: Mapping[str, Upgrade]
    progress: Progress | None

    def of(self, provider: ProviderFile) -> run.ProviderOutcome:
        """Verify a provider, with a broker's contracts or those of files.

        Raises:
            SagapactError: when nothing could be found out.
        """
        backend = backends.backend(self.isolation, provider, self.logs, _say)
        started = backends.placed(self.isolation, provider)
        settings = replace(self.settings, upgrade=self.upgrades.get(provider.provider))
        if self.version is None:
            return run.verify_files(started, self.pacts, backend, settings, self.progress)
        with BrokerClient(str(self.broker_url)) as broker:
            return run.verify_provider(started, self.version, broker, backend, settings, self.progress)

    def of_one_of_several(self, provider: ProviderFile) -> run.ProviderOutcome:
        """Verify a provider; what keeps it from being found out is its own value, since the others may well be."""
        try:
            return self.of(provider)
        except SagapactError as error:
            number = "" if self.version is None else self.version.number
            return run.ProviderOutcome(provider.provider, number, (), trouble=str(error))


def _check_named(provider_files: tuple[Path, ...], saga_file: Path | None, pacts: tuple[Path, ...]) -> None:
    """See that files are named: of providers, or of the saga of a self-check."""
    if saga_file is not None and (provider_files or pacts):
        raise UsageError("--self-check needs the saga file only: leave out the provider file and --pact.")
    if saga_file is None and not provider_files:
        raise UsageError("Name the provider file, or a saga file with --self-check.")


def _check_source(pacts: tuple[Path, ...], broker_url: str | None, *, selects: bool) -> None:
    if pacts and selects:
        raise UsageError("--selectors choose among a broker's pacts, and --pact names files. Give one of them.")
    if not pacts and not broker_url:
        raise UsageError("Cannot verify: neither --broker-url (or SAGAPACT_BROKER_URL) nor --pact is given. Name one of them.")


def _upgrades(
    given: str | None, providers: Sequence[ProviderFile], isolation: str, logs: Path | None, again: Again | None
) -> dict[str, Upgrade]:
    """Give from which deployed version each provider follows; none where none is given."""
    is_mix = again is not None and again.is_mix
    if given is None:
        if is_mix:
            raise UsageError("--replay names a history of two versions in turns. Name the other version with --upgrade-from.")
        return {}
    if again is not None and not is_mix:
        raise UsageError(
            "--upgrade-from plays with two versions in turns, and --replay names a history of one. Leave out one of them, or "
            "name one such as 'F > C (from 1.0)'."
        )

    def upgrade(one: ProviderFile) -> Upgrade:
        deployed = recognised(given, one, containers=isolation == backends.CONTAINER)
        return Upgrade(deployed, lambda besides: backends.backend(isolation, one, logs, _say, besides))

    return {one.provider: upgrade(one) for one in providers}


def _version(build: Build) -> run.Version:
    return run.Version(build.version, build.branch, build.build_url)


def _again(history: str | None, steps: tuple[str, ...]) -> Again | None:
    if steps and history is None:
        raise UsageError("--step says of which steps a history is played again: name it with --replay.")
    return None if history is None else Again(history, steps)


def _publishes(publish: bool | None, pacts: tuple[Path, ...], again: Again | None, *, named: bool) -> bool:  # noqa: FBT001
    """Tell whether somebody asks for results to be published: by the option, or by naming the version that they are of."""
    if publish and pacts:
        raise UsageError("--publish needs a broker's pacts: a result is filed under the pact that it is of. Leave out --pact.")
    if publish and again is not None:
        raise UsageError("--publish and --replay do not go together: a part of a deck is no result. Leave out one of them.")
    return (named if publish is None else publish) and again is None


def _asked_again(broker_url: str | None, isolation: str, seed: int, pacts: tuple[Path, ...]) -> tuple[str, ...]:
    """Give what stands on a command that asks the same again."""
    source = () if pacts else ("--broker-url", without_secrets(str(broker_url)))
    apart = () if isolation == backends.PROCESS else ("--isolation", isolation)
    return (*source, *apart, *(("--seed", str(seed)) if seed else ()))


def _self_check(saga_file: Path, faults: int, picture: Path | None, wanted: Wanted) -> int:
    """Tell what a saga file is worth; give the exit status."""
    other = sorted(set(wanted.files) - {"html"})
    if other:
        raise UsageError(f"--{other[0]} is about a provider's results, and --self-check has none. Leave it out.")
    found = playing.check(load_saga(saga_file), faults, datetime.now(tz=UTC).date())
    if picture is not None:
        pictures.write(picture, telling.svg(found))
    text = "\n".join(telling.lines(found))
    if "html" in wanted.files:
        write(wanted.files["html"], page.self_check_page(found.saga, telling.svg(found), text))
    click.echo(json.dumps(telling.as_json(found), indent=2, ensure_ascii=False) if wanted.as_json else text)
    return found.exit_status


def _say(text: str) -> None:
    click.echo(f"sagapact: {text}", err=True)


def _dot(history: HistoryResult) -> None:
    click.echo("." if history.verdict == Verdict.KEPT else "!", nl=False, err=True)
