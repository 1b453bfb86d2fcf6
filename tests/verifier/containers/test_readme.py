"""Every command of the verifier's README works as it stands there, and its example is a right provider file."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from command_line import ROOT, Sagapact
from saga_verifier.provider_file import load_provider_file

TEXT = (ROOT / "provider_verifier/README.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines() if line.strip()]


def test_its_example_is_a_right_provider_file(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    folder = tmp_path / "one" / "two"
    folder.mkdir(parents=True)
    (folder / "provider.yaml").write_text(example, encoding="utf-8")

    file = load_provider_file(folder / "provider.yaml", {"PATH": "/bin", "BILLING_TOKEN": "t"})

    assert file.container is not None
    assert file.container.model_fields_set == set(type(file.container).model_fields) - {"dockerfile", "user"}


def test_every_file_that_it_links_is_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)

    assert links
    assert [link for link in links if not (ROOT / "provider_verifier" / link).exists()] == []


@pytest.mark.containers
@pytest.mark.slow
@pytest.mark.xdist_group("landscape in containers")
def test_its_commands_work(sagapact: Sagapact, pacts: Path, image_of: Callable[[str], str]) -> None:
    for image in ("landscape", "postgres"):
        image_of(image)
    (sagapact.folder / "e2e").symlink_to(ROOT / "e2e")
    (sagapact.folder / "build").mkdir()
    (sagapact.folder / "build/pacts").symlink_to(pacts)

    assert len(COMMANDS) == 3
    for command in COMMANDS:
        program, *words = shlex.split(command)
        done = sagapact(*words)
        assert (program, done.status) == ("sagapact", 0), done.text
        assert "billing: kept" in done.out
