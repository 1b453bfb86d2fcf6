"""A disk that is full: what was acknowledged stays, the client is told what is wrong, and free space is all that is needed.

The disk is a small one in memory (tmpfs). Where this user may not mount one, the size of the files is limited instead, and
PostgreSQL is left to the runs that may.
"""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from patience import PATIENCE_S
from postgres import new_cluster

SIZE = 4_000_000
POSTGRESQL_SIZE = 200_000_000
PACT_SIZE = 20_000


class SmallDisk:
    """A folder with little space."""

    prefix: tuple[str, ...] = ()

    def __init__(self, folder: Path, size: int) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"
        folder.mkdir()
        words = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", str(folder)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise PermissionError(done.stderr)

    def fill(self, _pid: int) -> None:
        with self._ballast.open("wb", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(b"x" * 4096)
            except OSError:
                return

    def free(self, _pid: int) -> None:
        self._ballast.unlink()

    def close(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True)


class LimitedFiles:
    """A folder whose files cannot grow beyond a size, for users who may not mount."""

    def __init__(self, folder: Path, _size: int) -> None:
        self.folder = folder
        folder.mkdir()

    def fill(self, pid: int) -> None:
        largest = max(path.stat().st_size for path in self.folder.iterdir())
        subprocess.run(["prlimit", f"--pid={pid}", f"--fsize={largest}:unlimited"], check=True)

    def free(self, pid: int) -> None:
        subprocess.run(["prlimit", f"--pid={pid}", "--fsize=unlimited:unlimited"], check=True)

    def close(self) -> None:
        """Leave the folder to pytest."""


def small_disk(folder: Path, size: int) -> SmallDisk | LimitedFiles:
    try:
        return SmallDisk(folder, size)
    except PermissionError:
        folder.rmdir()
        return LimitedFiles(folder, size)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that PostgreSQL's own user can enter, unlike pytest's; a mount that is left over there disturbs no other test."""
    with tempfile.TemporaryDirectory(prefix="sagapact-disk-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(params=["tmpfs or what this user may", "limited files"])
def disk(request: pytest.FixtureRequest, open_folder: Path) -> Iterator[SmallDisk | LimitedFiles]:
    make = LimitedFiles if request.param == "limited files" else small_disk
    made = make(open_folder / "disk", SIZE)
    yield made
    made.close()


@pytest.mark.slow
def test_a_full_disk_loses_nothing_acknowledged_and_the_broker_recovers_by_itself(
    start: Any, disk: SmallDisk | LimitedFiles, make_pact: Any
) -> None:
    url = f"sqlite:///{disk.folder}/b.sqlite"
    broker = start(url)
    acknowledged = [put(broker, number, make_pact) for number in range(3)]
    disk.fill(broker.process.pid)

    refused = until_it_refuses(broker, acknowledged, make_pact)
    reading = [broker.http.get(path(number)).status_code for number in range(len(acknowledged))]
    disk.free(broker.process.pid)
    after = put(broker, len(acknowledged), make_pact)
    broker.process.kill()
    broker.process.wait(PATIENCE_S)
    again = start(url)

    if isinstance(disk, SmallDisk):
        assert refused.status_code == 507
        assert "The disk of the broker's database is full" in refused.json()["error"]
        assert "Free space there" in refused.json()["error"]
    else:
        assert refused.status_code in {503, 507}
    assert refused.headers["Retry-After"]
    assert set(reading) == {200}
    assert [reply.status_code for reply in (*acknowledged, after)] == [201] * (len(acknowledged) + 1)
    for number in range(len(acknowledged) + 1):
        document = again.http.get(path(number)).json()
        assert document["interactions"][0]["description"] == description(number)


@pytest.fixture
def database_disk(open_folder: Path) -> Iterator[SmallDisk | LimitedFiles]:
    made = small_disk(open_folder / "disk", POSTGRESQL_SIZE)
    yield made
    made.close()


@pytest.mark.slow
def test_a_full_disk_under_postgresql_loses_nothing_acknowledged(
    start: Any, database_disk: SmallDisk | LimitedFiles, make_pact: Any, until: Any
) -> None:
    if isinstance(database_disk, LimitedFiles):
        pytest.skip("this user may not mount a small disk, and PostgreSQL stops as a whole when the size of its files is limited")
    with closing(new_cluster(database_disk.folder)) as cluster:
        broker = start(cluster.database("full"))
        acknowledged = [put(broker, number, make_pact) for number in range(3)]
        database_disk.fill(0)
        refused = until_it_refuses(broker, acknowledged, make_pact)
        database_disk.free(0)
        until(lambda: broker.http.get("/diagnostic/status/dependencies").status_code == 200, 60)
        after = put(broker, len(acknowledged), make_pact)
        found = [broker.http.get(path(number)).json() for number in range(len(acknowledged) + 1)]

    assert refused.status_code == 507, refused.text
    assert "Free space there" in refused.json()["error"]
    assert [reply.status_code for reply in (*acknowledged, after)] == [201] * (len(acknowledged) + 1)
    assert [one["interactions"][0]["description"] for one in found] == [description(number) for number in range(len(found))]


def path(number: int) -> str:
    return f"/pacts/provider/Bar/consumer/Foo/version/{number}"


def description(number: int) -> str:
    """Give a text that no database can make much smaller."""
    return "".join(f"{number}:{place * 7919 % 104729:x}," for place in range(PACT_SIZE // 8))


def put(broker: Any, number: int, make_pact: Any) -> httpx.Response:
    reply: httpx.Response = broker.http.put(path(number), json=make_pact("Foo", "Bar", description(number)))
    return reply


def until_it_refuses(broker: Any, acknowledged: list[httpx.Response], make_pact: Any) -> httpx.Response:
    """Publish until the disk is full; what was acknowledged is added to the list."""
    for _ in range(2000):
        reply = put(broker, len(acknowledged), make_pact)
        if reply.status_code >= 500:
            return reply
        acknowledged.append(reply)
    msg = "the disk never became full"
    raise AssertionError(msg)
