"""What can go wrong at the Docker engine, and the sentences that say so. Holds no I/O.

EngineError        the engine refused or did not answer
  NoEngineError    there is none that we may use
  NotThereError    the object in question is not there (any more)
"""

from collections.abc import Sequence

from saga_verifier.isolation.errors import IsolationError

WITHOUT = "or verify with isolation by processes"


class EngineError(IsolationError):
    """The Docker engine refused what it was asked, or did not answer."""


class NoEngineError(EngineError):
    """There is no Docker engine that may be used."""


class NotThereError(EngineError):
    """The object in question is not there."""


def no_engine(error: BaseException, address: str) -> NoEngineError:
    """Say why no engine can be used, and what to do.

    Args:
        error: What was raised when it was asked for its version.
        address: Where it was looked for.
    """
    causes = tuple(_causes(error))
    if any(isinstance(cause, PermissionError) for cause in causes):
        return NoEngineError(
            f"A Docker engine runs at {address}, but this user may not use it. Add the user to the group `docker` "
            f"(sudo usermod -aG docker USER, then log in anew), {WITHOUT}."
        )
    if any(isinstance(cause, FileNotFoundError | ConnectionRefusedError) for cause in causes):
        return NoEngineError(
            f"No Docker engine runs at {address}. Start one (Docker Desktop, or `systemctl start docker`), or name another "
            f"in DOCKER_HOST, {WITHOUT}."
        )
    return NoEngineError(
        f"The Docker engine at {address} cannot be used: {causes[0]}. Look whether `docker info` works, mend that, {WITHOUT}."
    )


def refused(what: str, status: int | None, text: str) -> EngineError:
    """Say what the engine refused.

    Args:
        what: What was asked, as in "Cannot …".
        status: Its HTTP status; None: it did not answer.
        text: What it said.
    """
    said = " ".join(text.split()) or "it gave no reason"
    if status == 404:  # noqa: PLR2004  (HTTP's own number)
        return NotThereError(f"Cannot {what}: {said}.")
    if "port is already allocated" in said or "address already in use" in said:
        return EngineError(f"Cannot {what}: the port is taken ({said}). Free it, or let the system choose one.")
    if is_full(said):
        return EngineError(f"Cannot {what}: the engine's disk is full. Make room, for example with `docker system prune`.")
    if status is None:
        return EngineError(f"Cannot {what}: the Docker engine did not answer ({said}). Look whether `docker info` works.")
    return EngineError(f"Cannot {what}: the Docker engine says: {said}.")


def build_failed(name: str, said: Sequence[str], error: str) -> EngineError:
    """Say why an image does not build.

    Args:
        name: The image.
        said: What the build said, line by line.
        error: What the engine said in the end.
    """
    lines = [line for line in said if line.strip()][-20:]
    full = is_full("\n".join([*lines, error]))
    mend = "The disk is full. Make room, say with `docker system prune`" if full else "Mend its Dockerfile or what it copies"
    return EngineError("\n    ".join([f"The image {name} does not build: {error.strip()}. {mend}.", *lines]))


def is_full(said: str) -> bool:
    """Say whether a text tells of a full disk."""
    return "no space left" in said.lower()


def _causes(error: BaseException | None) -> list[BaseException]:
    """Give an error with everything that led to it, the wrapped ones of `requests` and `urllib3` included."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, BaseException) and one not in found:
            found.append(one)
            waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
    return found
