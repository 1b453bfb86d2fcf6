"""The benchmark itself: it runs, it judges, and the histories that it measures on are those that requests would have made."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.benchmarks.broker import bulk, by_api, report, servers
from tests.benchmarks.broker.history import SIZES, events
from tests.benchmarks.broker.measuring import Figure
from tests.benchmarks.broker.routes import PAGE, QUESTIONS
from tests.benchmarks.ratios import exit_status, ratio_table

from saga_broker.store.database.engine import Database
from saga_broker.store.database.tables import metadata
from saga_broker.store.database.types import UtcDateTime

ROOT = Path(__file__).parents[3]
KINDS = ["sqlite", "postgresql"] if servers.POSTGRES else ["sqlite"]
PASSING = {"events"}  # what has just happened, until the broker's own work has seen it; a history has no need of it
SMALL = replace(SIZES["small"], rounds=4)


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.benchmarks.broker", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", KINDS)
def test_a_run_measures_every_kind_of_request(kind: str, tmp_path: Path) -> None:
    done = _run("--database", kind, "--sizes", "small", "--requests", "8", "--runs", "1", "--json", str(tmp_path / "out.json"))
    assert done.returncode == 0, done.stderr
    figures = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["sizes"]["small"]
    kinds = {figure["name"].split(",")[0] for figure in figures if not figure["name"].startswith(("/", PAGE))}
    assert {"/metrics", PAGE + "/", PAGE + "/sagas", *QUESTIONS} <= {figure["name"] for figure in figures}
    assert {"/metrics", "/dashboard", "/pacts/provider/{provider}", *QUESTIONS} <= {figure["name"] for figure in figures}
    assert kinds == {"publish", "PUT of a pact", "can-i-deploy", "matrix of 100 rows", "for-verification"}
    for figure in figures:
        assert figure["per_second"] > 0, figure
        assert figure["p95_ms"] >= figure["p50_ms"] > 0, figure
        assert figure["peak_mib"] >= figure["memory_mib"] > 0, figure
        assert figure["name"] in done.stdout


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", KINDS)
def test_the_bulk_way_writes_what_requests_write(kind: str, tmp_path: Path) -> None:
    tables = []
    for way in ("bulk", "requests"):
        (tmp_path / way).mkdir()
        with servers.database(kind, tmp_path / way, lasting=False) as (url, _):
            if way == "bulk":
                bulk.load(url, SMALL)
            else:
                with servers.broker(url, tmp_path / "log") as running:
                    by_api.load(running.port, SMALL)
            tables.append(_contents(url))
    in_bulk, by_requests = tables
    for name in by_requests.keys() - PASSING:
        assert in_bulk[name] == by_requests[name], name
    assert len(by_requests["verifications"]) > 20


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", KINDS)
def test_ids_go_on_after_the_bulk_way(kind: str, tmp_path: Path) -> None:
    with servers.database(kind, tmp_path, lasting=False) as (url, _):
        bulk.load(url, SMALL)
        before = _contents(url)["versions"]
        with servers.broker(url, tmp_path / "log") as running:
            by_api.load(running.port, replace(SMALL, rounds=SMALL.rounds + 1))
        after = _contents(url)["versions"]
    assert [row["id"] for row in after] == list(range(1, len(after) + 1))
    assert len(after) > len(before)


def test_a_history_is_the_same_on_every_run() -> None:
    assert list(events(SMALL)) == list(events(SMALL))


def test_a_cost_that_grows_with_history_is_above_the_limit() -> None:
    short, long = [_figure("flat", 2.0), _figure("growing", 1.0)], [_figure("flat", 2.5), _figure("growing", 4.0)]
    found = report.ratios(short, long)
    assert [(one.name, one.ratio) for one in found] == [("flat", 1.25), ("growing", 4.0)]
    lines = ratio_table("", found, 3.0).splitlines()
    assert [line.split()[0] for line in lines if "above the limit" in line] == ["growing"]
    assert (exit_status(found, 3.0), exit_status(found, 4.0)) == (1, 0)


def test_a_list_may_grow_by_what_it_lists_and_figures_that_count_everything_are_not_judged() -> None:
    short = [replace(_figure("list", 2.0), kib=10.0), _figure("all", 1.0)]
    long = [replace(_figure("list", 8.0), kib=40.0), replace(_figure("all", 90.0), is_judged=False)]
    assert [(one.name, one.ratio) for one in report.ratios(short, long)] == [("list", 1.0)]


def _figure(name: str, cpu_ms: float) -> Figure:
    return Figure(name, 1, 1.0, 1.0, 1.0, cpu_ms, 0.0, 0.0, 1.0, 1.0, 0.0)


def _contents(url: str) -> dict[str, list[dict[str, Any]]]:
    """Read all tables; moments as whether there is one, and made-up ids as nothing, since they differ from run to run."""
    database = Database(url)
    with database.read() as connection:
        found = {
            table.name: [
                {
                    column.name: value is not None if _is_moment(column) else None if column.name == "uuid" else value
                    for column, value in zip(table.columns, row, strict=True)
                }
                for row in connection.execute(select(table).order_by(*table.primary_key.columns))
            ]
            for table in metadata.sorted_tables
        }
    database.close()
    return found


def _is_moment(column: Any) -> bool:
    return isinstance(column.type, UtcDateTime)
