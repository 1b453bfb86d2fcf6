"""The commands that ask the gate: can-run, can-i-deploy, what-if. They need the base install only."""

import click

from saga_broker.client import showing
from saga_broker.client.broker import BrokerClient
from saga_broker.client.broker_options import broker_url_option
from saga_broker.client.options import (
    asked_again,
    candidates_of,
    environment_option,
    faults_option,
    give,
    printing_options,
    retrying_options,
    summary_file,
    to_environment_option,
    with_option,
)
from saga_contracts.errors import UsageError


@click.command("can-run")
@click.argument("saga")
@to_environment_option
@with_option
@faults_option
@retrying_options
@printing_options
@click.option("--json", "as_json", is_flag=True, help="The same as --output json.")
@broker_url_option
@click.pass_context
def can_run(
    context: click.Context,
    saga: str,
    environment: str,
    candidates: tuple[str, ...],
    faults: int,
    retries: int,
    interval_s: float,
    output: str,
    *,
    github_summary: bool,
    as_json: bool,
    broker_url: str,
) -> None:
    """Ask whether a saga can run: 0 yes, 1 no, 2 wrong usage, 3 unknown, 4 could not find out.

    A version given by --with takes the place of one installation: of the application instance that it names; else of what is
    deployed without an instance; else of the only one that is deployed. When several instances are deployed and none is named, it
    takes the place of none and is judged beside them. Several versions of one pacticipant are live side by side, and what is
    released stays live: all of them are judged, and so are versions that executed sagas which may still be in flight. A
    pacticipant that the saga does not name, and a version that the broker does not know, are wrong usage.
    """
    versions, summary = candidates_of(candidates), summary_file(wanted=github_summary)
    with BrokerClient(broker_url) as client:
        decision = asked_again(
            lambda: client.can_run(saga, environment, versions, faults=faults), lambda one: one.verdict, retries, interval_s
        )
    context.exit(give(decision, showing.of_run(decision), "json" if as_json else output, summary))


@click.command("can-i-deploy")
@click.option(
    "-a", "--pacticipant", "names", multiple=True, help="A pacticipant; may be given several times, each with --version."
)
@click.option("-e", "--version", "numbers", multiple=True, help="The version of the pacticipant before it.")
@with_option
@to_environment_option
@faults_option
@retrying_options
@printing_options
@click.option("--alone", is_flag=True, help="Do not look for the smallest set that may be deployed.")
@broker_url_option
@click.pass_context
def can_i_deploy(
    context: click.Context,
    names: tuple[str, ...],
    numbers: tuple[str, ...],
    candidates: tuple[str, ...],
    environment: str,
    faults: int,
    retries: int,
    interval_s: float,
    output: str,
    *,
    github_summary: bool,
    alone: bool,
    broker_url: str,
) -> None:
    """Ask whether versions may be deployed together: 0 yes, 1 no, 2 wrong usage, 3 unknown, 4 could not find out.

    One answer for the pacts of the versions (can-i-deploy of a Pact Broker) and for every saga that one of them takes part in
    (can-run). Name them by --with PACTICIPANT:VERSION, or by --pacticipant and --version as for a Pact Broker. When they may not
    be deployed, the smallest set with them that may is looked for among the newest versions.
    """
    versions, summary = _versions(names, numbers, candidates), summary_file(wanted=github_summary)
    with BrokerClient(broker_url) as client:
        decision = asked_again(
            lambda: client.can_deploy(environment, versions, faults=faults, together=False),
            lambda one: one.verdict,
            retries,
            interval_s,
        )
        if decision.verdict != "yes" and not alone:
            decision = client.can_deploy(environment, versions, faults=faults)
    context.exit(give(decision, showing.of_deployment(decision), output, summary))


@click.command("what-if")
@environment_option
@click.option(
    "--if-deployed", "deployed", multiple=True, metavar="PACTICIPANT:VERSION[@INSTANCE]", help="What would be deployed."
)
@click.option(
    "--if-removed", "removed", multiple=True, metavar="PACTICIPANT[:VERSION[@INSTANCE]]", help="What would be taken away."
)
@faults_option
@printing_options
@broker_url_option
@click.pass_context
def what_if(
    context: click.Context,
    environment: str,
    deployed: tuple[str, ...],
    removed: tuple[str, ...],
    faults: int,
    output: str,
    *,
    github_summary: bool,
    broker_url: str,
) -> None:
    """Tell what would become of every saga in an environment: nothing is recorded.

    0: no saga becomes worse; 1: one cannot run then that can run now, or is unknown now; 3: of one nobody would know; 2: wrong
    usage; 4: could not find out.
    """
    versions, summary = candidates_of(deployed, "--if-deployed"), summary_file(wanted=github_summary)
    if not versions and not removed:
        msg = "Cannot tell what would change: nothing would. Name a version by --if-deployed or --if-removed."
        raise UsageError(msg)
    with BrokerClient(broker_url) as client:
        changes = client.what_if(environment, versions, removed, faults=faults)
    context.exit(give(changes, showing.of_changes(changes), output, summary))


def _versions(names: tuple[str, ...], numbers: tuple[str, ...], candidates: tuple[str, ...]) -> dict[str, list[str]]:
    if len(names) != len(numbers):
        msg = f"Cannot tell which versions are meant: {len(names)} --pacticipant and {len(numbers)} --version. Give one for each."
        raise UsageError(msg)
    versions = candidates_of([*candidates, *(f"{name}:{number}" for name, number in zip(names, numbers, strict=True))])
    if not versions:
        msg = "Cannot ask: no version is named. Give --with PACTICIPANT:VERSION, or --pacticipant and --version."
        raise UsageError(msg)
    return versions
