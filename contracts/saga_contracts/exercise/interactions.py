"""From a case to a Pact interaction, and the exchange with Pact's mock provider: the only module here that imports `pact`.

In a request every value is compared for equality with its example, so that a client with a wrong key or a wrong field is caught,
while a verifier replaces it by a fresh value through a provider-state generator.
"""

import json
import logging
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pact import Pact, generate, match
from pact.match.matcher import GenericMatcher

from saga_contracts.declare import templates
from saga_contracts.declare.saga import Saga
from saga_contracts.derive.cases import MESSAGES, Case, Role
from saga_contracts.derive.examples import example_context, generator_context
from saga_contracts.errors import SagapactError

logging.getLogger("pact.ffi").setLevel(logging.WARNING)


@dataclass(slots=True)
class Exchange:
    """One case being exercised against the mock provider.

    Attributes:
        url: Base URL of the mock provider; empty for a callback message.
        kept: To be set by the caller when the client made the right outcome of the reply; else no pact is written.
        mismatches: What the client did that the contract does not hold; filled when the exchange is over.
    """

    url: str
    kept: bool = False
    mismatches: str = ""


@contextmanager
def serve(saga: Saga, case: Case, parts: Path) -> Iterator[Exchange]:
    """Serve one case by Pact's mock provider, and write its pact if the client kept to it.

    Args:
        saga: The saga of the case.
        case: What to serve; a callback case has no server, its message is written as it is.
        parts: Folder that takes one pact file for each case.
    """
    pact = Pact(case.consumer or saga.consumer, case.participant).with_specification("V4")
    if case.role in MESSAGES:
        _message(saga, case, pact)
        exchange = Exchange("")
        yield exchange
    else:
        _http(saga, case, pact)
        with pact.serve(raises=False) as server:
            exchange = Exchange(str(server.url))
            yield exchange
            if not server.matched:
                exchange.mismatches = _readable(server.mismatches)
    if exchange.kept and not exchange.mismatches:
        _write(pact, case, parts)


def _write(pact: Pact, case: Case, parts: Path) -> None:
    parts.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        pact.write_file(folder)
        written = list(Path(folder).glob("*.json"))
        if len(written) != 1:
            raise SagapactError(f"Pact wrote {len(written)} files for the case {case.name}; one was expected.")
        document = json.loads(written[0].read_text(encoding="utf-8"))
    name = case.name.replace("/", "__") + ".json"
    (parts / name).write_text(json.dumps(document, sort_keys=True), encoding="utf-8")


def _http(saga: Saga, case: Case, pact: Pact) -> None:
    step = saga.step(case.step)
    value = _values(saga, case)
    interaction = pact.upon_receiving(case.name)
    for state in case.states:
        interaction.given(state.state, **state.params)
    request = case.request
    interaction.with_request(request.method, value(request.path))
    for name, text in request.query.items():
        interaction.with_query_parameter(name, value(text))
    correlation = {saga.correlation.saga_id: "{saga_id}", saga.correlation.step: "{step}"}
    for name, text in {**request.headers, **correlation}.items():
        interaction.with_header(name, value(text))
    if request.body is not None:
        interaction.with_body(_tree(request.body, value), "application/json")
    reply = case.reply
    assert reply is not None  # noqa: S101  (only callbacks have none)
    interaction.will_respond_with(reply.status)
    interaction.with_header(saga.correlation.saga_id, match.regex(example_context(saga, step)["saga_id"], regex=".+"))
    interaction.with_header(saga.correlation.step, case.step)
    if reply.body is not None:
        interaction.with_body(_expected(reply.body, example_context(saga, step)), "application/json")
    interaction.set_key(case.name)
    if case.slice is not None:
        interaction.set_comment("sagapact", case.slice.as_json())


def _message(saga: Saga, case: Case, pact: Pact) -> None:
    context = example_context(saga, saga.step(case.step))
    interaction = pact.upon_receiving(case.name, "Async")
    for state in case.states:
        interaction.given(state.state, **state.params)
    interaction.with_body(_expected(case.message, context), "application/json")
    if case.role != Role.CREATION:  # the saga has no id yet
        interaction.with_metadata(
            {saga.correlation.saga_id: match.regex(context["saga_id"], regex=".+"), saga.correlation.step: case.step}
        )
    interaction.set_key(case.name)


def _values(saga: Saga, case: Case) -> Any:
    """Give a function that turns a template into its example, with the generator that a verifier uses where it is fresh."""
    step = saga.step(case.step)
    example, generator = example_context(saga, step), generator_context(saga, step)

    def value(text: Any) -> Any:
        shown, expression = templates.fill(text, example), templates.fill(text, generator)
        if shown == expression:
            return shown
        return GenericMatcher("equality", value=shown, generator=generate.provider_state(expression))

    return value


def _tree(body: Any, value: Any) -> Any:
    if isinstance(body, Mapping):
        return {name: _tree(member, value) for name, member in body.items()}
    if isinstance(body, list | tuple):
        return [_tree(member, value) for member in body]
    return value(body)


def _expected(body: Any, context: Mapping[str, Any]) -> Any:
    """Give the expected reply: plain values by equality, `$like` and values that are fresh at each run by type."""
    if isinstance(body, Mapping):
        if set(body) == {templates.LIKE}:
            return match.like(templates.fill(body[templates.LIKE], context))
        return {name: _expected(member, context) for name, member in body.items()}
    if isinstance(body, list | tuple):
        return [_expected(member, context) for member in body]
    return _expected_in_message(body, context)


def _expected_in_message(body: Any, context: Mapping[str, Any]) -> Any:
    filled = templates.fill(body, context)
    return match.like(filled) if filled != body else filled


def _readable(mismatches: Any) -> str:
    lines = [str(mismatch).strip() for mismatch in mismatches]
    return "\n".join(line for line in lines if line) or "the mock provider was not called as the case says"
