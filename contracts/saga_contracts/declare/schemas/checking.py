"""Checks a value against a schema: with the library's rules, within a bounded number of steps and a bounded depth (pure).

What differs from the library: patterns are matched in linear time, `format` means what `formats` says, `multipleOf` takes numbers
as they are written (4.02 is a multiple of 0.01), members are looked up and not compared pair by pair, quoted values are short,
and a check that would take too long ends with a sentence.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from itertools import islice
from typing import Any

import jsonschema.validators
from jsonschema import ValidationError

from saga_contracts.declare.problems import Path
from saga_contracts.declare.schemas import formats
from saga_contracts.declare.schemas.dialects import Dialect, Registry, known_documents
from saga_contracts.declare.schemas.patterns import compiled
from saga_contracts.declare.schemas.values import fault_of, shortened

MAX_STEPS = 250_000
"""Rules that are looked at in one check."""
MAX_META_STEPS = 2_000_000
"""The same, for a schema against its meta schema, which has many rules."""
MAX_NESTED = 150
"""Rules within one another."""
_MOST_FAULTS = 100
_FAULT_STEPS = 10

Rule = Callable[[Any, Any, Any, Any], Iterator[ValidationError] | None]


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule of a schema that a value breaks.

    Attributes:
        path: Where in the value.
        rule: The word of the schema, such as `required`; nothing when the value could not be checked.
        what: What is wrong, one sentence without its full stop.
    """

    path: Path
    rule: str
    what: str


def check(value: Any, uri: str, registry: Registry, dialect: Dialect) -> list[Broken]:
    """Give the rules that a value breaks, at most a hundred.

    Args:
        value: Any JSON value.
        uri: The schema's name in the registry.
        registry: All that the schema may refer to.
        dialect: What it is written in.
    """
    return _checked(value, uri, registry, dialect, _Work(MAX_STEPS))


def check_by_meta_schema(schema: Any, dialect: Dialect) -> list[Broken]:
    """Give the rules of a dialect's meta schema that a schema breaks; its patterns and references are judged elsewhere."""
    return _checked(schema, dialect.uri, known_documents(), dialect, _Work(MAX_META_STEPS, formats=False))


def _checked(value: Any, uri: str, registry: Registry, dialect: Dialect, work: "_Work") -> list[Broken]:
    fault = fault_of(value)
    if fault:
        return [Broken(fault.path, "", f"{fault.what} {fault.mend}".removesuffix("."))]
    validator = _class_of(dialect)({"$ref": uri}, registry=registry, format_checker=work)
    found: list[Broken] = []
    try:
        for error in islice(validator.iter_errors(value), _MOST_FAULTS):
            found.append(_told(error))  # noqa: PERF401  (what was found before it went too far counts)
    except _TooMuchError as too_much:
        found.append(Broken((), "", str(too_much)))
    except RecursionError:  # whoever called us stands deep already
        found.append(Broken((), "", _TooMuchError.too_deep))
    return found


def _told(error: ValidationError) -> Broken:
    return Broken(tuple(error.absolute_path), str(error.validator or "false"), error.message)


class _TooMuchError(Exception):
    too_long = "checking it would take too long: the schema makes too many rules judge one value"
    too_deep = f"checking it would go deeper than {MAX_NESTED} rules within one another"


@dataclass(slots=True)
class _Work:
    """What one check may still do; every rule gets at it, since the library hands it on as the checker of formats."""

    left: int
    formats: bool = True
    nested: int = 0
    tokens: dict[int, frozenset[Any]] = field(default_factory=dict)

    def spend(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise _TooMuchError(_TooMuchError.too_long)


@lru_cache(maxsize=8)
def _class_of(dialect: Dialect) -> Any:
    own = {name: rule for name, rule in _RULES.items() if name in dialect.validator.VALIDATORS}
    rules = {name: _bounded(rule) for name, rule in {**dialect.validator.VALIDATORS, **own}.items()}
    return jsonschema.validators.extend(dialect.validator, rules)  # type: ignore[no-untyped-call]


def _bounded(rule: Rule) -> Rule:
    def within_bounds(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        work: _Work = validator.format_checker
        work.spend(_cost(rule, value, instance))
        work.nested += 1
        try:
            if work.nested > MAX_NESTED:
                raise _TooMuchError(_TooMuchError.too_deep)
            for error in rule(validator, value, instance, schema) or ():
                work.spend(_FAULT_STEPS + len(error.message) // 100)
                error.message = shortened(error.message)
                yield error
        finally:
            work.nested -= 1

    return within_bounds


def _cost(rule: Rule, value: Any, instance: Any) -> int:
    size = len(instance) if isinstance(instance, list | dict) else 0
    if rule.__name__.startswith("unevaluated"):
        size = size * size // 50  # the library looks each up in a list of all
    listed = len(value) if isinstance(value, list | dict) and rule is not _enum else 0
    return 1 + listed + size // 10


def _found(validator: Any, pattern: str, text: str) -> bool:
    ready = compiled(pattern)
    validator.format_checker.spend(ready.steps(text))
    return ready.found_in(text)


def _pattern(validator: Any, value: str, instance: Any, _: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _found(validator, value, instance):
        yield ValidationError(f"{shortened(instance)!r} does not match {value!r}")


def _pattern_properties(validator: Any, value: Mapping[str, Any], instance: Any, _: Any) -> Iterator[ValidationError]:
    for pattern, schema in value.items() if isinstance(instance, dict) else ():
        for name, member in instance.items():
            if _found(validator, pattern, name):
                yield from validator.descend(member, schema, path=name, schema_path=pattern)


def _additional_properties(validator: Any, value: Any, instance: Any, schema: Mapping[str, Any]) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    more = [name for name in instance if name not in known and not any(_found(validator, one, name) for one in patterns)]
    if isinstance(value, dict):
        for name in more:
            yield from validator.descend(instance[name], value, path=name)
    elif value is False and more:
        shown = ", ".join(repr(shortened(name)) for name in more[:3]) + (" and others" if more[3:] else "")
        yield ValidationError(f"Additional properties are not allowed ({shown})")


def _unique_items(validator: Any, value: Any, instance: Any, _: Any) -> Iterator[ValidationError]:
    if value and isinstance(instance, list):
        seen: set[Any] = set()
        for index, member in enumerate(instance):
            token = _token(member, validator.format_checker)
            if token in seen:
                yield ValidationError(f"The item {index} stands there already")
                return
            seen.add(token)


def _enum(validator: Any, value: list[Any], instance: Any, _: Any) -> Iterator[ValidationError]:
    work: _Work = validator.format_checker
    if id(value) not in work.tokens:
        work.tokens[id(value)] = frozenset(_token(member, work) for member in value)
    if _token(instance, work) not in work.tokens[id(value)]:
        yield ValidationError(f"{shortened(repr(instance))} is not one of {shortened(repr(value))}")


def _token(value: Any, work: _Work) -> Any:
    """Give something that is equal for equal JSON values only, and can be looked up."""
    work.spend(1)
    if isinstance(value, dict):
        return frozenset((name, _token(member, work)) for name, member in value.items())
    if isinstance(value, list):
        return tuple(_token(member, work) for member in value)
    return (type(value), value) if isinstance(value, bool | str) else value


def _multiple_of(_: Any, value: float, instance: Any, __: Any) -> Iterator[ValidationError]:
    if isinstance(instance, int | float) and not isinstance(instance, bool) and Fraction(str(instance)) % Fraction(str(value)):
        yield ValidationError(f"{instance!r} is not a multiple of {value}")


def _format(validator: Any, value: str, instance: Any, _: Any) -> Iterator[ValidationError]:
    work: _Work = validator.format_checker
    work.spend(len(instance) // 100 if isinstance(instance, str) else 0)
    if work.formats and value in formats.known() and not formats.holds(value, instance):
        yield ValidationError(f"{shortened(repr(instance))} is no {value}")


_RULES: Mapping[str, Rule] = {
    "additionalProperties": _additional_properties,
    "enum": _enum,
    "format": _format,
    "multipleOf": _multiple_of,
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "uniqueItems": _unique_items,
}
