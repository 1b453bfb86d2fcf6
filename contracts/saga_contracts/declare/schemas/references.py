"""What the parts of a schema refer to, and whether a check against it can ever end (pure).

Every subschema is visited, also in definitions that nothing reaches: a reference that leads nowhere, a circle that judges the
same value for ever, and nesting that multiplies are told at their place, before any value is checked. Nothing is read because a
schema names it.
"""

import graphlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from urllib.parse import urljoin

from referencing.exceptions import Unresolvable

from saga_contracts.declare.problems import Path, Problem, did_you_mean
from saga_contracts.declare.schemas.dialects import Dialect, Registry, known_documents
from saga_contracts.declare.schemas.parts import parts, subschemas
from saga_contracts.declare.schemas.values import shortened

MAX_CHAIN = 50
"""Schemas that judge one value, each named by the one before it."""
MAX_APPLIED = 5_000
"""Schemas that judge one value in all."""
ROOT = "urn:sagapact:payload-schema"
"""Under this name a schema refers to itself."""
_MOST_CIRCLES = 20

_SAME_VALUE = frozenset({"allOf", "anyOf", "dependencies", "dependentSchemas", "else", "if", "not", "oneOf", "then"})
"""Words whose schemas judge the value itself, not what it holds."""
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")

Resolver = Any
"""A `referencing` resolver: the library exports no name for it."""


def registry_of(document: Any, dialect: Dialect) -> Registry:
    """Give all that a schema may refer to: itself as `ROOT`, and the meta schemas.

    Raises:
        ValueError: when an identifier in it is no address; `identifiers` tells which.
    """
    whole: Registry = known_documents().with_resource(ROOT, dialect.specification.create_resource(document)).crawl()
    return whole


def name_of(document: Any, dialect: Dialect) -> str:
    """Give the name of a schema in its registry: the one that it gives itself, else `ROOT`."""
    return urljoin(ROOT, dialect.specification.create_resource(document).id() or "")


def identifiers(document: Any, dialect: Dialect) -> Iterator[Problem]:
    """Give the identifiers that are no address."""
    for path, schema in parts(document):
        try:
            urljoin(ROOT, str(schema.get(dialect.id_keyword, "")))
        except ValueError:
            yield Problem((*path, dialect.id_keyword), "This is no address.", "Remove it, or write a URL.")


def problems(document: Any, dialect: Dialect, judged: Callable[[Any], bool]) -> list[Problem]:
    """Give what is wrong with the references of a schema.

    Args:
        document: The schema; its meta schema found it right.
        dialect: Its dialect.
        judged: Does the meta schema find this right? Asked for what only a reference makes a schema.
    """
    survey = _Survey(document, dialect, judged)
    survey.run()
    endless = list(_endless(survey))
    return survey.found + (endless or list(_unsatisfiable(survey))) or list(_multiplied(survey))


@dataclass(slots=True)
class _Survey:
    """Visits every schema of a document.

    Attributes:
        found: What is wrong.
        places: Where each schema stands, by its identity.
        applied: Which schemas judge the same value as a schema does, and where it names them.
        needed: Which schemas have something to fit them wherever a value fits a schema.
    """

    document: Any
    dialect: Dialect
    judged: Callable[[Any], bool]
    found: list[Problem] = field(default_factory=list)
    places: dict[int, Path] = field(default_factory=dict)
    applied: dict[int, list[tuple[Path, int]]] = field(default_factory=dict)
    needed: dict[int, list[tuple[Path, int]]] = field(default_factory=dict)
    _own: set[int] = field(default_factory=set)
    _dynamic: dict[str, list[int]] = field(default_factory=dict)
    _referred: list[tuple[Path, dict[str, Any], Resolver]] = field(default_factory=list)

    def run(self) -> None:
        """Visit the document from the top down, then what only references lead to."""
        self._own = {id(one) for one in _objects(self.document)}
        for _, schema in parts(self.document):
            for anchor in (schema.get("$dynamicAnchor"), "$recursiveAnchor" if schema.get("$recursiveAnchor") is True else None):
                if isinstance(anchor, str):
                    self._dynamic.setdefault(anchor, []).append(id(schema))
        if isinstance(self.document, dict):
            self._visit((), self.document, registry_of(self.document, self.dialect).resolver(ROOT))
        for path, schema, resolver in self._referred:  # grows while it is gone through
            if id(schema) not in self.places and not self.judged(schema):
                self.found.append(Problem(path, "This leads to something that is no schema.", "Refer to a schema in `$defs`."))
            else:
                self._visit(path, schema, resolver)

    def _visit(self, path: Path, document: dict[str, Any], resolver: Resolver) -> None:
        todo = [(path, document, resolver)]
        while todo:
            here, schema, outside = todo.pop()
            if id(schema) in self.places:
                continue
            self.places[id(schema)] = here
            within = outside.in_subresource(self.dialect.specification.create_resource(schema))
            edges = self.applied.setdefault(id(schema), [])
            edges += self._references(here, schema, within)
            needed = self.needed.setdefault(id(schema), [])
            needed += [edge for edge in edges if edge[0][-1] == "$ref"]
            alone = "$ref" in schema and not self.dialect.siblings_count
            for way, one in subschemas(schema):
                if isinstance(one, dict):
                    todo.append(((*here, *way), one, within))
                    edges += [((*here, *way), id(one))] if way[0] in _SAME_VALUE and not alone else []
                    needed += [((*here, *way), id(one))] if _is_needed(schema, way) and not alone else []

    def _references(self, here: Path, schema: dict[str, Any], resolver: Resolver) -> Iterator[tuple[Path, int]]:
        for keyword in _REFERENCES:
            reference, path = schema.get(keyword), (*here, keyword)
            if not isinstance(reference, str):
                continue
            try:
                resolved = resolver.lookup(reference)
            except (Unresolvable, LookupError, TypeError, ValueError):
                self.found.append(Problem(path, *_nowhere(reference, self.document)))
                continue
            target = resolved.contents
            if not isinstance(target, dict | bool):
                self.found.append(Problem(path, "This leads to something that is no schema.", "Refer to a schema in `$defs`."))
            elif isinstance(target, dict) and id(target) in self._own:  # else it is one of the meta schemas
                self._referred.append((path, target, resolved.resolver))
                yield path, id(target)
            if keyword != "$ref":
                name = "$recursiveAnchor" if keyword == "$recursiveRef" else reference.rpartition("#")[2]
                yield from ((path, other) for other in self._dynamic.get(name, ()) if other != id(target))


def _is_needed(schema: Mapping[str, Any], way: Path) -> bool:
    """Must something fit the schema at this way when a value fits the whole?"""
    word, kind = way[0], schema.get("type")
    if word == "properties":
        required = schema.get("required")
        return kind in ("object", ["object"]) and isinstance(required, list) and way[1] in required
    least = schema.get("minItems", 0)
    if word in ("items", "contains") and len(way) == 1:
        wanted = least if word == "items" else schema.get("minContains", 1)
        return kind in ("array", ["array"]) and "prefixItems" not in schema and wanted >= 1
    return word == "allOf"


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    todo = [value]
    for current in todo:
        if isinstance(current, dict):
            yield current
            todo += current.values()
        elif isinstance(current, list):
            todo += current


def _nowhere(reference: str, document: Any) -> tuple[str, str]:
    shown = shortened(reference)
    if not reference.startswith("#"):
        what = f"`{shown}` stands outside of this file, and nothing is read because a schema names it."
        return what, "Copy it into `$defs`, and refer to it as `#/$defs/NAME`."
    named = [f"#/{word}/{name}" for word in ("$defs", "definitions") for name in _names(document, word)]
    return f"There is no `{shown}` in this schema.", did_you_mean(reference, named) if named else "Add it to `$defs`."


def _names(document: Any, word: str) -> list[str]:
    found = document.get(word) if isinstance(document, dict) else None
    return list(found)[:20] if isinstance(found, dict) else []


def _endless(survey: _Survey) -> Iterator[Problem]:
    """Tell each circle in which a value is judged by what it is already being judged by."""
    what = "This refers back to itself without going down into the value, so that no check would ever end."
    for path in _circles(survey.applied):
        yield Problem(path, what, "Refer to it from `properties` or `items`, or remove it.")


def _unsatisfiable(survey: _Survey) -> Iterator[Problem]:
    """Tell each circle in which a value would have to hold a value of its own kind."""
    what = "No value ever fits: each would have to hold another one like itself, without end."
    for path in _circles(survey.needed):
        yield Problem(path, what, "Take it out of `required`, or let something else stand there, too.")


def _circles(graph: Mapping[int, list[tuple[Path, int]]]) -> Iterator[Path]:
    """Give for each circle the place of a reference that closes it."""
    left = {node: {target for _, target in edges} for node, edges in graph.items()}
    for _ in range(_MOST_CIRCLES):
        try:
            graphlib.TopologicalSorter(left).prepare()
        except graphlib.CycleError as error:
            circle = error.args[1][::-1]  # each schema names the next
        else:
            return
        steps = [(_named(graph, source, target), source, target) for source, target in pairwise(circle)]
        path, source, target = next((one for one in steps if one[0][-1] in _REFERENCES), steps[0])
        yield path
        left[source] -= {target}


def _named(graph: Mapping[int, list[tuple[Path, int]]], source: int, target: int) -> Path:
    return next(path for path, other in graph[source] if other == target)


def _multiplied(survey: _Survey) -> Iterator[Problem]:
    """Tell the first schema that makes too many judge one value; there are no circles any more."""
    longest: dict[int, int] = {}
    total: dict[int, int] = {}
    order = graphlib.TopologicalSorter({node: {target for _, target in edges} for node, edges in survey.applied.items()})
    for node in order.static_order():
        targets = [target for _, target in survey.applied.get(node, ())]
        longest[node] = 1 + max((longest[one] for one in targets), default=0)
        total[node] = 1 + sum(total[one] for one in targets)
        if longest[node] > MAX_CHAIN or total[node] > MAX_APPLIED:
            what = (
                f"more than {MAX_CHAIN} schemas within"
                if longest[node] > MAX_CHAIN
                else f"more than {MAX_APPLIED} schemas beside"
            )
            yield Problem(survey.places[node], f"One value is judged by {what} one another.", "Write it flatter.")
            return
