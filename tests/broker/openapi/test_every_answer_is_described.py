"""Every operation of the interface, asked by schemathesis with data that fits its description and data that does not.

The number of examples for each operation is small and their data are always the same; with `SAGAPACT_REPEAT` or
`SAGAPACT_FUZZ_EXAMPLES` there are more, with other data each time.
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

from repetitions import times
from saga_broker import api
from saga_broker.openapi.document import DescribedApp, describe, undescribed

ROUTES = [route for router in api.routers() for route in router.routes]
DOCUMENT = describe(DescribedApp(title="broker"), ROUTES)
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = [(method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item]
USUAL = 8
EXAMPLES = int(os.environ.get("SAGAPACT_FUZZ_EXAMPLES") or times(USUAL))
# A name that is a fixed word of another path, or ends like a file, leads to another resource.
WORDS = {part for path in DOCUMENT["paths"] for part in path.split("/") if not part.startswith("{")} | {"all"}
DECK_RESULTS = "/sagas/{saga}/contents/{sha}/steps/{step}/providers/{provider}/versions/{number}/deck-results"
EXTENSIONS = (".json", ".csv", ".svg", ".yaml")
ALWAYS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
# What schemas cannot say, so that data may fit them and be refused all the same.
REFUSED_FOR_OTHER_REASONS = {
    "GET /matrix": "the pacticipants must exist, and some parameters exclude each other",
    "GET /can-i-deploy": "pacticipant and environment must exist, and one of two parameters must be given",
    "POST /environments": "names are unique",
    "PUT /environments/{uuid}": "names are unique",
    "POST /contracts/publish": "the decoded contents must be pacts that bear the names beside them",
    "POST /pacts/provider/{provider}/for-verification": "some selectors exclude each other, and a date must be one",
    "GET /pacts/provider/{provider}/for-verification": "some selectors exclude each other, and a date must be one",
    "PUT /sagas/{saga}/versions/{number}": "the content must be a saga file",
    "PUT /pacticipants/{name}/versions/{number}/announcement": "the file must be that provider's, and the archive one",
    "PUT /jobs/{key}/leases/{name}": "the offer must be the job's last one",
    "PUT /jobs/{key}/result": "1.0 is a whole number for a schema; here it is none",
    "PUT /jobs/{key}/log": "what is sent must be UTF-8",
    "GET /what-if": "one of two parameters must be given",
    **dict.fromkeys(
        (
            *("POST /webhooks", "POST /webhooks/execute", "PUT /webhooks/{uuid}", "POST /webhooks/provider/{provider}"),
            *("POST /webhooks/consumer/{consumer}", "POST /webhooks/provider/{provider}/consumer/{consumer}"),
            "POST /pacts/provider/{provider}/consumer/{consumer}/webhooks",
        ),
        "what may be called is the operator's choice, and pacticipants that are named must exist",
    ),
    "POST " + DECK_RESULTS: "1.0 is a whole number for a schema; here it is none",
}
# What is taken although the schema does not allow it.
TAKEN_ALL_THE_SAME: dict[str, str] = {}
pytestmark = [pytest.mark.slow, pytest.mark.timeout(120 * max(1, EXAMPLES // USUAL))]


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
    name = f"{method} {path}"
    known = Known(world, name)

    def ask(case: Case[Any], data: st.DataObject) -> None:
        known.put_into(case, data)
        assume(not _leads_elsewhere(case))
        response = case.call(base_url=broker.url, session=session, allow_redirects=False)
        reached[response.status_code] += 1
        case.validate_response(response, checks=_checks_for(name, response))

    for strategy in known.strategies(operation):
        settings(**_chances())(given(strategy, st.data())(ask))()

    record_property("reached", (name, dict(reached)))
    assert any(200 <= status < 400 for status in reached), f"only errors were reached: {dict(reached)}"


def _checks_for(name: str, response: Any) -> list[Any]:
    chosen = list(ALWAYS)
    if name not in REFUSED_FOR_OTHER_REASONS:
        chosen.append(checks.positive_data_acceptance)
    if name not in TAKEN_ALL_THE_SAME:
        chosen.append(checks.negative_data_rejection)
    if response.status_code == 409 and not response.content:
        chosen.remove(checks.response_schema_conformance)  # the one answer that has a media type and, as described, no body
    return chosen


class Known:
    """Puts names that mean something into generated requests, so that more than the 404 is reached."""

    def __init__(self, world: Any, operation: str) -> None:
        self._accepts = _accepts(operation)
        self._names = world.names_for(operation)
        self._others = world.others
        self._query = world.query
        self._questions: list[Any] = next((found for name, found in world.questions.items() if operation.endswith(name)), [])
        self._bodies: list[Any] = next((bodies for name, bodies in world.bodies.items() if name in operation), [])

    def strategies(self, operation: Any) -> list[st.SearchStrategy[Case[Any]]]:
        """Give the kinds of data that there are: right ones, and wrong bodies and queries, sent to places that exist."""
        found = [operation.as_strategy(generation_mode=GenerationMode.POSITIVE)]
        schemas = [content["schema"] for content in operation.definition.raw.get("requestBody", {}).get("content", {}).values()]
        if any(schemas) or len(operation.query) > 0:
            names = {one.name: self._names[one.name] for one in operation.path_parameters}
            found.append(operation.as_strategy(generation_mode=GenerationMode.NEGATIVE, path_parameters=names))
        return found

    def put_into(self, case: Case[Any], data: st.DataObject) -> None:
        """Change a case; how much is drawn. One that shall be wrong stays so."""
        if case.meta is not None and case.meta.generation.mode.is_negative:
            return
        how = data.draw(st.sampled_from(("all", "all", "some", "none")))
        if how != "none" and case.path_parameters:
            case.path_parameters = {name: self._name(name, value, how, data) for name, value in case.path_parameters.items()}
        if self._questions and how == "all":
            case.query = dict(data.draw(st.sampled_from(self._questions)))
        elif case.query:
            case.query = {name: self._value(name, value, data) for name, value in case.query.items()}
        if self._bodies and how == "all":
            case.body = data.draw(st.sampled_from(self._bodies))
        case.headers["Accept"] = data.draw(st.sampled_from(self._accepts))

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


def _accepts(name: str) -> list[str]:
    """Give values of the Accept header: each media type that is answered, problem details beside it, and anything."""
    method, path = name.split()
    responses = DOCUMENT["paths"][path][method.lower()]["responses"]
    offered = [kind for status, one in responses.items() if status < "300" for kind in one.get("content", ())]
    return ["*/*", *offered, *(f"{kind}, application/problem+json" for kind in offered[:1])]


def _chances() -> dict[str, Any]:
    return {
        "max_examples": EXAMPLES,
        "derandomize": EXAMPLES == USUAL,
        "database": None,
        "deadline": None,
        "phases": (Phase.generate, Phase.shrink),
        "suppress_health_check": list(HealthCheck),
    }


def _leads_elsewhere(case: Case[Any]) -> bool:
    values = [str(value) for value in (case.path_parameters or {}).values()]
    return any(value in WORDS or value.endswith(EXTENSIONS) or value in ("", ".", "..") or "//" in value for value in values)
