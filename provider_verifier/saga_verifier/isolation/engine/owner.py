"""Whose is a container, network or volume? Every object that we make says it by its labels.

An owner is the process that made it: machine (with its boot and its process numbers), process id and start time, so that a
number that was given to another process is not mistaken for it. What its labels do not say to be ours is never touched.
"""

import json
import os
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

RUN_LABEL = "sagapact.run"
OWNER_LABEL = "sagapact.owner"
NAME_LABEL = "sagapact.name"
_PROC = Path("/proc")
_START_TIME_FIELD = 19  # of /proc/PID/stat, counted behind the program's name


@dataclass(frozen=True, slots=True)
class Owner:
    """A process that makes objects at the engine.

    Attributes:
        machine: Names one boot of one machine, and one space of process numbers on it.
        pid: Its process id there.
        born: When it started, in the kernel's ticks; empty where that cannot be read.
    """

    machine: str
    pid: int
    born: str

    def is_gone(self) -> bool:
        """Say whether it has certainly ended; of a process on another machine this is never known."""
        return self.machine == this_machine() and (not _lives(self.pid) or self.born != _born(self.pid))


def this_process() -> Owner:
    """Give the running process as an owner."""
    return Owner(this_machine(), os.getpid(), _born(os.getpid()))


def labels(run: str, name: str) -> dict[str, str]:
    """Give the labels of an object that this process makes.

    Args:
        run: The run's id.
        name: What messages call the object.
    """
    return {RUN_LABEL: run, OWNER_LABEL: json.dumps(asdict(this_process()), sort_keys=True), NAME_LABEL: name}


def owner_of(found: Mapping[str, str]) -> Owner | None:
    """Read an owner from an object's labels; None when they do not name one in our form."""
    try:
        told = json.loads(found[OWNER_LABEL])
        return Owner(str(told["machine"]), int(told["pid"]), str(told["born"])) if RUN_LABEL in found else None
    except (KeyError, TypeError, ValueError):
        return None


def this_machine() -> str:
    """Name this boot of this machine and its space of process numbers (a container has its own)."""
    return "/".join((socket.gethostname(), _read(_PROC / "sys/kernel/random/boot_id"), _numbers()))


def _numbers() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")  # noqa: PTH115  (the text of the link, which is no path)
    except OSError:
        return ""


def _lives(pid: int) -> bool:
    if (_PROC / "self").exists():
        return (_PROC / str(pid)).exists() and not _is_zombie(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _is_zombie(pid: int) -> bool:
    return _fields(pid)[:1] == ["Z"]


def _born(pid: int) -> str:
    fields = _fields(pid)
    return fields[_START_TIME_FIELD] if len(fields) > _START_TIME_FIELD else ""


def _fields(pid: int) -> list[str]:
    return _read(_PROC / str(pid) / "stat").rpartition(")")[2].split()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
