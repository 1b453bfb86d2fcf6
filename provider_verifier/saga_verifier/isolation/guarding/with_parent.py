"""Makes the calling process end when its parent goes, so that nothing is left when `make` or a shell is killed.

On Linux the kernel does it; elsewhere a small thread watches. Platforms that offer neither are left alone.
"""

import contextlib
import os
import signal
import sys
import threading
import time

try:
    import ctypes
except ImportError:  # some builds of Python have no ctypes: then the thread watches
    ctypes = None  # type: ignore[assignment]

_PR_SET_PDEATHSIG = 1
_LOOK_EVERY_S = 0.5


def die_with_parent(parent: int | None = None, signum: int = signal.SIGTERM) -> None:
    """Make this process get a signal when its parent ends.

    The kernel sends it when the parent's *thread* that made this process ends, so call it in a process that was started by a
    single-threaded parent, or by a thread that waits for it. If the parent has gone already, the signal is sent at once.

    Args:
        parent: The parent's process id as the parent told it; None: whoever is the parent now.
        signum: The signal; SIGTERM lets this process clean up.
    """
    expected = os.getppid() if parent is None else parent
    if not _ask_kernel(signum):
        _watch(expected, signum)
    if os.getppid() != expected:
        os.kill(os.getpid(), signum)


def _ask_kernel(signum: int) -> bool:
    if sys.platform != "linux" or ctypes is None:
        return False
    with contextlib.suppress(OSError, AttributeError):
        return bool(ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signum, 0, 0, 0) == 0)
    return False


def _watch(parent: int, signum: int) -> None:
    def look() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_EVERY_S)
        os.kill(os.getpid(), signum)

    threading.Thread(target=look, name="die-with-parent", daemon=True).start()
