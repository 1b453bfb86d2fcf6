"""A database that a newer version has changed is not touched: one sentence, and status 4."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from patience import PATIENCE_S


def test_a_database_of_a_newer_version_is_told_in_one_sentence(start: Any, migrated: Path, tmp_path: Path) -> None:
    path = tmp_path / "newer.sqlite"
    path.write_bytes(migrated.read_bytes())
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    before = path.read_bytes()

    broker = start(f"sqlite:///{path}", wait=False)

    assert broker.process.wait(PATIENCE_S) == 4
    (line,) = broker.log.read_text().splitlines()
    assert line.startswith("Cannot use the database sqlite:///")
    assert "a newer version of Sagapact has changed its tables" in line
    assert "9999" in line
    assert path.read_bytes() == before
