"""What a word of YAML or JSON stands for, by the core schema of YAML 1.2 (pure): a text, a number, true, false or null.

So `on`, `yes`, `12:30` and `1_000` stay words, `010` is ten, and a number is one that every system reads.
"""

import re
from typing import Any

from saga_contracts.declare.schemas.values import is_number, is_text

_TAG = "tag:yaml.org,2002:"
_NULL = re.compile(r"null|Null|NULL|~|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+")
_OTHER_INT = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_MOST_DIGITS = 400
NUMBER_MEND = "Write a finite number of at most 1.8e308, or quote it."


class NotPlainError(ValueError):
    """A word is no value of JSON.

    Attributes:
        what: What is wrong, one sentence.
        mend: What to do about it, one sentence.
    """

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(what)
        self.what, self.mend = what, mend


def value_of(word: str, tag: str | None, *, plain: bool) -> Any:
    """Give what a word stands for.

    Args:
        word: The word, without its quotes.
        tag: Its tag, if it has one.
        plain: Does it stand there without quotes?

    Raises:
        NotPlainError: when it is no value of JSON.
    """
    if tag in (None, "!") and not (plain and tag is None):
        return text_of(word)
    if tag is None:
        return _plain(word)
    kind = tag.removeprefix(_TAG)
    if kind == "str":
        return text_of(word)
    if kind not in ("null", "bool", "int", "float") or not tag.startswith(_TAG):
        raise NotPlainError(f"The tag {tag} is not allowed.", "Write a plain value.")
    found = _plain(word)
    if type(found).__name__ not in (kind, "NoneType" if kind == "null" else kind, "int" if kind == "float" else kind):
        raise NotPlainError(f"This is no value for the tag !!{kind}.", "Remove the tag.")
    return float(found) if kind == "float" else found


def text_of(word: str) -> str:
    """Put the two halves together in which JSON may escape one character; a half alone is no text.

    Raises:
        NotPlainError: when there is a half alone.
    """
    if is_text(word):
        return word
    try:
        return word.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise NotPlainError("The text holds half a character.", "Write the whole character.") from None


def _plain(word: str) -> Any:
    if _NULL.fullmatch(word):
        return None
    if _BOOL.fullmatch(word):
        return word[0] in "tT"
    if _NO_NUMBER.fullmatch(word):
        raise NotPlainError("Not a JSON number.", NUMBER_MEND)
    if _INT.fullmatch(word) or _OTHER_INT.fullmatch(word) or _FLOAT.fullmatch(word):
        return _number(word)
    return text_of(word)


def _number(word: str) -> int | float:
    whole = _INT.fullmatch(word) is not None
    digits = word.lstrip("+-").lstrip("0") if whole else word
    if whole and len(digits) > _MOST_DIGITS:
        raise NotPlainError("Not a JSON number that other systems read.", NUMBER_MEND)
    if whole:
        found: int | float = int(word)
    elif _OTHER_INT.fullmatch(word):
        found = int(word[2:], 8 if word[1] == "o" else 16)
    else:
        found = float(word)
    if not is_number(found):
        raise NotPlainError("Not a JSON number that other systems read.", NUMBER_MEND)
    return found
