"""Options that several commands of `sagapact broker` share."""

import click

from saga_broker.settings import DEFAULT_DATABASE_URL

database_option = click.option(
    "--database-url",
    envvar="SAGAPACT_DATABASE_URL",
    default=DEFAULT_DATABASE_URL,
    show_default=True,
    help="sqlite:///file or postgresql://user@host/name; with a password better by SAGAPACT_DATABASE_URL.",
)
