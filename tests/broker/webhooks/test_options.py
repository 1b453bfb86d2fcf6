"""What an operator chooses for webhooks, by our names and by those of the Pact Broker."""

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

import own_ca
from saga_broker.serve.webhook_options import chosen_for_webhooks, webhook_options
from saga_broker.settings import WebhookSettings


def chosen(*words: str, **environment: str) -> Any:
    found: list[WebhookSettings] = []

    @click.command()
    @webhook_options
    @click.pass_context
    def command(context: click.Context) -> None:
        found.append(chosen_for_webhooks(context, environment))

    done = CliRunner(env=environment).invoke(command, words)
    return found[0] if done.exit_code == 0 else done.output


def test_without_options_the_defaults_are_those_of_the_pact_broker() -> None:
    assert chosen() == WebhookSettings()


@pytest.mark.parametrize(
    ("variable", "value", "field", "expected"),
    [
        ("PACT_BROKER_WEBHOOK_HTTP_METHOD_WHITELIST", "POST put", "methods", ("POST", "PUT")),
        ("PACT_BROKER_WEBHOOK_SCHEME_WHITELIST", "https http", "schemes", ("https", "http")),
        (
            "PACT_BROKER_WEBHOOK_HOST_WHITELIST",
            "a.example *.b.example 10.0.0.0/8 /^c/",
            "hosts",
            ("a.example", "*.b.example", "10.0.0.0/8", "/^c/"),
        ),
        ("PACT_BROKER_WEBHOOK_RETRY_SCHEDULE", "2 3", "retry_schedule_s", (2, 3)),
        ("PACT_BROKER_WEBHOOK_HTTP_CODE_SUCCESS", "200,302 404", "success_statuses", (200, 302, 404)),
        ("PACT_BROKER_WEBHOOK_REDACT_SENSITIVE_DATA", "false", "redact", False),
        ("PACT_BROKER_DISABLE_SSL_VERIFICATION", "true", "verify_tls", False),
        ("PACT_BROKER_USER_AGENT", "mine/1", "user_agent", "mine/1"),
        ("SAGAPACT_WEBHOOK_RETRY_SCHEDULE", "0.5", "retry_schedule_s", (0.5,)),
        ("SAGAPACT_WEBHOOK_PRIVATE_NETWORKS", "true", "private_networks", True),
        ("SAGAPACT_WEBHOOK_FIRST_CALL_AFTER", "0", "first_call_after_s", 0),
        ("SAGAPACT_WEBHOOK_SIGNING_KEY", "k", "signing_key", "k"),
    ],
)
def test_a_variable_sets_its_field(variable: str, value: str, field: str, expected: Any) -> None:
    assert getattr(chosen(**{variable: value}), field) == expected


def test_an_option_goes_before_a_variable() -> None:
    assert chosen("--webhook-schemes", "http", PACT_BROKER_WEBHOOK_SCHEME_WHITELIST="https").schemes == ("http",)


def test_certificates_are_read_from_files_and_variables(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text(own_ca.CERTIFICATE)
    found = chosen(
        PACT_BROKER_WEBHOOK_CERTIFICATES__0__PATH=str(tmp_path / "ca.pem"),
        PACT_BROKER_WEBHOOK_CERTIFICATES__1__CONTENT=own_ca.CERTIFICATE.replace("\n", "\\n"),
    )
    assert [one.strip() for one in found.certificates] == [own_ca.CERTIFICATE.strip()] * 2


@pytest.mark.parametrize(
    "environment",
    [
        {"PACT_BROKER_WEBHOOK_HTTP_METHOD_WHITELIST": "FOO"},
        {"PACT_BROKER_WEBHOOK_SCHEME_WHITELIST": "ftp"},
        {"PACT_BROKER_WEBHOOK_HOST_WHITELIST": "/(/"},
        {"PACT_BROKER_WEBHOOK_HOST_WHITELIST": "10.0.0.0/99"},
        {"PACT_BROKER_WEBHOOK_RETRY_SCHEDULE": "soon"},
        {"PACT_BROKER_WEBHOOK_HTTP_CODE_SUCCESS": "20"},
        {"PACT_BROKER_WEBHOOK_CERTIFICATES__0__PATH": "/nowhere.pem"},
        {"PACT_BROKER_WEBHOOK_CERTIFICATES__0__CONTENT": "no certificate"},
    ],
)
def test_what_makes_no_sense_is_refused_at_the_start(environment: dict[str, str]) -> None:
    assert "Error: " in chosen(**environment)
