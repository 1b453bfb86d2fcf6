"""The guide works: every command in `contracts/README.md` is run, in its order, in an empty folder, with the installed wheel."""

import re
import shlex
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from command_line import Done, Sagapact
from installed import installed
from patience import PATIENCE_S

GUIDE = Path(__file__).parents[2] / "contracts" / "README.md"
COMMAND = re.compile(r"^(?P<command>.*?)(?:\s+# exit status (?P<status>\d))?$")


def commands() -> list[tuple[str, int]]:
    """Give each command of the guide with the exit status that it has to end with."""
    found = []
    for block in re.findall(r"^```sh\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            match = COMMAND.match(line)
            if line and match:
                found.append((match["command"], int(match["status"] or 0)))
    return found


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def run(command: str, folder: Path) -> Done:
    return installed().run(*shlex.split(command), cwd=folder)


@contextmanager
def serving(command: str, folder: Path, port: int) -> Iterator[None]:
    """Run a server until the rest of the guide is done; it is ended by its own process."""
    with (folder / "server.log").open("w", encoding="utf-8") as log:
        environment = installed()
        words = [str(environment.bin / "sagapact"), *shlex.split(command)[1:]]
        server = subprocess.Popen(words, cwd=folder, env=environment.variables, stdout=log, stderr=log)
        try:
            wait_until_it_answers(server, port, folder / "server.log")
            yield
        finally:
            server.terminate()
            server.wait(timeout=PATIENCE_S)


def wait_until_it_answers(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            httpx.get(f"http://127.0.0.1:{port}/", trust_env=False, timeout=2)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"the server does not answer:\n{log.read_text(encoding='utf-8')}")


def check(command: str, status: int, folder: Path) -> None:
    result = run(command, folder)
    assert result.status == status, f"{command}\n{result.text}"
    assert "Traceback" not in result.err


def write_files(folder: Path) -> None:
    """Write the files that the guide shows under their names."""
    for name, text in re.findall(r"^```yaml\n# (\S+)\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        (folder / name).write_text(text, encoding="utf-8")
    for name, text in re.findall(
        r"^```xml\n<!-- (\S+) -->\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    ):
        (folder / name).write_text(text, encoding="utf-8")


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_every_command_of_the_guide_works_in_an_empty_folder(tmp_path: Path) -> None:
    port, stub_port = free_port(), free_port()
    ports = {"9292": str(port), "8085": str(stub_port)}
    todo = [(re.sub("9292|8085", lambda found: ports[found[0]], command), status) for command, status in commands()]
    write_files(tmp_path)
    [stub] = [command for command, _ in todo if "sagapact stub" in command and str(stub_port) in command]
    todo = [(command, status) for command, status in todo if command != stub]
    start = next(index for index, (command, _) in enumerate(todo) if " broker serve " in command)
    for command, status in todo[:start]:
        check(command, status, tmp_path)
    with serving(todo[start][0], tmp_path, port):
        for command, status in todo[start + 1 :]:
            check(command, status, tmp_path)
    with serving(stub, tmp_path, stub_port):
        assert httpx.get(f"http://127.0.0.1:{stub_port}/health", trust_env=False).status_code == 200
    assert (tmp_path / "build" / "sale.svg").read_text(encoding="utf-8").startswith("<svg")
    assert sorted(path.name for path in (tmp_path / "build" / "pacts").iterdir()) == [
        "shop-notifications.json",
        "shop-warehouse.json",
    ]


def test_the_guide_has_commands_for_the_whole_way() -> None:
    text = "\n".join(command for command, _ in commands())
    for part in ("contracts init", "contracts lint", "pytest", "contracts coverage", "publish", "record-deployment", "can-run"):
        assert part in text


def test_a_start_is_never_written_over_existing_files(tmp_path: Path) -> None:
    assert Sagapact(tmp_path)("contracts", "init", "sale").status == 0
    (tmp_path / "sale" / "saga.yaml").write_text("mine", encoding="utf-8")
    again = Sagapact(tmp_path)("contracts", "init", "sale")
    assert again.status == 2
    assert "is there already" in again.err
    assert (tmp_path / "sale" / "saga.yaml").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("options", ["--saga 2sale", "--saga ../x", '--owner "a: b"'])
def test_a_start_with_an_impossible_name_is_refused(tmp_path: Path, options: str) -> None:
    result = Sagapact(tmp_path)("contracts", "init", "sale", *shlex.split(options))
    assert result.status == 2
    assert not (tmp_path / "sale").exists()


def test_links_of_the_guide_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", GUIDE.read_text(encoding="utf-8")):
        assert (GUIDE.parent / target).exists(), target
