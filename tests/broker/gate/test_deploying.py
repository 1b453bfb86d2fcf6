"""May versions be deployed together: pacts and sagas in one answer, what must come with them, what changes."""

from typing import Any

import pytest

from small_sagas import retriable, step

CHANGED = (step(timeout_ms=2000), retriable())


@pytest.fixture
def next_one(landscape: Any) -> Any:
    """Shop 2 changes a step of the saga; `pay_service` 11 keeps both files, 10 has not met the second one."""
    landscape.holds()
    landscape.saga("2", steps=CHANGED)
    landscape.pacts("2")
    landscape.kept("tell_service", of="2")
    landscape.kept("pay_service", "11")
    landscape.kept("pay_service", "11", of="2")
    return landscape


def _ask(landscape: Any, *versions: str, status: int = 200, **params: Any) -> Any:
    return landscape.broker.get("/can-deploy", status, **{"environment": "test", "with[]": list(versions)}, **params)


def _what_if(landscape: Any, params: dict[str, Any], status: int = 200) -> Any:
    return landscape.broker.get("/what-if", status, environment="test", **params)


def test_pairs_and_sagas_are_in_one_answer(next_one: Any) -> None:
    answer = _ask(next_one, "pay_service:11")
    assert answer["canDeploy"] is True
    assert [one["type"] for one in answer["pacts"]["reasons"]] == ["pacts_verified"]
    assert [(one["saga"], one["canRun"]) for one in answer["sagas"]] == [("sale", True)]
    assert answer["together"] is None


def test_the_smallest_set_is_told_when_a_version_may_not_go_alone(next_one: Any) -> None:
    answer = _ask(next_one, "shop:2")

    assert answer["canDeploy"] is None
    assert {one["type"] for one in answer["pacts"]["reasons"]} == {"pact_unverified"}
    assert answer["together"]["added"] == [{"pacticipant": "pay_service", "version": "11"}]
    assert answer["together"]["command"] == "sagapact can-i-deploy --with shop:2 --with pay_service:11 --to-environment test"
    assert _ask(next_one, "shop:2", "pay_service:11")["canDeploy"] is True


def test_no_set_is_told_where_none_is_known(next_one: Any) -> None:
    next_one.deck("tell", "10", verdict="broken", derivation=9999, of="2")
    next_one.verify("tell_service", of="2", success=False)

    answer = _ask(next_one, "shop:2")

    assert answer["canDeploy"] is False
    assert (answer["together"]["found"], answer["together"]["isComplete"]) == (False, True)
    assert "No set of known versions" in answer["together"]["text"]
    assert _ask(next_one, "shop:2", together="false")["together"] is None


def test_every_no_and_every_unknown_has_a_type_a_mend_and_a_command(next_one: Any) -> None:
    next_one.verify("tell_service", of="2", success=False)
    answer = _ask(next_one, "shop:2")
    every = [*answer["pacts"]["reasons"], *(one for saga in answer["sagas"] for one in saga["reasons"])]
    against = [one for one in every if one["verdict"] != "yes"]
    assert {one["verdict"] for one in against} == {"no", "unknown"}
    assert all(one["type"] and one["mend"] and one["command"].startswith("sagapact ") for one in against)


def test_a_version_that_is_only_in_plain_pacts_is_judged_by_these(landscape: Any, make_pact: Any) -> None:
    landscape.broker.publish("web", "1", ("catalogue", make_pact("web", "catalogue", "a")))
    landscape.broker.verify("web", "1", "catalogue", "5")
    landscape.exists("catalogue", "6")
    landscape.deploy("catalogue", "5")

    kept, unknown = _ask(landscape, "web:1"), _ask(landscape, "web:1", "catalogue:6")

    assert (kept["canDeploy"], kept["sagas"]) == (True, [])
    assert "no saga there names it" in kept["summary"]
    assert unknown["canDeploy"] is None


def test_a_saga_that_is_not_there_is_named_and_not_asked(landscape: Any) -> None:
    landscape.saga()
    landscape.exists("pay_service", "10")
    answer = _ask(landscape, "pay_service:10")
    assert (answer["canDeploy"], answer["absentSagas"], answer["sagas"]) == (True, ["sale"], [])


def test_a_pacticipant_that_is_not_there_is_said_to_be_missing(landscape: Any, make_pact: Any) -> None:
    landscape.broker.publish("web", "1", ("catalogue", make_pact("web", "catalogue", "a")))
    landscape.broker.environment("test")
    (why,) = _ask(landscape, "web:1")["pacts"]["reasons"]
    assert (why["type"], why["participant"]) == ("pacticipant_not_in_environment", "catalogue")
    assert why["command"] == "sagapact record-deployment catalogue --version VERSION --environment test"


@pytest.mark.parametrize(
    ("versions", "status", "told"),
    [
        (["pay_service:77"], 404, "The broker knows no version 77 of pay_service"),
        (["pay_service"], 400, "PACTICIPANT:VERSION"),
        ([], 400, "name at least one version"),
        (["stranger:1"], 404, "The broker knows no version 1 of stranger"),
    ],
)
def test_what_is_wrong_with_the_question_is_told(next_one: Any, versions: list[str], status: int, told: str) -> None:
    assert told in str(_ask(next_one, *versions, status=status))


def test_what_would_change_is_told_for_every_saga(next_one: Any) -> None:
    answer = _what_if(next_one, {"deployed[]": "shop:2"})

    (sale,) = answer["sagas"]
    assert (sale["change"], sale["before"]["canRun"], sale["after"]["canRun"]) == ("worse", True, None)
    assert {one["type"] for one in sale["new"]} >= {"pact_unverified", "deck_missing"}
    assert answer["isSafe"] is None
    assert answer["summary"] == "Of the sagas in test: 1 worse."
    assert _what_if(next_one, {"deployed[]": ["shop:2", "pay_service:11"]})["sagas"][0]["change"] == "same"


def test_what_is_taken_away_is_missed(next_one: Any) -> None:
    answer = _what_if(next_one, {"removed[]": "pay_service"})
    assert [one["type"] for one in answer["sagas"][0]["new"]] == ["participant_not_in_environment"]
    assert _what_if(next_one, {"removed[]": "pay_service:10", "deployed[]": "pay_service:11"})["isSafe"] is True


@pytest.mark.parametrize(
    ("params", "status", "told"),
    [
        ({}, 400, "name what would change"),
        ({"removed[]": "pay_service:11"}, 404, "pay_service 11 is not in test"),
        ({"removed[]": "pay_servic"}, 404, "pay_servic is not in test"),
        ({"deployed[]": "shop:9"}, 404, "knows no version 9 of shop"),
    ],
)
def test_a_change_that_cannot_be_is_refused(next_one: Any, params: dict[str, str], status: int, told: str) -> None:
    assert told in str(_what_if(next_one, params, status))
