"""Slices of files that say nothing new stay as they are, so that every result that was filed under them counts on."""

from pathlib import Path

import pytest

from saga_contracts.derive.slices import step_slice
from saga_contracts.sagafile import load_saga
from small_sagas import saga, step

SAGAS = Path(__file__).parents[3] / "contracts" / "sagas"
SHAS = {
    ("vas_purchase", "reserve_money"): "4725445dcd7ebe72ee631630bc925d6634dd42ab18ad1e6499ee97a0851eb7cb",
    ("vas_purchase", "apply_vas"): "fa7828caf88cd4b0bd41005c05ef0dae7cf5cf207773639d3d8a1fb580254a59",
    ("vas_purchase", "create_packages"): "5396342c5e91889a6cc54b2002f2a8a2413236bbd4d790672b82f7f12b70b0c5",
    ("vas_purchase", "notify"): "6ad4555a1a553a5b692e13f10d779b84926b05cbe611ba71ca5ba14d11be45c2",
    ("shop_order", "create_order"): "35ef6eafcb7e17178f3035cf22cc803499e22a10c7afcd4cc8922a2a66eebd9f",
    ("shop_order", "reserve_goods"): "f64e61c8db811849de0a3128c1a9ccad10dcbcd0d696c5637735b4359d104bc2",
    ("shop_order", "pay"): "ba858ccd2364430c8bea4b5a261bc90ac8b18c89f1b224a9a57e5672f97d1f44",
    ("shop_order", "confirm_order"): "b7e1a08ef82dca9fe0668a0ede0b04b6b14af636b72ce3cd134a4d53d7588807",
    ("shop_order", "ship"): "40d54eadd131b7146eeae519e0565a3cc7767c9520b32420b5c54437ec1a3f8c",
    ("shop_order", "notify_customer"): "5517a49931254453410b03e4d664862d1def53bcd63c8e07501c5008f2912497",
    ("user_registration", "create_account"): "1ca1974855950dfa51202d3e0fe9c97ce9b687334935c659982a73e31b93407b",
    ("user_registration", "create_profile"): "e984c72eee95bd4d3841e5b6f1217f943938e851aa5e85d92e809322db3699c1",
    ("user_registration", "grant_bonus"): "2469b0e50962e611e26af08a8584aabb36f5968d3c8eb3f76ff5d6ada9a699fe",
    ("user_registration", "welcome"): "19cd2ef997e9aab93fab07cd78dd31d33ba6d581f7db7ff5947e07405fe96b70",
}
"""Of the reference sagas: changed only together with their files."""


@pytest.mark.parametrize(("name", "of"), SHAS)
def test_the_slice_of_a_reference_saga_is_the_one_that_results_are_filed_under(name: str, of: str) -> None:
    assert step_slice(load_saga(SAGAS / name / "saga.yaml"), of).sha == SHAS[name, of]


def test_what_a_file_says_of_events_is_in_no_slice_of_a_step() -> None:
    event = {"publisher": "pay_service", "channel": "sale", "ordering_key": "{body.order_id}", "business_key": ["order_id"]}
    more = {
        "start": {"event": "paid"},
        "events": {"paid": {**event, "example": {"order_id": "o1"}, "step": "pay"}},
        "reactions": [{"reaction": "count", "participant": "loyalty", "on": "paid", "class": "retriable"}],
        "ends": {"committed": {"events": ["paid"]}},
        "policies": {"late_success": "undone", "poison": {"dead_letters": "dead", "tells": "loyalty"}},
    }
    assert step_slice(saga(step(), **more), "pay").sha == step_slice(saga(step()), "pay").sha
