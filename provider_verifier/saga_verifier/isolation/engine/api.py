"""Speaks to the Docker engine by its library, and makes its errors ours; only `context` takes something else from there.

testcontainers finds the engine (context, DOCKER_HOST, its own settings) and says where published ports answer; the objects
themselves are made with the Docker library below it, so that every one carries our labels from its first moment on.
"""

import io
import socket
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Self

import requests
from docker.errors import APIError, DockerException  # type: ignore[import-untyped]
from docker.utils.socket import frames_iter  # type: ignore[import-untyped]
from testcontainers.core.docker_client import DockerClient, get_docker_host

from saga_verifier.isolation.engine.errors import EngineError, NotThereError, build_failed, no_engine, refused
from saga_verifier.isolation.guarding.guarded import in_words

_USUAL_ADDRESS = "unix:///var/run/docker.sock"
_TIMEOUT_S = 60
_PULL_TIMEOUT_S = 600
_SIGNALLED = 128  # an exit status above it: ended by the signal of the number that is left
_GONE = (404, 409)  # not there, or being removed at this moment by somebody else


@dataclass(frozen=True, slots=True)
class ContainerState:
    """How a container fares.

    Attributes:
        exit_code: None while it runs.
        out_of_memory: It was ended because it wanted more memory than it may have.
        error: Why it could not be started, as the engine says it.
        started_at: When it was started last, as the engine writes it.
        addresses: Its address in each network, by the network's name.
        ports: Published port by port inside.
    """

    running: bool
    exit_code: int | None
    out_of_memory: bool
    error: str
    started_at: str
    addresses: Mapping[str, str]
    ports: Mapping[int, int]

    @property
    def ended(self) -> str | None:
        """Say how it ended, or None while it runs."""
        if self.exit_code is None:
            return None
        signalled = self.exit_code > _SIGNALLED
        return in_words(_SIGNALLED - self.exit_code if signalled else self.exit_code)


@dataclass(frozen=True, slots=True)
class Order:
    """A container to create.

    Attributes:
        network: Name of its network; None: the engine's own, which has a way out.
        alias: Its name in that network.
        published: Ports inside, each with the address and port (0: any) at the engine's machine.
        volumes: Paths inside that get a volume of their own, filled from the image and removed with the container.
        host: Arguments of the library's `create_host_config`.
    """

    image: str
    command: Sequence[str] | None
    labels: Mapping[str, str]
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    user: str | None = None
    network: str | None = None
    alias: str = ""
    published: Mapping[int, tuple[str, int]] = field(default_factory=dict)
    volumes: tuple[str, ...] = ()
    host: Mapping[str, Any] = field(default_factory=dict)


class Engine:
    """A connection to the Docker engine; usable from several threads, closed by its context.

    Raises:
        NoEngineError: when there is none that may be used.
    """

    def __init__(self) -> None:
        address = get_docker_host() or _USUAL_ADDRESS
        try:
            _knock(address)
            client = DockerClient(timeout=_TIMEOUT_S, max_pool_size=64)
            self._api: Any = client.client.api
            self.host: str = client.host()
            info = self._api.version()
        except (DockerException, requests.RequestException, OSError) as error:
            raise no_engine(error, address) from None
        self.architecture: str = info.get("Arch", "")
        self.version: str = info.get("Version", "")

    def create(self, order: Order) -> str:
        """Create a container and give its id; it does not run yet."""
        host = dict(order.host)
        if order.published:
            host["port_bindings"] = {port: (address, at or None) for port, (address, at) in order.published.items()}
        arguments: dict[str, Any] = {
            "command": list(order.command) if order.command is not None else None,
            "environment": dict(order.env),
            "labels": dict(order.labels),
            "user": order.user,
            "ports": list(order.published),
            "volumes": list(order.volumes),
        }
        if order.network:
            host["network_mode"] = order.network
            endpoint = self._api.create_endpoint_config(aliases=[order.alias] if order.alias else None)
            arguments["networking_config"] = self._api.create_networking_config({order.network: endpoint})
        with _asking(f"create a container of the image {order.image}"):
            config = self._api.create_host_config(**host)
            return str(self._api.create_container(order.image, host_config=config, **arguments)["Id"])

    def make_folder(self, container: str, parent: str, name: str) -> None:
        """Make a folder that everybody may write in, in a volume of a container that need not run."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o777
            tar.addfile(folder)
        with _asking(f"make the folder {parent}/{name} in a container"):
            self._api.put_archive(container, parent, packed.getvalue())

    def start(self, container: str) -> None:
        """Start a created or ended container."""
        with _asking("start a container"):
            self._api.start(container)

    def kill(self, container: str) -> None:
        """End a container at once; again, or when it is not there, does nothing."""
        with _asking("kill a container", done=_GONE):
            self._api.kill(container)

    def pause(self, container: str) -> None:
        """Stop all processes of a container; when it is not there or stands still already, does nothing."""
        with _asking("pause a container", done=_GONE):
            self._api.pause(container)

    def resume(self, container: str) -> None:
        """Let the processes of a container go on; when it is not there or does not stand still, does nothing."""
        with _asking("let a container go on", done=_GONE):
            self._api.unpause(container)

    def stop(self, container: str, grace_s: float) -> None:
        """End a container politely, then by force; when it is not there, does nothing."""
        with _asking("stop a container", done=_GONE):
            self._api.stop(container, timeout=max(0, round(grace_s)))

    def remove(self, container: str) -> None:
        """Remove a container, running or not, with its nameless volumes; again does nothing."""
        with _asking("remove a container", done=_GONE):
            self._api.remove_container(container, v=True, force=True)

    def wait(self, container: str) -> None:
        """Wait until a container has ended; when it is not there, does nothing."""
        with _asking("wait for a container's end", done=_GONE):
            self._api.wait(container)

    def state(self, container: str) -> ContainerState:
        """Look how a container fares."""
        with _asking("look at a container"):
            return _state(self._api.inspect_container(container))

    def log(self, container: str, *, lines: int, since: float | None = None) -> str:
        """Give the last lines that a container wrote, those since a moment (seconds of the epoch) only."""
        with _asking("read a container's log"):
            text: bytes = self._api.logs(container, tail=lines, **({} if since is None else {"since": since}))
        return text.decode(errors="replace")

    def run_inside(self, container: str, command: Sequence[str]) -> tuple[int, str]:
        """Run a command in a running container; give its exit status and what it wrote."""
        with _asking("run a command in a container"):
            told = self._api.exec_create(container, list(command))["Id"]
            output = _read(self._api.exec_start(told, socket=True))
            return int(self._api.exec_inspect(told)["ExitCode"] or 0), output.decode(errors="replace")

    def create_network(self, name: str, labels: Mapping[str, str]) -> str:
        """Make a network without a way out; give the address of the engine's machine in it."""
        with _asking("create a network"):
            made = self._api.create_network(name, driver="bridge", internal=True, labels=dict(labels), check_duplicate=True)
            pools = self._api.inspect_network(made["Id"])["IPAM"]["Config"]
        return str(pools[0].get("Gateway", "")).partition("/")[0]

    def join(self, container: str, network: str) -> None:
        """Put a container into one more network."""
        with _asking("connect a container to a network"):
            self._api.connect_container_to_network(container, network)

    def remove_network(self, network: str) -> None:
        """Remove a network; again does nothing."""
        with _asking("remove a network", done=(404,)):
            self._api.remove_network(network)

    def create_volume(self, name: str, labels: Mapping[str, str]) -> None:
        """Make a volume."""
        with _asking("create a volume"):
            self._api.create_volume(name, labels=dict(labels))

    def remove_volume(self, name: str) -> None:
        """Remove a volume; again does nothing."""
        with _asking("remove a volume", done=(404,)):
            self._api.remove_volume(name, force=True)

    def containers(self, label: str) -> Iterator[tuple[str, Mapping[str, str]]]:
        """Give every container with a label, running or not: id and labels."""
        with _asking("list containers"):
            found = self._api.containers(all=True, filters={"label": label})
        yield from ((one["Id"], one["Labels"]) for one in found)

    def networks(self, label: str) -> Iterator[tuple[str, Mapping[str, str]]]:
        """Give every network with a label: id and labels."""
        with _asking("list networks"):
            found = self._api.networks(filters={"label": label})
        yield from ((one["Id"], one["Labels"]) for one in found)

    def volumes(self, label: str) -> Iterator[tuple[str, Mapping[str, str]]]:
        """Give every volume with a label: name and labels."""
        with _asking("list volumes"):
            found = self._api.volumes(filters={"label": label})["Volumes"] or []
        yield from ((one["Name"], one["Labels"] or {}) for one in found)

    def image(self, name: str) -> Mapping[str, Any] | None:
        """Give what the engine knows of an image that it has, or None."""
        try:
            with _asking(f"look at the image {name}"):
                return dict(self._api.inspect_image(name))
        except NotThereError:
            return None

    def pull(self, name: str) -> None:
        """Fetch an image from its registry."""
        repository, tag = _with_tag(name)
        with _asking(f"fetch the image {name}"), self._patience(_PULL_TIMEOUT_S):
            trouble = [line["error"] for line in self._api.pull(repository, tag=tag, stream=True, decode=True) if "error" in line]
        if trouble:
            raise EngineError(f"Cannot fetch the image {name}: {trouble[0]}")

    def build(
        self, context: BinaryIO, *, name: str, arguments: Mapping[str, str], labels: Mapping[str, str], network: str | None
    ) -> list[str]:
        """Build an image from a packed context; give the lines that the build said.

        Raises:
            EngineError: when it does not build; with the last lines of the build.
        """
        said: list[str] = []
        trouble = ""
        with _asking(f"build the image {name}"), self._patience(_PULL_TIMEOUT_S):
            told = self._api.build(
                fileobj=context, custom_context=True, tag=name, buildargs=dict(arguments), labels=dict(labels), rm=True,
                forcerm=True, decode=True, network_mode=network,
            )  # fmt: skip
            for line in told:  # to its end, so that the connection is given back
                said += str(line.get("stream", "")).splitlines()
                trouble = str(line.get("error", "")) or trouble
        if trouble:
            raise build_failed(name, said, trouble)
        return said

    def tag(self, image: str, name: str) -> None:
        """Give an image one more name."""
        repository, tag = _with_tag(name)
        with _asking(f"name the image {image} {name}"):
            self._api.tag(image, repository, tag, force=True)

    def remove_image(self, name: str) -> None:
        """Take a name from an image, and the image away when that was its last; one that is in use stays."""
        with _asking(f"remove the image {name}", done=_GONE):
            self._api.remove_image(name, noprune=True)

    def images(self, label: str) -> Iterator[tuple[str, int]]:
        """Give every name of an image with a label, with the time at which the image was made (seconds of the epoch)."""
        with _asking("list images"):
            found = self._api.images(filters={"label": label})
        yield from ((name, int(one["Created"])) for one in found for name in one["RepoTags"] or ())

    def stages(self, label: str) -> Iterator[tuple[str, int]]:
        """Give every nameless image with a label, as builds leave them: id and the time at which it was made."""
        with _asking("list images"):
            found = self._api.images(filters={"label": label, "dangling": True})
        yield from ((one["Id"], int(one["Created"])) for one in found)

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _patience(self, timeout_s: float) -> Iterator[None]:
        """Let the answer of a long request take its time."""
        before, self._api.timeout = self._api.timeout, timeout_s
        try:
            yield
        finally:
            self._api.timeout = before


@contextmanager
def _asking(what: str, *, done: Sequence[int] = ()) -> Iterator[None]:
    """Translate the engine's errors; `done` are answers that mean that there is nothing left to do."""
    try:
        yield
    except APIError as error:
        if error.status_code not in done:
            raise refused(what, error.status_code, str(error.explanation or error)) from None
    except (DockerException, requests.RequestException, OSError) as error:
        raise refused(what, None, str(error)) from None


def _read(connection: Any) -> bytes:
    """Read what a command wrote, to its end, and close the connection, which the library leaves open."""
    try:
        return b"".join(chunk for _, chunk in frames_iter(connection, tty=False))
    finally:
        connection._response.close()  # noqa: SLF001  (where the library keeps it)
        connection.close()


def _knock(address: str) -> None:
    """Connect and hang up: the library leaves its socket open when nobody answers, and hides why."""
    if address.startswith("unix://"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knocking:
            knocking.settimeout(_TIMEOUT_S)
            knocking.connect(address.removeprefix("unix://"))


def _state(told: Mapping[str, Any]) -> ContainerState:
    state, networks, ports = told["State"], told["NetworkSettings"]["Networks"], told["NetworkSettings"]["Ports"] or {}
    running = bool(state["Running"]) and state["Status"] != "created"
    return ContainerState(
        running=running,
        exit_code=None if running else int(state["ExitCode"]),
        out_of_memory=bool(state.get("OOMKilled")),
        error=str(state.get("Error") or ""),
        started_at=str(state.get("StartedAt") or ""),
        addresses={name: one["IPAddress"] for name, one in networks.items() if one.get("IPAddress")},
        ports={int(inside.partition("/")[0]): int(at[0]["HostPort"]) for inside, at in ports.items() if at},
    )


def _with_tag(name: str) -> tuple[str, str | None]:
    if "@" in name:
        return name, None
    repository, colon, tag = name.rpartition(":")
    return (repository, tag) if colon and "/" not in tag else (name, "latest")
