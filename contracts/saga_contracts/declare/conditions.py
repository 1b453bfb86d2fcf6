"""The condition under which a step runs: one comparison of one value with one literal, such as `{payload.amount} > 3` (pure).

    condition = template operator literal
    template  = "{payload." fields "}" | "{outputs." step "." name "}"
    operator  = "==" | "!=" | "<" | "<=" | ">" | ">=" | "in"
    literal   = a JSON text, number, true, false or null; after `in` a JSON list of them

It has an answer for every saga: a value that is not there counts as null; `<`, `<=`, `>` and `>=` hold between two numbers and
between two texts only (texts by code points), whatever else there is does not compare and does not hold. Equal is what JSON
calls equal: 1 and 1.0 are, true and 1 are not.
"""

import json
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from saga_contracts.declare import templates
from saga_contracts.declare.schemas import values

LONGEST = 500
_WHOLE = re.compile(r"\s*\{(?P<name>[^{}\s]+)\}\s*(?P<operator>==|!=|<=|>=|<|>|in\b)\s*(?P<literal>\S.*?)\s*", re.DOTALL)
_SEVERAL = re.compile(r"\b(and|or|not)\b|&&|\|\||!(?!=)", re.IGNORECASE)
_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


class ConditionError(ValueError):
    """A text is no condition.

    Attributes:
        what: Why, one sentence.
        mend: What to write instead, one sentence.
    """

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(f"{what} {mend}")
        self.what, self.mend = what, mend


class Conditional(Protocol):
    """What may have a condition: a step."""

    @property
    def when(self) -> str | None:
        """The condition as it was written."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison.

    Attributes:
        name: The dotted name of the value, such as `payload.amount`.
        operator: One of `==`, `!=`, `<`, `<=`, `>`, `>=`, `in`.
        literal: What it is compared with; for `in` a list.
    """

    name: str
    operator: str
    literal: Any

    def is_known(self, context: Mapping[str, Any]) -> bool:
        """Is the value that it looks at there?"""
        try:
            templates.look_up(self.name, context)
        except templates.TemplateError:
            return False
        return True

    def holds(self, context: Mapping[str, Any]) -> bool:
        """Does it hold for these values of the templates?"""
        value = templates.look_up(self.name, context) if self.is_known(context) else None
        if self.operator == "in":
            return any(_equal(value, one) for one in self.literal)
        if self.operator in _ORDERS:
            return comparable(value, self.literal) and _ORDERS[self.operator](value, self.literal)
        return _equal(value, self.literal) == (self.operator == "==")


def parse(text: str) -> Condition:
    """Read a condition.

    >>> parse('{payload.country} in ["DE", "AT"]')
    Condition(name='payload.country', operator='in', literal=['DE', 'AT'])

    Raises:
        ConditionError: when it is none.
    """
    found = _WHOLE.fullmatch(text) if len(text) <= LONGEST else None
    if found is None:
        raise _no_condition(text)
    literal = _literal(text, found["literal"])
    listed = isinstance(literal, list)
    if found["operator"] == "in" and not listed:
        raise ConditionError("`in` needs a list to look into.", 'Write it as {payload.country} in ["DE", "AT"].')
    if found["operator"] != "in" and listed:
        raise ConditionError(f"`{found['operator']}` compares with one value, not with a list.", "Use `in`, or one value.")
    if found["operator"] in _ORDERS and not comparable(literal, literal):
        raise ConditionError(f"`{found['operator']}` compares numbers or texts; {found['literal']} is neither.", "Use == or !=.")
    return Condition(found["name"], found["operator"], literal)


def runs(step: Conditional, context: Mapping[str, Any]) -> bool:
    """Does a step run for these values? One without a condition always does.

    Args:
        step: A step whose condition can be read.
        context: The roots `payload` and `outputs`, the latter with the steps that were done.
    """
    return step.when is None or parse(step.when).holds(context)


def comparable(one: Any, other: Any) -> bool:
    """Can one of two JSON values be the smaller one?"""
    return (_is_number(one) and _is_number(other)) or (isinstance(one, str) and isinstance(other, str))


def _no_condition(text: str) -> ConditionError:
    if _SEVERAL.search(text):
        return _one_only()
    what = f"`{values.shortened(text, 60)}` is no condition: it compares one template with one JSON value."
    return ConditionError(what, 'Write it as {payload.amount} > 3, or {payload.country} == "DE".')


def _one_only() -> ConditionError:
    mend = "Put what they decide into one field of the payload and compare that."
    return ConditionError("A condition is one comparison; `and`, `or` and `not` cannot be said.", mend)


def _literal(text: str, written: str) -> Any:
    try:
        literal = json.loads(written, parse_constant=_refused)
    except (ValueError, RecursionError):
        if _SEVERAL.search(written):
            raise _one_only() from None
        if "{" in written:
            mend = "Put the result of comparing them into the payload, and compare that with true."
            raise ConditionError("A condition compares a template with a fixed value, not with another one.", mend) from None
        what = f"`{values.shortened(written, 60)}` is no JSON value, so `{values.shortened(text, 60)}` is no condition."
        raise ConditionError(what, 'Write a text between double quotes: {payload.country} == "DE".') from None
    members = literal if isinstance(literal, list) else [literal]
    if any(isinstance(one, dict | list) for one in members) or values.fault_of(literal) is not None:
        what = "A condition compares with a text, a number, true, false or null."
        raise ConditionError(what, "Compare with a single field of the payload.")
    return literal


def _refused(word: str) -> None:
    raise ValueError(word)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if _is_number(one) and _is_number(other):
        return bool(one == other)
    return type(one) is type(other) and bool(one == other)
