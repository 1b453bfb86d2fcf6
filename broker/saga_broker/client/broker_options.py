"""The options by which a command is told of its broker and of the token to show there."""

import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

from saga_broker.client.transport import TOKEN_VARIABLE

Command = TypeVar("Command", bound=Callable[..., Any])


def _as_variable(context: click.Context, _: click.Parameter, value: str | None) -> None:
    """Let a token hold as if its variable were set, as long as the command runs."""
    if not value:
        return
    before = os.environ.get(TOKEN_VARIABLE)
    os.environ[TOKEN_VARIABLE] = value

    def back() -> None:
        if before is None:
            os.environ.pop(TOKEN_VARIABLE, None)
        else:
            os.environ[TOKEN_VARIABLE] = before

    context.call_on_close(back)


broker_token_option = click.option(
    "--broker-token",
    expose_value=False,
    callback=_as_variable,
    help=f"The token for the broker; better by {TOKEN_VARIABLE}, since every user of the machine can read a command line. Also "
    "SAGAPACT_TOKEN, PACT_BROKER_TOKEN, or a user and a password by SAGAPACT_BROKER_USERNAME and SAGAPACT_BROKER_PASSWORD.",
)
_url_option = click.option(
    "--broker-url",
    envvar="SAGAPACT_BROKER_URL",
    required=True,
    help="The broker's address; also SAGAPACT_BROKER_URL.",
)


def broker_url_option(command: Command) -> Command:
    """Ask for the broker's address, and take a token for it."""
    return _url_option(broker_token_option(command))
