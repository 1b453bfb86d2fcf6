"""Correlation: by which headers a call says to which saga and step it belongs, and what of that a reply must give back (pure)."""

from collections.abc import Iterator, Mapping
from typing import Any

from saga_contracts.declare import templates
from saga_contracts.declare.outputs import pointer
from saga_contracts.declare.saga import Correlation
from saga_contracts.wire.bodies import as_text
from saga_contracts.wire.likeness import short


def sent(correlation: Correlation, context: Mapping[str, Any]) -> dict[str, str]:
    """Give the headers that every call carries.

    Args:
        correlation: As the saga file declares it.
        context: Values of `saga_id`, `step` and `key`.
    """
    return _filled(correlation.sent, context)


def echoed(correlation: Correlation, context: Mapping[str, Any]) -> dict[str, str]:
    """Give the headers that every reply must have."""
    return _filled(correlation.echoed, context)


def unechoed(correlation: Correlation, headers: Mapping[str, str], body: Any, context: Mapping[str, Any]) -> Iterator[str]:
    """Give what of the correlation is not given back, each in words that fit after "it has".

    Args:
        correlation: As the saga file declares it.
        headers: What came, with names in lower case.
        body: The JSON value that came.
        context: Values of `saga_id`, `step` and `key`.
    """
    for name, value in echoed(correlation, context).items():
        found = headers.get(name.lower())
        if found != value:
            yield f"{name}: {found!r} instead of {value!r}"
    for place, template in correlation.echoed_in_body.items():
        value, found = as_text(templates.fill(template, context)), pointer(body, place)
        if found is None or as_text(found) != value:
            yield f"{short(found)} at {place} of its body instead of {value!r}"


def _filled(headers: Mapping[str, str], context: Mapping[str, Any]) -> dict[str, str]:
    return {name: as_text(templates.fill(value, context)) for name, value in headers.items()}
