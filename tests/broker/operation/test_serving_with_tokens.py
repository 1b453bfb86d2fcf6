"""A broker's process that asks for tokens: its first start, its next ones, and what is told where it listens."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow  # processes of their own


def url_in(folder: Path) -> str:
    return f"sqlite:///{folder}/b.sqlite"


def first_token(broker: Any) -> str:
    (line,) = (line for line in broker.said if "the administrator's token, which is shown this once" in line)
    return str(line.split()[-1])


def test_the_first_start_makes_an_administrators_token_and_shows_it_once(start: Any, tmp_path: Path) -> None:
    broker = start(url_in(tmp_path), "--tokens", "--host", "0.0.0.0")  # noqa: S104  (what the test is about)
    sent = {"Authorization": f"Bearer {first_token(broker)}"}
    port = broker.url.rpartition(":")[2]
    address = f"http://127.0.0.1:{port}"

    assert broker.http.get(f"{address}/").status_code == 401
    assert broker.http.get(f"{address}/audit", headers=sent).status_code == 200
    assert broker.stop() == 0
    log = broker.log.read_text()
    assert "listens on 0.0.0.0 without TLS" in log
    assert "everybody" not in log
    assert first_token(broker) not in log

    again = start(url_in(tmp_path))
    assert again.said == []
    assert again.http.get("/").status_code == 401
    assert again.http.get("/audit", headers=sent).status_code == 200
    opened = start(url_in(tmp_path), "--no-tokens")
    assert opened.http.get("/").status_code == 200


def test_of_several_that_start_at_once_one_makes_the_token(start: Any, tmp_path: Path) -> None:
    brokers = [start(url_in(tmp_path), "--tokens", wait=False) for _ in range(3)]
    for one in brokers:
        one.await_ready()
    (told,) = [one for one in brokers if one.said]
    sent = {"Authorization": f"Bearer {first_token(told)}"}
    assert [one.http.get("/", headers=sent).status_code for one in brokers] == [200, 200, 200]
    assert sqlite3.connect(tmp_path / "b.sqlite").execute("SELECT count(*) FROM tokens").fetchall() == [(1,)]


def test_what_waits_to_be_noted_is_written_when_the_broker_stops(start: Any, tmp_path: Path) -> None:
    broker = start(url_in(tmp_path), "--tokens")
    sent = {"Authorization": f"Bearer {first_token(broker)}"}
    assert broker.http.put("/pacticipants/Foo/versions/1", json={}, headers=sent).status_code == 201
    assert broker.stop() == 0
    stored = sqlite3.connect(tmp_path / "b.sqlite")
    assert stored.execute("SELECT status FROM audit").fetchall() == [(201,)]
    assert stored.execute("SELECT count(*) FROM tokens WHERE last_used_at IS NOT NULL").fetchall() == [(1,)]
