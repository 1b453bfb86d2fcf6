"""The isolation that a user names, with the images of the surroundings, of the provider file, or the usual ones."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from saga_contracts.errors import UsageError
from saga_verifier.backends import CONTAINER, FORWARDER_IMAGE, POSTGRES_IMAGE, PROCESS, backend, placed
from saga_verifier.isolation.container.backend import ContainerIsolation
from saga_verifier.isolation.container.run import Settings
from saga_verifier.isolation.interface import Isolation
from saga_verifier.isolation.process.backend import ProcessIsolation
from saga_verifier.provider_file import load_provider_file

Choose = Callable[..., Isolation]


@pytest.fixture
def choose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Choose:
    """Gives the isolation for a provider file with some part `container`."""
    for variable in (POSTGRES_IMAGE, FORWARDER_IMAGE):
        monkeypatch.delenv(variable, raising=False)

    def choose(name: str, container: str) -> Isolation:
        file = tmp_path / "provider.yaml"
        file.write_text(f'{{format: 1, provider: p, start: {{command: ["{{port}}"]}}, container: {container}}}')
        return backend(name, load_provider_file(file), tmp_path / "logs", lambda _: None)

    return choose


def images(isolation: Isolation) -> tuple[str, str]:
    assert isinstance(isolation, ContainerIsolation)
    return isolation.settings.postgres_image, isolation.settings.forwarder_image


PROBED = """
format: 1
provider: p
start: {command: ["x"], port: 8080}
container: {image: p}
probes: {s/t: {sql: SELECT 1, url: "sqlite:///{workdir}/x", container_url: "{database_url}"}, s/u: {sql: SELECT 1, url: "${PG}"}}
"""


def test_in_a_container_a_provider_has_the_containers_port_and_another_database(tmp_path: Path) -> None:
    (tmp_path / "provider.yaml").write_text(PROBED)
    provider = load_provider_file(tmp_path / "provider.yaml", {"PG": "postgresql://x"})

    here, there = placed("process", provider), placed("container", provider)

    assert (here.spec().port, there.spec().port) == (8080, None)
    assert (here.probes["s/t"].url, there.probes["s/t"].url) == ("sqlite:///{workdir}/x", "{database_url}")
    assert here.probes["s/u"].url == there.probes["s/u"].url == "${PG}"


def test_a_process_needs_no_part_for_containers(choose: Choose) -> None:
    assert isinstance(choose(PROCESS, "null"), ProcessIsolation)


def test_a_container_needs_one(choose: Choose) -> None:
    with pytest.raises(UsageError, match="does not say which image it is"):
        choose(CONTAINER, "null")


def test_a_container_has_the_usual_images_unless_others_are_named(choose: Choose, tmp_path: Path) -> None:
    isolation = choose(CONTAINER, "{image: one}")

    assert images(isolation) == (Settings().postgres_image, Settings().forwarder_image)
    assert isinstance(isolation, ContainerIsolation)
    assert isolation.settings.log_folder == tmp_path / "logs"


def test_the_surroundings_win_over_the_provider_file_and_that_over_the_usual_image(
    choose: Choose, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_file = choose(CONTAINER, "{image: one, postgres_image: postgres:16}")
    monkeypatch.setenv(POSTGRES_IMAGE, "postgres:17")
    monkeypatch.setenv(FORWARDER_IMAGE, "with-python:1")
    by_surroundings = choose(CONTAINER, "{image: one, postgres_image: postgres:16}")

    assert images(by_file)[0] == "postgres:16"
    assert images(by_surroundings) == ("postgres:17", "with-python:1")


def test_the_docker_library_is_not_loaded_by_who_needs_no_container() -> None:
    script = "import sys, saga_verifier.commands, saga_verifier.provider_file; print('docker' in sys.modules)"
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}

    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout.strip() == "False"


def test_programs_besides_run_in_containers_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "provider.yaml").write_text(PROBED)
    provider = load_provider_file(tmp_path / "provider.yaml", {"PG": "postgresql://x"})
    assert provider.container is not None
    old = provider.model_copy(update={"container": provider.container.model_copy(update={"image": "p:1.0"})})

    isolation = backend(CONTAINER, provider, None, lambda _: None, {"p (1.0)": old})

    assert isinstance(isolation, ContainerIsolation)
    assert {name: one.image for name, one in isolation.containers.items()} == {"p": "p", "p (1.0)": "p:1.0"}
