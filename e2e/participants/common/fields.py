"""The bounded kinds of values that requests may hold. A value outside its bounds is answered 400, never stored."""

from typing import Annotated

from fastapi import Header, Path
from pydantic import Field, StringConstraints

Identifier = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Text = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")]
HttpUrl = Annotated[str, StringConstraints(max_length=2000, pattern=r"^https?://[!-~]+$")]
# Money is counted in minor units (cents, kopecks); the bound keeps every sum within 64 bits.
Money = Annotated[int, Field(strict=True, ge=0, le=10**15)]
PositiveMoney = Annotated[int, Field(strict=True, ge=1, le=10**15)]

_Key = StringConstraints(min_length=1, max_length=200, pattern=r"^[!-~]+$")
CorrelationId = Annotated[str, _Key]
KeyInHeader = Annotated[str, _Key, Header(alias="Idempotency-Key")]
KeyInPath = Annotated[str, _Key, Path()]
IdentifierInPath = Annotated[Identifier, Path()]
