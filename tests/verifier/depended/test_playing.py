"""A service that a participant depends on is played from its contract, keeps a ledger, and fails at the chosen call only."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from paying_participant import REPLIES
from saga_contracts.errors import SagapactError
from saga_verifier.depended import Failing, Mode, Services
from saga_verifier.provider_file import ProviderFile, load_provider_file

START = {"command": ["till", "{port}"]}


def provider(folder: Path, **depends: Any) -> ProviderFile:
    """Give a provider file with one service that it depends on."""
    named = {"name": "payments", "env": "PAYMENTS_URL", **depends}
    (folder / "provider.yaml").write_text(json.dumps({"format": 1, "provider": "till", "start": START, "depends": [named]}))
    return load_provider_file(folder / "provider.yaml")


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """A payment service."""
    with Services(provider(tmp_path, replies=REPLIES)) as found:
        yield found


def post(services: Services, path: str, key: str = "k-1") -> int | None:
    """Call the payment service; None: there was no answer."""
    try:
        url = services.env["PAYMENTS_URL"] + path
        return httpx.post(url, headers={"Idempotency-Key": key}, json={}, trust_env=False).status_code
    except httpx.TransportError:
        return None


def test_what_is_done_once_per_key_stands_once_in_the_ledger_until_it_is_taken_back(services: Services) -> None:
    assert [post(services, "/payments"), post(services, "/payments")] == [201, 201]
    assert services.ledger.net == {"payment": 1}
    assert [post(services, "/refunds/k-1"), post(services, "/refunds/k-1")] == [200, 404]
    assert services.ledger.net == {}


def test_under_another_key_it_is_done_again(services: Services) -> None:
    post(services, "/payments", "k-1")
    post(services, "/payments", "k-2")

    assert (services.ledger.calls, services.ledger.net) == (2, {"payment": 2})


@pytest.mark.parametrize(
    ("mode", "answer", "stands"),
    [
        (Mode.CLOSED, None, {}),
        (Mode.ERROR, 500, {}),
        (Mode.SILENT, None, {}),
        (Mode.LOST, None, {"payment": 1}),
        (Mode.KILL, None, {"payment": 1}),
    ],
)
def test_the_chosen_call_fails_as_it_is_said_and_no_other(
    mode: Mode, answer: int | None, stands: dict[str, int], services: Services
) -> None:
    struck: list[str] = []
    services.open(Failing(2, mode, 0.05, lambda: struck.append("killed")))

    post(services, "/refunds/k-1")
    assert (services.failed.is_set(), post(services, "/payments"), services.failed.is_set()) == (False, answer, True)
    assert (services.ledger.net, bool(struck)) == (stands, mode == Mode.KILL)
    assert post(services, "/payments") == 201


def test_a_call_that_no_contract_has_is_answered_404_and_named(services: Services) -> None:
    assert post(services, "/elsewhere") == 404
    assert services.strays == ["payments POST /elsewhere"]


@pytest.mark.parametrize(
    "rules",
    [
        {"$.path": {"match": "regex", "regex": "/payments/[0-9]+"}},
        {"path": {"matchers": [{"match": "regex", "regex": "/payments/[0-9]+"}]}},
    ],
    ids=["format 2", "format 3"],
)
def test_a_pact_tells_what_it_answers(rules: dict[str, Any], tmp_path: Path) -> None:
    request = {"method": "GET", "path": "/payments/1", "matchingRules": rules}
    response = {
        "status": 200,
        "headers": {"X-Of": ["payments"]},
        "body": {"contentType": "application/json", "content": {"n": 1}},
    }
    pact = {"interactions": [{"description": "a payment", "request": request, "response": response}]}
    (tmp_path / "payments.json").write_text(json.dumps(pact))

    with Services(provider(tmp_path, pact="payments.json")) as services:
        reply = httpx.get(services.env["PAYMENTS_URL"] + "/payments/77", trust_env=False)
        assert (reply.status_code, reply.json(), reply.headers["X-Of"]) == (200, {"n": 1}, "payments")
        assert httpx.get(services.env["PAYMENTS_URL"] + "/payments/x", trust_env=False).status_code == 404


def test_a_pact_without_a_call_is_said(tmp_path: Path) -> None:
    (tmp_path / "payments.json").write_text('{"interactions": []}')
    with pytest.raises(SagapactError, match="has no HTTP interaction"), Services(provider(tmp_path, pact="payments.json")):
        pass
