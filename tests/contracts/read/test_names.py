"""Names as teams have them: camelCase, dashes, other scripts, services in folders; what people take for one name is a fault."""

from typing import Any

import pytest

from saga_contracts.declare.saga import Correlation
from saga_contracts.derive.examples import example_context
from saga_contracts.errors import SagapactError
from saga_contracts.wire import correlation
from saga_contracts.wire.keys import key_of, saga_of

NAMES = ["reduceInventory", "create-order", "HTTPCall", "予約", "réserver", "ऋण_लेना", "a" * 63]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_may_be_written_as_its_team_writes_it(make_saga: Any, make_step: Any, name: str) -> None:
    first, second = make_step(name), make_step("ship", after=[name])
    second["forward"]["request"]["body"]["id"] = f"{{outputs.{name}.made_id}}"
    first["forward"]["outputs"] = {"made_id": "/id"}
    saga = make_saga(first, second, saga=name)

    assert saga.step("ship").after == (name,)
    assert example_context(saga, saga.step("ship"))["outputs"] == {name: {"made_id": "id-1"}}


@pytest.mark.parametrize("name", ["", "1st", "_a", "-a", "a.b", "a/b", "a b", "a" * 64, "€uro", "a\n"])
def test_a_name_that_cannot_stand_in_a_key_an_address_or_a_pact_is_refused(make_saga: Any, make_step: Any, name: str) -> None:
    with pytest.raises(SagapactError, match="begins with a letter"):
        make_saga(make_step(name))


@pytest.mark.parametrize("name", NAMES)
def test_a_key_and_the_correlation_can_be_sent_in_a_header_and_read_back(make_saga: Any, make_step: Any, name: str) -> None:
    saga = make_saga(make_step(name))
    step = saga.step(name)
    sent = correlation.sent(Correlation(), example_context(saga, step))

    assert key_of(step, "saga-1").isascii()
    assert all(value.isascii() for value in sent.values())
    assert saga_of(step, key_of(step, "saga-1")) == "saga-1"


@pytest.mark.parametrize("name", ["acme/billing", "Lager Süd", "倉庫", "/x", "a:b?c#d"])
def test_a_service_may_be_named_as_pact_lets_it(make_saga: Any, make_step: Any, name: str) -> None:
    assert make_saga(make_step("a", participant=name), owner=f"{name}/owner").steps[0].participant == name


@pytest.mark.parametrize("name", [".", ".."])
def test_a_service_is_not_named_as_a_folder_above(make_saga: Any, make_step: Any, name: str) -> None:
    with pytest.raises(SagapactError, match="in an address it names a folder"):
        make_saga(make_step("a", participant=name))


@pytest.mark.parametrize("form", ["Schlüssel-{saga_id}-{step}", "{saga_id}:{step} ", "{saga_id}\t{step}"])
def test_a_form_of_a_key_that_no_header_can_carry_is_refused(make_saga: Any, make_step: Any, form: str) -> None:
    with pytest.raises(SagapactError, match="neither letters beyond ASCII nor blanks"):
        make_saga(make_step("a", key_form=form))


@pytest.mark.parametrize(
    ("one", "other"), [("reserve", "Reserve"), ("Straße", "strasse"), ("réserver", "re\u0301server")], ids=["case", "ß", "accent"]
)
def test_two_steps_that_differ_only_in_how_a_letter_is_written_are_a_fault(
    make_saga: Any, make_step: Any, one: str, other: str
) -> None:
    with pytest.raises(SagapactError, match="only in capital letters, or in the way"):
        make_saga(make_step(one, participant="p"), make_step(other, participant="q", after=[one]))


def test_two_services_that_differ_only_in_capital_letters_are_a_fault(make_saga: Any, make_step: Any) -> None:
    with pytest.raises(SagapactError, match="`Bank` differs from `bank`"):
        make_saga(make_step("a", participant="bank"), make_step("b", participant="Bank", after=["a"]))
    with pytest.raises(SagapactError, match="`Shop` differs from `shop`"):
        make_saga(make_step("a", participant="Shop"))
