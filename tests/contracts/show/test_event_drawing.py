"""The event graph as a picture: well-formed, escaped, without anything from outside, with every event and reaction."""

from pathlib import Path

from defusedxml.ElementTree import fromstring

from command_line import here
from saga_contracts.sagafile import load_saga
from saga_contracts.show.event_drawing import events_svg

SAGAS = Path(__file__).parents[3] / "contracts" / "sagas"
FOOD = SAGAS / "food_delivery" / "saga.yaml"


def test_every_event_reaction_and_time_out_is_drawn() -> None:
    saga = load_saga(FOOD)
    picture = fromstring(events_svg(saga))
    drawn = {element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")}
    assert {*saga.events, *(one.reaction for one in saga.reactions), "payment_window"} <= drawn
    assert "http" not in events_svg(saga).replace("http://www.w3.org/2000/svg", "")


def test_names_are_escaped() -> None:
    saga = load_saga(FOOD)
    hostile = saga.reactions[0].model_copy(update={"participant": "<script>&"})
    text = events_svg(saga.model_copy(update={"reactions": (hostile, *saga.reactions[1:])}))
    assert "<script>" not in text
    assert "&lt;script&gt;&amp;" in text


def test_events_that_lead_to_one_another_in_a_circle_are_drawn() -> None:
    saga = load_saga(FOOD)
    again = saga.reactions[4].model_copy(update={"emits": saga.reactions[4].emits.model_copy(update={"done": ("order_placed",)})})
    text = events_svg(saga.model_copy(update={"reactions": (*saga.reactions[:4], again, *saga.reactions[5:])}))
    assert fromstring(text) is not None


def test_the_commands_draw_and_tell_of_events(tmp_path: Path) -> None:
    drawn = here("contracts", "draw", FOOD, "--out", tmp_path / "events.svg")
    told, as_json = here("contracts", "events", FOOD), here("contracts", "events", FOOD, "--json")
    steps = here("contracts", "events", SAGAS / "vas_purchase" / "saga.yaml")
    both = here("contracts", "draw", SAGAS / "vas_purchase" / "saga.yaml", "--events")
    cases = here("contracts", "cases", FOOD)
    assert (drawn.status, told.status, as_json.status) == (0, 0, 0)
    assert "Events of food_delivery" in (tmp_path / "events.svg").read_text()
    assert "order_placed (orders, food.orders): heard by charge, tell_customer, payment_window" in told.out
    assert "orders: the time-out `payment_window`" in told.out
    assert '"hops": 5' in as_json.out
    assert (steps.status, both.status, cases.status) == (2, 2, 2)
    assert "has no steps" in cases.err
