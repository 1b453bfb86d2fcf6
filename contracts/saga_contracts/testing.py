"""Testing an owner's own client against the cases of its saga, in pytest.

    from pathlib import Path
    from saga_contracts.testing import Given, contract_cases

    @contract_cases(Path(__file__).with_name("saga.yaml"))
    def test_our_client(given: Given) -> str:
        return our_client(given.url).call(given.role, given.key, given.payload)   # the outcome that the client made of the reply

The test hands over what its client reported; what would be right is not in its hands, so it cannot pass without calling and
reading. It may be a function or a method of a test class, with or without `async`, with fixtures, marks and parameters of its
own. Who uses the step client library writes one line instead: `test_contracts =
library_contracts(Path(__file__).with_name("saga.yaml"))`.

The pact files are written by the pytest plugin at the end of the run, when every case of the saga was exercised and none failed.
"""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from saga_contracts.declare.saga import Saga
from saga_contracts.derive import cases, client_cases
from saga_contracts.derive.cases import MESSAGES, Case, Role
from saga_contracts.derive.client_cases import ClientCase, Kind
from saga_contracts.errors import UsageError
from saga_contracts.exercise.decorated import Declared, as_test
from saga_contracts.exercise.given import Client, Given
from saga_contracts.exercise.library import library_client
from saga_contracts.exercise.served.expected import expected_call
from saga_contracts.sagafile import load_saga

__all__ = ["CLIENT_ONLY", "Client", "Given", "contract_cases", "library_contracts"]

CLIENT_ONLY = tuple(kind.value for kind in Kind)
"""All kinds of client-only cases."""
OF_THE_SAGA = (Role.CREATION, Role.NOTIFICATION)
"""Roles that belong to no step."""


def contract_cases(
    saga_file: str | Path, *, steps: Collection[str] = (), roles: Collection[str] = (), leave_out: Collection[str] = ()
) -> Callable[[Client], Any]:
    """Run the decorated client once for each case of the saga.

    The client has a parameter `given` and gives the outcome by its name, or as a member of an enumeration with this value. It
    may be called several times in one case: a message is given beside others that mean something else.

    Besides the cases of the contracts there are client-only ones (no answer, an undeclared status, a second try, …): they are
    served by a stub and stand in no pact. The roles `creation` and `notification` have to be asked for.

    Args:
        saga_file: Path of the saga file.
        steps: Only cases of these steps; none: all.
        roles: Only cases of these roles; none: all calls and callbacks.
        leave_out: Kinds of client-only cases that are not the client's business, such as `retried`; `CLIENT_ONLY` for all.

    Raises:
        UsageError: when no case is selected, a step, role or kind is not known, or the client cannot be a test.
    """
    saga = load_saga(saga_file)
    chosen = _chosen(saga, saga_file, steps, roles, leave_out)
    return lambda client: as_test(client, _declared(saga, chosen), chosen, "native")


def library_contracts(
    saga_file: str | Path, *, steps: Collection[str] = (), roles: Collection[str] = (), leave_out: Collection[str] = ()
) -> Any:
    """Give a test that exercises the step client library with every case of the saga; arguments as for `contract_cases`."""
    saga = load_saga(saga_file)
    chosen = _chosen(saga, saga_file, steps, roles, leave_out)
    return as_test(library_client, _declared(saga, chosen), chosen, "library")


def _chosen(
    saga: Saga, saga_file: str | Path, steps: Collection[str], roles: Collection[str], leave_out: Collection[str]
) -> list[Case | ClientCase]:
    _look_up("step", steps, [step.step for step in saga.steps])
    _look_up("role", roles, list(Role))
    _look_up("kind of client-only case", leave_out, CLIENT_ONLY)
    if steps and any(role in OF_THE_SAGA for role in roles):
        raise UsageError(f"The roles {' and '.join(OF_THE_SAGA)} belong to no step. Exercise them by a test without `steps`.")
    asked = [case for case in cases.derive_messages(saga) if case.role in roles]
    alone = [case for case in client_cases.derive(saga) if case.kind not in leave_out]
    everything: list[Case | ClientCase] = [*cases.derive(saga), *asked, *alone]
    chosen = [case for case in everything if (not steps or case.step in steps) and (not roles or case.role in roles)]
    if not chosen:
        raise UsageError(f"No case of {saga_file} is selected by steps={steps} and roles={roles}. Name existing ones.")
    for case in chosen:
        if case.role not in MESSAGES:
            called = case.called_in(saga) if isinstance(case, Case) else saga
            expected_call(called, case.step, case.request)  # an example that cannot be sent is told before any test runs
    return chosen


def _look_up(what: str, names: Collection[str], known: Collection[str]) -> None:
    if isinstance(names, str):
        raise UsageError(f"{names!r} is one text instead of several: write ({names!r},).")
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise UsageError(f"There is no {what} {unknown[0]!r}. Known: {', '.join(known)}.")


def _declared(saga: Saga, chosen: list[Case | ClientCase]) -> Declared:
    asked = [case.name for case in chosen if isinstance(case, Case)]
    names = dict.fromkeys([case.name for case in cases.derive(saga)] + asked)
    return Declared(saga, tuple(names), tuple(case.name for case in cases.derive_messages(saga)))
