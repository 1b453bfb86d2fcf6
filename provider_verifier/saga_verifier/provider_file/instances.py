"""How many instances of a participant may run on one database, as it says itself.

instances: {most: 1, reason: "an embedded store that only one process opens"}
"""

from typing import Annotated, Any

from pydantic import Field

from saga_contracts.declare.saga import Model


class Instances(Model):
    """The most instances; who allows one only is not asked whether two behave as one (O34)."""

    most: Annotated[int, Field(ge=1, le=1000)] | None = None
    """None: any number, so that two are started at level 4."""
    reason: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    """Why, for those who read the result."""


def instances_of(value: Any) -> Any:
    """Give the long form of what may be written as a number."""
    return {"most": value} if isinstance(value, int) and not isinstance(value, bool) else value
