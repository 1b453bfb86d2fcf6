"""Sagas and services with names of any script, capital letters, dashes and slashes go to the broker and through its gate."""

import json

import pytest

import small_sagas
from saga_broker.client.broker import BrokerClient
from saga_broker.client.records import DeckHistory, NewDeckResult
from saga_contracts.sagafile import parse_saga
from saga_evidence import deck_result, slice_of, step_pacts

NAMES = [("reduceInventory", "createOrder", "acme/billing"), ("注文-1", "予約", "倉庫/第二"), ("Größe", "prüfen-2", "a b/c+é")]


@pytest.mark.parametrize(("saga_name", "step_name", "participant"), NAMES)
def test_a_saga_runs_whatever_its_names_are(client: BrokerClient, saga_name: str, step_name: str, participant: str) -> None:
    text = small_sagas.saga_text(small_sagas.step(step_name, participant=participant), saga=saga_name, owner="acme/shop")
    saga = parse_saga(text, "saga.json")
    files = [("acme/shop", name, json.dumps(pact).encode()) for name, pact in step_pacts(saga)]
    client.publish_contracts("acme/shop", "1", branch="main", pact_files=files)
    client.publish_saga(saga_name, "1", text, branch="main")
    client.register_provider_version(participant, "10", branch="main")

    (selected,) = client.selected_pacts(participant, selectors=[{"mainBranch": True}])
    client.publish_verification(client.pact(selected).publish_results_url, success=True, version="10", test_results=[])
    body = deck_result(slice_of(saga, step_name))
    histories = tuple(DeckHistory.model_validate(one) for one in body.pop("histories"))
    result = NewDeckResult.model_validate(body | {"histories": histories})
    place = {"sha": slice_of(saga, step_name).sha, "step": step_name, "provider": participant, "version": "10"}
    stored = client.publish_deck_result(saga_name, result=result, **place)
    assert stored is not None

    assert client.deck_results(saga_name, **place) == (stored,)
    assert client.saga(saga_name, "1").content == text
    assert [one.saga for one in client.sagas(provider=participant)] == [saga_name]
    assert client.can_run(saga_name, "test", {"acme/shop": "1", participant: ["10"]}).can_run is True
