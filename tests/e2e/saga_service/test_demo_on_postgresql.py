"""The whole reference landscape on PostgreSQL: every service has fresh databases of its own, and every scenario is kept."""

import pytest
from sqlalchemy import create_engine, inspect

from postgres import cluster_of
from saga_e2e.derive.scenarios import Tier, derive, select
from saga_e2e.play import runner
from saga_e2e.stage.landscape import reference_landscape
from saga_e2e.stage.topology import Topology


@pytest.mark.slow
def test_the_demo_tier_of_the_vas_purchase_is_kept_on_postgresql(request: pytest.FixtureRequest) -> None:
    cluster, land = cluster_of(request.config), reference_landscape()
    saga = land.saga("vas_purchase")
    env = {name: {"DATABASE_URL": cluster.database(name)} for name in Topology(land, saga).names}
    env["saga_service"]["SYSTEM_DATABASE_URL"] = cluster.database("engine")

    records = list(runner.run(saga, land, tier="demo", env=env))

    assert {record.name for record in records} == {one.name for one in select(derive(saga), tier=Tier.DEMO)}
    assert [(one.name, one.error, one.broken) for one in records if one.verdict != "kept"] == []
    assert [name for name, variables in env.items() if not tables_in(variables["DATABASE_URL"])] == []


def tables_in(url: str) -> list[str]:
    engine = create_engine(url)
    try:
        return inspect(engine).get_table_names()
    finally:
        engine.dispose()
