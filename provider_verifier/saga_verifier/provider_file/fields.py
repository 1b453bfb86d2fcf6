"""The kinds of text that stand in several places of a provider file."""

from typing import Annotated, Any

from pydantic import BeforeValidator, StringConstraints


def _number_as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


EnvName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
"""A name of an environment variable."""
EnvText = Annotated[str, BeforeValidator(_number_as_text)]
"""A value of an environment variable; a whole number may stand there without quotes."""
UrlPath = Annotated[str, StringConstraints(pattern=r"^/[!-~]*$", max_length=1000)]
"""A path on the participant, from the slash on."""
Word = Annotated[str, StringConstraints(min_length=1)]
"""A program or an argument."""
