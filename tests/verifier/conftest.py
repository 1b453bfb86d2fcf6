"""A broker of its own, and provider files of small providers."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from plain_provider import __file__ as program
from saga_broker.client.broker import BrokerClient
from saga_verifier.isolation import Health, ProcessIsolation, Running, Spec
from saga_verifier.provider_file import ProviderFile, load_provider_file

ProviderOf = Callable[..., ProviderFile]


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    """A broker as its users start it."""
    database = "sqlite:///{workdir}/broker.sqlite"
    command = ("{python}", "-m", "saga_contracts", "broker", "serve", "--port", "{port}", "--database-url", database)
    with ProcessIsolation().start(Spec("broker", command, health=Health("/diagnostic/status/heartbeat", 60))) as running:
        yield running


@pytest.fixture
def broker(served: Running) -> Iterator[BrokerClient]:
    """Its client."""
    with BrokerClient(served.base_url) as client:
        yield client


@pytest.fixture
def plain(tmp_path: Path) -> ProviderOf:
    """The provider file of the plain provider, under any name."""

    def write(name: str = "plain", more: str = "", **env: str) -> ProviderFile:
        file = tmp_path / "provider.yaml"
        start = json.dumps({"command": ["{python}", str(program), "{port}"], "env": {"TOKEN": "${TOKEN}"} if env else {}})
        file.write_text(f"format: 1\nprovider: {name}\nstart: {start}\n{more}")
        return load_provider_file(file, env)

    return write


@pytest.fixture
def publish(broker: BrokerClient) -> Callable[..., None]:
    """Publish a pact of one call for each path."""

    def published(
        consumer: str, provider: str, *paths: str, version: str = "1", branch: str | None = "main", **more: Any
    ) -> None:
        calls = [{"description": path, "request": {"method": "GET", "path": path}, "response": {"status": 200}} for path in paths]
        pact = {"consumer": {"name": consumer}, "provider": {"name": provider}, "interactions": calls} | more
        content = json.dumps(pact).encode()
        broker.publish_contracts(consumer, version, branch=branch, pact_files=[(consumer, provider, content)])

    return published


@pytest.fixture
def result(served: Running) -> Callable[[str, str], Any]:
    """The newest result of a pair, as the broker holds it; None when there is none."""

    def read(consumer: str, provider: str) -> Any:
        path = f"/pacts/provider/{provider}/consumer/{consumer}/latest/verification-results/latest"
        reply = httpx.get(served.base_url + path, trust_env=False)
        return None if reply.status_code == 404 else reply.json()

    return read
