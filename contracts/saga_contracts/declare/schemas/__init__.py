"""The schema of a saga's payload: what is wrong with it, and what it makes of a value. Closed and bounded.

    faults(schema)            what is wrong with a schema, each at its place
    validator(schema)         a schema that is ready to check values
    faults_of(schema, value)  the rules that a value breaks

A schema comes from whoever sends a saga file or a pact, so it is never trusted: it refers to itself and to the meta schemas
only (nothing is read or fetched because a schema names it), its patterns cost time that grows with the text and no faster, and
neither a schema nor a value makes a check overflow or go on for ever. Its modules: `dialects`, `parts`, `references`, `checking`;
`patterns` and `ecma`; `formats`; `values`.
"""

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from saga_contracts.declare.problems import Path, Problem, did_you_mean
from saga_contracts.declare.schemas import checking, dialects, formats, parts, references
from saga_contracts.declare.schemas.checking import Broken
from saga_contracts.declare.schemas.dialects import Dialect, Registry
from saga_contracts.declare.schemas.patterns import Pattern, PatternError, compiled
from saga_contracts.declare.schemas.values import fault_of, shortened

__all__ = [
    "Broken",
    "Pattern",
    "PatternError",
    "Problem",
    "Validator",
    "compiled",
    "fault_of",
    "faults",
    "faults_of",
    "validator",
]

MAX_SCHEMA_VALUES = 10_000
"""Values of one schema."""
_TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")


@dataclass(frozen=True, slots=True)
class Validator:
    """A schema that is ready to check values; made by `validator`."""

    _problems: tuple[Problem, ...]
    _name: str
    _registry: Registry | None
    _dialect: Dialect

    def faults_of(self, value: Any) -> list[Broken]:
        """Give the rules that a value breaks, at most a hundred; for a faulty schema, that nothing can be checked."""
        if self._registry is None:
            first = self._problems[0]
            place = ".".join(map(str, first.path)) or "(top)"
            return [Broken((), "", f"the schema is faulty at {place}: {first.what} {first.mend}".removesuffix("."))]
        return checking.check(value, self._name, self._registry, self._dialect)

    def accepts(self, value: Any) -> bool:
        """Does a value break no rule?"""
        return not self.faults_of(value)


def faults(schema: Any) -> list[Problem]:
    """Give everything that is wrong with a schema; the paths are those of the schema."""
    return list(validator(schema)._problems)  # noqa: SLF001  (one room)


def faults_of(schema: Any, value: Any) -> list[Broken]:
    """Give the rules of a schema that a value breaks, at most a hundred."""
    return validator(schema).faults_of(value)


def validator(schema: Any) -> Validator:
    """Make a schema ready. What was made ready once is kept, by the schema's text."""
    fault = fault_of(schema, MAX_SCHEMA_VALUES)
    if fault:
        return Validator((fault,), "", None, dialects.dialect(dialects.DEFAULT))
    return _ready(json.dumps(schema, ensure_ascii=False))


@lru_cache(maxsize=32)
def _ready(text: str) -> Validator:
    document = json.loads(text)
    dialect, problems = _dialect_of(document)
    problems = problems or _by_meta_schema(document, dialect) or list(references.identifiers(document, dialect))
    if not problems:
        problems = [*_words(document), *references.problems(document, dialect, lambda part: _found_right(part, dialect))]
    if problems:
        return Validator(tuple(problems), "", None, dialect)
    return Validator((), references.name_of(document, dialect), references.registry_of(document, dialect), dialect)


def _dialect_of(document: Any) -> tuple[Dialect, list[Problem]]:
    """Give the dialect of a schema, which stands at its top; taken out, since the library would go by it."""
    problems: list[Problem] = []
    named = document.get("$schema", dialects.DEFAULT) if isinstance(document, dict) else dialects.DEFAULT
    for path, schema in parts.parts(document):
        found = schema.pop("$schema", named)
        if not isinstance(found, str) or found.removesuffix("#") not in dialects.KNOWN:
            mend = did_you_mean(str(found), dialects.KNOWN)
            problems.append(Problem((*path, "$schema"), "This dialect of JSON Schema is not known.", mend))
        elif found.removesuffix("#") != str(named).removesuffix("#"):
            what = "One schema has one dialect, and the top has another."
            problems.append(Problem((*path, "$schema"), what, "Remove it here."))
    return dialects.dialect(dialects.DEFAULT if problems else named), problems


def _by_meta_schema(document: Any, dialect: Dialect) -> list[Problem]:
    broken = checking.check_by_meta_schema(document, dialect)
    return list(dict.fromkeys(Problem(one.path, *_said(one, document)) for one in broken))


def _said(broken: Broken, document: Any) -> tuple[str, str]:
    value = document
    for part in broken.path:
        value = value[part]
    if broken.path[-1:] == ("type",) and isinstance(value, str):
        return f"Not a JSON Schema: `{shortened(value)}` is no type.", f"Mend the schema. {did_you_mean(value, _TYPES)}"
    return f"Not a JSON Schema: {broken.what}.", "Mend the schema."


def _found_right(part: Any, dialect: Dialect) -> bool:
    """Is this a schema, too? Asked for what stands where no schema is looked for, and is referred to."""
    named = any("$schema" in schema for _, schema in parts.parts(part))
    return not named and not _by_meta_schema(part, dialect) and not any(_words(part))


def _words(document: Any) -> Iterator[Problem]:
    """Give the patterns and formats that cannot be checked."""
    by_pattern = any("patternProperties" in schema for _, schema in parts.parts(document))
    for path, schema in parts.parts(document):
        for way, pattern in _patterns(schema):
            try:
                compiled(pattern)
            except PatternError as error:
                yield Problem((*path, *way), f"The pattern `{shortened(pattern)}` cannot be used: {error.what}.", error.mend)
        word = schema.get("format")
        if isinstance(word, str) and word not in formats.known():
            what = f"The format `{shortened(word)}` is not known, so that nothing would check it."
            yield Problem((*path, "format"), what, _instead(word))
        if by_pattern and "unevaluatedProperties" in schema:
            what = "`unevaluatedProperties` does not work in a schema that has `patternProperties`."
            yield Problem((*path, "unevaluatedProperties"), what, "Use `additionalProperties`.")


def _patterns(schema: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    if isinstance(schema.get("pattern"), str):
        yield ("pattern",), schema["pattern"]
    members = schema.get("patternProperties")
    for pattern in members if isinstance(members, dict) else ():
        yield ("patternProperties", pattern), pattern


def _instead(word: str) -> str:
    close = difflib.get_close_matches(word, formats.known(), n=1)
    return f"Did you mean `{close[0]}`?" if close else "Write a `pattern` instead, or remove it."
