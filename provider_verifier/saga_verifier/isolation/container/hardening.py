"""What a container that we start may not do: a value, handed to the engine as it is.

Nothing can be written but `/tmp` and its own data directory; no capability, no way to gain one; memory, processes and log are
bounded; an address of its own on the run's network and no other.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NOBODY = "65534:65534"
_TMP = "size={size}m,mode=1777,nosuid,nodev"


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds of one container.

    Attributes:
        memory_mb: Memory, swap included.
        processes: Processes and threads.
        tmp_mb: Files in `/tmp`.
        log_bytes: Its log at the engine; the oldest part goes first.
    """

    memory_mb: int = 512
    processes: int = 256
    tmp_mb: int = 64
    log_bytes: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Mounts:
    """What of a container's files can be written besides `/tmp`.

    Attributes:
        volumes: Path inside, by the volume's name; kept over kill and start.
        fleeting: Paths inside that hold files in memory, gone when it ends.
    """

    volumes: Mapping[str, str] = field(default_factory=dict)
    fleeting: tuple[str, ...] = ()


def hardened(limits: Limits, mounts: Mounts) -> dict[str, Any]:
    """Give the arguments of `create_host_config` for a hardened container."""
    size = f"{limits.memory_mb}m"
    return {
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "mem_limit": size,
        "memswap_limit": size,
        "pids_limit": limits.processes,
        "tmpfs": {path: _TMP.format(size=limits.tmp_mb) for path in ("/tmp", *mounts.fleeting)},  # noqa: S108  (inside)
        "binds": [f"{volume}:{path}" for volume, path in mounts.volumes.items()],
        "init": True,
        "dns_opt": ["timeout:1", "attempts:1"],  # a name outside cannot be found: fail soon
        "log_config": {
            "type": "json-file",
            "config": {"max-size": str(max(limits.log_bytes // 2, 4096)), "max-file": "2"},
        },
    }


def user_of(wanted: str | None, in_image: str) -> str:
    """Give whom a container runs as: the wanted user, else the image's own unless that is root, else nobody."""
    if wanted:
        return wanted
    name = in_image.partition(":")[0]
    return in_image if name not in {"", "0", "root"} else NOBODY
