"""The guard of one program: starts it, keeps its log within bounds, and lets nothing of it outlive the harness.

Run as `python -I -S guard.py` by `guarded`, with the standard library only, so that it starts fast; never imported.

    stdin   one line of JSON (the order), then single letters: T end it politely, K kill it; end of file: the harness is gone
    stdout  lines of JSON: {"pid": n} started, {"failed": text} cannot be started, {"ended": n} exit status or -signal

The program leads a session of its own. The guard ends when nothing of the program is left: neither its process group nor
processes that fled from it, which the guard inherits (Linux: it is their subreaper). If the guard itself is killed, the kernel
kills the program (Linux: parent-death signal, reliable here because the guard has one thread only).
"""

import contextlib
import json
import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any, NoReturn

try:
    import ctypes
except ImportError:  # some builds of Python have no ctypes: then without the kernel's help
    ctypes = None  # type: ignore[assignment]

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
ORPHAN_GRACE_S = 1.0  # politeness after the harness has gone
TICK_S = 1.0  # how often the parent's presence is looked at besides the end of file
KILL_LIMIT_S = 10.0  # a process that survives SIGKILL so long is stuck in the kernel
CHUNK = 65_536


class Log:
    """A file that holds the newest part of what is written, at most `limit` bytes together with its older half."""

    def __init__(self, path: str, limit: int) -> None:
        self._path, self._half = path, max(limit // 2, 1)
        self._file = open(path, "ab", buffering=0)  # noqa: SIM115, PTH123  (lives as long as the guard; pathlib is slow to import)
        self._size = self._file.tell()

    def write(self, chunk: bytes) -> None:
        """Append; begin a new half when this one is full."""
        if self._size + len(chunk) > self._half:
            self._file.close()
            os.replace(self._path, self._path + ".older")  # noqa: PTH105  (as above)
            self._file = open(self._path, "ab", buffering=0)  # noqa: SIM115, PTH123  (as above)
            self._size = 0
        self._size += self._file.write(chunk[-self._half :]) or 0


class Guard:
    """Runs one order."""

    def __init__(self, order: dict[str, Any], letters: bytes = b"") -> None:
        self._order, self._letters = order, letters
        self._harness = os.getppid()
        self._log = Log(order["log"], order["log_bytes"])
        self._pid = 0
        self._status: int | None = None
        self._wake, self._output = -1, -1

    def run(self) -> None:
        """Start the program and stay until nothing of it is left."""
        _prctl(PR_SET_CHILD_SUBREAPER, 1)
        self._wake = _wake_on_signals()
        self._log.write(self._order["banner"].encode())
        self._pid, self._output, problem = _launch(self._order)
        if problem:
            os.waitpid(self._pid, 0)
            _say(failed=problem)
        else:
            _say(pid=self._pid)
            self._finish(self._watch())
        if os.getppid() != self._harness and self._order["remove"]:
            import shutil  # noqa: PLC0415  (slow to import, and rarely needed)

            shutil.rmtree(self._order["remove"], ignore_errors=True)

    def _watch(self) -> float:
        """Stay while the program runs; give the grace in seconds that it gets for its end."""
        grace_s = float(self._order["grace_s"])
        while not self._letters:
            ready = self._wait(TICK_S)
            if self._has_ended():
                return 0
            if os.getppid() != self._harness or signal.SIGTERM in _caught:
                return min(ORPHAN_GRACE_S, grace_s)
            if 0 in ready:
                self._letters = os.read(0, CHUNK)
                if not self._letters:
                    return min(ORPHAN_GRACE_S, grace_s)
        return grace_s if self._letters.startswith(b"T") else 0

    def _finish(self, grace_s: float) -> None:
        if grace_s and not self._has_ended():
            _signal_group(self._pid, signal.SIGTERM)
            until = time.monotonic() + grace_s
            while not self._has_ended() and time.monotonic() < until:
                self._wait(0.05, listen=False)
        until = time.monotonic() + KILL_LIMIT_S
        while self._kill_all() and time.monotonic() < until:
            self._wait(0.005, listen=False)
        self._drain()
        if self._status is None:
            _, self._status = os.waitpid(self._pid, 0)
        _say(ended=os.waitstatus_to_exitcode(self._status))

    def _kill_all(self) -> bool:
        """Kill the group and every process that was inherited; say whether something is left."""
        if self._status is None:  # while it is not reaped its number, which is the group's too, belongs to nobody else
            _signal_group(self._pid, signal.SIGKILL)
        ended = self._has_ended()  # before the look at its children: they are inherited before its end is seen
        inherited = [pid for pid in _children() if pid != self._pid]
        for pid in inherited:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        return bool(inherited) or not ended

    def _wait(self, timeout_s: float, *, listen: bool = True) -> list[int]:
        """Wait for something to happen, and pass output on to the log meanwhile."""
        watched = [fd for fd in (self._output, self._wake, 0 if listen else -1) if fd >= 0]
        ready, _, _ = select.select(watched, [], [], timeout_s)
        if self._wake in ready:
            os.read(self._wake, CHUNK)
            self._reap_inherited()
        if self._output in ready:
            self._pump()
        return ready

    def _pump(self) -> bool:
        chunk = os.read(self._output, CHUNK)
        if chunk:
            with contextlib.suppress(OSError):  # a full disk must not stop the program
                self._log.write(chunk)
        else:
            os.close(self._output)
            self._output = -1
        return bool(chunk)

    def _drain(self) -> None:
        while self._output >= 0 and select.select([self._output], [], [], 0)[0]:
            self._pump()

    def _reap_inherited(self) -> None:
        for pid in _children():
            if pid != self._pid:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)

    def _has_ended(self) -> bool:
        if self._status is not None:
            return True
        if hasattr(os, "waitid"):  # see the end without reaping: the number stays taken
            return os.waitid(os.P_PID, self._pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        pid, status = os.waitpid(self._pid, os.WNOHANG)
        self._status = status if pid else None
        return bool(pid)


_caught: set[int] = set()


def _wake_on_signals() -> int:
    """Make SIGCHLD and SIGTERM readable; give the file descriptor."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    os.set_blocking(reading, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda number, _: _caught.add(number))
    return reading


def _launch(order: dict[str, Any]) -> tuple[int, int, str]:
    """Start the program; give its process id, its output, and why it could not be started."""
    guard = os.getpid()
    output, output_end = os.pipe()
    trouble, trouble_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        _become(order, guard, output_end, trouble_end)
    os.close(output_end)
    os.close(trouble_end)
    problem = b""
    while chunk := os.read(trouble, CHUNK):  # ends when the program has replaced the fork
        problem += chunk
    os.close(trouble)
    return pid, output, problem.decode(errors="replace")


def _become(order: dict[str, Any], guard: int, output: int, trouble: int) -> NoReturn:
    """Replace this fork by the program."""
    try:
        os.setsid()
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != guard:
            os._exit(1)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        _enter(order["cwd"])
        os.execvpe(order["command"][0], order["command"], order["env"])  # noqa: S606  (no shell, a list of words)
    except BaseException as error:  # noqa: BLE001  (whatever it is, the harness must hear of it)
        os.write(trouble, str(error if isinstance(error, RuntimeError) else _reason(error)).encode())
    os._exit(127)


def _enter(folder: str) -> None:
    try:
        os.chdir(folder)
    except OSError as error:
        raise RuntimeError(f"the folder {folder} cannot be entered: {_reason(error)}") from None


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"


def _signal_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _children() -> Iterator[int]:
    """Give the processes whose parent is the guard, those that were inherited included (none where there is no /proc)."""
    me = str(os.getpid()).encode()
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir("/proc"):  # noqa: PTH208  (pathlib is slow to import)
            if name.isdigit() and _parent_of(name) == me:
                yield int(name)


def _parent_of(pid: str) -> bytes:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123  (as above)
            return file.read().rpartition(b")")[2].split()[1]
    except (OSError, IndexError):
        return b""


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux" and ctypes is not None:
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _say(**fact: Any) -> None:
    with contextlib.suppress(OSError):  # nobody listens any more
        os.write(1, json.dumps(fact).encode() + b"\n")


def _read_order() -> tuple[dict[str, Any] | None, bytes]:
    """Give the order, or None when the harness has gone before it gave one, and the letters that came with it."""
    text = b""
    while b"\n" not in text:
        chunk = os.read(0, CHUNK)
        if not chunk:
            return None, b""
        text += chunk
    line, _, letters = text.partition(b"\n")
    return json.loads(line), letters


def main() -> None:
    """Carry out the order on standard input."""
    order, letters = _read_order()
    if order is not None:
        Guard(order, letters).run()


if __name__ == "__main__":
    main()
