"""What several commands that ask a broker have in common: options, exit statuses, and how an answer is printed."""

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

from saga_broker.client import showing
from saga_broker.client.records import Record, Verdict
from saga_broker.client.showing import Told
from saga_contracts.errors import UsageError

EXIT_STATUS = {"yes": 0, "no": 1, "unknown": 3}
SUMMARY = "GITHUB_STEP_SUMMARY"
Answer = TypeVar("Answer", bound=Record)
Command = TypeVar("Command", bound=Callable[..., Any])

faults_option = click.option(
    "--faults", type=click.IntRange(0, 4), default=1, show_default=True, help="The most faults in one history of the decks."
)
environment_option = click.option("--environment", required=True, help="Where; see `sagapact list environments`.")
to_environment_option = click.option("--to-environment", "--environment", "environment", required=True, help="Where.")
with_option = click.option(
    "--with",
    "candidates",
    multiple=True,
    metavar="PACTICIPANT:VERSION[@INSTANCE]",
    help="A version that is to be deployed; may be given several times, also for one pacticipant.",
)
_PRINTING = (
    click.option(
        "-o", "--output", type=click.Choice(["text", "table", "json"]), default="text", show_default=True, help="How to print it."
    ),
    click.option("--github-summary", is_flag=True, help=f"Add the answer to the summary of a GitHub step ({SUMMARY})."),
)
_RETRYING = (
    click.option(
        "--retry-while-unknown",
        "retries",
        type=click.IntRange(0, 1000),
        default=0,
        help="Ask again so many times while the answer is unknown, as while a provider is verified.",
    ),
    click.option(
        "--retry-interval",
        "interval_s",
        type=click.FloatRange(0, 3600),
        default=10.0,
        show_default=True,
        help="Seconds between two questions.",
    ),
)


def printing_options(command: Command) -> Command:
    """Give a command `--output` and `--github-summary`."""
    return _all(command, _PRINTING)


def retrying_options(command: Command) -> Command:
    """Give a command `--retry-while-unknown` and `--retry-interval`."""
    return _all(command, _RETRYING)


def pacticipant_options(command: Command) -> Command:
    """Let a command be given the pacticipant as its argument, or by `--pacticipant` as other tools have it."""
    options = (
        click.argument("name", metavar="PACTICIPANT", required=False),
        click.option("-a", "--pacticipant", help="The same, as an option."),
    )
    return _all(command, options)


def one_name(name: str | None, pacticipant: str | None) -> str:
    """Give the pacticipant that was named.

    Raises:
        UsageError: None was, or two.
    """
    if bool(name) == bool(pacticipant):
        msg = f"Cannot tell which pacticipant is meant: {'two are' if name else 'none is'} named. Name one, such as `billing`."
        raise UsageError(msg)
    return str(name or pacticipant)


def candidates_of(given: Iterable[str], option: str = "--with") -> dict[str, list[str]]:
    """Read versions as `PACTICIPANT:VERSION`.

    Raises:
        UsageError: One is something else.
    """
    found: dict[str, list[str]] = {}
    for one in given:
        name, _, number = one.partition(":")
        if not (name and number):
            msg = f"Cannot read {option} {one!r}: it must be like billing:1.4.0. Correct it."
            raise UsageError(msg)
        found.setdefault(name, []).append(number)
    return found


def asked_again(ask: Callable[[], Answer], verdict: Callable[[Answer], Verdict], retries: int, interval_s: float) -> Answer:
    """Ask until the answer is not unknown, or often enough."""
    answer = ask()
    for left in range(retries, 0, -1):
        if verdict(answer) != "unknown":
            break
        click.echo(f"unknown yet: asking again in {interval_s:g} s, {left} {'time' if left == 1 else 'times'} at most", err=True)
        time.sleep(interval_s)
        answer = ask()
    return answer


def summary_file(*, wanted: bool) -> Path | None:
    """Give the file of a GitHub step's summary, before anything is asked.

    Raises:
        UsageError: It is wanted, and no file is named.
    """
    named = os.environ.get(SUMMARY, "")
    if wanted and not named:
        msg = f"Cannot write the summary of a GitHub step: {SUMMARY} names no file. Leave --github-summary out elsewhere."
        raise UsageError(msg)
    return Path(named) if wanted else None


def give(answer: Record, told: Told, output: str, summary: Path | None) -> int:
    """Print an answer, add it to a summary, and give the exit status.

    Raises:
        UsageError: The summary cannot be written.
    """
    click.echo(showing.as_json(answer) if output == "json" else showing.FORMS[output](told))
    if summary is not None:
        try:
            with summary.open("a", encoding="utf-8") as file:
                file.write(showing.markdown(told))
        except OSError as error:
            msg = f"Cannot write the summary of the step to {summary}: {error.strerror or error}. Correct {SUMMARY}."
            raise UsageError(msg) from error
    return EXIT_STATUS[told.verdict]


def _all(command: Command, options: Iterable[Callable[[Command], Command]]) -> Command:
    for option in reversed(tuple(options)):
        command = option(command)
    return command
