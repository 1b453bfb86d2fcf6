"""Orchestrators that were built without Sagapact, each declared by its provider file, run the saga of the reference landscape."""

from collections.abc import Mapping

import pytest

from foreign import need
from orchestrators import landscape_with
from postgres import cluster_of
from saga_e2e.play import runner

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
SOME = (
    "committed",
    "refused-at-create_packages",
    "reply-lost-at-notify",
    "no-reply-at-apply_vas",
    "no-reply-at-notify",
    "undo-fails-at-apply_vas",
    "late-after-undo-at-apply_vas",
    "callback-duplicate-at-create_packages",
    "participant-dies-at-create_packages",
    "saga-service-dies-at-apply_vas",
)


def not_kept(name: str, names: tuple[str, ...], env: Mapping[str, str]) -> dict[str, str]:
    land = landscape_with(name)
    records = list(runner.run(land.saga("vas_purchase"), land, names=names, env={name: env}))

    assert {record.name for record in records} == set(names)
    return {record.name: str(record.error or record.broken) for record in records if record.verdict != "kept"}


def test_a_plain_one_with_two_tables_keeps_the_saga() -> None:
    assert not_kept("plain", SOME, {}) == {}


def test_the_same_on_postgresql_where_workers_skip_locked_rows(request: pytest.FixtureRequest) -> None:
    database = cluster_of(request.config).database("plain")

    assert (
        not_kept("plain", ("committed", "undo-fails-at-apply_vas", "saga-service-dies-at-apply_vas"), {"DATABASE_URL": database})
        == {}
    )


def test_one_in_node_with_a_journal_of_events_keeps_the_saga() -> None:
    need("node")

    assert not_kept("node", SOME, {}) == {}
