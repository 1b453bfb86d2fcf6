"""Testing an owner's own client against the cases of its saga, in pytest.

    from pathlib import Path
    from saga_contracts.testing import Given, contract_cases

    @contract_cases(Path(__file__).with_name("saga.yaml"))
    def test_our_client(given: Given) -> str:
        return our_client(given.url).call(given.role, given.key, given.payload)   # the outcome that the client made of the reply

The test hands over what its client reported; the harness compares it with the case, so a test cannot pass without calling. Who
uses the step client library writes one line instead: `test_contracts = library_contracts(Path(__file__).with_name("saga.yaml"))`.

The pact files are written by the pytest plugin at the end of the run, when every case of the saga was exercised.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from saga_contracts import cases, templates
from saga_contracts.cases import Case, Role
from saga_contracts.errors import SagapactError
from saga_contracts.recording import Recording
from saga_contracts.replies import callback_outcome
from saga_contracts.saga import Saga, Step
from saga_contracts.sagafile import load_saga

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True, slots=True)
class Given:
    """What a client is given to make one call.

    Attributes:
        url: Base URL of the participant (Pact's mock provider); empty for a callback.
        expected: The outcome that the client should report.
        message: The callback's body, when `role` is `callback`; then the client only says what it makes of it.
        outputs: Outputs of earlier steps, by step.
        timeout_s: How long the client should wait for an answer.
        tries: How often the client should send the call at most.
    """

    saga: Saga
    step: Step
    role: Role
    case: str
    url: str
    saga_id: str
    key: str
    payload: dict[str, Any]
    outputs: dict[str, dict[str, Any]]
    callback_url: str
    expected: str
    message: dict[str, Any] | None = None
    timeout_s: float = 5.0
    tries: int = 1


Client = Callable[[Given], str]
"""Makes the call (or reads the callback) and gives the outcome by its name, such as `done` or `refused`."""


def contract_cases(saga_file: str | Path, *, steps: tuple[str, ...] = (), roles: tuple[str, ...] = ()) -> Callable[[Client], Any]:
    """Run the decorated client once for each case of the saga.

    Args:
        saga_file: Path of the saga file.
        steps: Only cases of these steps; none: all.
        roles: Only cases of these roles; none: all.

    Raises:
        SagapactError: when no case is selected.
    """
    return _cases(saga_file, steps, roles, source="native")


def library_contracts(saga_file: str | Path) -> Any:
    """Give a test that exercises the step client library with every case of the saga."""
    return _cases(saga_file, (), (), source="library")(_library_client)


def exercise(saga: Saga, case: Case, client: Client, recording: Recording, *, source: str) -> None:
    """Let the client meet one case, compare what it made of it, and record the interaction.

    Raises:
        AssertionError: when the client did not call as the case says, or made another outcome of the reply.
    """
    from saga_contracts import interactions  # noqa: PLC0415  (loads the Pact library, which only a running test needs)

    recording.expect(saga, [one.name for one in cases.derive(saga)])
    with interactions.serve(saga, case, recording.parts) as exchange:
        outcome = client(_given(saga, case, exchange.url))
        exchange.kept = outcome == case.outcome
    if exchange.mismatches:
        raise AssertionError(f"{case.name}: the client did not call as the contract says.\n{exchange.mismatches}")
    if not exchange.kept:
        reply = f"the reply {case.reply.status}" if case.reply is not None else "the callback"
        raise AssertionError(
            f"{case.name}: the client made {outcome!r} of {reply}, but it means {case.outcome!r}. "
            "Mend how the client reads it, or the saga file if the declaration is wrong."
        )
    recording.exercised(saga, case.name, source)


def _cases(saga_file: str | Path, steps: tuple[str, ...], roles: tuple[str, ...], *, source: str) -> Callable[[Client], Any]:
    saga = load_saga(saga_file)
    chosen = [case for case in cases.derive(saga) if (not steps or case.step in steps) and (not roles or case.role in roles)]
    if not chosen:
        raise SagapactError(f"No case of {saga_file} is selected by steps={steps} and roles={roles}. Name existing ones.")

    def decorate(client: Client) -> Any:
        @pytest.mark.parametrize("case", chosen, ids=[case.name for case in chosen])
        def test(case: Case, sagapact_recording: Recording) -> None:
            exercise(saga, case, client, sagapact_recording, source=source)

        test.__doc__ = client.__doc__
        return test

    return decorate


def _given(saga: Saga, case: Case, url: str) -> Given:
    step = saga.step(case.step)
    context = cases.example_context(saga, step)
    return Given(
        saga=saga,
        step=step,
        role=case.role,
        case=case.name,
        url=url,
        saga_id=context["saga_id"],
        key=context["key"],
        payload=context["payload"],
        outputs=context["outputs"],
        callback_url=context["callback_url"],
        expected=case.outcome,
        message=templates.examples(templates.fill(case.message, context)) if case.message is not None else None,
        timeout_s=step.timeout_ms / 1000,
    )


def _library_client(given: Given) -> str:
    """Exercise the step client library with one case."""
    from saga_contracts.client import StepCall, StepClient  # noqa: PLC0415  (httpx is loaded when it is used)

    if given.message is not None:
        outcome = callback_outcome(given.step, given.message)
        return outcome.value if outcome is not None else "unknown"
    call = StepCall(saga_id=given.saga_id, payload=given.payload, outputs=given.outputs, callback_url=given.callback_url)
    client = StepClient(given.saga, {given.step.participant: given.url}, http=_http())
    if given.role == Role.FORWARD:
        return client.attempt_forward(given.step.step, call).outcome.value
    if given.role == Role.COMPENSATE:
        return client.attempt_compensate(given.step.step, call).outcome.value
    return client.attempt_status(given.step.step, call).outcome.value


@cache
def _http() -> "httpx.Client":
    """Give the one HTTP client of this process, which keeps no connection: to make one takes longer than a case."""
    import httpx  # noqa: PLC0415  (as above)

    return httpx.Client(trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))
