"""The commands that run a broker."""

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from socket import socket
from urllib.parse import urlsplit

import click
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from saga_broker.acts.cleaning import Wish
from saga_broker.app import bring_up_to_date, create_app
from saga_broker.gate.keep_selectors import DEFAULT
from saga_broker.http.addresses import checked_base_url
from saga_broker.http.logs import LEVELS, write_logs
from saga_broker.importing import Compared, Imported, ProgressLine, Source, compare, import_all
from saga_broker.serve.beside import Beside
from saga_broker.serve.cleaning_report import cleaned
from saga_broker.serve.options import database_option
from saga_broker.serve.process import listening_on, own_address, run, show_ready, shown_address
from saga_broker.serve.setting_options import chosen, setting_options, understood
from saga_broker.serve.several import Several
from saga_broker.serve.token_commands import first_token, has_tokens, token, worker_token
from saga_broker.serve.webhook_options import chosen_for_webhooks, webhook_options
from saga_broker.settings import Settings
from saga_broker.store.database.engine import Database
from saga_broker.store.database.migrate import migrate
from saga_contracts.errors import SagapactError

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class DifferentError(SagapactError):
    """Two brokers answer differently."""

    exit_status = 1


@click.group()
@click.pass_context
def broker(context: click.Context) -> None:
    """Run a broker."""
    context.default_map = understood(broker)


broker.add_command(token)


@broker.command()
@click.option("--host", envvar="SAGAPACT_HOST", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    envvar="SAGAPACT_PORT",
    default=9292,
    show_default=True,
    help="Port; 0 lets the system choose.",
)
@database_option
@click.option(
    "--base-url",
    "base_urls",
    envvar="SAGAPACT_BASE_URL",
    multiple=True,
    help="Address at which clients reach the broker, behind a proxy; may have a path, may be repeated. Links begin with the one "
    "that fits the request, else with the first. Also SAGAPACT_BASE_URL, separated by spaces.",
)
@click.option(
    "--badges",
    type=click.Choice(["redirect", "own"]),
    envvar="SAGAPACT_BADGES",
    default="redirect",
    show_default=True,
    help="redirect: shields.io draws badges and sees the names on them; own: the broker draws them. Also SAGAPACT_BADGES.",
)
@click.option(
    "--tokens/--no-tokens",
    default=None,
    help="Let in only whoever shows a token; the first start makes an administrator's and prints it. Default: when the database "
    "holds one.",
)
@click.option(
    "--work-database-url",
    envvar="SAGAPACT_WORK_DATABASE_URL",
    default="",
    help="Where the engine of webhooks and jobs keeps what is under way; default: beside the broker's database. Also "
    "SAGAPACT_WORK_DATABASE_URL.",
)
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    envvar="SAGAPACT_PROCESSES",
    default=1,
    show_default=True,
    help="Broker processes on this port, which behave as one: about one for each processor. Also SAGAPACT_PROCESSES.",
)
@click.option(
    "--worker", "with_worker", is_flag=True, help="Start one worker beside the broker, which verifies what was announced."
)
@click.option(
    "--log-level",
    type=click.Choice(LEVELS),
    envvar="SAGAPACT_LOG_LEVEL",
    default="info",
    show_default=True,
    help="The log leaves out what is less.",
)
@setting_options
@webhook_options
@click.pass_context
def serve(
    context: click.Context,
    host: str,
    port: int,
    database_url: str,
    base_urls: tuple[str, ...],
    badges: str,
    work_database_url: str,
    log_level: str,
    processes: int,
    *,
    tokens: bool | None,
    with_worker: bool,
) -> None:
    """Serve the broker until it is told to stop. Its log goes to standard error, one JSON object a line."""
    addresses = tuple(checked_base_url(url) for url in base_urls)
    _warn_of_password(context, database_url)
    asks, made = _tokens(database_url, wanted=tokens)
    _warn_of_strangers(host, asks_for_tokens=asks)
    settings = Settings(
        database_url=database_url,
        base_urls=addresses,
        badge_provider_mode=badges,
        tokens=asks,
        work_database_url=work_database_url,
        webhooks=chosen_for_webhooks(context),
        **chosen(context),
    )
    with listening_on(host, port) as taken:
        if made is not None:
            click.echo(f"the administrator's token, which is shown this once: {made}")
        write_logs(log_level)
        served = _served(settings, taken, host, processes)
        with _beside(own_address(taken, host), settings) if with_worker else nullcontext():
            served()


def _served(settings: Settings, taken: socket, host: str, processes: int) -> Callable[[], None]:
    """Prepare to serve; give what serves until a signal ends it."""
    if processes == 1:
        return partial(run, create_app(settings), taken, host)
    bring_up_to_date(settings)
    several = Several(processes, lambda tell: run(create_app(settings), taken, host, tell))
    several.await_ready()
    show_ready(shown_address(taken, host))
    return several.watch


def _beside(address: str, settings: Settings) -> Beside:
    token = worker_token(settings.database_url, urlsplit(address).netloc) if settings.tokens else None
    return Beside(address, settings, token)


def _tokens(database_url: str, *, wanted: bool | None) -> tuple[bool, str | None]:
    """Tell whether the broker asks for tokens, and give the first one when it was made now."""
    if wanted is False:
        return False, None
    database = Database(database_url)
    try:
        migrate(database)
        return (True, first_token(database)) if wanted else (has_tokens(database), None)
    finally:
        database.close()


def _warn_of_strangers(host: str, *, asks_for_tokens: bool) -> None:
    if host not in LOOPBACK and asks_for_tokens:
        click.echo(f"note: the broker listens on {host} without TLS: put it behind a proxy that has it.", err=True)
    elif host not in LOOPBACK:
        click.echo(
            f"warning: the broker listens on {host} and asks for no tokens: everybody who reaches this address can "
            "read and change everything. Let it ask for them: --tokens.",
            err=True,
        )


def _warn_of_password(context: click.Context, database_url: str) -> None:
    typed = context.get_parameter_source("database_url") is click.core.ParameterSource.COMMANDLINE
    if typed and _has_password(database_url):
        click.echo(
            "warning: the database's password stands on the command line, where every user of this machine can read it. "
            "Give the address by SAGAPACT_DATABASE_URL instead.",
            err=True,
        )


def _has_password(database_url: str) -> bool:
    try:
        return make_url(database_url).password is not None
    except (ArgumentError, ValueError):
        return False


@broker.command("import")
@click.option("--from", "source_url", required=True, help="Address of the broker to copy from, such as a Pact Broker.")
@database_option
@click.option("--token", envvar="SAGAPACT_IMPORT_TOKEN", help="Bearer token for the source; better by SAGAPACT_IMPORT_TOKEN.")
@click.option("--username", envvar="SAGAPACT_IMPORT_USERNAME", help="User at the source; also SAGAPACT_IMPORT_USERNAME.")
@click.option("--password", envvar="SAGAPACT_IMPORT_PASSWORD", help="Password at the source; better by SAGAPACT_IMPORT_PASSWORD.")
@click.option("--check", type=click.IntRange(0), default=20, show_default=True, help="Questions to compare afterwards; 0: none.")
@click.option(
    "--timeout", type=click.FloatRange(0.1), default=60, show_default=True, help="Seconds for one answer of the source."
)
def import_(
    source_url: str,
    database_url: str,
    token: str | None,
    username: str | None,
    password: str | None,
    check: int,
    timeout: float,
) -> None:
    """Copy everything that another broker knows into this broker's database, which may be in use meanwhile.

    Can be interrupted and started again; a repeated import writes only what is new. Afterwards both brokers are asked the same
    questions: exit status 1 when an answer differs.
    """
    database = Database(database_url)
    try:
        migrate(database)
        with Source(source_url, token=token, username=username, password=password, timeout_s=timeout) as source:
            done = import_all(source, database, ProgressLine())
            _tell(done)
            if check:
                _tell_compared(compare(source, database_url, check))
    finally:
        database.close()


def _tell(done: Imported) -> None:
    click.echo(
        f"imported: {done.environments} environments, {done.pacticipants} pacticipants, {done.versions} versions, "
        f"{done.pacts} new pacts, {done.results} new results, {done.places} deployments and releases"
    )
    for name in done.differing:
        click.echo(
            f"warning: {name}: stored under the source's content sha; publishing the same pact here would give another one, "
            "which is verified anew",
            err=True,
        )


def _tell_compared(compared: Compared) -> None:
    for text in compared.differences:
        click.echo(f"differs: {text}", err=True)
    if compared.differences:
        count = len(compared.differences)
        raise DifferentError(
            f"Both brokers hold the same data, but {count} of {compared.asked} questions are answered differently. If the source "
            "was changed meanwhile, import again. This broker answers unknown where a Pact Broker says yes without a result."
        )
    click.echo(f"checked: both brokers answer {compared.asked} questions alike")


@broker.command()
@database_option
@click.option(
    "--keep",
    "selectors",
    multiple=True,
    metavar="SELECTOR",
    help="Versions to keep, as key=value,… or JSON: pacticipant, latest, tag, branch, main_branch, environment, deployed, "
    "released, max_age (days); tag and branch are a name, or true for any. May be repeated. Default: "
    + " ".join(f"--keep {one}" for one in DEFAULT),
)
@click.option("--limit", type=click.IntRange(1), default=1000, show_default=True, help="Versions deleted at most, oldest first.")
@click.option(
    "--branches-older-than",
    "branch_age",
    type=click.IntRange(0, 100_000),
    default=90,
    show_default=True,
    help="Branches that nobody changed for so many days are deleted first; never a main branch.",
)
@click.option("--keep-branches", "patterns", multiple=True, metavar="PATTERN", help="Branches to keep, such as release/*.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be deleted.")
def clean(
    database_url: str, selectors: tuple[str, ...], limit: int, branch_age: int, patterns: tuple[str, ...], *, dry_run: bool
) -> None:
    """Delete old versions that nobody needs, with all that hangs on them. The broker may run meanwhile.

    What is deployed or released now is never deleted, nor what answers about kept versions depend on.
    """
    wish = Wish((), limit, branch_age, patterns)
    for line in cleaned(database_url, selectors, wish, dry_run=dry_run):
        click.echo(line)
