"""The saga service's settings."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from saga_contracts.client import UsageError
from saga_service.settings import Settings

E2E = Path(__file__).parents[3] / "e2e"


def test_only_the_port_is_needed() -> None:
    settings = Settings.from_environment({"PORT": "8080"})
    assert (settings.host, settings.port, settings.callback_base) == ("127.0.0.1", 8080, "http://127.0.0.1:8080")
    assert settings.database_urls == ("sqlite:///saga_service.sqlite",)
    assert settings.system_database_url == "sqlite:///saga_service_system.sqlite"
    assert (settings.participants, settings.backoff.first_s, settings.owner_backoff.bound_s) == ({}, 0.05, 300)
    assert (settings.executor_id, settings.lease_s, settings.at_once) == (f"{socket.gethostname()}:8080", 10, 200)


def test_every_setting_is_read() -> None:
    settings = Settings.from_environment(
        {
            "PORT": "1",
            "SAGA_PARTICIPANTS": '{"billing": "http://b"}',
            "SAGA_CALLBACK_BASE": "http://me/",
            "SAGA_BACKOFF_MS": "7",
            "SAGA_OWNER_LONGEST_MS": "2000",
            "SAGA_EXECUTOR_ID": "second",
            "SAGA_LEASE_MS": "3000",
            "SAGA_AT_ONCE": "4",
        }
    )
    assert (settings.participants, settings.callback_base) == ({"billing": "http://b"}, "http://me")
    assert (settings.backoff.first_s, settings.owner_backoff.bound_s, settings.executor_id) == (0.007, 2, "second")
    assert (settings.lease_s, settings.at_once) == (3, 4)


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({}, "PORT is ''"),
        ({"PORT": "0"}, "PORT is '0'"),
        ({"PORT": "1", "SAGA_BACKOFF_MS": "soon"}, "SAGA_BACKOFF_MS is 'soon'"),
        ({"PORT": "1", "SAGA_PARTICIPANTS": "billing"}, "SAGA_PARTICIPANTS is no JSON object"),
        ({"PORT": "1", "SAGA_SHARDS": "sqlite:///one"}, "SAGA_SHARDS is no JSON list"),
        ({"PORT": "1", "SAGA_SHARDS": '["sqlite:///one", "sqlite:///one"]'}, "different database URLs"),
        ({"PORT": "1", "SAGA_SHARDS": "[]"}, "SAGA_SHARDS is no JSON list"),
        ({"PORT": "1", "SAGA_PARTICIPANTS": '{"billing": 1}'}, "SAGA_PARTICIPANTS is no JSON object"),
        ({"PORT": "1", "SAGA_FAULT": "skips_undo,sleeps"}, "Known faults: skips_undo"),
    ],
)
def test_a_wrong_setting_is_named(variables: dict[str, str], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        Settings.from_environment(variables, {"skips_undo"})


def test_deliberate_faults_are_switched_on_by_name() -> None:
    assert Settings.from_environment({"PORT": "1", "SAGA_FAULT": "skips_undo"}, {"skips_undo"}).faults == {"skips_undo"}
    assert Settings.from_environment({"PORT": "1"}, {"skips_undo"}).faults == frozenset()


def test_a_wrong_setting_ends_the_process_with_status_2_and_one_sentence() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "saga_service"],
        env={"PYTHONPATH": f"{E2E}:{E2E.parent / 'contracts'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (2, "PORT is ''. Set it to a whole number above 0.\n")
