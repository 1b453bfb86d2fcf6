"""Images are built once and reused by content."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from saga_contracts.errors import UsageError
from saga_e2e.stage import wheelhouse
from saga_e2e.stage.images import POSTGRES_IMAGE, PYTHON_IMAGE, Images, main
from saga_verifier.isolation import CannotStartError
from saga_verifier.isolation.engine import Engine
from saga_verifier.isolation.engine.images import IMAGE_LABEL, KEPT_BUILDS, STAGE_LABEL, Build, build_of, built

pytestmark = pytest.mark.xdist_group("landscape in containers")
ROOT = Path(__file__).resolve().parents[3]
HOSTS = re.compile(r"https?://(?!127\.0\.0\.1|\{)|index-url|registry-|docker\.io/", re.IGNORECASE)


@pytest.fixture
def name(engine: Engine) -> Iterator[str]:
    chosen = f"sagapact-test-{time.monotonic_ns()}"
    yield chosen
    for tag, _ in list(engine.images(f"{IMAGE_LABEL}={chosen}")):
        engine.remove_image(tag)


def build(name: str, base: str, text: str) -> Build:
    return Build(name, {"Dockerfile": f"FROM {base}\nCOPY note /note\n".encode(), "note": text.encode()})


@pytest.mark.containers
@pytest.mark.slow
def test_the_same_content_is_built_once_and_other_content_anew(engine: Engine, base: str, name: str) -> None:
    said: list[str] = []

    first = built(engine, build(name, base, "one"), said.append)
    again = built(engine, build(name, base, "one"), said.append)
    other = built(engine, build(name, base, "two"), said.append)

    assert first == again != other
    assert len(said) == 2


@pytest.mark.containers
@pytest.mark.slow
def test_old_builds_are_forgotten(engine: Engine, base: str, name: str) -> None:
    for number in range(KEPT_BUILDS + 2):
        built(engine, build(name, base, f"content {number}"))

    assert len(list(engine.images(f"{IMAGE_LABEL}={name}"))) == KEPT_BUILDS


@pytest.mark.containers
@pytest.mark.slow
def test_stages_that_old_builds_left_are_forgotten(engine: Engine, base: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def staged(text: str) -> Build:
        file = f"FROM {base} AS stage\nLABEL {STAGE_LABEL}={name}\nCOPY note /note\nFROM {base}\nCOPY --from=stage /note /note\n"
        return Build(name, {"Dockerfile": file.encode(), "note": text.encode()})

    built(engine, staged("one"))
    young = len(list(engine.stages(f"{STAGE_LABEL}={name}")))
    monkeypatch.setattr("saga_verifier.isolation.engine.images.OLD_STAGE_S", -1.0)
    built(engine, staged("two"))

    assert young == 1
    assert list(engine.stages(f"{STAGE_LABEL}={name}")) == []


@pytest.mark.containers
@pytest.mark.slow
def test_the_landscapes_image_is_reused(image_of: Callable[[str], str], images: Images) -> None:
    first = image_of("landscape")

    assert images.image("landscape") == first


@pytest.mark.containers
@pytest.mark.slow
def test_our_images_run_as_a_user_that_is_not_root(image_of: Callable[[str], str], engine: Engine) -> None:
    for name in ("landscape", "broker", "verifier", "postgres"):
        config = (engine.image(image_of(name)) or {})["Config"]
        assert config["User"] not in {"", "root", "0"}, name


def test_a_builds_name_says_its_content() -> None:
    one = build("image", "base", "one")

    assert one.tag == build("image", "base", "one").tag
    assert len({one.tag, build("image", "base", "two").tag, build("image", "other", "one").tag}) == 3
    assert Build("image", one.context, seeds=("x",)).tag != one.tag
    assert Build("image", one.context, {"A": "1"}).tag != one.tag


def test_a_dockerfile_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(CannotStartError, match="There is no Dockerfile"):
        build_of("image", tmp_path / "Dockerfile")


def test_an_unknown_image_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["landscap"]) == 2
    assert "Known: postgres, broker, verifier, landscape" in capsys.readouterr().err


def test_images_are_built_from_a_checkout_only(tmp_path: Path) -> None:
    images = Images(engine=None, root=tmp_path)  # type: ignore[arg-type]  # it must not get so far

    for name in ("landscape", "broker"):
        with pytest.raises(UsageError, match="Run this in a checkout"):
            images.image(name)


def test_without_a_checkout_images_are_used_by_the_names_that_users_know(tmp_path: Path) -> None:
    images = Images(engine=None, root=tmp_path)  # type: ignore[arg-type]  # it is not asked

    assert images.newest("sagapact-broker:latest") == "sagapact-broker:latest"
    assert images.server("sagapact-postgres:latest") == "sagapact-postgres:latest"
    assert (images.server(""), images.forwarder()) == (POSTGRES_IMAGE, PYTHON_IMAGE)


@pytest.mark.containers
def test_an_image_that_a_variable_names_is_used_as_it_is(
    engine: Engine, base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAGAPACT_LANDSCAPE_IMAGE", base)

    assert Images(engine, root=tmp_path).newest("sagapact-landscape:latest") == base


@pytest.mark.containers
@pytest.mark.slow
def test_the_landscapes_image_builds_with_buildkit_too(
    engine: Engine, image_of: Callable[[str], str], images: Images, name: str, tmp_path: Path
) -> None:
    image_of("landscape")
    build = images.build_of("landscape")
    for path, content in {**build.context, **build.more()}.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.read_bytes())

    arguments = [word for key, value in build.arguments.items() for word in ("--build-arg", f"{key}={value}")]
    command = [
        docker_with_buildkit(),
        "build",
        "--quiet",
        *arguments,
        "--label",
        f"{IMAGE_LABEL}={name}",
        "--tag",
        f"{name}:1",
        ".",
    ]
    done = subprocess.run(command, cwd=tmp_path, env=BUILDKIT, capture_output=True, text=True, timeout=300, check=False)

    assert done.returncode == 0, done.stderr
    config = (engine.image(f"{name}:1") or {})["Config"]
    assert (config["User"], config["Entrypoint"]) == ("10001:10001", ["python", "-m"])


BUILDKIT = {**os.environ, "DOCKER_BUILDKIT": "1", "COMPOSE_DOCKER_CLI_BUILD": "1"}


def docker_with_buildkit() -> str:
    """Find a docker command that can use BuildKit: newer ones need a component of their own for it."""
    for docker in filter(None, (shutil.which("docker"), shutil.which("docker", path="/usr/bin"))):
        known = subprocess.run([docker, "build", "--help"], env=BUILDKIT, capture_output=True, text=True, timeout=20, check=False)
        if "buildx component is missing" not in known.stdout + known.stderr:
            return docker
    pytest.skip("no docker command here can use BuildKit: install docker-buildx")


def test_the_requirements_of_an_image_come_from_the_project_file() -> None:
    wanted = wheelhouse.requirements(ROOT, ("broker",), ("pact-python",))

    assert any(one.startswith("fastapi") for one in wanted)
    assert not any(one.startswith("pact-python") for one in wanted)


def test_no_file_that_an_image_is_made_of_names_a_registry_or_an_index() -> None:
    files = [
        *ROOT.glob("e2e/images/**/*"),
        ROOT / "broker/Dockerfile",
        ROOT / "provider_verifier/Dockerfile",
        ROOT / "compose.yaml",
    ]
    texts = {path: path.read_text(encoding="utf-8") for path in files if path.is_file() and path.suffix != ".pyc"}

    assert len(texts) >= 7
    assert {path: HOSTS.findall(text) for path, text in texts.items() if HOSTS.search(text)} == {}
