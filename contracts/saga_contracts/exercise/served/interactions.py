"""From a case to a Pact interaction, and the exchange with Pact's mock provider: the only module here that imports `pact`.

In a request every value is compared for equality with its example, so that a client with a wrong key or a wrong field is caught,
while a verifier replaces it by a fresh value through a provider-state generator.
"""

import json
import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pact import Pact, generate, match
from pact.match.matcher import GenericMatcher

from saga_contracts.declare import templates
from saga_contracts.declare.saga import Reply, Saga
from saga_contracts.derive.cases import Case, Role
from saga_contracts.derive.examples import example_context
from saga_contracts.errors import SagapactError
from saga_contracts.exercise.served import front, stub
from saga_contracts.exercise.served.calls import Heard, written
from saga_contracts.exercise.served.expected import Expected, Value, expected_call
from saga_contracts.wire import bodies

logging.getLogger("pact.ffi").setLevel(logging.WARNING)

_READ_BY_PACT = ("{", "[")
"""A text that begins like this is read as a matcher by Pact's library, unless it stands in one."""


@dataclass(slots=True)
class Exchange:
    """One case being exercised against the mock provider.

    Attributes:
        heard: What came from the client.
        mismatches: What the contract does not hold of it; filled when the exchange is over.
    """

    heard: Heard = field(default_factory=Heard)
    mismatches: str = ""


@contextmanager
def serve(saga: Saga, case: Case, last: Reply) -> Iterator[Exchange]:
    """Serve one case by Pact's mock provider.

    Args:
        saga: The saga of the case.
        case: What to serve.
        last: What is answered when the client calls far too often.
    """
    expected, exchange = expected_call(saga, case.step, case.request), Exchange()
    farewell = stub.as_answer(last, example_context(saga, saga.step(case.step)), {})
    with _http(saga, case, expected, front.as_the_mock_knows_it).serve(raises=False) as mock:
        try:
            with front.serve(str(mock.url), expected, farewell, exchange.heard):
                yield exchange
        finally:
            if exchange.heard.fault or not mock.matched:
                exchange.mismatches = exchange.heard.fault or _readable(mock.mismatches)


def document(saga: Saga, case: Case) -> dict[str, Any]:
    """Give the pact of one case, as Pact's library writes it."""
    if case.reply is None:
        pact = _message(saga, case)
    else:
        pact = _http(saga, case, expected_call(saga, case.step, case.request), lambda value: value)
    with tempfile.TemporaryDirectory() as folder:
        pact.write_file(folder)
        written = list(Path(folder).glob("*.json"))
        if len(written) != 1:
            raise SagapactError(f"Pact wrote {len(written)} files for the case {case.name}; one was expected.")
        found: dict[str, Any] = json.loads(written[0].read_text(encoding="utf-8"))
        return found | {"consumer": {"name": case.consumer or saga.consumer}, "provider": {"name": case.participant}}


def _new_pact() -> Pact:
    """Begin a pact under plain names: Pact's library makes a path of them, so that a slash in one would lead elsewhere."""
    return Pact("consumer", "provider").with_specification("V4")


def _http(saga: Saga, case: Case, expected: Expected, in_header: Callable[[str], str]) -> Pact:
    pact = _new_pact()
    interaction = pact.upon_receiving(case.name)
    for state in case.states:
        interaction.given(state.state, **state.params)
    interaction.with_request(expected.method, _matched(expected.path))
    for name, value in expected.query:
        interaction.with_query_parameter(name, _as_text(value))
    for name, value in expected.headers:
        interaction.with_header(name, _as_text(Value(in_header(value.shown), in_header(value.expression))))
    _body(interaction, expected)
    _reply(saga, case, interaction)
    interaction.set_key(case.name)
    if case.slice is not None:
        interaction.set_comment("sagapact", case.slice.as_json())
    return pact


def _body(interaction: Any, expected: Expected) -> None:
    """Give the body as its media type is written; in a text, Pact's verifier can put no fresh values."""
    if expected.body is None:
        return
    if bodies.is_json(expected.content_type):
        interaction.with_body(_tree(expected.body), expected.content_type)
        return
    interaction.with_body((written(expected) or b"").decode(), expected.content_type)
    fields = expected.body.items() if isinstance(expected.body, Mapping) else ()
    fresh = {f"$.{name}": {"type": "ProviderState", "expression": value.expression} for name, value in fields if value.is_fresh}
    if fresh:
        interaction.with_generators({"body": fresh})


def _reply(saga: Saga, case: Case, interaction: Any) -> None:
    context, reply = example_context(saga, saga.step(case.step)), case.reply
    assert reply is not None  # noqa: S101  (only messages have none)
    interaction.will_respond_with(reply.status)
    echo = {name: _correlated(value, context) for name, value in saga.correlation.echoed.items()}
    declared = {name: _declared_header(value, context) for name, value in reply.headers.items()}
    for name, value in (declared | echo).items():
        interaction.with_header(name, value)
    content_type = next((str(value) for name, value in reply.headers.items() if name.lower() == "content-type"), bodies.JSON)
    if reply.body is not None and bodies.is_json(content_type):
        interaction.with_body(_declared(reply.body, context), content_type)
    elif reply.body is not None:
        example = templates.examples(templates.fill(reply.body, context))
        interaction.with_body((bodies.write(example, content_type) or b"").decode(), content_type)


def _declared_header(value: Any, context: Mapping[str, Any]) -> Any:
    """Give a header as Pact takes it: any text where the file shows an example, or where a template stands."""
    if isinstance(value, Mapping):
        return match.regex(str(templates.examples(templates.fill(value, context))), regex=".+")
    filled = str(templates.fill(value, context))
    return match.regex(filled, regex=".+") if filled != value else filled


def _message(saga: Saga, case: Case) -> Pact:
    pact = _new_pact()
    context = example_context(saga, saga.step(case.step))
    interaction = pact.upon_receiving(case.name, "Async")
    for state in case.states:
        interaction.given(state.state, **state.params)
    interaction.with_body(_declared(case.message, context), "application/json")
    if case.role != Role.CREATION:  # the saga has no id yet
        interaction.with_metadata({name: _correlated(value, context) for name, value in saga.correlation.echoed.items()})
    interaction.set_key(case.name)
    return pact


def _correlated(template: str, context: Mapping[str, Any]) -> Any:
    """Give a header of the correlation: what the saga's id stands in is another text each time."""
    filled = str(templates.fill(template, context))
    return match.regex(filled, regex=".+") if {"saga_id", "key"} & set(templates.names_in(template)) else filled


def _matched(value: Value) -> Any:
    """Give a value as Pact takes it: compared for equality, with the generator that a verifier uses where it is fresh."""
    if value.is_fresh:
        return GenericMatcher("equality", value=value.shown, generator=generate.provider_state(value.expression))
    return value.shown


def _as_text(value: Value) -> Any:
    """Give a value of a header or of the query as Pact takes it."""
    if not value.is_fresh and value.shown.startswith(_READ_BY_PACT):
        return GenericMatcher("equality", value=value.shown)
    return _matched(value)


def _tree(body: Any) -> Any:
    if isinstance(body, Mapping):
        return {name: _tree(member) for name, member in body.items()}
    if isinstance(body, list):
        return [_tree(member) for member in body]
    return _matched(body)


def _declared(body: Any, context: Mapping[str, Any]) -> Any:
    """Give a declared body: plain values by equality, `$like` and values that are fresh at each run by type."""
    if isinstance(body, Mapping):
        if set(body) == {templates.LIKE}:
            return match.like(templates.fill(body[templates.LIKE], context))
        return {name: _declared(member, context) for name, member in body.items()}
    if isinstance(body, list | tuple):
        return [_declared(member, context) for member in body]
    filled = templates.fill(body, context)
    return match.like(filled) if filled != body else filled


def _readable(mismatches: Any) -> str:
    lines = [str(mismatch).strip() for mismatch in mismatches]
    return "\n".join(line for line in lines if line) or "the mock provider was not called as the case says"
