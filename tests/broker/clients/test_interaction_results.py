"""Results of interactions in the forms of all verifiers, kept as they were sent and read alike.

What libpact_ffi sends is seen live elsewhere in this folder. The forms of pact-jvm and of the old Ruby verifier are written here
as their sources write them: those two are not run live.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saga_broker.pact.content import interaction_id
from saga_broker.pact.interaction_results import InteractionResult, Problem, read

A: dict[str, Any] = {"description": "a", "request": {"method": "GET", "path": "/a"}, "response": {"status": 200}}
B: dict[str, Any] = {**A, "description": "b", "providerState": "there is a b"}
B_WITHOUT: dict[str, Any] = {**A, "description": "b"}
C: dict[str, Any] = {**A, "description": "c", "providerStates": [{"name": "one"}, {"name": "two", "params": {"id": 1}}]}
PACT: dict[str, Any] = {"interactions": [A, B, B_WITHOUT, C], "metadata": {"pactSpecification": {"version": "3.0.0"}}}
ID_A, ID_B, ID_B_WITHOUT, ID_C = (interaction_id(one) for one in (A, B, B_WITHOUT, C))

RUST = [
    {"interactionId": ID_A, "interactionDescription": "a", "success": True},
    {
        "interactionId": ID_B,
        "interactionDescription": "b",
        "success": False,
        "mismatches": [
            {"attribute": "status", "description": "expected 200 but was 500"},
            {"attribute": "body", "identifier": "$.id", "description": "Expected 1 (Integer) to be equal to 2 (Integer)"},
        ],
    },
    {"interactionId": ID_C, "success": False, "exceptions": [{"message": "connection refused"}]},
]
JVM = [
    {"interactionId": ID_A, "success": True},
    {
        "interactionId": ID_B,
        "success": False,
        "mismatches": [
            {"attribute": "status", "description": "expected status of 200 but was 500"},
            {
                "attribute": "body",
                "identifier": "$.id",
                "description": "Expected 1 (Integer) to be equal to 2 (Integer)",
                "diff": "-1\n+2",
            },
        ],
        "interactionDescription": "Foo - b",
    },
    {
        "interactionId": ID_C,
        "success": False,
        "mismatches": [],
        "exceptions": [
            {"message": "Request to provider failed: connection refused", "exceptionClass": "java.net.ConnectException"}
        ],
    },
]
RUBY = {
    "tests": [
        {
            "testDescription": "has status code 200",
            "testFullDescription": "A pact between Foo and Bar b with GET /a returns a response which has status code 200",
            "status": "failed",
            "interactionProviderState": "there is a b",
            "interactionDescription": "b",
            "exception": {"class": "RSpec::Expectations::ExpectationNotMetError", "message": "expected: 200\n     got: 500"},
            "actualStatus": 500,
            "differences": [{"description": "EXPECTED 200 but was 500"}],
        },
        {
            "testDescription": "has a matching body",
            "testFullDescription": "A pact between Foo and Bar b with GET /a returns a response which has a matching body",
            "status": "passed",
            "interactionProviderState": "there is a b",
            "interactionDescription": "b",
        },
        {
            "testDescription": "has status code 200",
            "testFullDescription": "A pact between Foo and Bar b with GET /a returns a response which has status code 200",
            "status": "passed",
            "interactionProviderState": None,
            "interactionDescription": "b",
        },
        {
            "testDescription": "has status code 200",
            "status": "failed",
            "interactionProviderState": "one",
            "interactionDescription": "c",
            "exception": {"class": "RuntimeError", "message": "could not set up the provider state"},
        },
    ],
    "summary": {"testCount": 4, "failureCount": 2},
    "metadata": {
        "warning": "These test results use a beta format. Do not rely on it, as it will definitely change.",
        "pactVerificationResultsSpecification": {"version": "1.0.0-beta.1"},
    },
}


def outcomes(results: list[InteractionResult]) -> dict[str | None, bool | None]:
    return {one.interaction_id: one.success for one in results}


def problems(results: list[InteractionResult], interaction: str) -> tuple[Problem, ...]:
    return next(one.problems for one in results if one.interaction_id == interaction)


def test_results_of_libpact_ffi_are_found_by_their_ids() -> None:
    results = read(RUST, PACT)

    assert outcomes(results) == {ID_A: True, ID_B: False, ID_B_WITHOUT: None, ID_C: False}
    assert problems(results, ID_B) == (
        Problem("expected 200 but was 500", "mismatch", "status"),
        Problem("Expected 1 (Integer) to be equal to 2 (Integer)", "mismatch", "body", "$.id"),
    )
    assert problems(results, ID_C) == (Problem("connection refused", "exception"),)


def test_results_of_pact_jvm_not_run_live_are_found_by_their_ids() -> None:
    results = read(JVM, PACT)

    assert outcomes(results) == {ID_A: True, ID_B: False, ID_B_WITHOUT: None, ID_C: False}
    assert [one.description for one in results] == ["a", "b", "b", "c"]
    assert problems(results, ID_B)[1].identifier == "$.id"
    assert problems(results, ID_C) == (Problem("Request to provider failed: connection refused", "exception"),)


def test_results_of_the_old_ruby_verifier_not_run_live_are_found_by_description_and_state() -> None:
    results = read(RUBY, PACT)

    assert outcomes(results) == {ID_A: None, ID_B: False, ID_B_WITHOUT: True, ID_C: False}
    assert problems(results, ID_B) == (Problem("EXPECTED 200 but was 500"),)
    assert problems(results, ID_C) == (Problem("could not set up the provider state", "exception"),)


def test_a_pending_ruby_example_is_no_success() -> None:
    entry = {"interactionDescription": "a", "interactionProviderState": None, "status": "pending"}
    assert outcomes(read({"tests": [entry]}, PACT))[ID_A] is False


def test_examples_of_rspecs_own_formatter_stand_by_themselves() -> None:
    examples = [{"full_description": "Verifying a pact: a", "status": "failed", "mismatches": ["EXPECTED 1 but was 2"]}]
    results = read({"version": "3.10.0", "examples": examples, "summary": {}}, PACT)
    assert results[-1] == InteractionResult(None, "Verifying a pact: a", (), False, (Problem("EXPECTED 1 but was 2"),))
    assert {one.success for one in results[:-1]} == {None}


def test_a_description_without_an_id_counts_only_where_it_is_used_once() -> None:
    results = read([{"interactionDescription": name, "success": True} for name in ("a", "b")], PACT)
    assert outcomes(results) == {ID_A: True, ID_B: None, ID_B_WITHOUT: None, ID_C: None, None: True}


def test_results_that_belong_to_no_interaction_are_shown_too() -> None:
    results = read([{"interactionId": "gone", "interactionDescription": "old", "success": False}], PACT)
    assert results[-1] == InteractionResult(None, "old", (), False)
    assert len(results) == 5


def test_states_and_messages_are_named() -> None:
    results = read(None, {"messages": [{"description": "m", "providerStates": [{"name": "one"}, {"name": "two"}]}]})
    assert [(one.description, one.states, one.success) for one in results] == [("m", ("one", "two"), None)]


@pytest.mark.parametrize(
    "sent",
    [
        None,
        1,
        "text",
        True,
        {},
        [],
        [None, 1, [], {}],
        {"tests": 1},
        {"tests": [1, {}]},
        [{"interactionId": 1, "success": "yes"}],
    ],
)
def test_what_cannot_be_read_tells_nothing(sent: Any) -> None:
    assert {one.success for one in read(sent, PACT)} == {None}


@pytest.mark.parametrize("pact", [None, [], 1, {}, {"interactions": {}}, {"interactions": [1, {"providerStates": [1, {}]}]}])
def test_a_document_that_is_no_pact_has_no_interactions(pact: Any) -> None:
    assert [one.success for one in read(RUST, pact) if one.interaction_id is None] == [True, False, False]


WORDS = st.sampled_from(["a", "b", "c", ID_A, ID_B, "passed", "there is a b"])
KEYS = st.sampled_from(
    [
        "tests",
        "examples",
        "interactionId",
        "interactionDescription",
        "interactionProviderState",
        "success",
        "status",
        "mismatches",
        "exceptions",
        "differences",
        "exception",
        "description",
        "message",
        "attribute",
        "identifier",
        "full_description",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
)


@given(JSON)
def test_whatever_is_sent_every_interaction_of_the_pact_is_told_once(sent: Any) -> None:
    results = read(sent, PACT)
    assert [one.interaction_id for one in results[:4]] == [ID_A, ID_B, ID_B_WITHOUT, ID_C]
    assert {one.interaction_id for one in results[4:]} <= {None}


@pytest.mark.timeout(60)
def test_many_interactions_are_read_quickly() -> None:
    many = [{**A, "description": str(number)} for number in range(20_000)]
    told = [{"interactionDescription": str(number), "success": True} for number in range(20_000)]
    assert {one.success for one in read(told, {"interactions": many})} == {True}


def test_the_broker_keeps_what_was_sent_as_it_was_sent(broker: Any, make_pact: Any) -> None:
    for sent in (RUST, JVM, RUBY, "a text", {"free": ["form", 1.0, None]}):
        address = published(broker, make_pact, sent)
        assert broker.get(address)["testResults"] == sent


def test_the_broker_tells_how_each_interaction_ended(broker: Any, make_pact: Any) -> None:
    address = published(broker, make_pact, RUBY)

    shown = broker.http.get(address)
    latest = broker.http.get("/pacts/provider/Bar/consumer/Foo/latest/verification-results/latest")
    answer = broker.get(shown.links["saga:interaction-results"]["url"])

    assert latest.links == shown.links
    assert answer["success"] is False
    assert answer["summary"] == {"success": 1, "failed": 2, "unknown": 1}
    assert answer["interactionResults"][1] == {
        "interactionId": ID_B,
        "interactionDescription": "b",
        "providerStates": ["there is a b"],
        "success": False,
        "problems": [{"type": "mismatch", "description": "EXPECTED 200 but was 500"}],
    }
    assert answer["_links"]["pb:verification-result"]["href"] == address


def test_without_details_the_interactions_are_unknown_and_nothing_is_invented(broker: Any, make_pact: Any) -> None:
    address = published(broker, make_pact, None)
    assert "testResults" not in broker.get(address)
    assert broker.get(f"{address}/interaction-results")["summary"] == {"success": 0, "failed": 0, "unknown": 4}


def test_a_result_that_is_not_there_has_no_interactions(broker: Any, make_pact: Any) -> None:
    address = published(broker, make_pact, RUST)
    broker.get(f"{address}0/interaction-results", 404)
    broker.delete(address)
    broker.get(f"{address}/interaction-results", 404)


def published(broker: Any, make_pact: Any, test_results: Any) -> str:
    """Publish a result with details; gives its address."""
    broker.publish("Foo", "1", ("Bar", {**make_pact("Foo", "Bar"), **PACT}))
    link = broker.get("/pacts/provider/Bar/consumer/Foo/version/1")["_links"]["pb:publish-verification-results"]["href"]
    body = {"success": False, "providerApplicationVersion": "10", "testResults": test_results}
    answer = broker.post(link, body, 201)
    return str(answer["_links"]["self"]["href"])
