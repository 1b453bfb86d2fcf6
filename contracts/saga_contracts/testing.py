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

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from saga_contracts.declare import templates
from saga_contracts.declare.saga import Reply, Saga, Step
from saga_contracts.derive import cases, client_cases
from saga_contracts.derive.cases import Case, Role
from saga_contracts.derive.client_cases import SILENCE_TIMEOUT_MS, ClientCase, Kind
from saga_contracts.derive.examples import example_context
from saga_contracts.errors import SagapactError
from saga_contracts.exercise import stub
from saga_contracts.exercise.recording import Recording
from saga_contracts.sagafile import load_saga
from saga_contracts.wire.replies import callback_outcome

if TYPE_CHECKING:
    import httpx


CLIENT_ONLY = tuple(kind.value for kind in Kind)
"""All kinds of client-only cases."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a client is given to make one call.

    Attributes:
        url: Base URL of the participant (Pact's mock provider); empty for a callback.
        expected: The outcome that the client should report.
        message: The body of a callback, a creation or a notification; then the client only says what it makes of it.
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


def contract_cases(
    saga_file: str | Path, *, steps: tuple[str, ...] = (), roles: tuple[str, ...] = (), leave_out: Collection[str] = ()
) -> Callable[[Client], Any]:
    """Run the decorated client once for each case of the saga.

    Besides the cases of the contracts there are client-only ones (no answer, an undeclared status, a second try, …): they are
    served by a stub and stand in no pact. The roles `creation` and `notification` have to be asked for.

    Args:
        saga_file: Path of the saga file.
        steps: Only cases of these steps; none: all.
        roles: Only cases of these roles; none: all calls and callbacks.
        leave_out: Kinds of client-only cases that are not the client's business, such as `retried`; `CLIENT_ONLY` for all.

    Raises:
        SagapactError: when no case is selected, or a kind is not known.
    """
    return _cases(saga_file, steps, roles, leave_out, source="native")


def library_contracts(saga_file: str | Path, *, roles: tuple[str, ...] = (), leave_out: Collection[str] = ()) -> Any:
    """Give a test that exercises the step client library with every case of the saga; arguments as for `contract_cases`."""
    return _cases(saga_file, (), roles, leave_out, source="library")(_library_client)


def exercise(saga: Saga, case: Case, client: Client, recording: Recording, *, source: str) -> None:
    """Let the client meet one case, compare what it made of it, and record the interaction.

    Raises:
        AssertionError: when the client did not call as the case says, or made another outcome of the reply.
    """
    from saga_contracts.exercise import interactions  # noqa: PLC0415  (loads the Pact library, which only a running test needs)

    recording.expect(saga, [one.name for one in cases.derive(saga)])
    with interactions.serve(saga, case, recording.parts) as exchange:
        outcome = client(_given(saga, case, exchange.url))
        exchange.kept = outcome == case.outcome
    if exchange.mismatches:
        raise AssertionError(f"{case.name}: the client did not call as the contract says.\n{exchange.mismatches}")
    if not exchange.kept:
        reply = f"the reply {case.reply.status}" if case.reply is not None else "the message"
        raise AssertionError(
            f"{case.name}: the client made {outcome!r} of {reply}, but it means {case.outcome!r}. "
            "Mend how the client reads it, or the saga file if the declaration is wrong."
        )
    recording.exercised(saga, case.name, source)


def exercise_alone(saga: Saga, case: ClientCase, client: Client) -> None:
    """Let the client meet one client-only case, and compare what it sent and what it made of the answers.

    Raises:
        AssertionError: when the client called otherwise, more or less often, or made another outcome of the answers.
    """
    step = saga.step(case.step)
    context = example_context(saga, step)
    correlation = {saga.correlation.saga_id: context["saga_id"], saga.correlation.step: step.step}
    with stub.serve(case.answers, context, correlation) as served:
        outcome = client(_given(_hurried(saga, case), case, served.url))
    answered = ", then ".join(f"status {one.status}" if isinstance(one, Reply) else one.value for one in case.answers)
    for number, call in enumerate(served.calls, 1):
        difference = stub.difference(call, case.request, context, correlation)
        if difference:
            raise AssertionError(f"{case.name}: call {number} of the client is not as the contract says. {difference}")
    if len(served.calls) != case.calls:
        raise AssertionError(
            f"{case.name}: the client called {len(served.calls)} times instead of {case.calls} (answered: {answered}, "
            f"tries allowed: {case.tries})."
        )
    if outcome != case.outcome:
        raise AssertionError(
            f"{case.name}: the client made {outcome!r} of it (answered: {answered}), but it means {case.outcome!r}."
        )


def _hurried(saga: Saga, case: ClientCase) -> Saga:
    """Give the saga with a short time-out where no answer comes, so that the test need not wait as long as production does."""
    if case.kind != Kind.NO_ANSWER:
        return saga
    hurried = {"timeout_ms": min(saga.step(case.step).timeout_ms, SILENCE_TIMEOUT_MS)}
    steps = tuple(step.model_copy(update=hurried) if step.step == case.step else step for step in saga.steps)
    return saga.model_copy(update={"steps": steps})


def _cases(
    saga_file: str | Path, steps: tuple[str, ...], roles: tuple[str, ...], leave_out: Collection[str], *, source: str
) -> Callable[[Client], Any]:
    saga = load_saga(saga_file)
    unknown = sorted(set(leave_out) - set(CLIENT_ONLY))
    if unknown:
        raise SagapactError(f"There is no kind of client-only case {unknown[0]!r}. Known: {', '.join(CLIENT_ONLY)}.")
    asked = [case for case in cases.derive_messages(saga) if case.role in roles and not steps]
    alone = [case for case in client_cases.derive(saga) if case.kind not in leave_out]
    everything: list[Case | ClientCase] = [*cases.derive(saga), *asked, *alone]
    chosen = [case for case in everything if (not steps or case.step in steps) and (not roles or case.role in roles)]
    if not chosen:
        raise SagapactError(f"No case of {saga_file} is selected by steps={steps} and roles={roles}. Name existing ones.")

    def decorate(client: Client) -> Any:
        @pytest.mark.parametrize("case", chosen, ids=[case.name for case in chosen])
        def test(case: Case | ClientCase, sagapact_recording: Recording) -> None:
            if isinstance(case, ClientCase):
                exercise_alone(saga, case, client)
            else:
                exercise(saga, case, client, sagapact_recording, source=source)

        test.__doc__ = client.__doc__
        return test

    return decorate


def _given(saga: Saga, case: Case | ClientCase, url: str) -> Given:
    step = saga.step(case.step)
    context = example_context(saga, step)
    message = case.message if isinstance(case, Case) else None
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
        message=templates.examples(templates.fill(message, context)) if message is not None else None,
        timeout_s=step.timeout_ms / 1000,
        tries=case.tries if isinstance(case, ClientCase) else 1,
    )


def _library_client(given: Given) -> str:
    """Exercise the step client library with one case."""
    from saga_contracts.client import Backoff, StepCall, StepClient  # noqa: PLC0415  (httpx is loaded when it is used)

    if given.message is not None:
        return _library_reads(given, given.message)
    call = StepCall(saga_id=given.saga_id, payload=given.payload, outputs=given.outputs, callback_url=given.callback_url)
    participants = {given.step.participant: given.url}
    client = StepClient(given.saga, participants, http=_http(), backoff=Backoff(first_s=0.01))
    name, once = given.step.step, given.tries == 1
    if given.role == Role.FORWARD:
        return (client.attempt_forward if once else client.forward)(name, call).outcome.value
    if given.role == Role.COMPENSATE:
        return (client.attempt_compensate if once else client.compensate)(name, call).outcome.value
    return (client.attempt_status if once else client.status)(name, call).outcome.value


def _library_reads(given: Given, message: dict[str, Any]) -> str:
    from saga_contracts.client import payload_faults  # noqa: PLC0415  (as above)

    if given.role == Role.CREATION:
        right = message.get("saga") == given.saga.saga and not payload_faults(given.saga, message.get("payload"))
        return "taken" if right and message.get("request_id") else "unknown"
    if given.role == Role.NOTIFICATION:
        return "taken" if given.saga.policies.owner_notification is not None and message.get("saga_id") else "unknown"
    outcome = callback_outcome(given.step, message)
    return outcome.value if outcome is not None else "unknown"


@cache
def _http() -> "httpx.Client":
    """Give the one HTTP client of this process, which keeps no connection: to make one takes longer than a case."""
    import httpx  # noqa: PLC0415  (as above)

    return httpx.Client(trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))
