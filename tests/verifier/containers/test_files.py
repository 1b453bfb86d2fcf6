"""What is written in files: the part `container` of a provider file, and the Compose file."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from saga_verifier.isolation.container.hardening import Limits
from saga_verifier.isolation.container.spec import Database
from saga_verifier.provider_file import CONTAINER_PLACEHOLDERS, Container

COMPOSE = Path(__file__).resolve().parents[3] / "compose.yaml"


def test_the_part_of_a_provider_file_says_how_it_runs(tmp_path: Path) -> None:
    read = Container.model_validate(
        {
            "dockerfile": "docker/Dockerfile",
            "port": 9000,
            "env": {"T": "${TOKEN}"},
            "limits": {"memory_mb": 64},
            "writable": ["/srv"],
        }
    )

    spec = read.spec(tmp_path)

    assert (spec.image, spec.dockerfile, spec.port) == ("", tmp_path / "docker/Dockerfile", 9000)
    assert (spec.limits, spec.writable, spec.command) == (Limits(memory_mb=64), ("/srv",), None)
    assert read.outside_names() == ("TOKEN",)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"image": "one", "dockerfile": "Dockerfile"},
        {"image": "--privileged"},
        {"image": "one", "port": 0},
        {"image": "one", "privileged": True},
        {"image": "one", "limits": {"memory_mb": 1}},
        {"image": "one", "writable": ["relative"]},
        {"image": "one", "env": {"A B": "1"}},
    ],
)
def test_a_wrong_part_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Container.model_validate(wrong)


def test_every_placeholder_of_the_database_may_be_written() -> None:
    assert set(Database("h", 1, "n", "p").values()) < set(CONTAINER_PLACEHOLDERS)


def test_the_compose_file_publishes_on_the_loopback_address_only_and_hardens_each_service() -> None:
    services = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]

    assert set(services) == {"broker", "database"}
    assert "ports" not in services["database"]
    assert all(port.startswith("127.0.0.1:") for port in services["broker"]["ports"])
    for service in services.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]
        assert not service.get("privileged")
