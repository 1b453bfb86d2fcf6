"""The commands that record and list what is where; the names are those of the Pact Broker's own command line."""

import json
from collections.abc import Sequence

import click

from saga_broker.client.broker import BrokerClient
from saga_broker.client.broker_options import broker_url_option
from saga_broker.client.options import environment_option, one_name, pacticipant_options
from saga_broker.client.records import Record
from saga_broker.client.showing import listed

version_option = click.option("-e", "--version", required=True, help="The version.")
instance_option = click.option("--application-instance", "--target", help="Which of several installations in this environment.")
_OUTPUT = click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True)


@click.command("record-deployment")
@pacticipant_options
@version_option
@environment_option
@instance_option
@broker_url_option
def record_deployment(
    name: str | None,
    pacticipant: str | None,
    version: str,
    environment: str,
    application_instance: str | None,
    broker_url: str,
) -> None:
    """Tell the broker that a version is deployed."""
    named = one_name(name, pacticipant)
    with BrokerClient(broker_url) as client:
        client.record_deployment(named, version, environment, application_instance=application_instance)
    click.echo(f"recorded: {named} {version} is deployed to {environment}")


@click.command("record-undeployment")
@pacticipant_options
@click.option("-e", "--version", help="Only this version; default: whatever is deployed.")
@environment_option
@instance_option
@broker_url_option
def record_undeployment(
    name: str | None,
    pacticipant: str | None,
    version: str | None,
    environment: str,
    application_instance: str | None,
    broker_url: str,
) -> None:
    """Tell the broker that what is deployed of a pacticipant is gone; a new deployment tells it of the one before by itself."""
    named = one_name(name, pacticipant)
    with BrokerClient(broker_url) as client:
        gone = client.record_undeployment(named, environment, version=version, application_instance=application_instance)
    for one in gone:
        click.echo(f"recorded: {named} {one.version} is no longer deployed to {environment}")


@click.command("record-release")
@pacticipant_options
@version_option
@environment_option
@broker_url_option
def record_release(name: str | None, pacticipant: str | None, version: str, environment: str, broker_url: str) -> None:
    """Tell the broker that a version is released and supported; several versions are, side by side."""
    named = one_name(name, pacticipant)
    with BrokerClient(broker_url) as client:
        client.record_release(named, version, environment)
    click.echo(f"recorded: {named} {version} is released in {environment}")


@click.command("record-support-ended")
@pacticipant_options
@version_option
@environment_option
@broker_url_option
def record_support_ended(name: str | None, pacticipant: str | None, version: str, environment: str, broker_url: str) -> None:
    """Tell the broker that a released version is no longer supported."""
    named = one_name(name, pacticipant)
    with BrokerClient(broker_url) as client:
        client.record_support_ended(named, version, environment)
    click.echo(f"recorded: {named} {version} is no longer supported in {environment}")


@click.command("create-environment")
@click.argument("name")
@click.option("--production/--no-production", default=False, show_default=True, help="Is it one of production?")
@click.option("--display-name", help="As people read it.")
@broker_url_option
def create_environment(name: str, display_name: str | None, *, production: bool, broker_url: str) -> None:
    """Make an environment."""
    with BrokerClient(broker_url) as client:
        client.create_environment(name, production=production, display_name=display_name)
    click.echo(f"created: environment {name}")


@click.command("create-version-tag")
@pacticipant_options
@version_option
@click.option("-t", "--tag", "tags", multiple=True, required=True, help="The tag; may be given several times.")
@broker_url_option
def create_version_tag(name: str | None, pacticipant: str | None, version: str, tags: tuple[str, ...], broker_url: str) -> None:
    """Give a version a tag, so that selectors find it."""
    named = one_name(name, pacticipant)
    with BrokerClient(broker_url) as client:
        for tag in tags:
            client.create_version_tag(named, version, tag)
            click.echo(f"tagged: {named} {version} is {tag}")


@click.group("list")
def list_() -> None:
    """List what a broker knows."""


@list_.command("environments")
@_OUTPUT
@broker_url_option
def environments(output: str, broker_url: str) -> None:
    """List environments."""
    with BrokerClient(broker_url) as client:
        found = client.environments()
    _print(output, found, ("NAME", "PRODUCTION", "UUID"), [(one.name, _yes(is_so=one.production), one.uuid) for one in found])


@list_.command("deployments")
@environment_option
@_OUTPUT
@broker_url_option
def deployments(environment: str, output: str, broker_url: str) -> None:
    """List what is deployed to, and released in, an environment now."""
    with BrokerClient(broker_url) as client:
        found = client.deployments(environment)
    rows = [
        (one.pacticipant, one.version, "released" if one.released else "deployed", one.application_instance or "", one.created_at)
        for one in found
    ]
    _print(output, found, ("PACTICIPANT", "VERSION", "HOW", "INSTANCE", "SINCE"), rows)


@list_.command("sagas")
@click.option("--environment", help="Those that run there; default: the newest version of each.")
@click.option("--branch", help="The newest versions on this branch.")
@_OUTPUT
@broker_url_option
def sagas(environment: str | None, branch: str | None, output: str, broker_url: str) -> None:
    """List sagas."""
    with BrokerClient(broker_url) as client:
        found = client.sagas(environment=environment, branch=branch)
    rows = [(one.saga, one.version, one.branch or "", one.executes_as, str(len(one.steps))) for one in found]
    _print(output, found, ("SAGA", "VERSION", "BRANCH", "EXECUTED BY", "STEPS"), rows)


@list_.command("versions")
@pacticipant_options
@click.option("--most", type=click.IntRange(1, 1000), default=100, show_default=True, help="So many at most, the newest.")
@_OUTPUT
@broker_url_option
def versions(name: str | None, pacticipant: str | None, most: int, output: str, broker_url: str) -> None:
    """List the newest versions of a pacticipant."""
    named = one_name(name, pacticipant)
    with BrokerClient(broker_url) as client:
        found = client.versions(named, most)
    rows = [(one.number, ", ".join(one.branches), ", ".join(one.tags), one.created_at) for one in found]
    _print(output, found, ("VERSION", "BRANCHES", "TAGS", "CREATED"), rows)


def _print(output: str, found: tuple[Record, ...], head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    if output == "json":
        written = [one.model_dump(mode="json", by_alias=True) for one in found]
        click.echo(json.dumps(written, indent=2, ensure_ascii=False))
    else:
        click.echo(listed(head, rows) if rows else "none")


def _yes(*, is_so: bool) -> str:
    return "yes" if is_so else "no"
