"""What is said about one operation: what it takes, and what it answers. Pure; media types come from the handler itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from saga_broker.openapi.shapes import TEXT, Schema, many

LOCATION = "Location"
CONSUMER_VERSION = "X-Pact-Consumer-Version"
MAX_NUMBER = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Query:
    """A query parameter.

    Attributes:
        name: As it stands in the address, with its brackets.
        text: What it is for.
    """

    name: str
    text: str
    schema: Schema = field(default_factory=lambda: TEXT)
    required: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is not an error.

    Attributes:
        schema: Of a JSON body; None for an answer without one.
        media: The media types that it has; empty for all that the handler offers.
        headers: Headers that it always has.
        text: What it means, in a few words.
        forms: Schemas of media types with a form of their own.
    """

    schema: Schema | None = None
    media: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    text: str = ""
    forms: Mapping[str, Schema] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a resource.

    Attributes:
        answers: By status.
        errors: Statuses of errors that do not follow from the path, the body's type or the Accept header.
        query: Query parameters.
        body: Schema of the request's body; None when the handler takes none.
        stored: The database is needed.
    """

    answers: Mapping[int, Answer]
    errors: tuple[int, ...] = ()
    query: tuple[Query, ...] = ()
    body: Schema | None = None
    stored: bool = True


Operations = Mapping[str, Operation]
Schemas = Mapping[str, Schema]


def shows(
    schema: Schema | None, *errors: int, query: tuple[Query, ...] = (), media: tuple[str, ...] = (), headers: tuple[str, ...] = ()
) -> Operation:
    """Describe a reading operation that answers 200."""
    return Operation({200: Answer(schema, media, headers)}, errors, query)


def removes(*errors: int) -> Operation:
    """Describe an operation that answers 204."""
    return Operation({204: Answer(text="It is gone.")}, errors)


def puts(schema: Schema, body: Schema | None, *errors: int, located: bool = True) -> Operation:
    """Describe an operation that makes something, 201, or changes it, 200."""
    made = Answer(schema, headers=(LOCATION,) if located else (), text="It was made.")
    return Operation({200: Answer(schema, text="It was there before."), 201: made}, errors, (), body)


def makes(schema: Schema, body: Schema, *errors: int) -> Operation:
    """Describe an operation that makes something: 201, with its address."""
    return Operation({201: Answer(schema, headers=(LOCATION,), text="It was made.")}, errors, (), body)


def _number(name: str, text: str) -> Query:
    return Query(name, text, {"type": "integer", "minimum": 1, "maximum": MAX_NUMBER})


PAGE = (
    _number("page", "Which part of the list, from 1; without it and `size` the whole list is given."),
    _number("size", "How many entries a part has; 100 when only `page` is given."),
    _number("pageNumber", "The older name of `page`."),
    _number("pageSize", "The older name of `size`."),
)
SEARCH = Query("q", "Only names that hold this text.")
TRUE: Schema = {"type": "string", "description": "`true`; every other text means no.", "examples": ["true"]}
TEXTS = many(TEXT)
FLAGS = many(TRUE)
