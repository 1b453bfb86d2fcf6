"""Sagas at the broker: published files, deck results, and whether a saga can run."""

from typing import Any

import pytest

PARTICIPANTS = {
    "reserve_money": "billing",
    "apply_vas": "user_service",
    "create_packages": "vas_packages",
    "notify": "notifications",
}


def publish_saga(broker: Any, text: str, number: str = "1", status: int = 201, branch: str | None = "main") -> Any:
    body = {"content": text, "contentType": "application/yaml", "branch": branch, "buildUrl": None}
    return broker.put(f"/sagas/vas_purchase/versions/{number}", body, status)


def play_deck(broker: Any, saga: Any, step: str, version: str, verdict: str = "kept", status: int = 201, **fields: Any) -> Any:
    found = next(one for one in saga["steps"] if one["step"] == step)
    slice_path = f"/sagas/vas_purchase/contents/{found['sha']}/steps/{step}"
    path = f"{slice_path}/providers/{found['participant']}/versions/{version}/deck-results"
    history = {"word": "FC", "verdict": verdict, "obligations": ["O8"], "text": "the probe read 3, not 0", "calls": []}
    body = {
        "derivation": 1,
        "faults": 1,
        "verifier": "0.1.0",
        "verdict": verdict,
        "branch": "main",
        "buildUrl": None,
        "claim": "Checked: one saga instance.",
        "obligations": {"O3": "kept", "O8": verdict},
        "histories": [history],
        **fields,
    }
    return broker.post(path, body, status)


def all_kept(broker: Any, make_pact: Any, text: str) -> Any:
    """Publish saga and pacts, verify everything, deploy everything to `test`."""
    saga = publish_saga(broker, text)
    pacts = [(name, make_pact("saga_service", name, name)) for name in PARTICIPANTS.values()]
    broker.publish("saga_service", "1", *pacts, branch="main")
    for step, name in PARTICIPANTS.items():
        broker.verify("saga_service", "1", name, "10")
        play_deck(broker, saga, step, "10")
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
    saga = publish_saga(broker, saga_text)
    play_deck(broker, saga, "reserve_money", "10", "broken")
    made = play_deck(broker, saga, "reserve_money", "10")

    results = broker.get(made["_links"]["self"]["href"])["_embedded"]["deckResults"]

    assert [one["verdict"] for one in results] == ["kept", "broken"]


def test_a_deck_of_which_nothing_was_played_is_no_result(broker: Any, saga_text: str) -> None:
    saga = publish_saga(broker, saga_text)
    answer = play_deck(broker, saga, "reserve_money", "10", histories=[], status=400)
    assert "at least one history" in answer["errors"]["histories"][0]


def test_a_deck_result_for_an_unknown_slice_is_refused(broker: Any, saga_text: str) -> None:
    saga = publish_saga(broker, saga_text)
    saga["steps"][0]["sha"] = "0" * 64
    play_deck(broker, saga, "reserve_money", "10", status=404)


def test_a_saga_can_run_when_every_step_is_kept(broker: Any, make_pact: Any, saga_text: str) -> None:
    all_kept(broker, make_pact, saga_text)

    answer = broker.get("/sagas/vas_purchase/can-run", environment="test")

    assert answer["canRun"] is True
    assert {reason["step"] for reason in answer["reasons"] if reason["verdict"] == "yes"} == set(PARTICIPANTS)
    assert answer["executesAs"] == {"name": "saga_service", "version": "1"}


def test_a_broken_deck_is_a_no_with_the_obligation_and_the_mend(broker: Any, make_pact: Any, saga_text: str) -> None:
    saga = all_kept(broker, make_pact, saga_text)
    broker.verify("saga_service", "1", "billing", "11")
    play_deck(broker, saga, "reserve_money", "11", "broken")

    answer = broker.get("/sagas/vas_purchase/can-run", **{"environment": "test", "with[]": "billing:11"})

    assert answer["canRun"] is False
    reason = next(one for one in answer["reasons"] if one["verdict"] == "no")
    assert (reason["step"], reason["obligation"], reason["version"]) == ("reserve_money", "O8", "11")
    assert "null compensation" in reason["text"]
    assert "the probe read 3" in reason["text"]
    assert reason["mend"]
    assert reason["command"]


@pytest.mark.parametrize("missing", ["pact", "deck", "deployment"])
def test_what_nobody_found_out_is_unknown(broker: Any, make_pact: Any, saga_text: str, missing: str) -> None:
    saga = all_kept(broker, make_pact, saga_text)
    if missing != "pact":
        broker.verify("saga_service", "1", "billing", "11")
    if missing != "deck":
        play_deck(broker, saga, "reserve_money", "11")
    candidate = "billing:12" if missing == "deployment" else "billing:11"

    answer = broker.get("/sagas/vas_purchase/can-run", **{"environment": "test", "with[]": candidate})

    assert answer["canRun"] is None
    assert {reason["step"] for reason in answer["reasons"] if reason["verdict"] == "unknown"} == {"reserve_money"}


def test_every_live_version_of_a_participant_is_judged(broker: Any, make_pact: Any, saga_text: str) -> None:
    all_kept(broker, make_pact, saga_text)
    broker.put("/pacticipants/billing/versions/11", {})
    broker.deploy("billing", "11", "test", applicationInstance="green")

    answer = broker.get("/sagas/vas_purchase/can-run", environment="test")

    assert answer["canRun"] is None
    assert {step["version"] for step in answer["steps"] if step["participant"] == "billing"} == {"10", "11"}


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
