"""Every operation of the interface, asked by schemathesis with data that fits its description and data that does not.

The number of examples for each operation is small; `SAGAPACT_FUZZ_EXAMPLES` asks for more, with other data each time.
"""

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from saga_broker import api
from saga_broker.openapi.document import DescribedApp, describe, undescribed

ROUTES = [route for router in api.routers() for route in router.routes]
DOCUMENT = describe(DescribedApp(title="broker"), ROUTES)
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = [(method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item]
EXAMPLES = int(os.environ.get("SAGAPACT_FUZZ_EXAMPLES", "0"))
USUAL = 10
# A name that is a fixed word of another path, or ends like a file, leads to another resource.
WORDS = {part for path in DOCUMENT["paths"] for part in path.split("/") if not part.startswith("{")} | {"all"}
EXTENSIONS = (".json", ".csv", ".svg", ".yaml")
ALWAYS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    *([checks.negative_data_rejection] if os.environ.get("NEG") else []),
    *([checks.positive_data_acceptance] if os.environ.get("POS") else []),
]
pytestmark = [pytest.mark.slow]


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as made:
        made.trust_env = False
        yield made


def test_every_route_is_described_and_nothing_else() -> None:
    assert undescribed(ROUTES) == []


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=[f"{method} {path}" for method, path in OPERATIONS])
def test_every_answer_is_described(
    broker: Any, world: Any, session: requests.Session, record_property: Any, method: str, path: str
) -> None:
    reached: Counter[int] = Counter()
    operation = SCHEMA[path][method]
    known = Known(world, f"{method} {path}")

    for mode in modes_of(method, path):

        @settings(**_chances())
        @given(operation.as_strategy(generation_mode=mode), st.data())
        def ask(case: Case, data: st.DataObject) -> None:
            known.put_into(case, data)
            assume(not _leads_elsewhere(case))
            response = case.call(base_url=broker.url, session=session, allow_redirects=False)
            reached[response.status_code] += 1
            is_empty = response.status_code == 409 and not response.content  # noqa: B023
            case.validate_response(
                response, checks=[check for check in ALWAYS if not (is_empty and check is checks.response_schema_conformance)]
            )

        ask()

    record_property("reached", (f"{method} {path}", dict(reached)))
    assert any(200 <= status < 400 for status in reached), f"only errors were reached: {dict(reached)}"


def modes_of(method: str, path: str) -> list[GenerationMode]:
    """Give the kinds of data that there are: only a body or a query can be wrong in many ways."""
    described = DOCUMENT["paths"][path][method.lower()]
    schemas = [content["schema"] for content in described.get("requestBody", {}).get("content", {}).values()]
    can_be_wrong = any(schemas) or any(one["in"] == "query" for one in described["parameters"])
    return list(GenerationMode) if can_be_wrong else [GenerationMode.POSITIVE]


class Known:
    """Puts names that mean something into generated requests, so that more than the 404 is reached."""

    def __init__(self, world: Any, operation: str) -> None:
        self._names = world.names_for(operation)
        self._others = world.others
        self._query = world.query
        self._questions = next((found for name, found in world.questions.items() if operation.endswith(name)), [])
        self._bodies = next((bodies for name, bodies in world.bodies.items() if name in operation), [])

    def put_into(self, case: Case, data: st.DataObject) -> None:
        """Change a case; how much is drawn."""
        how = data.draw(st.sampled_from(("all", "all", "some", "none")))
        if how != "none" and case.path_parameters:
            case.path_parameters = {name: self._name(name, value, how, data) for name, value in case.path_parameters.items()}
        if self._questions and how == "all":
            case.query = dict(data.draw(st.sampled_from(self._questions)))
        elif case.query:
            case.query = {name: self._value(name, value, data) for name, value in case.query.items()}
        if self._bodies and how == "all":
            case.body = data.draw(st.sampled_from(self._bodies))
        if data.draw(st.integers(0, 3)) == 0:
            case.headers["Accept"] = "application/hal+json, application/problem+json"

    def _name(self, name: str, value: Any, how: str, data: st.DataObject) -> Any:
        if how == "all":
            return self._names.get(name, value)
        return data.draw(st.sampled_from((self._names.get(name, value), *self._others.get(name, ()), value)))

    def _value(self, name: str, value: Any, data: st.DataObject) -> Any:
        values = self._query.get(name)
        if values is None or data.draw(st.booleans()):
            return value
        drawn = data.draw(st.sampled_from(values))
        return [drawn] if isinstance(value, list) else drawn


def _chances() -> dict[str, Any]:
    return {
        "max_examples": EXAMPLES or USUAL,
        "derandomize": not EXAMPLES,
        "database": None,
        "deadline": None,
        "phases": (Phase.generate, Phase.shrink),
        "suppress_health_check": list(HealthCheck),
    }


def _leads_elsewhere(case: Case) -> bool:
    values = [str(value) for value in (case.path_parameters or {}).values()]
    return any(value in WORDS or value.endswith(EXTENSIONS) or value in ("", ".", "..") or "//" in value for value in values)
