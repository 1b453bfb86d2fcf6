"""Runs a program beside the participant, bounded in time and output: what gives a token, what reads an effect.

It gets its declared environment and PATH, no input, and a process group of its own that ends with the call. What it prints to
standard error is told when it fails.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol

from saga_contracts.declare import templates
from saga_contracts.errors import SagapactError
from saga_contracts.wire.bodies import as_text
from saga_verifier.isolation.placeholders import parted
from saga_verifier.provider_file import Program, ProviderFile

MAX_OUTPUT_BYTES = 1_000_000
_COMPLAINT_BYTES = 2000


class ProgramError(SagapactError):
    """A program did not give what was asked of it."""


class Placed(Protocol):
    """What runs, as far as programs beside it have to know it; see `Running`."""

    @property
    def base_url(self) -> str:
        """Where it answers at the moment."""
        ...

    @property
    def values(self) -> Mapping[str, str]:
        """What the placeholders stand for at the moment."""
        ...


class _Now(Mapping[str, str]):
    """The values of a running participant as they are when they are asked for: it may have been started anew."""

    def __init__(self, provider: ProviderFile, running: Placed) -> None:
        self._provider, self._running = provider, running

    def __getitem__(self, name: str) -> str:
        return self._values()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values())

    def __len__(self) -> int:
        return len(self._values())

    def _values(self) -> dict[str, str]:
        base_url = self._provider.calls_url(self._running.base_url)
        return {"python": sys.executable, **self._running.values, "base_url": base_url}


@dataclass(frozen=True, slots=True)
class Stage:
    """What programs and addresses beside one running participant are filled with.

    Attributes:
        folder: Where programs run.
        values: What the placeholders stand for, by name.
        outside: Values of `${NAME}`: secrets.
        lent: What programs may inherit.
    """

    folder: Path
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    outside: Mapping[str, str] = field(default_factory=dict, repr=False)
    lent: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, provider: ProviderFile, running: Placed) -> "Stage":
        """Give what programs beside a running participant are filled with, at its address of the moment."""
        return cls(provider.folder, _Now(provider, running), provider.outside, provider.lent)

    def filled(self, text: str, context: Mapping[str, Any] | None = None) -> str:
        """Give a text with its placeholders, `${NAME}` and the step's values in it.

        Raises:
            TemplateError: when one of them is not known here.
        """
        return self._filled(text, context, lambda name: self.outside[name])

    def word(self, text: str, context: Mapping[str, Any] | None = None) -> str:
        """Give a word of a command with its placeholders and the step's values; `${NAME}` is left to a shell: who looks sees it.

        Raises:
            TemplateError: when one of them is not known here.
        """
        return self._filled(text, context, lambda name: f"${{{name}}}")

    def run(self, program: Program, command: Sequence[str], context: Mapping[str, Any] | None = None) -> bytes:
        """Run a program; give what it printed.

        Raises:
            ProgramError: when it cannot be run, fails, takes too long or prints too much.
            TemplateError: when a value is not known.
        """
        words = [self.word(word, context) for word in command]
        inherited = {name: self.lent[name] for name in ("PATH", *program.pass_env) if name in self.lent}
        env = {**inherited, **{name: self.filled(text, context) for name, text in program.env.items()}}
        return _run(words, self.folder, env, program.timeout_s)

    def _filled(self, text: str, context: Mapping[str, Any] | None, outside: Callable[[str], str]) -> str:
        known = {**self.values, **(context or {})}
        parts = enumerate(parted(text))
        return "".join(outside(part) if odd % 2 else as_text(templates.fill(part, known)) for odd, part in parts)


def _run(words: list[str], folder: Path, env: Mapping[str, str], timeout_s: float) -> bytes:
    ended = threading.Event()
    with _started(words, folder, env) as process:
        watch = threading.Thread(target=_end_late, args=(process, ended, timeout_s), name="program-watch", daemon=True)
        complaint = _Tail(process.stderr)
        for thread in (watch, complaint):
            thread.start()
        output = process.stdout.read(MAX_OUTPUT_BYTES + 1) if process.stdout is not None else b""
        if len(output) > MAX_OUTPUT_BYTES:
            _end(process)
        status = process.wait()
        late = not ended.is_set() and not watch.is_alive()
        ended.set()
        _end(process)  # what it started may still hold its output
        complaint.join()
    _judge(words[0], status, output, f"{timeout_s:g} s" if late else "", complaint.words)
    return output


@contextmanager
def _started(words: list[str], folder: Path, env: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    try:
        process = subprocess.Popen(
            words, cwd=folder, env=dict(env), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip
    except (OSError, ValueError) as error:
        raise ProgramError(f"{words[0]} cannot be run: {getattr(error, 'strerror', None) or error}. Mend the command.") from None
    with process:
        try:
            yield process
        finally:
            _end(process)


def _judge(program: str, status: int, output: bytes, late: str, complaint: str) -> None:
    if len(output) > MAX_OUTPUT_BYTES:
        raise ProgramError(f"{program} printed more than {MAX_OUTPUT_BYTES} bytes. Let it print what is asked for only.")
    if late:
        raise ProgramError(f"{program} did not end within {late}. Mend it, or give it more time (`timeout_s`).")
    if status != 0:
        raise ProgramError(f"{program} ended with exit status {status}{complaint}. Mend what it tells.")


def _end_late(process: subprocess.Popen[bytes], ended: threading.Event, timeout_s: float) -> None:
    if not ended.wait(timeout_s):
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program with all that it started; it may be over already."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class _Tail(threading.Thread):
    """Reads a stream to its end and keeps the last of it."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        super().__init__(name="program-complaint", daemon=True)
        self._stream, self._kept = stream, b""

    def run(self) -> None:
        """Read until the end."""
        while self._stream is not None and (piece := self._stream.read(_COMPLAINT_BYTES)):
            self._kept = (self._kept + piece)[-_COMPLAINT_BYTES:]

    @property
    def words(self) -> str:
        """The last of it, with a colon before; empty when there was nothing."""
        said = self._kept.decode("utf-8", "replace").strip()
        return f": {said}" if said else ""
