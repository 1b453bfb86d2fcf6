"""The ways in which the broker says no, and how each is written on the wire.

BrokerError            any answer that is not what was asked for
  NotFoundError             404
  InvalidError              400, a list of faults per field
  RefusedError              an error with one sentence; any status
  EmptyError                405, 406, 415 and such: a status without a body
  ConflictError             409 of a publication, with notices
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from saga_broker.http.media import HAL, JSON

Faults = Mapping[str, Sequence[str]] | Sequence[str]
NOT_FOUND_TEXT = "The requested document was not found on this server."


class BrokerError(Exception):
    """An answer that is not what was asked for."""

    status: int = 500
    media_type: str = HAL
    title: str = "Error"

    @property
    def body(self) -> Any:
        """Give the JSON body, None for no body."""
        return {"error": str(self)}

    def problem(self, base: str) -> dict[str, Any]:
        """Give the error as problem details."""
        kind = f"{base}/problem/{self.title.lower().replace(' ', '-')}"
        return {"title": self.title, "type": kind, "detail": str(self), "status": self.status, "instance": "/"}


class NotFoundError(BrokerError):
    """There is no such thing."""

    status = 404
    title = "Not found"

    def __init__(self, text: str = NOT_FOUND_TEXT) -> None:
        super().__init__(text)
        self.media_type = JSON if text == NOT_FOUND_TEXT else HAL


class RefusedError(BrokerError):
    """Refused, for one reason."""

    def __init__(self, status: int, text: str, media_type: str = HAL) -> None:
        super().__init__(text)
        self.status = status
        self.media_type = media_type
        self.title = HTTPStatus(status).phrase


class EmptyError(BrokerError):
    """Refused without words."""

    def __init__(self, status: int) -> None:
        super().__init__(HTTPStatus(status).phrase)
        self.status = status
        self.title = HTTPStatus(status).phrase

    @property
    def body(self) -> Any:
        """Give no body."""
        return None


class InvalidError(BrokerError):
    """The request has faults.

    Attributes:
        faults: Sentences per field (nested fields dotted, the whole document ""), or a plain list of sentences.
    """

    status = 400
    title = "Validation errors"

    def __init__(self, faults: Faults, status: int = 400, *, parameters: bool = False) -> None:
        super().__init__("; ".join(_sentences(faults)))
        self.faults = faults
        self.status = status
        self.parameters = parameters

    @property
    def body(self) -> Any:
        """Give the faults by field."""
        return {"errors": self.faults}

    def problem(self, base: str) -> dict[str, Any]:
        """Give each fault as one problem."""
        return {
            "title": self.title,
            "type": f"{base}/problems/validation-error",
            "status": self.status,
            "instance": "/",
            "errors": [self._one(base, field, text) for field, text in _pairs(self.faults)],
        }

    def _one(self, base: str, field: str, text: str) -> dict[str, str]:
        place = {"parameter": field} if self.parameters else {"pointer": "/" + field.replace(".", "/")}
        kind = "invalid-request-parameter-value" if self.parameters else _kind(text)
        title = "Invalid query parameter" if self.parameters else "Invalid body parameter"
        return {"type": f"{base}/problems/{kind}", "title": title, "detail": text, **place}


class ConflictError(BrokerError):
    """A pact under a version that already holds another one."""

    status = 409
    media_type = JSON
    title = "Conflict"

    def __init__(self, notices: Sequence[Mapping[str, str]], texts: Sequence[str]) -> None:
        super().__init__("; ".join(texts))
        self._body = {"notices": list(notices), "errors": {"contracts": list(texts)}}

    @property
    def body(self) -> Any:
        """Give the notices and the errors."""
        return self._body


def _kind(text: str) -> str:
    return "missing-body-property" if text.endswith("is missing") else "invalid-body-property-value"


def _pairs(faults: Faults) -> list[tuple[str, str]]:
    if isinstance(faults, Mapping):
        return [(field, text) for field, texts in faults.items() for text in texts]
    return [("", text) for text in faults]


def _sentences(faults: Faults) -> list[str]:
    return [f"{field} {text}".strip() for field, text in _pairs(faults)]
