"""What all participants have in common: start and stop, health, correlation, clear errors, bounded inputs, named states."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from patience import PATIENCE_S

NAMES = ["billing", "user_service", "vas_packages", "notifications", "vas_owner"]
NEWER = ["orders", "warehouse", "payments", "delivery", "web_gateway", "accounts", "profiles", "loyalty"]
E2E = Path(__file__).parents[3] / "e2e"


@pytest.fixture(scope="module", params=[*NAMES, *NEWER])
def participant(start: Any, request: pytest.FixtureRequest) -> Any:
    return start(request.param)


@pytest.fixture(scope="module")
def packages(start: Any) -> Any:
    return start("vas_packages")


@pytest.fixture(scope="module")
def billing(start: Any) -> Any:
    return start("billing")


def database_of(billing: Any) -> sqlite3.Connection:
    return sqlite3.connect(billing.workdir / "billing.sqlite", isolation_level=None)


def refusal_to_start(name: str, **environment: str) -> str:
    """Start a participant that must not start; give what it said."""
    ended = subprocess.run(
        [sys.executable, "-m", f"participants.{name}"],
        cwd=E2E,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stdout == ""
    return ended.stderr


def test_a_participant_started_by_its_provider_file_is_healthy(participant: Any) -> None:
    assert participant.call("GET", "/health") == (200, {"status": "ok"})


def test_its_provider_file_names_what_the_interface_says(participant: Any) -> None:
    provider = participant.provider
    assert provider["format"] == 1
    assert provider["health"]["path"] == "/health"
    assert participant.call("POST", provider["states"]["path"], body={"state": "none"})[1]["error"] == "unknown_state"


def test_every_reply_carries_the_correlation_of_its_call_o31(participant: Any) -> None:
    replies = [participant.send("GET", path) for path in ("/health", "/nowhere", "/saga-events", "/reservations/status")]
    for reply in replies:
        assert (reply.headers["Saga-Id"], reply.headers["Saga-Step"]) == ("saga-1", "step-1")
    assert "Saga-Id" not in participant.client.get("/health").headers


def test_an_unknown_address_is_answered_404_in_words(participant: Any) -> None:
    status, reply = participant.call("GET", "/nowhere")
    assert status == 404
    assert set(reply) == {"error", "message"}


def test_a_large_body_is_answered_413(participant: Any) -> None:
    status, reply = participant.call("POST", "/_states", body={"state": "x", "params": {"text": "x" * 70_000}})
    assert (status, reply["error"]) == (413, "body_too_large")


def test_a_participant_stops_gracefully_when_asked_to(start: Any) -> None:
    assert start("vas_packages").stop() == 0


def test_a_call_that_is_running_is_finished_before_the_stop(start: Any) -> None:
    billing = start("billing")
    billing.state("an account holds", account_id="account", available_minor=1)
    headers = {"Idempotency-Key": "key", "Content-Type": "application/json"}
    body = json.dumps({"account_id": "account", "order_id": "order", "amount_minor": 1})
    call = HTTPConnection("127.0.0.1", billing.port, timeout=PATIENCE_S)
    with closing(database_of(billing)) as database, closing(call):
        database.execute("BEGIN IMMEDIATE")  # from here on the call must wait
        call.request("POST", "/reservations", body, headers)
        assert billing.call("GET", "/health")[0] == 200  # sent later, answered: so the first one has been begun
        billing.process.terminate()
        database.rollback()
        assert call.getresponse().status == 201
    assert billing.process.wait(PATIENCE_S) == 0


def test_states_are_not_mounted_unless_they_are_allowed(start: Any) -> None:
    billing = start("billing", ALLOW_STATES="0")
    assert billing.call("POST", "/_states", body={"state": "an account holds"})[0] == 404


def test_wrong_states_are_answered_400_in_words(billing: Any) -> None:
    def told(**change: object) -> str:
        status, reply = billing.call("POST", "/_states", body=change)
        assert status == 400
        return str(reply)

    assert "an account holds" in told(state="no such state")
    assert "available_minor" in told(state="an account holds", params={"account_id": "a", "available_minor": -1})
    assert "action" in told(state="an account holds", action="explode")


def test_a_state_can_be_torn_down(billing: Any) -> None:
    assert billing.call("POST", "/_states", body={"state": "an account holds", "action": "teardown"}) == (200, {})


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"account_id": "a", "order_id": "o"}, "body.amount_minor"),
        ({"account_id": "a", "order_id": "o", "amount_minor": "1"}, "body.amount_minor"),
        ({"account_id": "a", "order_id": "o", "amount_minor": 0}, "body.amount_minor"),
        ({"account_id": "a", "order_id": "o", "amount_minor": 10**16}, "body.amount_minor"),
        ({"account_id": "a" * 201, "order_id": "o", "amount_minor": 1}, "body.account_id"),
        ({"account_id": "a\x00", "order_id": "o", "amount_minor": 1}, "body.account_id"),
        ({"account_id": "", "order_id": "o", "amount_minor": 1}, "body.account_id"),
        ([], "body"),
    ],
)
def test_an_invalid_request_is_answered_400_and_not_remembered(billing: Any, body: object, where: str) -> None:
    status, reply = billing.call("POST", "/reservations", "some-key", body)
    assert (status, reply["error"]) == (400, "invalid_request")
    assert [fault["where"] for fault in reply["faults"]] == [where]
    assert billing.call("GET", "/reservations/status", "some-key") == (200, {"state": "absent"})


@pytest.mark.parametrize("key", [None, "x" * 201, "with blank"])
def test_a_step_key_that_is_missing_or_out_of_bounds_is_answered_400(billing: Any, key: str | None) -> None:
    assert billing.call("POST", "/reservations/cancel", key)[0] == 400


@pytest.mark.parametrize("url", ["ftp://host/x", "http://", "http://with blank", "http://h/" + "x" * 2000])
def test_a_callback_address_that_cannot_be_called_is_answered_400(packages: Any, url: str) -> None:
    body = {"user_id": "u", "package": "p", "callback_url": url}
    assert packages.call("PUT", "/package-orders/key", body=body)[0] == 400


def test_an_account_that_does_not_exist_is_answered_404(billing: Any) -> None:
    status, reply = billing.call("GET", "/accounts/nobody")
    assert (status, reply["error"]) == (404, "unknown_account")


def test_a_user_who_does_not_exist_is_answered_404(start: Any) -> None:
    status, reply = start("user_service").call("GET", "/users/nobody")
    assert (status, reply["error"]) == (404, "unknown_user")


def test_a_database_that_does_not_answer_is_told_as_503(start: Any) -> None:
    billing = start("billing")
    calls = [("GET", "/health", None), ("GET", "/reservations/status", "key"), ("POST", "/reservations/cancel", "key")]
    with closing(database_of(billing)) as database:
        database.execute("ALTER TABLE steps RENAME TO out_of_reach")
        for method, path, key in calls:
            status, reply = billing.call(method, path, key)
            assert (status, reply["error"]) == (503, "unavailable")
        database.execute("ALTER TABLE out_of_reach RENAME TO steps")
    assert [billing.call(*call)[0] for call in calls] == [200, 200, 200]


def test_a_failure_of_the_service_itself_is_told_as_500_with_the_correlation_o31(start: Any) -> None:
    billing = start("billing")
    with closing(database_of(billing)) as database:
        database.execute("INSERT INTO steps (step_key, state, reply) VALUES ('key', 'no such state', '{}')")
    reply = billing.send("GET", "/reservations/status", "key")
    assert (reply.status_code, reply.json()["error"]) == (500, "internal_error")
    assert (reply.headers["Saga-Id"], reply.headers["Saga-Step"]) == ("saga-1", "step-1")


def test_it_listens_on_the_loopback_address_unless_it_is_told_another(start: Any) -> None:
    usual, everywhere = start("vas_owner"), start("vas_owner", HOST="0.0.0.0")  # noqa: S104  (what a container says)

    with closing(HTTPConnection("127.0.0.2", everywhere.port, timeout=PATIENCE_S)) as connection:
        connection.request("GET", "/health")
        assert connection.getresponse().status == 200
    with (
        closing(HTTPConnection("127.0.0.2", usual.port, timeout=PATIENCE_S)) as connection,
        pytest.raises(ConnectionRefusedError),
    ):
        connection.connect()


def test_a_wrong_host_stops_the_start() -> None:
    assert "HOST must be an address of this machine, but is 'everywhere'" in refusal_to_start(
        "vas_owner", PORT="8101", HOST="everywhere"
    )


@pytest.mark.parametrize("port", ["", "0", "65536", "http", "-1"])
def test_a_wrong_port_stops_the_start(port: str) -> None:
    assert "PORT must be a number from 1 to 65535" in refusal_to_start("vas_owner", PORT=port)


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_fault_flag_stops_the_start(name: str) -> None:
    said = refusal_to_start(name, PORT="8101", FAULT="no_such_flag")
    assert said.count("\n") == 1
    assert f"participants.{name}: FAULT names unknown flags: no_such_flag. This service knows: " in said


def test_a_work_time_that_is_no_number_stops_the_start() -> None:
    assert "WORK_MS must be a whole number" in refusal_to_start("vas_packages", PORT="8101", WORK_MS="long")
