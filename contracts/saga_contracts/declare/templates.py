"""Templates of the saga file: `{payload.price_minor}`, `{key}`, `{outputs.reserve_money.reservation_id}`.

A string that is one template and nothing else takes the value's own type; inside other text the value is written out.
`{{` and `}}` stand for braces. Known roots: payload, key, saga_id, step, outputs, callback_url, event, item, item_index; elements
of a list are reached by their number.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from saga_contracts.errors import SagapactError

ROOTS = ("payload", "outputs", "key", "saga_id", "step", "callback_url", "event", "item", "item_index")
LIKE = "$like"
NAME = r"[a-z_][A-Za-z0-9_]*(?:\.[^\s{}.]+)*"
"""A template's name: a root, and names of fields, steps and outputs, as they are written."""
_TOKEN = re.compile(rf"\{{\{{|\}}\}}|\{{({NAME})\}}")
_WHOLE = re.compile(rf"\{{({NAME})\}}")


class TemplateError(SagapactError):
    """A template names a value that is not there."""


def names_in(value: Any) -> Iterator[str]:
    """Give the dotted names of all templates in a JSON value, in order."""
    if isinstance(value, str):
        yield from (match[1] for match in _TOKEN.finditer(value) if match[1])
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from names_in(member)
    elif isinstance(value, list | tuple):
        for member in value:
            yield from names_in(member)


def own_names(step: str, value: Any) -> frozenset[str]:
    """Give the outputs of a step that the templates in a JSON value name.

    >>> own_names("pay", "/holds/{outputs.pay.id}")
    frozenset({'id'})
    """
    mine = f"outputs.{step}."
    return frozenset(name.removeprefix(mine) for name in names_in(value) if name.startswith(mine))


def parts(text: str) -> Iterator[tuple[str, str]]:
    """Give a text in its parts, in order: the literal text before a template, and the template's name; the last name is empty.

    >>> list(parts("a-{key}/{{x}}"))
    [('a-', 'key'), ('/{x}', '')]
    """
    literal, end = "", 0
    for match in _TOKEN.finditer(text):
        literal, end = literal + text[end : match.start()], match.end()
        if match[1]:
            yield literal, match[1]
            literal = ""
        else:
            literal += match[0][0]
    yield literal + text[end:], ""


def whole(text: str) -> str | None:
    """Give the name of the one template that a text is and nothing else; None when it is anything else."""
    found = _WHOLE.fullmatch(text)
    return found[1] if found else None


def fill(value: Any, context: Mapping[str, Any]) -> Any:
    """Give the JSON value with every template replaced from the context.

    Args:
        value: Any JSON value.
        context: Roots (`payload`, `key`, …) and their values; nested mappings are reached by dots.

    Raises:
        TemplateError: when a template names something that the context does not hold.
    """
    if isinstance(value, str):
        return _fill_text(value, context)
    if isinstance(value, Mapping):
        return {name: fill(member, context) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [fill(member, context) for member in value]
    return value


def examples(value: Any) -> Any:
    """Give the JSON value with every `{$like: example}` replaced by its example."""
    if isinstance(value, Mapping):
        if set(value) == {LIKE}:
            return examples(value[LIKE])
        return {name: examples(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [examples(member) for member in value]
    return value


def look_up(dotted: str, context: Mapping[str, Any]) -> Any:
    """Give the value that a dotted name stands for.

    Raises:
        TemplateError: when it is not there.
    """
    current: Any = context
    for part in dotted.split("."):
        if isinstance(current, list) and part.isdecimal() and int(part) < len(current):
            current = current[int(part)]
            continue
        if not isinstance(current, Mapping) or part not in current:
            raise TemplateError(
                f"The template {{{dotted}}} cannot be filled: there is no {part!r} in what is known at this call."
            )
        current = current[part]
    return current


def _fill_text(text: str, context: Mapping[str, Any]) -> Any:
    name = whole(text)
    if name is not None:
        return look_up(name, context)

    def one(match: re.Match[str]) -> str:
        token = match[0]
        return token[0] if token in ("{{", "}}") else str(look_up(match[1], context))

    return _TOKEN.sub(one, text)
