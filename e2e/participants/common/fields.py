"""The bounded kinds of values that requests may hold. A value outside its bounds is answered 400, never stored."""

from typing import Annotated

from fastapi import Header, Path
from pydantic import BaseModel, Field, StringConstraints

Identifier = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Text = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")]
HttpUrl = Annotated[str, StringConstraints(max_length=2000, pattern=r"^https?://[!-~]+$")]
# Money is counted in minor units (cents, kopecks); the bound keeps every sum within 64 bits.
Money = Annotated[int, Field(strict=True, ge=0, le=10**15)]
PositiveMoney = Annotated[int, Field(strict=True, ge=1, le=10**15)]
Pieces = Annotated[int, Field(strict=True, ge=1, le=10**6)]
Stock = Annotated[int, Field(strict=True, ge=0, le=10**6)]

_Key = StringConstraints(min_length=1, max_length=200, pattern=r"^[!-~]+$")
CorrelationId = Annotated[str, _Key]
Key = Annotated[str, _Key]
KeyInHeader = Annotated[Key, Header(alias="Idempotency-Key")]
KeyInPath = Annotated[Key, Path()]
IdentifierInPath = Annotated[Identifier, Path()]


class Correlation(BaseModel, frozen=True):
    """The correlation headers of a call; its callback carries them too."""

    saga_id: CorrelationId | None = None
    saga_step: CorrelationId | None = None
