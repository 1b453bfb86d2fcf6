"""Starting several programs at the same time: a whole topology, whatever the backend."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from threading import Event
from types import TracebackType
from typing import Self

from saga_verifier.isolation.errors import GivenUpError, IsolationError
from saga_verifier.isolation.interface import Running, Starter
from saga_verifier.isolation.spec import Spec


class Group(Mapping[str, Running]):
    """Programs that were started together, by name; a context manager that stops them all."""

    def __init__(self, members: Mapping[str, Running]) -> None:
        self._members = dict(members)

    def __getitem__(self, name: str) -> Running:
        return self._members[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def stop(self) -> None:
        """Stop all of them at the same time."""
        _in_parallel([member.stop for member in self._members.values()])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


def start_all(isolation: Starter, specs: Iterable[Spec]) -> Group:
    """Start programs at the same time and wait until all of them are ready.

    Args:
        isolation: The backend.
        specs: What to start; each name once.

    Raises:
        IsolationError: of the first program that failed, with notes on the others; nothing is left running then.
    """
    wanted = list(specs)
    names = [spec.name for spec in wanted]
    if len(set(names)) < len(names):
        raise IsolationError(f"Cannot start {', '.join(names)} together: a name stands twice. Give each program its own name.")
    if not wanted:
        return Group({})
    give_up = Event()
    with ThreadPoolExecutor(max_workers=len(wanted), thread_name_prefix="start") as threads:
        starts = [threads.submit(isolation.start, spec, give_up=give_up) for spec in wanted]
        try:
            wait(starts, return_when=FIRST_EXCEPTION)
            if not all(start.done() and start.exception() is None for start in starts):
                give_up.set()  # one failed: the others need not go on
            wait(starts)
        except BaseException:  # interrupted: nobody else could stop what runs already
            give_up.set()
            wait(starts)
            _in_parallel(_stops(starts))
            raise
    return Group(dict(zip(names, _all_or_none(starts), strict=True)))


def _all_or_none(starts: list[Future[Running]]) -> list[Running]:
    errors = [error for error in (start.exception() for start in starts) if error is not None]
    if not errors:
        return [start.result() for start in starts]
    _in_parallel(_stops(starts))
    causes = [error for error in errors if not isinstance(error, GivenUpError)] or errors
    for other in causes[1:]:
        causes[0].add_note(f"Also: {other}")
    raise causes[0]


def _stops(starts: list[Future[Running]]) -> list[Callable[[], None]]:
    return [start.result().stop for start in starts if start.exception() is None]


def _in_parallel(calls: list[Callable[[], None]]) -> None:
    """Make all calls, then raise the first error."""
    if calls:
        with ThreadPoolExecutor(max_workers=len(calls), thread_name_prefix="stop") as threads:
            results = [threads.submit(call) for call in calls]
        for result in results:
            result.result()
