"""Whom a write is about: the pacticipants to which a token that is limited to some must be allowed. Pure.

Some stand in the path, some in the body, some are known to the database only. A write that is about nobody, such as one of an
environment, is refused to every limited token.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from saga_contracts.sagafile import SagaFileError, parse_saga


@dataclass(frozen=True, slots=True)
class InPath:
    """The pacticipants that these variables of the path name."""

    variables: tuple[str, ...]

    def names(self, variables: Mapping[str, str]) -> tuple[str, ...]:
        """Give them."""
        return tuple(variables[name] for name in self.variables)


@dataclass(frozen=True, slots=True)
class InBody:
    """The pacticipants that a JSON body names; none when it is not as it should be."""

    names: Callable[[Any], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Stored:
    """The pacticipant of a stored thing, whose key stands in the path.

    Attributes:
        kind: The thing, as `store.access.stored` knows it.
        variable: Where its key stands.
    """

    kind: str
    variable: str


@dataclass(frozen=True, slots=True)
class Nobody:
    """No pacticipant."""


About = InPath | InBody | Stored | Nobody
NOBODY = Nobody()


def in_path(*variables: str) -> InPath:
    """Say that the path names them."""
    return InPath(variables)


def published(body: Any) -> tuple[str, ...]:
    """Name the consumers of `POST /contracts/publish`."""
    contracts = _member(body, "contracts")
    consumers = [_member(one, "consumerName") for one in contracts] if isinstance(contracts, list) else []
    return _texts(_member(body, "pacticipantName"), *consumers)


def named(body: Any) -> tuple[str, ...]:
    """Name the pacticipant that `POST /pacticipants` makes."""
    return _texts(_member(body, "name"))


def to_verify(body: Any) -> tuple[str, ...]:
    """Name the provider that `POST /jobs` lets be verified."""
    return _texts(_member(body, "provider"))


def of_saga(body: Any) -> tuple[str, ...]:
    """Name owner and executor of a saga file: publishing it makes versions of both."""
    content = _member(body, "content")
    if not isinstance(content, str):
        return ()
    try:
        saga = parse_saga(content, "saga.yaml")
    except SagaFileError:
        return ()
    return _texts(saga.owner, saga.consumer)


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _texts(*values: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if isinstance(value, str)))
