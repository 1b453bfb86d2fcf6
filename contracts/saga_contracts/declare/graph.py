"""The order of a saga's steps as a graph: each name is looked up once, what comes before it is worked out once (pure).

A saga asks for the same ancestors many times (rules, slices, drawings, the gate); a saga of 200 steps must not pay for each.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Graph:
    """Which steps each step waits for.

    Attributes:
        after: Names of the steps that must be done before, by step.
        index: Place of each step in the saga; of a name that stands twice, the first.
    """

    after: Mapping[str, frozenset[str]]
    index: Mapping[str, int]
    _ancestors: dict[str, frozenset[str]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, steps: Iterable[tuple[str, Iterable[str]]]) -> "Graph":
        """Make the graph of steps, each given as its name and the names in its `after`."""
        after: dict[str, frozenset[str]] = {}
        index: dict[str, int] = {}
        for place, (name, before) in enumerate(steps):
            if name not in index:
                after[name], index[name] = frozenset(before), place
        return cls(after, index)

    def ancestors(self, name: str) -> frozenset[str]:
        """Give the names of all steps that are done before one starts; in a circle, the step itself among them.

        Raises:
            KeyError: when there is no such step, or a step waits for one that is not there.
        """
        if name not in self._ancestors:
            self._ancestors[name] = self._found(name)
        return self._ancestors[name]

    def direct(self, name: str) -> frozenset[str]:
        """Give the steps that one waits for and that no other of them waits for: the arrows that a drawing needs.

        Raises:
            KeyError: as for `ancestors`.
        """
        after = self.after[name]
        return after.difference(*(self.ancestors(before) for before in after))

    def _found(self, name: str) -> frozenset[str]:
        found: set[str] = set()
        todo = set(self.after[name])
        while todo:
            current = todo.pop()
            found.add(current)
            known = self._ancestors.get(current)
            if known is None:
                todo |= self.after[current] - found
            else:
                found |= known
                todo -= known
        return frozenset(found)


def undo_graph(order: Graph, by_hand: Mapping[str, Iterable[str]]) -> Graph:
    """Give the order in which steps are undone: what comes later is undone before, where nothing else is said.

    Args:
        order: The order in which they run.
        by_hand: For some steps, those whose undoing must be over before.

    Raises:
        KeyError: when a step waits for one that is not there.
    """
    waits: dict[str, set[str]] = {name: set() for name in order.after}
    for name in order.after:
        for before in order.ancestors(name):
            waits[before].add(name)
    waits.update({name: set(others) for name, others in by_hand.items()})
    return Graph.of(waits.items())
