"""What came of the calls at the services that a participant depends on: the effects that stand there (pure)."""

import itertools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from saga_contracts.declare import templates
from saga_contracts.rim.connection import Received
from saga_contracts.wire.bodies import body_of
from saga_verifier.provider_file.depends import DependedReply

_numbers = itertools.count()


@dataclass
class Ledger:
    """The effects since it was opened.

    Attributes:
        calls: How many calls came.
        strays: Calls that no contract has.
    """

    calls: int = 0
    strays: list[str] = field(default_factory=list)
    _made: set[tuple[str, object]] = field(default_factory=set)
    _taken_back: set[tuple[str, object]] = field(default_factory=set)

    def take(self, reply: DependedReply, received: Received) -> None:
        """Note what a call does there; repeated under the same value it does nothing more, where the contract says so."""
        value: object = next(_numbers) if reply.once_per is None else str(_value(reply.once_per, received))
        if reply.does is not None:
            self._made.add((reply.does, value))
        if reply.undoes is not None:
            self._taken_back.add((reply.undoes, value))

    @property
    def net(self) -> Mapping[str, int]:
        """How many of each effect stand; fewer than none: it was taken back too often."""
        found = Counter(name for name, _ in self._made)
        found.subtract(Counter(name for name, _ in self._taken_back))
        return {name: count for name, count in sorted(found.items()) if count}


def _value(place: str, received: Received) -> Any:
    root, _, name = place.partition(".")
    if root == "path":
        return received.path
    if root == "header":
        return received.headers.get(name, "")
    if root == "query":
        return received.query
    try:
        return templates.look_up(name, body_of(received.body) or {})
    except templates.TemplateError:
        return ""
