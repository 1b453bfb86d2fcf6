"""Placeholders in what starts a process: `{python}`, `{port}`, `{workdir}`, and `${NAME}` for a value from outside.

One pass over the text, so that a value is never searched for placeholders itself. `{{word}}` stands for the literal `{word}`;
braces around anything but one lower-case word are left alone, so that JSON may be written as it is.
"""

import re
from collections.abc import Iterator, Mapping

PLACEHOLDERS = ("python", "port", "workdir")
_TOKEN = re.compile(r"\{\{(?P<literal>[a-z_]+)\}\}|\$\{(?P<outside>[A-Za-z_][A-Za-z0-9_]*)\}|\{(?P<inside>[a-z_]+)\}")


def fill(text: str, values: Mapping[str, str], outside: Mapping[str, str] | None = None) -> str:
    """Give the text with its placeholders replaced.

    Args:
        text: The text.
        values: What `{python}`, `{port}` and `{workdir}` stand for; a word that is not in it stays as it is.
        outside: Values of `${NAME}`; None leaves every `${NAME}` as it is (a shell may want to read it).

    Raises:
        KeyError: when `outside` is given and lacks a name.
    """

    def one(match: re.Match[str]) -> str:
        if match["literal"]:
            return f"{{{match['literal']}}}"
        if match["outside"]:
            return match[0] if outside is None else outside[match["outside"]]
        return values.get(match["inside"], match[0])

    return _TOKEN.sub(one, text)


def literal(text: str) -> str:
    """Give the text so that filling gives it back as it is (for text without `${`)."""
    return re.sub(r"\{([a-z_]+)\}", r"{{\1}}", text)


def outside_names(text: str) -> Iterator[str]:
    """Give each NAME of `${NAME}` in the text, in order."""
    yield from (match["outside"] for match in _TOKEN.finditer(text) if match["outside"])


def inside_words(text: str) -> Iterator[str]:
    """Give each word that stands in braces as a placeholder does, known or not, in order."""
    yield from (match["inside"] for match in _TOKEN.finditer(text) if match["inside"])


def parted(text: str) -> list[str]:
    """Give a text in its parts: at even places literal text, at odd places each NAME of `${NAME}`."""
    return _OUTSIDE.split(text)


def without_outside(text: str) -> str:
    """Give a text without its `${NAME}`."""
    return "".join(parted(text)[::2])


_OUTSIDE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
