"""What a container may not do is tried from inside it."""

import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from saga_verifier.isolation import Spec
from saga_verifier.isolation.container.backend import ContainerIsolation
from saga_verifier.isolation.container.hardening import user_of
from saga_verifier.isolation.container.run import Settings
from saga_verifier.isolation.container.running import ContainerRunning
from saga_verifier.isolation.container.spec import ContainerSpec

Ask = Callable[..., Any]
GAIN = "import os; os.setuid(0); print('root')"
MOUNT = "import ctypes; print(ctypes.CDLL(None, use_errno=True).mount(b'none', b'/tmp', b'tmpfs', 0, None))"
RAW = "import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP); print('raw')"


@pytest.fixture(scope="module")
def shared(spec: Spec, small: ContainerSpec, settings: Settings) -> Iterator[ContainerRunning]:
    with ContainerIsolation({"server": small}, settings).start(spec) as running:
        yield running


@pytest.mark.containers
@pytest.mark.slow
@pytest.mark.xdist_group("hardening")
class TestFromInside:
    """One container, many attempts; what is left of an attempt is in no other's way, or has a container of its own."""

    @pytest.mark.parametrize("path", ["/etc/passwd", "/new", "/usr/bin/new", "/data/new", "/proc/sys/kernel/hostname"])
    def test_it_cannot_write_outside_its_own_places(self, path: str, shared: ContainerRunning, ask: Ask) -> None:
        assert "Error" in ask(shared, "write", path=path)

    @pytest.mark.parametrize("path", ["/tmp/new", "/data/own/new"])  # noqa: S108  (inside the container)
    def test_it_can_write_in_its_own_places(self, path: str, shared: ContainerRunning, ask: Ask) -> None:
        ask(shared, "write", path=path)

        assert ask(shared, "read", path=path) == "written"

    def test_it_is_not_root_and_has_no_capability_and_cannot_gain_one(self, shared: ContainerRunning, ask: Ask) -> None:
        status = dict(
            line.split(":\t", 1) for line in ask(shared, "read", path="/proc/self/status").splitlines() if ":\t" in line
        )

        assert ask(shared, "user") == 65534
        assert {status[f"Cap{kind}"] for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
        assert status["NoNewPrivs"] == "1"
        assert status["Seccomp"] == "2"

    @pytest.mark.parametrize("script", [GAIN, RAW])
    def test_what_needs_a_capability_fails(self, script: str, shared: ContainerRunning, ask: Ask) -> None:
        status, output = ask(shared, "run", words=json.dumps(["python3", "-c", script]))

        assert status != 0
        assert "PermissionError" in output

    def test_it_cannot_mount(self, shared: ContainerRunning, ask: Ask) -> None:
        _, output = ask(shared, "run", words=json.dumps(["python3", "-c", MOUNT]))

        assert output.strip() == "-1"

    def test_it_cannot_give_files_away(self, shared: ContainerRunning, ask: Ask) -> None:
        assert "PermissionError" in ask(shared, "chown", path="/data/own/file")

    def test_it_cannot_start_processes_without_end(self, started: ContainerRunning, ask: Ask) -> None:
        assert "can't start new thread" in ask(started, "threads", count=100)

    @pytest.mark.parametrize("host", ["192.0.2.1", "1.1.1.1", "203.0.113.7"])
    def test_it_has_no_way_out_of_its_network(self, host: str, shared: ContainerRunning, ask: Ask) -> None:
        assert ask(shared, "connect", host=host, port=443) != "connected"

    def test_it_finds_no_name_outside(self, shared: ContainerRunning, ask: Ask) -> None:
        assert "gaierror" in ask(shared, "connect", host="www.example.org", port=80)

    def test_it_does_not_reach_what_listens_on_the_loopback_of_the_machine(self, shared: ContainerRunning, ask: Ask) -> None:
        gateway = shared.base_url.removeprefix("http://").rpartition(".")[0] + ".1"
        with socket.create_server(("127.0.0.1", 0)) as ours:
            port = ours.getsockname()[1]

            assert ask(shared, "connect", host=gateway, port=port) != "connected"
            assert ask(shared, "connect", host="127.0.0.1", port=port) != "connected"


@pytest.mark.parametrize(
    ("wanted", "in_image", "user"),
    [
        (None, "", "65534:65534"),
        (None, "root", "65534:65534"),
        (None, "0:0", "65534:65534"),
        (None, "app", "app"),
        (None, "10001:10001", "10001:10001"),
        ("7:7", "app", "7:7"),
    ],
)
def test_nobody_runs_as_root_by_default(wanted: str | None, in_image: str, user: str) -> None:
    assert user_of(wanted, in_image) == user
