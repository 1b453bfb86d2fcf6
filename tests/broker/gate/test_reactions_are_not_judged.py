"""What a saga does on events is not judged here, and so never a yes."""

from pathlib import Path
from typing import Any

SAGAS = Path(__file__).parents[3] / "contracts" / "sagas"


def test_a_choreographed_saga_is_unknown_and_says_why(landscape: Any) -> None:
    text = (SAGAS / "food_delivery" / "saga.yaml").read_text(encoding="utf-8")
    landscape.broker.put("/sagas/food_delivery/versions/1", {"content": text, "contentType": "application/yaml"})
    landscape.deploy("orders", "1")

    answer = landscape.broker.get("/sagas/food_delivery/can-run", environment="test")

    assert answer["canRun"] is None
    (why,) = answer["reasons"]
    assert why["type"] == "reactions_not_judged"
    assert "8 reactions to events (charge, cook, bring, give_bonus, tell_customer, …)" in why["text"]
    assert why["command"] == "sagapact contracts events saga.yaml"


def test_versions_of_an_event_that_cannot_be_read_by_one_another_are_a_no(landscape: Any) -> None:
    text = (SAGAS / "food_delivery" / "saga.yaml").read_text(encoding="utf-8")
    changed = text.replace("note: {type: string}", "note: {type: integer}")
    for version, content in (("1", text), ("2", changed)):
        landscape.broker.put(f"/sagas/food_delivery/versions/{version}", {"content": content, "contentType": "application/yaml"})
        landscape.deploy("orders", version)

    answer = landscape.broker.get("/sagas/food_delivery/can-run", environment="test")

    assert answer["canRun"] is False, "messages of orders 1 may still be on their way"
    (why,) = [one for one in answer["reasons"] if one["type"] == "event_incompatible"]
    assert (why["obligation"], why["verdict"]) == ("E2", "no")
    assert (
        "Event order_placed of saga food_delivery: versions 1 and 2 are there (E2): a message of 1, read by 2: note: "
        in why["text"]
    )
    assert why["command"].startswith("sagapact contracts compatible")
