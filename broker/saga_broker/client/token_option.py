"""The option by which a command is told which token to show to its broker."""

import os

import click

from saga_broker.client.transport import TOKEN_VARIABLE


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
