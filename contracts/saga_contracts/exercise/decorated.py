"""From a client to a pytest test of its cases, whatever form the test has.

It may be a function or a method, with or without `async`, with fixtures, marks and parameters of its own. A coroutine stays
one, so that a plugin such as pytest-asyncio or anyio can run it; where none does, the plugin of this package does.
"""

import asyncio
import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from saga_contracts.declare.saga import Saga
from saga_contracts.derive.cases import Case
from saga_contracts.derive.client_cases import ClientCase
from saga_contracts.errors import UsageError
from saga_contracts.exercise.turns import ContractNotKeptError, turns

ATTRIBUTE = "sagapact_declared"
"""A test bears by this name what it declares."""
CASE, RECORDING = "sagapact_case", "sagapact_recording"
"""The parameters that pytest fills."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What a test is there for.

    Attributes:
        saga: The saga.
        names: Cases that a whole run has to exercise, by this test or by others.
        optional: Cases that it may leave to another run.
    """

    saga: Saga
    names: tuple[str, ...]
    optional: tuple[str, ...]


def as_test(client: Any, declared: Declared, chosen: Sequence[Case | ClientCase], source: str) -> Any:
    """Give the test that lets a client meet the cases.

    Args:
        client: A callable with a parameter `given`; its other parameters are filled by pytest.
        declared: What the test is there for.
        chosen: The cases.
        source: `native` or `library`.

    Raises:
        UsageError: when the client cannot be a test.
    """
    if isinstance(client, staticmethod):
        return staticmethod(as_test(client.__func__, declared, chosen, source))
    signature = _signature(client)
    make = _of_coroutine if inspect.iscoroutinefunction(client) else _of_function
    test = functools.wraps(client)(make(client, declared.saga, source))
    test.__dict__ |= {"__signature__": signature, ATTRIBUTE: declared}
    return pytest.mark.parametrize(CASE, chosen, ids=[case.name for case in chosen])(test)


def _of_function(client: Callable[..., Any], saga: Saga, source: str) -> Any:
    def test(*args: Any, sagapact_case: Any = None, sagapact_recording: Any = None, **more: Any) -> None:
        __tracebackhide__ = True
        _called_by_pytest(client, sagapact_case)
        try:
            for turn in turns(saga, sagapact_case, sagapact_recording, source=source):
                with turn:
                    outcome = client(*args, given=turn.given, **more)
                    turn.report(asyncio.run(_awaited(outcome)) if inspect.isawaitable(outcome) else outcome)
        except ContractNotKeptError as error:
            raise pytest.fail.Exception(str(error), pytrace=False) from None

    return test


def _of_coroutine(client: Callable[..., Any], saga: Saga, source: str) -> Any:
    async def test(*args: Any, sagapact_case: Any = None, sagapact_recording: Any = None, **more: Any) -> None:
        __tracebackhide__ = True
        _called_by_pytest(client, sagapact_case)
        try:
            for turn in turns(saga, sagapact_case, sagapact_recording, source=source):
                with turn:
                    turn.report(await client(*args, given=turn.given, **more))
        except ContractNotKeptError as error:
            raise pytest.fail.Exception(str(error), pytrace=False) from None

    return test


async def _awaited(outcome: Any) -> Any:
    return await outcome


def _called_by_pytest(client: Any, case: Any) -> None:
    """Look whether pytest gave a case.

    Raises:
        UsageError: when somebody else called.
    """
    if case is None:
        raise UsageError(
            f"{_name(client)} was called without a case: let pytest run it, as a function or as a method of a plain class "
            "(pytest gives no cases to a unittest.TestCase)."
        )


def _signature(client: Any) -> inspect.Signature:
    """Give the parameters that pytest has to fill: those of the client without `given`, and ours.

    Raises:
        UsageError: when the client cannot be a test.
    """
    if inspect.isclass(client) or not callable(client):
        raise UsageError(f"{_name(client)} is no function: put the decorator on each test function or method.")
    parameters = inspect.signature(client).parameters
    if "given" not in parameters or parameters["given"].kind == inspect.Parameter.POSITIONAL_ONLY:
        raise UsageError(
            f"{_name(client)} has no parameter `given`: write `def {_name(client)}(given: Given) -> str`, call the client with "
            "what it holds, and return the outcome that the client reports."
        )
    own = [one for one in parameters.values() if one.name != "given" and one.kind not in _MANY]
    return inspect.Signature([*own, *(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in (CASE, RECORDING))])


_MANY = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _name(client: Any) -> str:
    return str(getattr(client, "__qualname__", None) or client)
