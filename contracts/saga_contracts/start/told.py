"""What a document told of a saga: steps, calls, answers, fields of the payload, and what it left open (pure).

Every format is read into these values; `draft` writes them down as a saga file. Templates are those of the saga file already.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from saga_contracts.declare.kinds import Name

_NAME: TypeAdapter[str] = TypeAdapter(Name)
_LONGEST = 40
_GENERIC = frozenset(
    {"id", "name", "number", "code", "type", "status", "state", "key", "value", "text", "description", "reference"}
)
"""Names under which each service has something of its own."""
KEY_HEADER = re.compile(r"(x-)?(\w+-)?(idempotency|idempotence|idempotent|request)-?(key|id|token)", re.IGNORECASE)
"""Headers by which participants know a repeated call, by custom."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to a call: its status, its body as a reply declares it, and what the document says of it."""

    status: int
    body: Any = None
    said: str = ""
    states: tuple[tuple[str, dict[str, Any]], ...] | None = None
    """The preconditions under which it was given, where the document knows them."""
    headers: tuple[str, ...] = ()
    """The names of the headers that it is said to have."""
    shown: Mapping[str, Any] = field(default_factory=dict)
    """Headers that a reply declares, since later calls need them."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the body that are left out, as a reply would declare them."""
    says_done: bool = False
    """Does the document itself say that this one is a success, whatever its status?"""


@dataclass(slots=True)
class Call:
    """One call: the request as templates, its answers in the document's order, and the document's place of it.

    `guesses` and `questions` are about the request.
    """

    method: str
    path: str
    source: str
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    answers: list[Answer] = field(default_factory=list)
    links: dict[str, dict[str, str]] = field(default_factory=dict)
    """By the name of another call, or its method and path: where each of its parameters stands in this one, as an expression."""
    names: set[str] = field(default_factory=set)
    """What headers, parameters and fields it may have, in small letters."""
    guesses: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Callback:
    """The participant's later call: its method, its path behind the saga service's address, its body, and how it is answered."""

    method: str
    body: dict[str, Any]
    answer: int


@dataclass(slots=True)
class Step:
    """One step; a call that is None is not known.

    `undone_by` names a compensation of which nothing more is known, `refuses` says that it can refuse, though no answer does.
    """

    name: str
    participant: str
    source: str
    forward: Call | None = None
    compensate: Call | None = None
    status: Call | None = None
    lookup: Call | None = None
    undone_by: str | None = None
    refuses: bool = False
    after: list[str] = field(default_factory=list)
    order_is_guessed: bool = False
    tries: int | None = None
    callback: "Callback | None" = None
    key_form: str | None = None
    outputs: dict[str, Any] = field(default_factory=dict)
    questions: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the payload: its schema, an example, and whether the example was made up."""

    schema: dict[str, Any]
    example: Any
    made_up: bool = True


@dataclass(slots=True)
class Told:
    """All that was told: the steps in their order, the fields of the payload, and what is open about the saga as a whole."""

    kind: str
    source: str
    steps: list[Step] = field(default_factory=list)
    payload: dict[str, Field] = field(default_factory=dict)
    owner: str | None = None
    saga: str | None = None
    description: str = ""
    questions: list[str] = field(default_factory=list)

    users: dict[str, list[str]] = field(default_factory=dict)
    """By field of the payload: the steps whose calls hold it."""
    _templates: dict[tuple[str, str], str] = field(default_factory=dict)

    def field(self, name: str, found: Field, step: str) -> str:
        """Keep a field of the payload and give its template.

        Another field of the same name gets the step's name, too, and so does one whose name says nothing, such as `id`.
        """
        own = plain = plain_name(name)
        known, users = self.payload.get(plain), self.users.get(plain, [])
        if known is not None and (known.schema != found.schema or (plain in _GENERIC and step not in users)):
            plain = f"{step}_{plain}"
        if plain not in self.payload or self.payload[plain].made_up:
            self.payload[plain] = found
        if step not in self.users.setdefault(plain, []):
            self.users[plain].append(step)
        self._templates[step, own] = f"{{payload.{plain}}}"
        return self._templates[step, own]

    def known(self, name: str, step: str) -> str | None:
        """Give the template that a step has for a field of this name."""
        return self._templates.get((step, plain_name(name)))

    def forget(self, template: str) -> None:
        """Take a field out of the payload again."""
        name = template.removeprefix("{payload.").removesuffix("}")
        self.payload.pop(name, None)
        self.users.pop(name, None)


def is_name(text: str) -> bool:
    """May a saga or a step be called so?"""
    try:
        _NAME.validate_python(text)
    except ValidationError:
        return False
    return True


def plain_name(text: str) -> str:
    """Give a name that may stand in a template.

    >>> plain_name("order-id")
    'order_id'
    """
    plain = re.sub(r"[^A-Za-z0-9_]+", "_", text).strip("_")[:_LONGEST]
    return plain if plain and not plain[0].isdigit() else f"field_{plain}".rstrip("_")


def step_name(text: str, taken: Iterable[str] = ()) -> str:
    """Give a step's name after a free text, which is kept when it is a name; another one than those that are taken.

    >>> step_name("Book hotel!", ["book_hotel"])
    'book_hotel_2'
    """
    if is_name(text):
        return another(text, taken)
    plain = re.sub(r"\W+", "_", text.lower()).strip("_")[:_LONGEST].rstrip("_")
    return another(plain if is_name(plain) else f"step_{plain}".rstrip("_"), taken)


def another(name: str, taken: Iterable[str]) -> str:
    """Give a name with a number behind it when it is taken, be it in other letters only."""
    known, number, found = {one.casefold() for one in taken}, 2, name
    while found.casefold() in known:
        found, number = f"{name}_{number}", number + 1
    return found


def small(value: Any, most: int | None = None) -> Any:
    """Cut an example to the first item of each list, and to so many fields of each mapping and its id: any value will do.

    >>> small({"a": [1, "b"], "c": 1}, 1)
    {'a': [1]}
    """
    if isinstance(value, dict):
        first = list(value)[:most]
        return {name: small(one, most) for name, one in value.items() if name in first or name == "id"}
    return [small(one, most) for one in value[:1]] if isinstance(value, list) else value


def literal(text: str) -> str:
    """Write a text so that its braces are no template.

    >>> literal("{a}")
    '{{a}}'
    """
    return text.replace("{", "{{").replace("}", "}}")


def literals(value: Any) -> Any:
    """Write a JSON value so that no text in it is a template, and no key a directive."""
    if isinstance(value, str):
        return literal(value)
    if isinstance(value, dict):
        return {name: literals(member) for name, member in value.items() if not name.startswith("$")}
    return [literals(member) for member in value] if isinstance(value, list) else value
