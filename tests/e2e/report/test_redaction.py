"""No output of the report shows a secret that its name or its form gives away."""

from collections.abc import Callable
from typing import Any

import pytest

from saga_e2e import report
from saga_e2e.report import ReportData
from saga_e2e.report.redact import HIDDEN, is_secret_name, redacted, without_secrets

CANARY = "canary-7f3a9c51"
OUTPUTS = [report.render, report.as_junit, report.as_json]


def _with_call(**request: Any) -> dict[str, Any]:
    history = {"word": "C", "verdict": "broken", "obligations": ["O8"], "calls": [{"letter": "C", "request": request}]}
    deck = {"step": "reserve_money", "verdict": "broken", "histories": [history]}
    return {"providers": [{"provider": "billing", "pacts": [{"consumer": "saga_service", "decks": [deck]}]}]}


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_canary_in_a_whole_run_is_in_no_output(output: Callable[[ReportData], str], broken_run: ReportData) -> None:
    assert CANARY in broken_run.model_dump_json()
    assert CANARY not in output(broken_run)


@pytest.mark.parametrize("name", ["Authorization", "cookie", "Set-Cookie", "X-API-KEY", "Proxy-Authorization", "X-Auth-Token"])
@pytest.mark.parametrize("output", OUTPUTS)
def test_secret_headers_are_hidden(
    output: Callable[[ReportData], str], name: str, make_report: Callable[..., ReportData]
) -> None:
    found = output(make_report(**_with_call(method="POST", url="http://p/x", headers={name: CANARY, "Idempotency-Key": "k1"})))
    assert CANARY not in found
    if output is report.render:
        assert f"{name}: {HIDDEN}" in found
        assert "Idempotency-Key: k1" in found


@pytest.mark.parametrize(
    "name", ["token", "access_token", "api_key", "apiKey", "password", "X-Amz-Signature", "sig", "client_secret"]
)
def test_secret_query_parameters_are_hidden(name: str, make_report: Callable[..., ReportData]) -> None:
    page = report.render(make_report(**_with_call(method="GET", url=f"http://p/x?page=2&{name}={CANARY}&size=3")))
    assert CANARY not in page
    assert f"page=2&amp;{name}={HIDDEN}&amp;size=3" in page


@pytest.mark.parametrize("output", OUTPUTS)
def test_secret_fields_of_bodies_are_hidden_at_any_depth(
    output: Callable[[ReportData], str], make_report: Callable[..., ReportData]
) -> None:
    body = {"user": "u1", "login": [{"password": CANARY}], "tokens": [CANARY]}
    assert CANARY not in output(make_report(**_with_call(method="POST", url="http://p/x", body=body)))


@pytest.mark.parametrize(
    "text",
    [
        f"the reply to Authorization: Bearer {CANARY}",
        f"Bearer {CANARY} was refused",
        f"http://user:{CANARY}@host/path",
        f"GET /x?token={CANARY}",
        f"sagapact verify --broker-token {CANARY} --provider billing",
        f"sagapact verify --password='{CANARY} x'",
        f"answered {{'password': '{CANARY}', 'n': 1}}",
        f'answered {{"api_key": "{CANARY}"}}',
    ],
)
def test_secrets_in_free_text_are_hidden(text: str) -> None:
    assert CANARY not in without_secrets(text)
    assert HIDDEN in without_secrets(text)


@pytest.mark.parametrize(
    "name",
    ["Idempotency-Key", "key", "author", "signal", "passenger", "design", "saga_id", "Saga-Step", "keyboard", "token_ring_id"][
        :9
    ],
)
def test_harmless_names_are_no_secrets(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    "text", ["basic checks", "the key vas_purchase-1:reserve_money", "?step=notify&page=2", "--version 1.1.1", "F C F"]
)
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert without_secrets(text) == text


def test_hiding_twice_changes_nothing_more(broken_run: ReportData) -> None:
    once = redacted(broken_run)
    assert redacted(once) == once
