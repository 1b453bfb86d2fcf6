r"""Regular expressions of a user: ECMA-262 as JSON Schema has it, matched in linear time (pure).

No pattern can make the matching slow: what needs trying back (look-around, back-references) is not read. The engine is the one
that pydantic brings, Rust's `regex`. `ecma` reads a pattern and writes it for that engine, so that `\d`, `\w`, `\b` mean ASCII,
`\s` and `.` what ECMA-262 says, and whatever only other languages know (`\A`, `(?i)`, `a++`) is named instead of misread.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated

from pydantic import StringConstraints, TypeAdapter, ValidationError
from pydantic_core import SchemaError

from saga_contracts.declare.schemas.ecma import PatternError, translated

__all__ = ["Pattern", "PatternError", "compiled"]

_STATES_A_STEP = 1000


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern that is ready to be searched for.

    Attributes:
        text: As the user wrote it.
        size: About how many states it has.
    """

    text: str
    size: int
    _engine: TypeAdapter[str] = field(repr=False, compare=False)

    def found_in(self, text: str) -> bool:
        """Does it match anywhere in a text?"""
        try:
            self._engine.validate_python(text, strict=True)
        except ValidationError:
            return False
        return True

    def steps(self, text: str) -> int:
        """Give what the search costs at most, in steps of a check."""
        return 1 + len(text) * self.size // _STATES_A_STEP


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> Pattern:
    """Make a pattern ready.

    Raises:
        PatternError: when it is no pattern of ECMA-262, or one that cannot be matched in linear time.
    """
    text, size = translated(pattern)
    try:
        engine: TypeAdapter[str] = TypeAdapter(Annotated[str, StringConstraints(pattern=text)])
    except SchemaError as error:
        if "size limit" in str(error):
            raise PatternError.too_large() from None
        last = str(error).strip().splitlines()[-1].removeprefix("error: ")
        raise PatternError(f"it cannot be read ({last})", "Mend it.") from None
    return Pattern(pattern, size, engine)
