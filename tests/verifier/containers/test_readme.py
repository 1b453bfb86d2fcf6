"""Every command of the verifier's README works as it stands there, and its example is a right provider file."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from command_line import ROOT, Sagapact
from saga_verifier.provider_file import load_provider_file, load_provider_files

TEXT = (ROOT / "provider_verifier/README.md").read_text(encoding="utf-8")
FROM_CHECKOUT = TEXT[TEXT.index("## The provider file") :]
EXAMPLES = re.findall(r"```yaml\n(.*?)```", FROM_CHECKOUT, re.DOTALL)  # those before are run by the test of the ten minutes
COMMANDS = [
    line for block in re.findall(r"```sh\n(.*?)```", FROM_CHECKOUT, re.DOTALL) for line in block.splitlines() if line.strip()
]


def test_its_example_is_a_right_provider_file(tmp_path: Path) -> None:
    folder = tmp_path / "one" / "two"
    folder.mkdir(parents=True)
    (folder / "provider.yaml").write_text(EXAMPLES[0], encoding="utf-8")

    file = load_provider_file(folder / "provider.yaml", {"PATH": "/bin", "BILLING_TOKEN": "t"})

    assert file.container is not None
    assert file.container.model_fields_set == set(type(file.container).model_fields) - {"dockerfile", "user"}


@pytest.mark.parametrize("example", EXAMPLES[1:])
def test_its_other_examples_are_right_provider_files(tmp_path: Path, example: str) -> None:
    (tmp_path / "provider.yaml").write_text(example, encoding="utf-8")

    assert load_provider_files(tmp_path / "provider.yaml", {"PATH": "/bin", "STOCK_KEY": "k", "STOCK_SECRET": "s"})


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

    commands = [command for command in COMMANDS if "billing" in command]  # the others need no engine, and have tests of their own
    assert len(commands) == len(COMMANDS) - 1 == 3
    for command in commands:
        program, *words = shlex.split(command)
        done = sagapact(*words)
        assert (program, done.status) == ("sagapact", 0), done.text
        assert "billing: kept" in done.out
