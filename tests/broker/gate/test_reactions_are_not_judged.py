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
