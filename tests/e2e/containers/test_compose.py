"""`compose.yaml`: broker and PostgreSQL on one machine, with `docker compose` and with the older `docker-compose`."""

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
import pytest
import yaml

from command_line import ROOT
from patience import PATIENCE_S, wait_until

pytestmark = pytest.mark.xdist_group("landscape in containers")
FILE = ROOT / "compose.yaml"
TEXT = FILE.read_text(encoding="utf-8")
KNOWN_TO_BOTH = {
    "image", "user", "environment", "volumes", "networks", "healthcheck", "read_only", "tmpfs", "shm_size", "cap_drop",
    "security_opt", "restart", "ports", "depends_on",
}  # fmt: skip
"""The fields of a service that docker-compose 1.27 and newer know as well as the Compose specification of today."""
VARIABLE = re.compile(r"\$(?!\$)(.*)")
GIVEN = re.compile(r"\{[A-Z_]+:[-?][^{}]+\}")


def test_it_uses_only_what_the_old_and_the_new_tool_both_know() -> None:
    told: Mapping[str, Any] = yaml.safe_load(TEXT)

    assert set(told) == {"services", "networks", "volumes"}
    assert {field for service in told["services"].values() for field in service} <= KNOWN_TO_BOTH
    assert told["services"]["broker"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert told["networks"] == {"inside": {"internal": True}, "outside": {}}
    for found in VARIABLE.findall("\n".join(line for line in TEXT.splitlines() if not line.startswith("#"))):
        assert GIVEN.match(found), f"a variable needs a default or a message: ${found}"


def test_nothing_of_it_may_do_more_than_it_must() -> None:
    for name, service in yaml.safe_load(TEXT)["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name


def tools() -> list[list[str]]:
    """Find the tools that are here."""
    found = [["docker-compose"]] if shutil.which("docker-compose") else []
    if (
        shutil.which("docker")
        and subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0
    ):
        found.append(["docker", "compose"])
    return found


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def compose(port: int, every_image: None) -> Iterator[Callable[..., str]]:
    """Runs each of the tools that are here with the file, in a project of its own that is taken down afterwards."""
    found, project = tools(), f"sagapacttest{port}"
    if not found:
        pytest.skip("neither `docker compose` nor `docker-compose` is here (Debian: apt-get install docker-compose)")
    environment = {**os.environ, "SAGAPACT_DATABASE_PASSWORD": "only-for-this-test", "SAGAPACT_BROKER_PORT": str(port)}

    def run(*words: str, tool: list[str] | None = None, **env: str) -> str:
        command = [*(tool or found[0]), "-p", project, "-f", str(FILE), *words]
        done = subprocess.run(command, env=environment | env, capture_output=True, text=True, timeout=120, check=False, cwd=ROOT)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    for tool in found:
        run("config", "--quiet", tool=tool)
    yield run
    run("down", "--volumes")


@pytest.mark.containers
@pytest.mark.slow
def test_it_brings_up_a_broker_that_keeps_what_is_published_over_a_restart(compose: Callable[..., str], port: int) -> None:
    compose("up", "--detach")
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
        wait_until(lambda: answers(http), 3 * PATIENCE_S)
        pact = {"consumer": {"name": "shop"}, "provider": {"name": "billing"}, "interactions": [], "metadata": {}}
        published = http.put("/pacts/provider/billing/consumer/shop/version/1", json=pact)
        assert published.status_code == 201, published.text

        compose("restart")
        wait_until(lambda: answers(http), 3 * PATIENCE_S)

        assert http.get("/pacts/provider/billing/consumer/shop/latest").json()["consumer"]["name"] == "shop"


@pytest.mark.containers
def test_without_a_password_it_does_not_start_and_says_why(compose: Callable[..., str]) -> None:
    with pytest.raises(AssertionError, match="set it to a password of your choice"):
        compose("config", "--quiet", SAGAPACT_DATABASE_PASSWORD="")


def answers(http: httpx.Client) -> bool:
    try:
        return http.get("/diagnostic/status/heartbeat").status_code == 200
    except httpx.TransportError:
        return False
