"""The one command: what ends how."""

import os
import subprocess
import sys

import pytest

CRASHING = """
import click
from saga_contracts import cli

@click.command()
def crash():
    {body}

cli._load = lambda _: crash
cli.main()
"""


def run(body: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the command line with a part that does what the body says."""
    words = [sys.executable, "-c", CRASHING.format(body=body), "verify"]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **env})


def test_a_crash_is_could_not_find_out_and_told_in_one_sentence_with_the_way_to_report_it() -> None:
    done = run("raise KeyError('consumer\\nname')")
    assert done.returncode == 4
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("sagapact itself failed (KeyError: 'consumer")
    assert "report" in line
    assert "SAGAPACT_DEBUG" in line


def test_a_crash_shows_where_it_happened_when_somebody_wants_to_know() -> None:
    done = run("raise KeyError('consumer')", SAGAPACT_DEBUG="1")
    assert done.returncode == 4
    assert "Traceback" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("sagapact itself failed")


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ("pass", 0, ""),
        ("return 1", 1, ""),
        ("raise SystemExit(3)", 3, ""),
        ("click.get_current_context().exit(1)", 1, ""),
        ("raise click.UsageError('not so')", 2, "Error: not so"),
        ("raise click.ClickException('not so')", 2, "Error: not so"),
        ("raise click.FileError('name')", 2, "name"),
        ("from saga_contracts.errors import SagapactError; raise SagapactError('unknown')", 4, "unknown"),
        ("from saga_contracts.errors import UsageError; raise UsageError('wrong')", 2, "wrong"),
        ("raise OSError(28, 'No space left on device')", 4, "sagapact cannot write what it has to ([Errno 28] No space left"),
        ("import os; os.dup2(os.open('/dev/full', os.O_WRONLY), 1); click.echo('all is well')", 4, "No space left on device"),
        ("import os; r, w = os.pipe(); os.close(r); os.dup2(w, 1); click.echo('all is well')", 4, ""),
        ("raise KeyboardInterrupt", 130, ""),
        ("import os, signal; os.kill(os.getpid(), signal.SIGINT)", 130, ""),
    ],
)
def test_each_end_has_its_exit_status(body: str, status: int, said: str) -> None:
    done = run(body)
    assert done.returncode == status, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_what_cannot_even_be_complained_of_is_could_not_find_out_too() -> None:
    done = run("import os; full = os.open('/dev/full', os.O_WRONLY); os.dup2(full, 1); os.dup2(full, 2); click.echo('well')")
    assert (done.returncode, done.stdout, done.stderr) == (4, "", "")


@pytest.mark.parametrize(("word", "status", "said"), [("verfy", 2, "verfy"), ("--help", 0, "verify")])
def test_an_unknown_part_is_wrong_usage_and_help_is_a_yes(word: str, status: int, said: str) -> None:
    command = [sys.executable, "-m", "saga_contracts", word]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == status
    assert said in done.stdout + done.stderr
