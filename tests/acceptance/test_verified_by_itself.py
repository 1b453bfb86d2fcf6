"""What a newcomer sees, and what operators rely on: contracts verified by themselves, workers that end, roles with few rights."""

import re
import signal
import tarfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from fleet import SERVER, Fleet, archive, contract, fleet, provider_file
from patience import PATIENCE_S, wait_until
from postgres import cluster_of
from saga_broker.client.jobs import JobRecord

SLOW = SERVER.replace(
    "        broken =", '        if self.path == "/":\n            import time; time.sleep(1000)\n        broken ='
)
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def fleet_here(tmp_path: Path) -> Iterator[Fleet]:
    with fleet(tmp_path) as made:
        yield made


def ended(made: Fleet, *verdicts: str) -> list[JobRecord]:
    """Wait until there are jobs and all have ended; gives them, the oldest first."""

    def found() -> list[JobRecord]:
        jobs = made.jobs()
        is_over = len(jobs) >= len(verdicts) and all(one.state not in {"queued", "running"} for one in jobs)
        return jobs[::-1] if is_over else []

    jobs = wait_until(found, 2 * PATIENCE_S)
    assert sorted(str(one.verdict) for one in jobs) == sorted(verdicts), jobs
    return jobs


def test_a_newcomer_sees_a_provider_verified_by_itself(fleet_here: Fleet, tmp_path: Path) -> None:
    fleet_here.broker("--worker", "--tokens")
    found = re.search(r"the administrator's token, which is shown this once: (\S+)", fleet_here.log("broker"))
    assert found is not None
    fleet_here.token = found[1]
    (tmp_path / "provider.yaml").write_text(provider_file("billing"))
    (tmp_path / "billing.tar.gz").write_bytes(archive(server__py=SERVER))
    (tmp_path / "pacts").mkdir()
    (tmp_path / "pacts" / "shop.json").write_bytes(contract("shop", "billing"))
    place = ("--broker-url", fleet_here.url, "--version", "1.0", "--branch", "main")
    shown = {"SAGAPACT_BROKER_TOKEN": fleet_here.token}
    announced = fleet_here.start("announce", "announce", "provider.yaml", "--archive", "billing.tar.gz", *place, **shown)
    assert announced.wait(PATIENCE_S) == 0, fleet_here.log("announce")
    published = fleet_here.start("publish", "publish", "--pacts", "pacts", *place, **shown)
    assert published.wait(PATIENCE_S) == 0, fleet_here.log("publish")

    (job,) = ended(fleet_here, "kept")

    assert (job.provider, job.provider_version, job.consumer, job.attempts) == ("billing", "1.0", "shop", 1)
    assert fleet_here.get("/matrix?q[][pacticipant]=shop&q[][pacticipant]=billing").json()["summary"]["success"] == 1
    assert "billing 1.0: kept" in fleet_here.get(f"/jobs/{job.id}/log", "text/plain").text
    _what_is_wrong_with_an_announcement_is_told(fleet_here)


def _what_is_wrong_with_an_announcement_is_told(made: Fleet) -> None:
    made.announce("bomb", archive=_bomb())
    made.announce("no_archive", archive=b"\x1f\x8b and nothing else")
    for provider in ("bomb", "no_archive"):
        made.publish("shop", provider)
    jobs = {one.provider: one for one in ended(made, "could not find out", "could not find out", "kept")}
    assert "holds more than" in str(jobs["bomb"].text)
    assert "no tar file" in str(jobs["no_archive"].text)
    assert [jobs[one].state for one in ("bomb", "no_archive", "billing")] == ["failed", "failed", "done"]


def _bomb() -> bytes:
    """Give a small archive that says that it holds a terabyte."""
    raw, member = BytesIO(), tarfile.TarInfo("bomb")
    member.size = 2**40
    with tarfile.open(fileobj=raw, mode="w:gz") as packed:
        packed.addfile(member)
    return raw.getvalue()


def test_a_worker_that_is_told_to_end_gives_its_job_to_another(fleet_here: Fleet) -> None:
    fleet_here.broker()
    fleet_here.announce("billing", archive=archive(server__py=SLOW))
    fleet_here.publish("shop", "billing")
    first = fleet_here.worker(1, "--grace", "0")
    (before,) = wait_until(lambda: [one for one in fleet_here.jobs() if one.state == "running"])
    first.send_signal(signal.SIGTERM)
    assert first.wait(PATIENCE_S) == 0, fleet_here.log("worker-1")
    assert fleet_here.jobs()[0].state == "queued", "at once, and not when the lease is over"
    fleet_here.announce("billing", archive=archive(server__py=SERVER))
    fleet_here.worker(2)
    (job,) = ended(fleet_here, "kept")
    assert job.worker != before.worker


@pytest.fixture
def cluster(pytestconfig: pytest.Config) -> Callable[[], str]:
    return lambda: str(cluster_of(pytestconfig).database("jobs"))


def test_a_worker_needs_no_right_on_the_brokers_own_tables(tmp_path: Path, cluster: Any) -> None:
    url = cluster().replace("+psycopg", "")
    with fleet(tmp_path, url) as made:
        made.broker("--work-database-url", url)
        wait_until(lambda: _has_begun(url))
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in (
                "DO $$ BEGIN CREATE ROLE job_worker LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
                "GRANT USAGE ON SCHEMA sagapact_work TO job_worker",
                "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA sagapact_work TO job_worker",
                "GRANT USAGE ON ALL SEQUENCES IN SCHEMA sagapact_work TO job_worker",
                "ALTER DEFAULT PRIVILEGES IN SCHEMA sagapact_work GRANT ALL ON TABLES TO job_worker",
            ):
                connection.execute(statement.encode())
        restricted = httpx.URL(url).copy_with(userinfo=b"job_worker")
        with psycopg.connect(str(restricted)) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM jobs")
        made.announce("billing")
        made.publish("shop", "billing")
        made.worker(1, SAGAPACT_WORK_DATABASE_URL=str(restricted))
        ended(made, "kept")


def _has_begun(url: str) -> bool:
    """Tell whether the broker has made its work database."""
    with psycopg.connect(url) as connection:
        try:
            found = connection.execute("SELECT count(*) FROM sagapact_work.application_versions").fetchone()
        except psycopg.errors.UndefinedTable:
            return False
    return found is not None and found[0] > 0
