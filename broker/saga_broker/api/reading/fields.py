"""Checks of single fields of a body, with the sentences that the Pact Broker's clients know."""

from collections.abc import Callable, Mapping
from typing import Any

from saga_broker.http.errors import InvalidError

MAX_NAME = 255
MAX_ADDRESS = 2000
Check = Callable[[Any], str | None]


class Faults:
    """Collects what is wrong with a body, field by field."""

    def __init__(self) -> None:
        self.by_field: dict[str, list[str]] = {}

    def add(self, field: str, *texts: str) -> None:
        """Add sentences about a field."""
        self.by_field.setdefault(field, []).extend(texts)

    def check(self, body: Mapping[str, Any], field: str, *checks: Check, required: bool = False, null: bool = True) -> Any:
        """Check a field; only the first fault is told.

        Args:
            body: The object.
            field: The field's name.
            checks: Each gives a sentence, or None when it is content.
            required: The field must be there.
            null: The field may be null, which is then not looked at further.

        Returns:
            The field's value, None when it is absent.
        """
        if field not in body:
            if required:
                self.add(field, "is missing")
            return None
        value = body[field]
        if value is None and null:
            return None
        for check in checks:
            text = check(value)
            if text is not None:
                self.add(field, text)
                break
        return value

    def raise_any(self) -> None:
        """Refuse the request when there are faults.

        Raises:
            InvalidError: With all of them.
        """
        if self.by_field:
            raise InvalidError(self.by_field)


def text(value: Any) -> str | None:
    """A name: a text that every database can store and index."""
    return _text_up_to(value, MAX_NAME)


def address(value: Any) -> str | None:
    """The address of a web page; its form is not looked at."""
    return _text_up_to(value, MAX_ADDRESS)


def filled(value: Any) -> str | None:
    """Not empty."""
    return "must be filled" if value in ("", None) else None


def not_blank(value: Any) -> str | None:
    """Not only white space."""
    return "cannot be blank" if isinstance(value, str) and not value.strip() else None


def one_line(value: Any) -> str | None:
    """Without line breaks."""
    return "cannot contain multiple lines" if isinstance(value, str) and ("\n" in value or "\r" in value) else None


def no_spaces(value: Any) -> str | None:
    """Without spaces."""
    return "cannot contain spaces" if isinstance(value, str) and " " in value else None


def boolean(value: Any) -> str | None:
    """True or false."""
    return None if isinstance(value, bool) else "must be boolean"


def array(value: Any) -> str | None:
    """A list."""
    return None if isinstance(value, list) else "must be an array"


def one_of(*allowed: Any) -> Check:
    """One of some values."""
    words = ", ".join(_word(item) for item in allowed)

    def check(value: Any) -> str | None:
        same = any(value == item and isinstance(value, bool) == isinstance(item, bool) for item in allowed)
        return None if same else f"must be one of: {words}"

    return check


def _text_up_to(value: Any, length: int) -> str | None:
    if not isinstance(value, str):
        return "must be a string"
    if "\0" in value:
        return "cannot contain a NUL character"
    return f"cannot be longer than {length} characters" if len(value) > length else None


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
