"""What was backed up while the broker was in use comes back by the commands of the guide, on both databases."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

GUIDE = (Path(__file__).parents[3] / "broker" / "README.md").read_text(encoding="utf-8")
VACUUM = """python -c "import sqlite3; sqlite3.connect('broker.sqlite').execute(\\"VACUUM INTO 'backup.sqlite'\\")\""""
PUT_BACK = ("rm -f broker.sqlite broker.sqlite-wal broker.sqlite-shm broker-work.sqlite*", "cp backup.sqlite broker.sqlite")
TOLD = "postgresql://sagapact@127.0.0.1:5432/sagapact"
DUMP = f"pg_dump --format=custom --file=broker.dump {TOLD}"
RESTORE = (
    f"psql --dbname={TOLD} --command='DROP SCHEMA IF EXISTS sagapact_work, public CASCADE; CREATE SCHEMA public'",
    f"pg_restore --no-owner --dbname={TOLD} broker.dump",
)


def shell(line: str, folder: Path, told: str = "", real: str = "") -> None:
    assert line in GUIDE
    words = ["bash", "-c", line.replace(told, real) if told else line]
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(words, cwd=folder, env={"PATH": programs}, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr


def write(broker: Any, number: str) -> None:
    broker.http.put(f"/pacticipants/Foo/versions/{number}/tags/t", json={}).raise_for_status()


def held(broker: Any) -> list[str]:
    return [one["number"] for one in broker.http.get("/pacticipants/Foo/versions").json()["_embedded"]["versions"]]


def test_a_copy_of_sqlite_is_put_back(start: Any, tmp_path: Path) -> None:
    broker = start(f"sqlite:///{tmp_path / 'broker.sqlite'}")
    write(broker, "1")
    shell(VACUUM, tmp_path)
    write(broker, "2")
    assert broker.stop() == 0

    for line in PUT_BACK:
        shell(line, tmp_path)
    again = start(f"sqlite:///{tmp_path / 'broker.sqlite'}")
    assert held(again) == ["1"]
    write(again, "3")
    assert held(again) == ["3", "1"]


@pytest.mark.slow
@pytest.mark.parametrize("is_lost", [True, False], ids=["into an empty database", "over a newer one"])
def test_a_dump_of_postgresql_is_restored(start: Any, cluster: str, tmp_path: Path, is_lost: bool) -> None:  # noqa: FBT001
    address = f"{cluster}/backup"
    with psycopg.connect(f"{cluster}/postgres", autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS backup WITH (FORCE)")
        admin.execute("CREATE DATABASE backup")
        broker = start(address)
        write(broker, "1")
        shell(DUMP, tmp_path, TOLD, address)
        write(broker, "2")
        assert broker.stop() == 0
        if is_lost:
            admin.execute("DROP DATABASE backup WITH (FORCE)")
            admin.execute("CREATE DATABASE backup")

    for line in RESTORE:
        shell(line, tmp_path, TOLD, address)
    again = start(address)
    assert held(again) == ["1"]
    write(again, "3")
    assert held(again) == ["3", "1"]
