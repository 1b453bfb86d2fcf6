"""The base of every value that a report is made of (shapes only)."""

from typing import Any

from pydantic import BaseModel, ConfigDict

Json = Any


class Part(BaseModel):
    """A frozen value; fields that the report does not show are left aside."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)
