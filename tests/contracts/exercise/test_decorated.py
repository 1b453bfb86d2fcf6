"""Tests of clients in every form in which tests are written, seen from a team's repository."""

import httpcore
import httpx
import pytest

from saga_contracts import client, testing
from saga_contracts.exercise.served import interactions

LOADED = (client, httpcore, httpx, interactions, testing)
"""Runs in this process take these modules as they are, and do not load them once more each time."""
CLIENT = """
import httpcore
import httpx

HTTP = httpx.Client(trust_env=False)
STATES = {"made": "applied", "undone": "compensated", "refused": "refused"}
HEADERS = ("Idempotency-Key", "Saga-Id", "Saga-Step")


def headers(given):
    return dict(zip(HEADERS, (given.key, given.saga_id, given.step.step)))


def read(reply):
    return "absent" if reply.status_code == 404 else STATES[reply.json()["state"]]


def ask(given):
    return read(HTTP.get(given.url + "/a/status", headers=headers(given)))


async def ask_soon(given):
    async with httpx.AsyncClient(trust_env=False) as http:
        return read(await http.get(given.url + "/a/status", headers=headers(given)))
"""
START = """
import asyncio
import enum
import functools
import unittest

import pytest
from our_client import STATES, ask, ask_soon
from saga_contracts.testing import CLIENT_ONLY, Given, contract_cases

cases = contract_cases("saga.json", roles=("status",), leave_out=CLIENT_ONLY)
"""


@pytest.fixture
def run(project: pytest.Pytester) -> "Run":
    (project.path / "our_client.py").write_text(CLIENT, encoding="utf-8")
    return Run(project)


class Run:
    """Runs pytest over one file of tests, each of which meets five cases."""

    def __init__(self, project: pytest.Pytester) -> None:
        self.project = project

    def __call__(self, tests: str, *options: str) -> pytest.RunResult:
        (self.project.path / "test_it.py").write_text(START + tests, encoding="utf-8")
        path = f"pythonpath={self.project.path}"
        return self.project.runpytest_inprocess("-o", path, "-W", "error", "-p", "no:cacheprovider", *options)


FORMS = {
    "a function": "@cases\ndef test_it(given: Given) -> str:\n    return ask(given)\n",
    "a function with fixtures before and after": """
@pytest.fixture
def first(): return 1

@pytest.fixture
def case(): return 2  # a fixture of the team may have this name

@cases
def test_it(first, given, case, tmp_path):
    assert (first, case) == (1, 2)
    assert not list(tmp_path.iterdir())
    return ask(given)
""",
    "marks above and below": """
@pytest.mark.usefixtures("tmp_path")
@cases
@pytest.mark.filterwarnings("ignore")
def test_it(given): return ask(given)
""",
    "a method": """
class TestClient:
    @cases
    def test_it(self, given): return ask(given)
""",
    "a class with setup and marks": """
@pytest.mark.filterwarnings("ignore")
class TestClient:
    def setup_method(self): self.ask = ask

    @pytest.fixture
    def one(self): return 1

    @cases
    def test_it(self, given, one):
        assert one == 1
        return self.ask(given)
""",
    "a static method and a class method": """
class TestClient:
    @staticmethod
    @cases
    def test_it(given): return ask(given)
""",
    "a decorated static method": """
class TestClient:
    @cases
    @staticmethod
    def test_it(given): return ask(given)
""",
    "a coroutine": "@cases\nasync def test_it(given): return await ask_soon(given)\n",
    "a coroutine method with a fixture": """
class TestClient:
    @cases
    async def test_it(self, given, tmp_path):
        assert tmp_path.exists()
        await asyncio.sleep(0)
        return await ask_soon(given)
""",
    "a function that gives a coroutine": "@cases\ndef test_it(given): return ask_soon(given)\n",
    "a coroutine that anyio runs, marked above": """
@pytest.fixture
def anyio_backend(): return "asyncio"

@pytest.mark.anyio
@cases
async def test_it(given, anyio_backend_name):
    assert anyio_backend_name == "asyncio"
    return await ask_soon(given)
""",
    "a coroutine that anyio runs, marked below": """
@pytest.fixture
def anyio_backend(): return "asyncio"

@cases
@pytest.mark.anyio
async def test_it(given): return await ask_soon(given)
""",
    "an async fixture of anyio": """
@pytest.fixture
def anyio_backend(): return "asyncio"

@pytest.fixture
async def one(anyio_backend): return 1

@cases
@pytest.mark.anyio
async def test_it(given, one):
    assert one == 1
    return await ask_soon(given)
""",
    "an object": """
class Client:
    def __call__(self, given): return ask(given)

test_it = cases(Client())
""",
    "a bound method": """
class Client:
    def call(self, given): return ask(given)

test_it = cases(Client().call)
""",
    "a partial function": """
def call(client, given): return client(given)

test_it = cases(functools.partial(call, ask))
""",
    "a member of a text enumeration": """
Outcome = enum.StrEnum("Outcome", [(one.upper(), one) for one in (*STATES.values(), "absent")])

@cases
def test_it(given): return Outcome(ask(given))
""",
    "a member of an enumeration": """
Outcome = enum.Enum("Outcome", [(one.upper(), one) for one in (*STATES.values(), "absent")])

@cases
def test_it(given): return Outcome(ask(given))
""",
}


@pytest.mark.parametrize("form", FORMS)
def test_a_client_is_tested_in_every_form(run: Run, form: str) -> None:
    run(FORMS[form]).assert_outcomes(passed=5)


@pytest.mark.parametrize("side", ["above", "below"])
def test_parameters_of_the_user_multiply_the_cases(run: Run, side: str) -> None:
    mine = '@pytest.mark.parametrize("number", [1, 2])\n'
    both = f"{mine}@cases\n" if side == "above" else f"@cases\n{mine}"
    result = run(f"{both}def test_it(given, number):\n    assert number in (1, 2)\n    return ask(given)\n", "-v")
    result.assert_outcomes(passed=10)
    result.stdout.fnmatch_lines(["*test_it*sale/a/status/absent*"])


def test_objects_that_allow_no_look_at_them_stand_beside_the_tests(run: Run) -> None:
    strange = """
class Strange:
    def __getattr__(self, name): raise RuntimeError("not now")

current = Strange()
"""
    run(strange + FORMS["a function"]).assert_outcomes(passed=5)


def test_a_mark_chooses_the_test(run: Run) -> None:
    result = run("@cases\n@pytest.mark.skipif(True, reason='no')\ndef test_it(given): return ask(given)\n")
    result.assert_outcomes(skipped=5)


WRONG = {
    "def test_it(client): return ask(client)": ["*test_it has no parameter `given`: write `def test_it(given: Given) -> str`*"],
    "class TestIt: pass": ["*TestIt is no function: put the decorator on each test function or method.*"],
}


@pytest.mark.parametrize("tests", WRONG)
def test_what_can_be_no_test_is_told_in_one_sentence(run: Run, tests: str) -> None:
    result = run(f"@cases\n{tests}\n")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(WRONG[tests])


def test_a_test_case_of_unittest_is_told_what_to_be_instead(run: Run) -> None:
    result = run("class TestIt(unittest.TestCase):\n    @cases\n    def test_it(self, given): return ask(given)\n")
    result.stdout.fnmatch_lines(["*pytest gives no cases to a unittest.TestCase*"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED


REPORTS = {
    "None": "The test gave no outcome (it returned None): return what the client made of it, one of applied, absent, *",
    "'Applied'": "The test returned 'Applied', which is no outcome of a status call: *. Did you mean 'applied'?",
    "404": "The test returned 404, which is no outcome of a status call: return one of applied, absent, compensated, *unknown.",
    "True": "The test returned True, which is no outcome of a status call: *",
}


@pytest.mark.parametrize("report", REPORTS)
def test_what_is_no_outcome_is_told_with_the_known_words(run: Run, report: str) -> None:
    result = run(f"@cases\ndef test_it(given):\n    ask(given)\n    return {report}\n")
    result.assert_outcomes(failed=5)
    result.stdout.fnmatch_lines([f"sale/a/status/absent: {REPORTS[report]}"])
    result.stdout.no_fnmatch_line("*saga_contracts/exercise*")  # nobody needs to see the harness from inside


def test_an_error_of_the_client_is_shown_as_the_clients(run: Run) -> None:
    result = run("@cases\ndef test_it(given):\n    ask(given)\n    raise OSError('broken client')\n")
    result.assert_outcomes(failed=5)
    result.stdout.fnmatch_lines(
        ["*raise OSError*", "*broken client*", "*The client raised this in the case sale/a/status/absent.*"]
    )


def test_an_error_after_a_wrong_call_tells_what_was_wrong_with_the_call(run: Run) -> None:
    (run.project.path / "our_client.py").write_text(CLIENT.replace("/a/status", "/b"), encoding="utf-8")
    result = run("@cases\ndef test_it(given): return ask(given)\n")
    result.assert_outcomes(failed=5)
    result.stdout.fnmatch_lines(["*Before: the client did not call as the contract says.*", "*GET /b*"])


def test_a_coroutine_that_reports_a_wrong_outcome_fails(run: Run) -> None:
    result = run("@cases\nasync def test_it(given):\n    await ask_soon(given)\n    return 'unknown'\n")
    result.assert_outcomes(failed=5)
    result.stdout.fnmatch_lines(["sale/a/status/absent: the client made 'unknown' of the reply 404, but it means 'absent'*"])


def test_a_coroutine_that_forgets_to_wait_fails(run: Run) -> None:
    result = run("@cases\nasync def test_it(given):\n    asyncio.ensure_future(ask_soon(given))\n    return 'absent'\n")
    result.assert_outcomes(failed=5)
    result.stdout.fnmatch_lines(["*no call came*"])
