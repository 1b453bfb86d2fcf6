"""The kinds of text that stand in several places of a provider file."""

from typing import Annotated, Any

from pydantic import BeforeValidator, StringConstraints


def _number_as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


EnvName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
"""A name of an environment variable."""
EnvText = Annotated[str, BeforeValidator(_number_as_text)]
"""A value of an environment variable; a whole number may stand there without quotes."""
UrlPath = Annotated[str, StringConstraints(pattern=r"^(\./|/)[!-~]*$", max_length=1000)]
"""A path on the participant: from its root on, or with `./` in front from its base path on."""
BasePath = Annotated[str, StringConstraints(pattern=r"^(/[!-~]*)?$", max_length=1000)]
"""What stands before the path of every call of a contract."""
HeaderName = Annotated[str, StringConstraints(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", max_length=200)]
"""A name of an HTTP header."""
HeaderText = Annotated[
    str, BeforeValidator(_number_as_text), StringConstraints(pattern=r"^[ -~\u0080-\u00ff]+$", max_length=10_000)
]
"""A value of an HTTP header."""
StepPlace = Annotated[str, StringConstraints(pattern=r"^[^/\s]+/[^/\s]+$", max_length=200)]
"""A saga and one of its steps, with a slash between."""
Word = Annotated[str, StringConstraints(min_length=1)]
"""A program or an argument."""
