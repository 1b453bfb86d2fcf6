"""Sagas at the broker: published files, deck results, and whether a saga can run."""

from typing import Any

import pytest
from sqlalchemy import create_engine, text

import small_sagas
from saga_contracts.sagafile import parse_saga
from saga_evidence import breaks, deck_result, old_form, slice_of, step_pacts

PARTICIPANTS = {
    "reserve_money": "billing",
    "apply_vas": "user_service",
    "create_packages": "vas_packages",
    "notify": "notifications",
}


def publish_saga(broker: Any, content: str, number: str = "1", status: int = 201, branch: str | None = "main") -> Any:
    body = {"content": content, "contentType": "application/yaml", "branch": branch, "buildUrl": None}
    return broker.put(f"/sagas/vas_purchase/versions/{number}", body, status)


def play_deck(
    broker: Any,
    content: str,
    step: str,
    version: str,
    *changes: Any,
    status: int = 201,
    sha: str = "",
    faults: int = 1,
    **fields: Any,
) -> Any:
    """Publish the result of a step's deck."""
    slice_ = slice_of(parse_saga(content, "saga.yaml"), step)
    path = f"/sagas/vas_purchase/contents/{sha or slice_.sha}/steps/{step}"
    path += f"/providers/{PARTICIPANTS[step]}/versions/{version}/deck-results"
    return broker.post(path, deck_result(slice_, faults, *changes, **fields), status)


def all_kept(broker: Any, content: str) -> Any:
    """Publish saga and pacts, verify everything, deploy everything to `test`."""
    saga = publish_saga(broker, content)
    broker.publish("saga_service", "1", *step_pacts(parse_saga(content, "saga.yaml")), branch="main")
    for step, name in PARTICIPANTS.items():
        broker.verify("saga_service", "1", name, "10")
        play_deck(broker, content, step, "10")
        broker.deploy(name, "10", "test")
    broker.deploy("saga_service", "1", "test")
    return saga


def test_a_saga_file_is_stored_verbatim_with_its_steps(broker: Any, saga_text: str) -> None:
    made = publish_saga(broker, saga_text)
    read = broker.get("/sagas/vas_purchase/versions/1")

    assert read == made
    assert read["content"] == saga_text
    assert (read["owner"], read["executesAs"], read["branch"]) == ("vas_owner", "saga_service", "main")
    assert {step["step"]: step["participant"] for step in read["steps"]} == PARTICIPANTS
    assert broker.get("/pacticipants/saga_service/versions/1")["_embedded"]["branchVersions"][0]["name"] == "main"
    assert broker.get("/pacticipants/vas_owner/versions/1")["number"] == "1"


def test_the_same_file_again_is_fine_and_another_one_is_refused(broker: Any, saga_text: str) -> None:
    publish_saga(broker, saga_text)
    publish_saga(broker, saga_text, status=200)

    answer = publish_saga(broker, saga_text + "\n# changed\n", status=409)

    assert "other content is stored under this version" in answer["error"]


def test_a_faulty_file_is_refused_with_all_its_faults(broker: Any, saga_text: str) -> None:
    faulty = saga_text.replace("class: compensatable", "class: sometimes", 2)

    answer = publish_saga(broker, faulty, status=400)

    assert len(answer["errors"]["content"]) >= 2


def test_sagas_are_listed_by_provider_branch_and_environment(broker: Any, saga_text: str) -> None:
    publish_saga(broker, saga_text, "1", branch="main")
    publish_saga(broker, saga_text + "\n# on a branch\n", "2", branch="feat")
    broker.deploy("saga_service", "1", "test")

    def versions(**params: str) -> list[str]:
        return [one["version"] for one in broker.get("/sagas", **params)["_embedded"]["sagas"]]

    assert versions() == ["2"]
    assert versions(branch="main") == ["1"]
    assert versions(environment="test", provider="billing") == ["1"]
    assert versions(provider="nobody") == []
    assert "content" not in broker.get("/sagas")["_embedded"]["sagas"][0]


def test_the_newest_deck_result_comes_first(broker: Any, saga_text: str) -> None:
    publish_saga(broker, saga_text)
    play_deck(broker, saga_text, "reserve_money", "10", breaks("O8"), verdict="broken")
    made = play_deck(broker, saga_text, "reserve_money", "10")

    results = broker.get(made["_links"]["self"]["href"])["_embedded"]["deckResults"]

    assert [one["verdict"] for one in results] == ["kept", "broken"]
    assert results[0]["histories"][0]["seen"] == ["effect", "reply", "status"]


def test_results_without_what_was_seen_are_taken(broker: Any, saga_text: str) -> None:
    publish_saga(broker, saga_text)
    made = play_deck(broker, saga_text, "reserve_money", "10", old_form)
    assert "seen" not in made["histories"][0]


def test_a_deck_of_which_nothing_was_played_is_no_result(broker: Any, saga_text: str) -> None:
    publish_saga(broker, saga_text)
    answer = play_deck(broker, saga_text, "reserve_money", "10", histories=[], status=400)
    assert "at least one history" in answer["errors"]["histories"][0]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"seen": ["everything"]}, "seen must be an array of: reply, status, effect, failure"),
        ({"broken": ["O8"]}, "broken must name the obligation"),
        ({"broken": [{"obligation": "O8", "text": 5}]}, "broken must tell each deviation by a text"),
        ({"unseen": "O8"}, "unseen must be an array of strings"),
        ({"obligations": [8]}, "obligations must be an array of strings"),
        ({"trouble": []}, "trouble must be a string"),
        ({"word": "F"}, "must hold each history once, and holds 'F' several times"),
    ],
)
def test_a_history_of_another_form_is_refused(broker: Any, saga_text: str, wrong: dict[str, Any], told: str) -> None:
    publish_saga(broker, saga_text)
    answer = play_deck(broker, saga_text, "reserve_money", "10", lambda history: history.update(wrong), status=400)
    assert told in answer["errors"]["histories"][0]


def test_a_deck_result_for_an_unknown_slice_is_refused(broker: Any, saga_text: str) -> None:
    publish_saga(broker, saga_text)
    play_deck(broker, saga_text, "reserve_money", "10", sha="0" * 64, status=404)


def test_a_saga_can_run_when_every_step_is_kept(broker: Any, saga_text: str) -> None:
    all_kept(broker, saga_text)

    answer = broker.get("/sagas/vas_purchase/can-run", environment="test")

    assert answer["canRun"] is True
    assert {reason["step"] for reason in answer["reasons"] if reason["type"] == "step_kept"} == set(PARTICIPANTS)
    assert answer["executesAs"] == {"name": "saga_service", "version": "1"}
    assert answer["faults"] == 1
    assert {step["said"] for step in answer["steps"]} == {"kept"}


def test_a_broken_deck_is_a_no_with_the_obligation_and_the_mend(broker: Any, saga_text: str) -> None:
    all_kept(broker, saga_text)
    broker.verify("saga_service", "1", "billing", "11")
    play_deck(broker, saga_text, "reserve_money", "11", breaks("O8", "C"))

    answer = broker.get("/sagas/vas_purchase/can-run", **{"environment": "test", "with[]": "billing:11"})

    assert answer["canRun"] is False
    reason = next(one for one in answer["reasons"] if one["verdict"] == "no")
    assert (reason["step"], reason["obligation"], reason["version"]) == ("reserve_money", "O8", "11")
    assert "null compensation" in reason["text"]
    assert "In history C: the probe read 3, not 0." in reason["text"]
    assert "The verifier concluded kept; its own histories say broken." in reason["text"]
    assert reason["mend"]
    assert reason["command"]
    step = next(one for one in answer["steps"] if one["version"] == "11")
    assert (step["deck"], step["said"], step["obligations"]["O8"]) == ("broken", "kept", "broken")


@pytest.mark.parametrize("missing", ["pact", "deck"])
def test_what_nobody_found_out_is_unknown(broker: Any, saga_text: str, missing: str) -> None:
    all_kept(broker, saga_text)
    broker.put("/pacticipants/billing/versions/11", {})
    if missing != "pact":
        broker.verify("saga_service", "1", "billing", "11")
    if missing != "deck":
        play_deck(broker, saga_text, "reserve_money", "11")

    answer = broker.get("/sagas/vas_purchase/can-run", **{"environment": "test", "with[]": "billing:11"})

    assert answer["canRun"] is None
    assert {reason["step"] for reason in answer["reasons"] if reason["verdict"] == "unknown"} == {"reserve_money"}


def test_the_number_of_faults_is_asked_for(broker: Any, saga_text: str) -> None:
    all_kept(broker, saga_text)

    stronger = broker.get("/sagas/vas_purchase/can-run", environment="test", faults=2)
    for step in PARTICIPANTS:
        play_deck(broker, saga_text, step, "10", faults=2)
    kept = broker.get("/sagas/vas_purchase/can-run", environment="test", faults=2)
    wrong = broker.get("/sagas/vas_purchase/can-run", 400, environment="test", faults="many")

    assert stronger["canRun"] is None
    assert {one["type"] for one in stronger["reasons"] if one["verdict"] == "unknown"} == {"deck_too_weak"}
    assert "--faults 2" in stronger["reasons"][0]["command"]
    assert kept["canRun"] is True
    assert "must be a whole number from 0 to 4" in str(wrong)


def test_a_saga_file_that_can_no_longer_be_read_is_unknown(broker: Any, saga_text: str) -> None:
    all_kept(broker, saga_text)
    change(broker.database_url, "UPDATE saga_versions SET content = :content", content=b"format: 2\nsaga: vas_purchase\n")

    answer = broker.get("/sagas/vas_purchase/can-run", environment="test")

    assert answer["canRun"] is None
    assert [one["type"] for one in answer["reasons"]] == ["saga_unreadable"]
    assert "Format 2 is not known to this version" in answer["reasons"][0]["text"]


def test_steps_that_read_otherwise_than_when_they_were_published_are_unknown(broker: Any, saga_text: str) -> None:
    all_kept(broker, saga_text)
    change(broker.database_url, "UPDATE saga_steps SET sha = :sha WHERE step = 'notify'", sha="0" * 64)

    answer = broker.get("/sagas/vas_purchase/can-run", environment="test")

    assert answer["canRun"] is None
    assert "its step notify reads otherwise than when it was published" in answer["reasons"][0]["text"]


def change(database_url: str, statement: str, **values: Any) -> None:
    """Change what is stored, behind the broker's back."""
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(text(statement), values)
    engine.dispose()


def test_every_live_version_of_a_participant_is_judged(broker: Any, saga_text: str) -> None:
    all_kept(broker, saga_text)
    broker.put("/pacticipants/billing/versions/11", {})
    broker.deploy("billing", "11", "test", applicationInstance="green")

    answer = broker.get("/sagas/vas_purchase/can-run", environment="test")

    assert answer["canRun"] is None
    assert {step["version"] for step in answer["steps"] if step["participant"] == "billing"} == {"10", "11"}


def ask(broker: Any, *candidates: str, status: int = 200) -> Any:
    return broker.get("/sagas/vas_purchase/can-run", status, **{"environment": "test", "with[]": list(candidates)})


def judged(answer: Any, participant: str = "billing") -> set[str]:
    return {step["version"] for step in answer["steps"] if step["participant"] == participant}


def test_a_candidate_takes_the_place_of_one_installation(broker: Any, saga_text: str) -> None:
    all_kept(broker, saga_text)
    for number in ("11", "12", "11@eu"):
        broker.put(f"/pacticipants/billing/versions/{number}", {})

    assert judged(ask(broker, "billing:11")) == {"11"}
    assert judged(ask(broker, "billing:11", "billing:12")) == {"11", "12"}
    broker.deploy("billing", "12", "test", applicationInstance="eu")
    assert judged(ask(broker, "billing:11")) == {"11", "12"}
    assert judged(ask(broker, "billing:10@eu")) == {"10"}
    assert judged(ask(broker, "billing:11@eu")) == {"11@eu", "12"}, "what is a version is read as one"


def test_what_is_released_stays_live_beside_a_candidate(broker: Any, saga_text: str) -> None:
    all_kept(broker, saga_text)
    broker.put("/pacticipants/billing/versions/11", {})
    uuid = broker.environment("test")
    broker.put("/pacticipants/billing/versions/9", {})
    broker.post(f"/pacticipants/billing/versions/9/released-versions/environment/{uuid}", {}, 201)

    assert judged(ask(broker, "billing:11")) == {"11", "9"}


@pytest.mark.parametrize(
    ("candidate", "told"),
    [
        ("biling:11", "names the pacticipant biling. Did you mean billing? Named are: billing, "),
        ("stranger:1", "names the pacticipant stranger. Named are:"),
        ("billing:100", "The broker knows no version 100 of billing. Did you mean 10?"),
        ("billing:77@eu", "The broker knows no version 77 of billing."),
        ("saga_service:77", "The broker knows no version 77 of saga_service."),
    ],
)
def test_an_unknown_candidate_is_not_found(broker: Any, saga_text: str, candidate: str, told: str) -> None:
    all_kept(broker, saga_text)
    broker.put("/pacticipants/stranger/versions/1", {})
    assert told in ask(broker, candidate, status=404)["error"]


@pytest.mark.parametrize("candidate", ["billing", "billing:", ":11", ""])
def test_a_malformed_candidate_is_refused(broker: Any, saga_text: str, candidate: str) -> None:
    all_kept(broker, saga_text)
    assert "must be like PACTICIPANT:VERSION" in str(ask(broker, candidate, status=400))


def test_a_branch_that_names_another_executor_hides_nothing(broker: Any, saga_text: str) -> None:
    all_kept(broker, saga_text)
    play_deck(broker, saga_text, "reserve_money", "10", breaks("O8", "C"))
    renamed = saga_text.replace("executes_as: saga_service", "executes_as: other_service")
    publish_saga(broker, renamed, "2", branch="feat")

    before = ask(broker)
    candidate = ask(broker, "other_service:2")
    broker.put("/pacticipants/other_service/versions/3", {})
    broker.deploy("other_service", "3", "test")

    assert before["canRun"] is False
    assert before["executesAs"] == {"name": "saga_service", "version": "1"}
    assert candidate["canRun"] is False
    assert {one["type"] for one in candidate["reasons"]} >= {"deck_broken", "pact_missing"}
    assert ask(broker) == before, "it executes no version of the saga that is in question"
    assert "names the pacticipant other_service" in ask(broker, "other_service:3", status=404)["error"]


def test_a_live_version_of_the_executor_without_the_saga_is_a_reason(broker: Any, saga_text: str) -> None:
    all_kept(broker, saga_text)
    broker.put("/pacticipants/saga_service/versions/2", {})
    replaced = ask(broker, "saga_service:2")
    broker.deploy("saga_service", "2", "test", applicationInstance="green")
    beside = ask(broker)

    assert [one["type"] for one in replaced["reasons"]] == ["saga_not_published"]
    assert replaced["canRun"] is None
    assert beside["canRun"] is None
    assert [one["version"] for one in beside["reasons"] if one["type"] == "saga_not_published"] == ["2"]


def test_a_saga_that_is_not_deployed_is_unknown(broker: Any, saga_text: str) -> None:
    publish_saga(broker, saga_text)
    answer = broker.get("/sagas/vas_purchase/can-run", environment="production")
    assert answer["canRun"] is None
    assert answer["reasons"][0]["type"] == "executor_not_in_environment"


def test_unknown_sagas_and_environments_are_not_found(broker: Any, saga_text: str) -> None:
    publish_saga(broker, saga_text)
    broker.get("/sagas/nothing/can-run", 404, environment="test")
    broker.get("/sagas/vas_purchase/can-run", 404, environment="nowhere")
    broker.get("/sagas/vas_purchase/can-run", 400)


def test_a_saga_that_is_published_again_from_another_branch_is_on_both(broker: Any) -> None:
    body = {"content": small_sagas.saga_text(small_sagas.step("pay")), "contentType": "application/json"}
    name = parse_saga(body["content"], "x.json").saga
    path = f"/sagas/{name}/versions/1"
    broker.put(path, {**body, "branch": "feat/x"})
    again = broker.put(path, {**body, "branch": "main"}, 200)
    listed = {branch: broker.get("/sagas", branch=branch)["_embedded"]["sagas"] for branch in ("feat/x", "main", "other")}
    assert again["branch"] == "main"
    assert {branch: [one["version"] for one in found] for branch, found in listed.items()} == {
        "feat/x": ["1"],
        "main": ["1"],
        "other": [],
    }
    owner = parse_saga(body["content"], "x.json").owner
    assert broker.get(f"/pacticipants/{owner}/branches/main/latest-version")["number"] == "1"
