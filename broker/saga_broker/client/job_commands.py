"""`sagapact jobs`: the queue of what is verified by itself. It needs the base install only."""

from collections.abc import Iterable

import click

from saga_broker.client.broker_options import broker_url_option
from saga_broker.client.jobs import JobRecord, JobsClient

STATES = ("blocked", "queued", "running", "done", "failed", "superseded", "cancelled")


@click.group()
def jobs() -> None:
    """Look at verification jobs, ask for some, cancel one, pause the queue."""


@jobs.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only jobs in this state.")
@click.option("--provider", help="Only jobs of this provider.")
@broker_url_option
def list_(state: str | None, provider: str | None, broker_url: str) -> None:
    """List the newest jobs, and say of those that wait why."""
    with JobsClient(broker_url) as client:
        found = client.jobs(state=state, provider=provider)
    _tell(found)


@jobs.command()
@click.argument("provider")
@click.option("--version", required=True, help="Its version; it must have been announced.")
@click.option("--consumer", help="Only its contract with this consumer.")
@broker_url_option
def run(provider: str, version: str, consumer: str | None, broker_url: str) -> None:
    """Let a provider version be verified, also where there are results already."""
    with JobsClient(broker_url) as client:
        found = client.ask(provider, version, consumer)
    _tell(found)


@jobs.command()
@click.argument("job")
@broker_url_option
def cancel(job: str, broker_url: str) -> None:
    """Cancel a job; a worker that has it stops."""
    with JobsClient(broker_url) as client:
        client.cancel(job)
    click.echo(f"cancelled: {job}")


@jobs.command()
@click.argument("job")
@broker_url_option
def log(job: str, broker_url: str) -> None:
    """Show what was said while a job was done."""
    with JobsClient(broker_url) as client:
        click.echo(client.log(job))


@jobs.command()
@click.option("--reason", required=True, help="Why, for those who look at the queue.")
@broker_url_option
def pause(reason: str, broker_url: str) -> None:
    """Begin no more jobs; what is under way is finished."""
    with JobsClient(broker_url) as client:
        client.pause(reason)
    click.echo("paused")


@jobs.command()
@broker_url_option
def resume(broker_url: str) -> None:
    """Begin jobs again."""
    with JobsClient(broker_url) as client:
        client.pause(None)
    click.echo("jobs are begun again")


def _tell(found: Iterable[JobRecord]) -> None:
    """Write a line for each job, and what is to be known below it."""
    lines = []
    for one in found:
        lines.append(f"{one.id}  {one.verdict or one.state}  {one.provider} {one.provider_version} with {one.consumer}")
        lines += [f"    {text}" for text in (one.text, one.waits_for) if text]
    click.echo("\n".join(lines) or "There are no such jobs.")
